"""Where the numbers come from and what they cost: the header, provenance and audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from harness.figures.sources import RANKED_BY, Entry, Sources
from harness.record import Audit, Record
from harness.report.board_table import NONE, interval_words
from harness.report.markup import Child, Markup, element, join
from harness.report.naming import About, title

_DIGITS = 16


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
    ]
    return element("p", *sentence, class_="lead")


def _rivals(scored: Sequence[Entry]) -> str:
    letters = set(scored[0].row.ties or "")
    if not letters:
        return ""
    rivals = [e.label for e in scored[1:] if letters & set(e.row.ties or "")]
    if not rivals:
        return "No other method shares its tie group."
    shown = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
    return f"Not told apart from it: {shown}."


def counts(sources: Sources) -> Markup:
    """How much was measured, as a line of facts."""
    board = sources.board
    done = max((len(entry.replicates) for entry in sources.entries), default=0)
    runs = [row.runs for row in board.rows]
    facts = [
        f"{len(board.rows)} methods",
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
    lines = [element("li", note) for note in sources.board.notes]
    return element("ul", *lines, class_="notes") if lines else element("p", "Nothing to note.")


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
        _table(
            "Methods and where they come from",
            header,
            [_origin(entry, about.of(entry.row.method)) for entry in sources.entries],
        ),
    ]


def _origin(entry: Entry, sentence: str) -> list[str]:
    row = entry.row
    point = ", ".join(f"{name}={value}" for name, value in row.hyperparameters.items())
    return [
        join(entry.label, element("small", sentence) if sentence else None),
        row.distribution,
        row.version,
        row.source[:_DIGITS],
        point or "none",
        ", ".join(row.chosen_by),
    ]


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


def audit(sources: Sources) -> Markup:
    """What the core counted, as means over the runs done."""
    header = [
        "method",
        "steps",
        "images",
        "passes",
        "of them zero",
        "training s",
        "run s",
        "peak MB",
        "trunk",
        "head",
        "objective",
        "initial weights",
        "batches",
    ]
    return _table(
        "Means over the runs done; parameters are the trainable ones",
        header,
        map(_audited, sources.entries),
    )


def _audited(entry: Entry) -> list[str]:
    audits = [r.audit for r in entry.records if r.state == "done" and r.audit is not None]
    if not audits:
        return [entry.label, *[NONE] * 10, *_digests(entry)]
    numbers = [
        *(f"{fmean(vars(a)[name] for a in audits):,.0f}" for name in _COUNTS),
        *(f"{fmean(vars(a)[name] for a in audits):,.1f}" for name in _TIMES),
        _peak(audits),
        *(f"{fmean(getattr(a.parameters, n) for a in audits):,.0f}" for n in _PARTS),
    ]
    return [entry.label, *numbers, *_digests(entry)]


_COUNTS = ("steps", "images_embedded", "backward_passes", "zero_gradients")
_TIMES = ("training_seconds", "seconds")
_PARTS = ("trunk", "head", "objective")


def _digests(entry: Entry) -> list[str]:
    """The digests of the representative run: equal ones prove equal starts and equal batches."""
    record = entry.representative()
    found = (record.init_digest, record.batches_digest) if record else (None, None)
    return [(digest or NONE)[:8] for digest in found]


def _peak(audits: Sequence[Audit]) -> str:
    known = [a.peak_memory_bytes for a in audits if a.peak_memory_bytes is not None]
    return f"{max(known) / 1e6:,.0f}" if known else NONE


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
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
