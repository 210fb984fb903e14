"""Charts of a whole board: intervals, ranks, learning curves, searches, cost, precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from harness.figures.charts import (
    COSTS,
    AverageRanking,
    average_ranking,
    learning_curve,
    pareto_front,
    search_histories,
    search_metric,
    selection_metric,
)
from harness.figures.drawing.chart import Axis, Bracket, Cell, Chart, Mark, in_columns
from harness.figures.panels import Panel, Panels
from harness.figures.sources import Sources
from harness.metrics import RANKED_BY, title_of
from harness.results.board import best_first
from harness.results.replicates import score_array

_LANES = 8  # brackets beside each other
_DOTS = 400  # trials; of more, those of coloured methods alone are drawn
_NAMED = 8  # points of the front whose names still find room
_SPREAD = 8  # times the least cost, from which on the costs need a logarithmic axis


def forest(sources: Sources, metric: str, *, upward: bool) -> Chart:
    """Mean, 95 % interval and replicates of every method, best first."""
    entries = sources.entries
    _, values = score_array([e.row.values(e.aggregate) for e in entries], metric)
    order = best_first(values, [e.label for e in entries], higher_is_better=upward)
    rows: list[dict[str, Cell]] = []
    for entry in (entries[place] for place in order):
        if found := entry.values(metric):
            one = entry.intervals[metric]
            seeds, scores = [float(seed) for seed in found], list(found.values())
            rows.append(
                {"method": entry.label, "mean": one.mean, "low": one.low, "high": one.high}
                | {"seed": seeds, "score": scores}
            )
    return Chart(
        columns=in_columns(rows),
        marks=(
            Mark(kind="dots", x="score", size=2.6, opacity=0.4),
            Mark(kind="span", x="low", x2="high", size=2.5),
            Mark(kind="dots", x="mean", size=4.5),
        ),
        x=Axis(title=f"{title_of(metric)}{'' if upward else ' (lower is better)'}"),
        tip=("mean", "low", "high"),
        words="Large dot and line: mean and 95 % t-interval over replicates. Small dots: the "
        "replicates. The interval is of the noise of training on this data and split, not of "
        "other data.",
        nothing=f"no method has a complete replicate with {metric}",
    )


def ranks(sources: Sources, metric: str = RANKED_BY, *, upward: bool | None = None) -> Chart:
    """Average ranks over replicates, and bars joining what Nemenyi's test does not part."""
    ranking = average_ranking(sources, metric, higher_is_better=upward)
    spans = ranking.intervals or [(None, None)] * len(ranking.labels)
    found = zip(ranking.labels, ranking.ranks, spans, strict=True)
    brackets, measure = _brackets(ranking), ranking.difference
    whole = _untold(ranking)
    return Chart(
        columns=in_columns(
            [
                {"method": label, "rank": rank, "lowest": low, "highest": high}
                for label, rank, (low, high) in found
            ]
        ),
        marks=(
            Mark(kind="span", x="lowest", x2="highest", size=6, opacity=0.35),
            Mark(kind="dots", x="rank", size=5),
        ),
        x=Axis(
            title=f"average rank by {title_of(metric)} (1 is best)",
            pad=0,
            include=(1, 2, *(() if measure is None or whole else (1 + measure,))),
            whole=True,
        ),
        tip=("rank", "lowest", "highest"),
        aside="rank",
        brackets=brackets,
        measure=None
        if measure is None or whole
        else (measure, f"critical difference {measure:.2f}"),
        words=_of_ranks(ranking, metric, crowded=any(b.of is not None for b in brackets)),
        nothing="no method has a complete replicate to rank",
    )


def _untold(ranking: AverageRanking) -> bool:
    """Whether all ranks lie within one critical difference."""
    return ranking.cliques == ((0, len(ranking.labels) - 1),)


def _brackets(ranking: AverageRanking) -> tuple[Bracket, ...]:
    """The cliques in lanes; of too many the group of each row, to be drawn of those that count."""
    if _untold(ranking):
        return ()
    ends: list[int] = []
    found = []
    for first, last in ranking.cliques:
        lane = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        ends[lane : lane + 1] = [last]
        found.append(Bracket(first, last, lane))
    if len(ends) <= _LANES or ranking.difference is None:
        return tuple(found)
    near = [
        [other for other, rank in enumerate(ranking.ranks) if abs(rank - own) < ranking.difference]
        for own in ranking.ranks
    ]
    return tuple(Bracket(group[0], group[-1], 0, of) for of, group in enumerate(near))


def _of_ranks(ranking: AverageRanking, metric: str, *, crowded: bool) -> str:
    """What the chart of ranks needs to be understood."""
    count = len(ranking.seeds)
    said = [
        f"Ranks by {title_of(metric)} within {f'each of {count} replicates' if count > 1 else 'one replicate'} "  # noqa: E501
        "(seeds), averaged. They are over replicates of one dataset: they say whether "
        "retraining would keep this order here, not whether it would hold on other data."
    ]
    if ranking.difference is None:
        said.append("A critical difference needs two replicates and two methods.")
    elif _untold(ranking):
        said.append(
            "Nemenyi\u2019s test tells no two methods apart: its critical difference at 5 %, "
            f"{ranking.difference:.2f} ranks, is more than lies between the first and the last."
        )
    else:
        bars = (
            "There are too many groups to draw: a bar joins the best method, and each coloured "
            "one, with those"
            if crowded
            else "A bar beside the names joins methods"
        )
        said.append(
            f"{bars} whose ranks differ by less than Nemenyi\u2019s critical difference at 5 %, "
            "which knows only the ranks."
        )
    if ranking.intervals:
        said.append(
            "Broad lines: the ranks that each may truly have, by paired tests on the scores, "
            "with 95 % for all together."
        )
    if gone := ranking.left_out:
        more = f" and {len(gone) - 8} more" if len(gone) > 8 else ""
        said.append(f"Left out for a missing replicate: {', '.join(gone[:8])}{more}.")
    return " ".join(said)


def learning_curves(sources: Sources) -> Chart:
    """Validation over training steps: mean of the runs, and the seeds' lowest and highest."""
    curves = [(entry.label, learning_curve(entry)) for entry in sources.entries]
    rows: list[dict[str, Cell]] = [
        {
            "method": label,
            "step": [p.step for p in curve],
            "mean": [p.mean for p in curve],
            "lowest replicate": [p.low for p in curve],
            "highest replicate": [p.high for p in curve],
            "runs": [p.runs for p in curve],
        }
        for label, curve in curves
        if len(curve) > 1
    ]
    by = title_of(selection_metric(sources.entries) or "")
    low, high = "lowest replicate", "highest replicate"
    return Chart(
        columns=in_columns(rows),
        marks=(
            Mark(kind="band", x="step", y=low, y2=high, opacity=0.12, coloured=True),
            Mark(kind="line", x="step", y="mean", dash="runs"),
            Mark(kind="dots", x="step", y="mean", size=2.8, coloured=True),
            Mark(kind="end", x="step", y="mean", coloured=True),
        ),
        x=Axis(title="training step", pad=0),
        y=Axis(title=f"validation {by}"),
        tip=("mean", "step"),
        words=f"Validation {by} on held-out training classes, mean over all runs done; bands from "
        "the lowest replicate to the highest, folds averaged. Dashed where some runs had stopped "
        "early, so that the mean is of fewer. The vertical scale is not that of the test scores.",
        nothing="no run has a learning curve",
    )


def search_history(sources: Sources) -> Chart:
    """A stair for each search of a method, with its trials."""
    rows: list[dict[str, Cell]] = [
        {
            "method": entry.label,
            "search": history.search,
            "trial": [tried.trial + 1 for tried in history.trials],
            "validation": [tried.value for tried in history.trials],
            "best so far": history.best,
        }
        for entry in sources.entries
        for history in search_histories(entry)
    ]
    few = sum(len(history.trials) for e in sources.entries for history in search_histories(e))
    crosses = Mark(kind="crosses", x="trial", y="validation", coloured=few > _DOTS)
    by = title_of(search_metric(sources.entries) or "")
    return Chart(
        columns=in_columns(rows),
        marks=(
            Mark(kind="stairs", x="trial", y="best so far"),
            replace(crosses, kind="dots", size=2.4, opacity=0.55),
            crosses,
            Mark(kind="end", x="trial", y="best so far", coloured=True),
        ),
        x=Axis(title="trial", pad=0, include=(1, 2), whole=True),
        y=Axis(title=f"validation {by}, best so far"),
        tip=("best so far", "trial"),
        missing="failed",
        words=f"Lines: the best validation {by} so far, one a search. Dots: the trials"
        f"{' of the coloured methods' if few > _DOTS else ''}. Crosses below: trials that failed, "
        "which count as tried. A trial is the mean of its folds; trial 1 is at the method\u2019s "
        "defaults. No trial sees the test part, and none is among the replicates on the board.",
        nothing="no method was searched for; `bench tune` does that",
    )


def cost(sources: Sources, metric: str, axis: str, *, upward: bool) -> Chart:
    """Score against cost, the Pareto front joined."""
    found = [
        (entry.label, COSTS[axis].of(entry.row.cost), fmean(values.values()))
        for entry in sources.entries
        if entry.row.cost is not None and (values := entry.values(metric))
    ]
    better = 1.0 if upward else -1.0
    front = pareto_front([(spent, better * score) for _, spent, score in found])
    rows: list[dict[str, Cell]] = [
        {"method": label, "cost": spent, "score": score, "front": float(place in front)}
        for place, (label, spent, score) in enumerate(found)
    ]
    positive = [spent for _, spent, _ in found if spent > 0]
    timed = (
        " Times are of the machines that ran them, and of what else ran there: see the provenance."
        if axis == "training_seconds"
        else ""
    )
    return Chart(
        columns=in_columns(rows),
        marks=(
            Mark(kind="dots", x="cost", y="score", size=4.5),
            Mark(kind="rings", x="cost", y="score", size=6, when="front"),
            Mark(kind="name", x="cost", y="score", when="front", coloured=len(front) > _NAMED),
        ),
        x=Axis(
            title=COSTS[axis].title,
            pad=0.06,
            log=bool(positive) and max(positive) > _SPREAD * min(positive),
        ),
        y=Axis(title=title_of(metric), pad=0.06),
        tip=("score", "cost"),
        joined="front",
        words="Ringed and joined: the Pareto front, methods of which none is both cheaper and "
        f"better ({', '.join(found[place][0] for place in front)}). It goes by means and knows no "
        f"intervals.{timed}",
        nothing="no method has both a score and an audit",
    )


def precision(panels: Panels | None) -> Chart:
    """Precision among the k nearest over k, one line a method (paper 003, Fig. 5)."""
    of = panels.of if panels is not None else {}
    depths: Sequence[float] = panels.depths if panels is not None else ()
    seen = [(label, p) for label, p in of.items() if isinstance(p, Panel) and len(p.precision)]
    return Chart(
        columns=in_columns(
            [
                {"method": label, "k": list(depths), "precision": list(panel.precision)}
                for label, panel in seen
            ]
        ),
        marks=(
            Mark(kind="line", x="k", y="precision"),
            Mark(kind="end", x="k", y="precision", coloured=True),
        ),
        x=Axis(title="k", pad=0, whole=True),
        y=Axis(title="share of right ones among the k nearest", low=0),
        tip=("precision", "k"),
        words="Share of right ones among the k nearest neighbours in one run of each method.",
        nothing="no run left arrays to look at",
    )
