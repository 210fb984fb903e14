"""Where the numbers come from: digests, versions, machines, and the searches behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harness.figures.sources import Entry, Sources
from harness.record import Record, Searched
from harness.report.board_table import NONE
from harness.report.markup import Markup, element, join
from harness.report.naming import About, title
from harness.report.plain_table import plain_table
from harness.results.board import Hyperparameters

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
