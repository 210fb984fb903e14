"""The page's words: what a reader meets first, what was counted, where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from harness.figures.sources import Entry, Sources
from harness.metrics import RANKED_BY
from harness.record import Audit, Record, Searched
from harness.report.board_table import (
    NONE,
    About,
    interval_words,
    letters,
    shown_metrics,
    tied_with,
    title,
)
from harness.report.markup import Child, Markup, element, join
from harness.results import Aggregate
from harness.results.board import Hyperparameters


def plain_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """The first cell of a row is its heading. Text is escaped where it is no Markup."""
    head = element("tr", *(element("th", text, scope="col") for text in header))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", c) for c in row[1:]))
        for row in rows
    ]
    table = element(
        "table",
        element("caption", caption, class_="quiet"),
        element("thead", head),
        element("tbody", *body),
    )
    return element("div", table, class_="wide", tabindex=0, role="region", aria_label=caption)


def headline(sources: Sources) -> Markup:
    """The leader in one sentence, and who is not told apart from it if that is known."""
    board = sources.board
    scored = sources.scored()
    if not scored:
        return element("p", "No method has a complete replicate yet.", class_="lead")
    best = scored[0]
    interval = best.row.scores(board.aggregate).get(RANKED_BY)
    sentence: list[Child] = [
        element("b", best.label),
        f" has the highest mean {title(RANKED_BY)}: {interval_words(interval)}. ",
        _rivals(scored),
        _single(scored, board.aggregate),
    ]
    return element("p", *sentence, class_="lead")


def _single(scored: Sequence[Entry], aggregate: Aggregate) -> str:
    """The best single model, where an ensemble leads: the two are not to be ranked together."""
    members = scored[0].row.declared.members
    if members == 1:
        return ""
    best = next((entry for entry in scored if entry.row.declared.members == 1), None)
    single = (
        f"; the best single model is {best.label}, "
        f"{interval_words(best.row.scores(aggregate).get(RANKED_BY))}"
        if best
        else ""
    )
    return f" It is an ensemble of {members}{single}."


def _rivals(scored: Sequence[Entry]) -> str:
    if not letters(scored[0].row):
        return ""
    rivals = [row.label for row in tied_with(scored[0].row, [entry.row for entry in scored])]
    if not rivals:
        return "No other method shares its tie group."
    shown = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
    return f"Not told apart from it: {shown}."


def counts(sources: Sources, skipped: int) -> Markup:
    """How much was measured, as a line of facts; `skipped`: methods that are not in `sources`."""
    board = sources.board
    done = max((len(entry.replicates) for entry in sources.entries), default=0)
    runs = [row.runs for row in board.rows]
    facts = [
        f"{len(board.rows)} methods",
        *([f"{skipped} skipped"] if skipped else []),
        f"{done} of {board.replicates} replicates",
        f"{board.folds} folds",
        f"{sum(r.done for r in runs):,} of {sum(r.expected for r in runs):,} runs done",
    ]
    failed = sum(r.failed for r in runs)
    facts += [f"{failed} failed"] if failed else []
    facts += ["unlocked protocol"] if board.unlocked else []
    return element("ul", *(element("li", fact) for fact in facts), class_="facts")


def notes(sources: Sources) -> Markup:
    """The leaderboard's own notes."""
    board = sources.board
    unsaid = [n for n in shown_metrics(sources) if board.facts(n).higher_is_better is None]
    lines = [element("li", note) for note in board.notes]
    lines += [
        element("li", f"{name}: no run recorded which way it is better, so that no chart shows it")
        for name in unsaid
    ]
    return element("ul", *lines, class_="notes") if lines else element("p", "Nothing to note.")


def skipped_methods(skipped: Sequence[Entry]) -> Markup:
    """The methods of which no run was tried, in one place, by reason; nothing if there are none."""
    if not skipped:
        return Markup()
    reasons: dict[str, list[str]] = {}
    for entry in skipped:
        for failure in entry.row.failures:
            reasons.setdefault(failure.message, []).append(entry.label)
    count = "1 method was" if len(skipped) == 1 else f"{len(skipped)} methods were"
    return element(
        "details",
        element("summary", f"{count} skipped: protocol or data lack what they need"),
        element(
            "ul",
            *(
                element("li", element("b", ", ".join(labels)), f": {reason}")
                for reason, labels in reasons.items()
            ),
            class_="notes",
        ),
        id="skipped",
    )


def audit(sources: Sources) -> Markup:
    """What the core counted, as means over the runs done."""
    header = [
        "method",
        "steps",
        "images",
        "passes",
        "of them zero",
        "training s",
        "of it input",
        "run s",
        "peak MB",
        "trunk",
        "head",
        "objective",
        "initial weights",
        "batches",
    ]
    return plain_table(
        "Means over the runs done; parameters are the trainable ones",
        header,
        map(_audited, sources.entries),
    )


def _audited(entry: Entry) -> list[str]:
    audits = [r.audit for r in entry.records if r.state == "done" and r.audit is not None]
    if not audits:
        return [entry.label, *[NONE] * 11, *_digests(entry)]
    numbers = [
        *(f"{fmean(vars(a)[name] for a in audits):,.0f}" for name in _COUNTS),
        _mean(a.training_seconds for a in audits),
        _input(audits),
        _mean(a.seconds for a in audits),
        _peak(audits),
        *(f"{fmean(getattr(a.parameters, n) for a in audits):,.0f}" for n in _PARTS),
    ]
    return [entry.label, *numbers, *_digests(entry)]


_COUNTS = ("steps", "images_embedded", "backward_passes", "zero_gradients")
_PARTS = ("trunk", "head", "objective")


def _digests(entry: Entry) -> list[str]:
    """The digests of the representative run: equal ones prove equal starts and equal batches."""
    record = entry.representative()
    found = (record.init_digest, record.batches_digest) if record else (None, None)
    return [(digest or NONE)[:8] for digest in found]


def _mean(seconds: Iterable[float]) -> str:
    return f"{fmean(seconds):,.1f}"


def _input(audits: Sequence[Audit]) -> str:
    """The mean share of the loop's time that its steps waited for their batches."""
    known = [a.input_share for a in audits if a.input_share is not None]
    return f"{fmean(known):.1%}" if known else NONE


def _peak(audits: Sequence[Audit]) -> str:
    known = [a.peak_memory_bytes for a in audits if a.peak_memory_bytes is not None]
    return f"{max(known) / 1e6:,.0f}" if known else NONE


_DIGITS = 16


def provenance(sources: Sources, about: About) -> list[Markup]:
    """Digests, versions, sources and the machines that ran them."""
    board = sources.board
    records = [record for entry in sources.entries for record in entry.records]
    scoring = board.semantics.scoring
    facts = {
        "protocol": f"{board.protocol}, digest {board.protocol_digest}",
        "dataset": f"{board.dataset}, digest {board.dataset_digest}",
        "overrides": ", ".join(board.unlocked) or "none: the protocol as published",
        "semantics": f"training {board.semantics.training}, scoring {scoring or 'none yet'}",
        "runs": _dates(records),
        **_environments(records),
    }
    pairs = [element("div", element("dt", k), element("dd", v)) for k, v in facts.items()]
    header = ["method", "distribution", "version", "source", "hyperparameters", "chosen by"]
    return [
        element("dl", *pairs),
        plain_table(
            "Methods and where they come from",
            header,
            [_origin(entry, about.of(entry.row.method)) for entry in sources.entries],
        ),
    ]


def _origin(entry: Entry, sentence: str) -> list[str]:
    row = entry.row
    return [
        join(entry.label, element("small", sentence) if sentence else None),
        row.distribution,
        row.version,
        row.source[:_DIGITS],
        _points(entry),
        ", ".join(row.chosen_by),
    ]


def _points(entry: Entry) -> str:
    """The hyperparameters; where searches found different ones, those of each with its seeds."""
    seeds: dict[str, set[int]] = {}
    for record in entry.records:
        point = _words(record.identity.hyperparameters)
        seeds.setdefault(point, set()).add(record.identity.seed)
    if len(seeds) < 2:
        return _words(entry.row.hyperparameters)
    return "; ".join(f"{point} (seeds {_listed(found)})" for point, found in seeds.items())


def _words(point: Hyperparameters) -> str:
    return ", ".join(f"{name}={value}" for name, value in point.items()) or "none"


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(str(seed) for seed in sorted(seeds))


def _dates(records: Sequence[Record]) -> str:
    if not records:
        return "none"
    return f"{min(r.started for r in records)} to {max(r.finished for r in records)}"


def _environments(records: Iterable[Record]) -> Mapping[str, str]:
    """Every value of each key of the environment, with its runs where there are several."""
    found: dict[str, Counter[str]] = {}
    for record in records:
        for key, value in record.environment.items():
            found.setdefault(key, Counter())[value] += 1
    return {
        key: next(iter(values))
        if len(values) == 1
        else "; ".join(f"{value} ({count} runs)" for value, count in values.most_common())
        for key, values in found.items()
    }


def searches(sources: Sources) -> Markup:
    """What each search of hyperparameters found and took; nothing if there was none."""
    rows = [_searched(entry, one) for entry in sources.entries for one in entry.searches()]
    if not rows:
        return Markup()
    header = [
        "method",
        "search",
        "trials",
        "failed",
        "sampler",
        "best validation",
        "at trial",
        "best on a bound",
        "took (s)",
    ]
    return join(
        element("h3", "Hyperparameter searches"),
        plain_table("One row a search; trial 1 is at the defaults", header, rows),
    )


def _searched(entry: Entry, one: Searched) -> list[str]:
    return [
        entry.label,
        str(one.search),
        str(one.trials),
        str(one.failed),
        one.sampler,
        f"{title(one.metric)} {one.value:.3f}",
        str(one.best_trial + 1),
        "; ".join(f"{name}: {one.space.get(name, NONE)}" for name in one.on_bound) or "none",
        f"{one.seconds:,.0f}",
    ]
