"""Methods over several datasets, from a board of each; and as a Table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import NotComparable, UserError, counted, unknown
from harness.metrics import title_of
from harness.results.board import Board, replicates_of
from harness.results.notes import caution_notes
from harness.results.telling import LEVEL, Telling
from harness.statistics.across_datasets import (
    Posterior,
    average_ranks,
    bayesian_signed_rank,
    critical_difference,
    friedman_p_value,
)
from harness.table import Cell, Column, Table

_SEED = 0
FEW = 5  # datasets; of fewer the test's pseudo-observation decides, and it says "equal"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One method: its mean on each dataset, its average rank, and the leader compared with it.

    `leader`: probabilities that the leader is better over datasets like these, practically equal,
    or worse; None for the leader itself, and for all over fewer than `FEW` datasets. `told`: on how
    many of these datasets the leader is told better, and worse, by the tests of their boards, all
    datasets together at 5 %.
    """

    method: str
    means: tuple[float, ...]
    rank: float
    leader: Posterior | None
    told: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Across:
    """Every method that all boards have, best average rank first.

    `left_out`: methods that some board lacks. `short`: of a dataset the methods that have fewer
    replicates than others there; they rank below those, as on its board. `remarks`: what a reader
    must know of a board as a whole. `difference`: of average ranks, above which two
    methods differ at 5 % (Nemenyi); `friedman`: the p-value that all are alike, None where it
    cannot be had. `rope`: differences of the metric up to this size do not matter.
    """

    metric: str
    datasets: tuple[str, ...]
    rows: tuple[Placed, ...]
    left_out: tuple[str, ...]
    difference: float
    friedman: float | None
    rope: float
    short: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def compare_across(
    boards: Sequence[Board], *, metric: str, higher_is_better: bool, rope: float
) -> Across:
    """Rank the methods that all boards have by their means on each.

    Raises UserError for fewer than two boards, two boards of one dataset and protocol, or a metric
    that a board lacks, and NotComparable for fewer than two methods with scores on all.
    """
    if len(boards) < 2:
        raise UserError("comparing across datasets needs two published leaderboards")
    names = _named(boards)
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{name} is given twice; each dataset counts once")
    means = [_means(board, metric) for board in boards]
    common = sorted(set(means[0]).intersection(*means[1:]))
    if len(common) < 2:
        raise NotComparable(
            f"these leaderboards share {counted(len(common), 'method')} with scores (needed: 2)"
        )
    sign = 1.0 if higher_is_better else -1.0
    scores = [[sign * board[method] for board in means] for method in common]
    short = [_short(board, metric).intersection(common) for board in boards]
    below = 1.0 + max(map(max, scores)) - min(map(min, scores))
    ranked = [
        [score - below * (method in of) for score, of in zip(row, short, strict=True)]
        for method, row in zip(common, scores, strict=True)
    ]
    ranks = average_ranks(ranked).tolist()
    order = sorted(range(len(common)), key=lambda place: (ranks[place], common[place]))
    first = scores[order[0]]
    tellings = [(b, b.telling(metric, higher_is_better=higher_is_better)) for b in boards]
    return Across(
        metric=metric,
        datasets=tuple(names),
        rows=tuple(
            Placed(
                method=common[place],
                means=tuple(sign * value for value in scores[place]),
                rank=ranks[place],
                leader=_posterior(first, scores[place], rope)
                if place != order[0] and len(boards) >= FEW
                else None,
                told=_told(tellings, common[order[0]], common[place]),
            )
            for place in order
        ),
        left_out=tuple(sorted(set().union(*means).difference(common))),
        difference=critical_difference(len(common), len(boards)),
        friedman=friedman_p_value(ranked),
        rope=rope,
        short={name: tuple(sorted(of)) for name, of in zip(names, short, strict=True) if of},
        remarks=tuple(
            f"{name}: {note}"
            for name, board in zip(names, boards, strict=True)
            for note in caution_notes(board)
        ),
    )


def _named(boards: Sequence[Board]) -> list[str]:
    """Protocol and dataset; of several datasets of one name also the beginning of the digest."""
    plain = [f"{board.protocol}/{board.dataset}" for board in boards]
    digests = {
        name: {b.dataset_digest for b, one in zip(boards, plain, strict=True) if one == name}
        for name in plain
    }
    return [
        f"{name} ({board.dataset_digest[:8]})" if len(digests[name]) > 1 else name
        for name, board in zip(plain, boards, strict=True)
    ]


def _means(board: Board, metric: str) -> Mapping[str, float]:
    found = {row.label: row.scores(board.aggregate).get(metric) for row in board.rows}
    known = {name for row in board.rows for name in row.scores(board.aggregate)}
    if metric not in known:
        raise unknown("metric", metric, known, where=f"{board.protocol} on {board.dataset}")
    return {
        label: interval.mean
        for label, interval in found.items()
        if interval is not None and interval.mean is not None
    }


def _short(board: Board, metric: str) -> set[str]:
    """Who has fewer replicates than another row of the board."""
    counts = replicates_of(board.values(metric)[1]).tolist()
    most = max(counts, default=0)
    return {row.label for row, count in zip(board.rows, counts, strict=True) if count < most}


def _told(tellings: Sequence[tuple[Board, Telling]], leader: str, other: str) -> tuple[int, int]:
    """On how many boards the leader is told better, and worse; the level is shared by them all."""
    better = worse = 0
    for board, telling in tellings if leader != other else ():
        pair = telling.pair((board.row(leader), board.row(other)))
        if pair is not None and pair.adjusted * len(tellings) <= LEVEL:
            higher = (pair.difference.interval.mean or 0.0) > 0.0
            better, worse = better + higher, worse + (not higher)
    return better, worse


def _posterior(first: Sequence[float], other: Sequence[float], rope: float) -> Posterior:
    differences = [a - b for a, b in zip(first, other, strict=True)]
    return bayesian_signed_rank(differences, rope=rope, seed=_SEED)


_POSTERIOR = (
    Column(key="better", title="leader better", align="right", priority=1, digits=2),
    Column(key="equal", title="equal", align="right", priority=1, digits=2),
    Column(key="worse", title="leader worse", align="right", priority=1, digits=2),
)


def across_table(across: Across) -> Table:
    """One row a method: average rank, mean on each dataset, and what the leader is to it."""
    name = title_of(across.metric)
    columns = [
        Column(key="method", title="method", priority=0, wraps=True),
        Column(key="rank", title="average rank", align="right", priority=0, digits=2),
        *(
            Column(key=dataset, title=dataset, align="right", priority=2, digits=3)
            for dataset in across.datasets
        ),
        Column(key="told", title="told apart on", priority=1),
        *(_POSTERIOR if len(across.datasets) >= FEW else ()),
    ]
    return Table(
        title=f"{name} over {len(across.datasets)} datasets",
        columns=columns,
        rows=[_cells(across, row) for row in across.rows],
        notes=_notes(across),
    )


def _cells(across: Across, row: Placed) -> dict[str, Cell]:
    return {
        "method": row.method,
        "rank": row.rank,
        **dict(zip(across.datasets, row.means, strict=True)),
        "told": _told_text(row),
        "better": None if row.leader is None else row.leader.first,
        "equal": None if row.leader is None else row.leader.equal,
        "worse": None if row.leader is None else row.leader.second,
    }


def _told_text(row: Placed) -> str | None:
    counts = zip(row.told, ("better", "worse"), strict=True)
    return ", ".join(f"{count} {which}" for count, which in counts if count) or None


def _notes(across: Across) -> list[str]:
    sizes = f"Nemenyi, {len(across.rows)} methods, {len(across.datasets)} datasets"
    if across.difference > len(across.rows) - 1:
        notes = [f"no average ranks can differ at 5 % on so few datasets ({sizes})"]
    else:
        notes = [f"average ranks differ at 5 % from {across.difference:.2f} on ({sizes})"]
    if across.friedman is not None:
        notes.append(f"all methods alike: p = {across.friedman:.3g} (Friedman)")
    notes.append(
        f"leader better, equal, worse: Bayesian signed-rank test; equal is within {across.rope:g}"
        if len(across.datasets) >= FEW
        else f"no Bayesian signed-rank test: of fewer than {FEW} datasets its prior decides"
    )
    notes.append(
        f"told apart on: how many of these {len(across.datasets)} datasets show the leader better "
        "or worse by the noise of their runs (5 %, all pairs of all of them); ranks "
        f"{'and Bayes ' if len(across.datasets) >= FEW else ''}read the means alone, and speak of "
        "further datasets like these"
    )
    notes += [
        f"fewer replicates than others on {name}, ranked below them there: {', '.join(methods)}"
        for name, methods in across.short.items()
    ]
    notes += across.remarks
    if across.left_out:
        notes.append(f"not on every leaderboard: {', '.join(across.left_out)}")
    return notes
