"""From Records to a `Board`; pure functions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from harness.errors import UserError
from harness.metrics import RANKED_BY, metric_facts
from harness.record import Concatenation, Record, Searched, Told
from harness.results.belonging import (
    joined_alike,
    newest_versions,
    of_one_kind,
    told_alike,
    trained_alike,
    trained_together,
)
from harness.results.board import Aggregate, Board, Cost, Failure, Row, Runs, Semantics
from harness.results.key import (
    ENVIRONMENT,
    as_text,
    commons,
    facts_of,
    grouped,
    is_trial,
    method_key,
    row_key,
)
from harness.results.notes import environment_notes, flags_of, remarks_of
from harness.results.replicates import (
    ByFold,
    Deferred,
    Intervals,
    asked_for,
    class_values,
    complete_replicates,
    concatenated,
    declared_looks,
    fold_values,
    joined_values,
    last_look,
    score_array,
    separated,
    separated_class_means,
)
from harness.statistics.intervals import Interval, fold_intervals
from harness.store.excerpts import CommonFacts, Excerpt, excerpts_of

Joined = Mapping[tuple[str, ...], Concatenation]


def build_board(
    records: Iterable[Record | Excerpt],
    concatenations: Iterable[Concatenation] = (),
    *,
    replicates: int | None = None,
    aggregate: Aggregate = "separated",
    all_versions: bool = False,
    ranked_by: str = RANKED_BY,
) -> Board:
    """Aggregate Records, or Excerpts of them, of one protocol, dataset and semantics; best first.

    A replicate counts once all its folds are done. `replicates` is how many were asked for, if
    None as many as any row has begun. `ranked_by`: the metric that orders the rows. Of each method
    only the most recently finished version is shown, unless `all_versions`. Runs that do not
    belong, because a fact that refuses differs or because they were not trained like the others,
    are left out and named in the notes; trials are left out. Raises UserError for no Records.
    """
    given = list(records)
    runs = [run for run in given if isinstance(run, Excerpt)] or excerpts_of(
        run for run in given if isinstance(run, Record) and not is_trial(run)
    )
    if not runs:
        raise UserError("there are no records to make a leaderboard of")
    kind, others = of_one_kind(runs)
    shown, hidden = (kind, []) if all_versions else newest_versions(kind)
    shown, odd = trained_alike(shown)
    found = commons(kind)
    scoring = next((common.scoring for common in found if common.scoring is not None), None)
    alike, rescored = joined_alike(_of_these(shown, concatenations), scoring)
    joined = {one.run_ids: one for one in alike}
    folds, identity = found[0].folds, found[0].identity
    asked = max(replicates or 0, len({run.seed for run in shown}))
    whole = max(common.replicates for common in found)
    looks = declared_looks(found)
    rows = _labelled(
        [
            (
                group[0].common,
                build_row(group, joined, folds=folds, replicates=asked, looks=looks),
            )
            for group in grouped(shown, row_key).values()
        ]
    )
    told, disputed = told_alike(common.told for common in found)
    board = Board(
        protocol=identity.protocol,
        protocol_digest=identity.protocol_digest,
        dataset=identity.dataset,
        dataset_digest=identity.dataset_digest,
        unlocked=identity.unlocked,
        semantics=Semantics(identity.training_semantics, scoring),
        folds=folds,
        replicates=whole,
        aggregate=aggregate,
        remarks=(),
        rows=tuple(_with_intervals(rows, told)),
        told=told,
        looks=looks,
        trunk=identity.trunk,
    )
    if ranked_by != RANKED_BY:
        name = board.metric(ranked_by, where="").name
        board = dataclasses.replace(board, ranked_by=name)
    ranked, ties = _ranked(board)
    beside = (*others, *odd, *rescored, *hidden, *disputed.values())
    remarks = (
        *remarks_of(shown, ranked, aggregate, looks),
        *beside,
        *environment_notes(shown),
        *trained_together(shown),
        *([f"runs: of {asked} of the protocol's {whole} replicates"] if asked < whole else ()),
        *ties,
    )
    return dataclasses.replace(board, rows=ranked, remarks=remarks, beside=beside)


def _of_these(
    runs: Iterable[Excerpt], concatenations: Iterable[Concatenation]
) -> list[Concatenation]:
    found = list(concatenations)
    known = {run.run_id for run in runs} if found else set()
    return [joined for joined in found if known.issuperset(joined.run_ids)]


def _ranked(board: Board) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows, best first and with their letters, and what these mean."""
    if board.ranked_by not in board.metrics:
        rows = sorted(board.rows, key=lambda row: row.label)
        return tuple(rows), ()
    telling = board.telling(board.ranked_by)
    rows = [
        dataclasses.replace(board.rows[place], best=found.best, ties=found.ties, ranks=found.ranks)
        for place, found in zip(telling.order, telling.found.rows, strict=True)
    ]
    return tuple(rows), telling.notes


def _with_intervals(rows: Sequence[Row], told: Mapping[str, Told]) -> list[Row]:
    """The rows with intervals that take the noise within folds, which all rows are needed for."""
    by_seeds = [row.by_seeds for row in rows]
    separate = _intervals(
        [row.metrics for row in rows], [row.fold_values for row in rows], told, by_seeds
    )
    joined = _intervals(
        [row.concatenated for row in rows],
        [{seed: (one,) for seed, one in row.joined_values.items()} for row in rows],
        told,
        by_seeds,
    )

    @cache
    def by_class() -> list[dict[str, Interval]]:  # when the first of them is read
        return _intervals(
            [row.class_means for row in rows], [row.class_values for row in rows], told, by_seeds
        )

    def of_class(place: int) -> Intervals:
        return Deferred(lambda: by_class()[place])

    return [
        dataclasses.replace(
            row,
            metrics=separate[place],
            concatenated=joined[place],
            class_means=of_class(place),
        )
        for place, row in enumerate(rows)
    ]


def _intervals(
    rows: Sequence[Intervals],
    values: Sequence[ByFold],
    told: Mapping[str, Told],
    by_seeds: Sequence[bool],
) -> list[dict[str, Interval]]:
    found: list[dict[str, Interval]] = [{} for _ in rows]
    for name in dict.fromkeys(name for row in rows for name in row):
        facts = metric_facts(name, told)
        _, array = score_array(values, name)
        ends = fold_intervals(array, by_seeds=by_seeds, bounds=(facts.low, facts.high))
        for own, row, interval in zip(found, rows, ends, strict=True):
            if name in row:
                own[name] = dataclasses.replace(row[name], low=interval.low, high=interval.high)
    return found


def _labelled(rows: Sequence[tuple[CommonFacts, Row]]) -> list[Row]:
    """Tell rows of one method apart by version and hyperparameters, where either differs."""
    methods: dict[str, list[tuple[CommonFacts, Row]]] = {}
    for common, row in rows:
        methods.setdefault(row.method, []).append((common, row))
    return [
        dataclasses.replace(row, label=_label(common, row, methods[row.method]))
        for common, row in rows
    ]


def _label(common: CommonFacts, row: Row, siblings: Sequence[tuple[CommonFacts, Row]]) -> str:
    others = [other for other, _ in siblings]
    marks = []
    if len({(o.distribution, o.version, o.source) for o in (c.identity for c in others)}) > 1:
        marks.append(f"{row.distribution} {row.version} {row.source[:7]}")
    marks += [
        f"{words} {as_text(get(common))}"
        for name, words, get in facts_of("splits")
        if name in (*ENVIRONMENT, "libraries")
        and any(get(other) != get(common) for other in others)
    ]
    if "search" in row.chosen_by:
        points = {method_key(other) for other in others}
        marks += ["searched"] if len(points) > 1 else []
    else:
        marks += [
            f"{name}={value}"
            for name, value in row.hyperparameters.items()
            if any(other.hyperparameters.get(name) != value for _, other in siblings)
        ]
    declared = {other.declared for other in others}
    if len(declared) > 1 and len({row_key(other) for other in others}) > len(set(marks)):
        marks.append(_declaration(common))
    return f"{row.method} ({', '.join(marks)})" if marks else row.method


def _declaration(common: CommonFacts) -> str:
    return ", ".join(f"{name} {value}" for name, value in common.declared.model_dump().items())


def build_row(
    runs: Sequence[Excerpt],
    joined: Joined,
    *,
    folds: int,
    replicates: int,
    looks: Sequence[int] = (),
) -> Row:
    """Aggregate the runs of one row, of which there is at least one."""
    found = commons(runs)
    identity = found[0].identity
    complete = complete_replicates(runs, folds)
    metrics = separated(complete)
    ours = joined_values(complete, joined)
    searches = _searches(runs)
    return Row(
        method=identity.method,
        label=identity.method,
        distribution=identity.distribution,
        version=identity.version,
        source=identity.source,
        hyperparameters=identity.hyperparameters,
        chosen_by=tuple(sorted({common.chosen_by for common in found})),
        declared=found[0].declared,
        metrics=metrics,
        class_means=Deferred(lambda: separated_class_means(complete)),
        concatenated=concatenated(ours),
        runs=_runs(runs, expected=folds * asked_for(runs, looks, replicates)),
        failures=failures_of(runs),
        searches=tuple(searches),
        looked=last_look(runs, looks, folds),
        cost=_cost(runs, searches),
        flags=flags_of(runs, metrics, len(complete), searches),
        fold_values=fold_values(complete),
        class_values=Deferred(lambda: class_values(complete)),
        joined_values=ours,
        run_ids={seed: tuple(run.run_id for run in own) for seed, own in complete.items()},
        members=tuple(run.run_id for run in runs),
    )


def failures_of(runs: Iterable[Excerpt]) -> tuple[Failure, ...]:
    """The Failures among the runs of one row, in the order of their first run."""
    found: dict[tuple[str, str], Failure] = {}
    for run in runs:
        if run.state == "done":
            continue
        kind, message = run.reason or ("unknown", "no reason was recorded")
        before = found.get((run.state, kind))
        found[run.state, kind] = Failure(
            state=run.state,
            kind=kind,
            count=before.count + 1 if before else 1,
            message=before.message if before else message,
        )
    return tuple(found.values())


def _runs(runs: Sequence[Excerpt], *, expected: int) -> Runs:
    states = [run.state for run in runs]
    return Runs(
        done=states.count("done"),
        failed=states.count("failed"),
        skipped=states.count("skipped"),
        expected=max(expected, len(runs)),
    )


def _searches(runs: Iterable[Excerpt]) -> list[Searched]:
    """The searches that the replicates come from, each once."""
    found = (run.common.searched for run in runs)
    searches = {searched.search: searched for searched in found if searched is not None}
    return [searches[search] for search in sorted(searches)]


def _cost(runs: Iterable[Excerpt], searches: Sequence[Searched]) -> Cost | None:
    done = [run for run in runs if run.state == "done"]
    spent = [run.spent for run in done if run.spent is not None]
    owned = [run.common.parameters for run in done if run.common.parameters is not None]
    if not spent:
        return None
    steps = sum(one.steps for one in spent)
    processor = [one.processor_seconds for one in spent if one.processor_seconds is not None]
    early = [run.by_a_quarter for run in done if run.by_a_quarter is not None]
    peaks = [one.peak_memory_bytes for one in spent if one.peak_memory_bytes is not None]
    return Cost(
        training_seconds=_mean([one.training_seconds for one in spent]),
        seconds=_mean([one.seconds for one in spent]),
        images_embedded=_mean([one.images_embedded for one in spent]),
        backward_passes_per_step=sum(one.backward_passes for one in spent) / steps
        if steps
        else 0.0,
        trunk_parameters=_mean([parameters.trunk for parameters in owned]),
        head_parameters=_mean([parameters.head for parameters in owned]),
        objective_parameters=_mean([parameters.objective for parameters in owned]),
        peak_memory_bytes=max(peaks, default=None),
        search_seconds=math.fsum(s.seconds for s in searches) if searches else None,
        processor_seconds=_mean(processor) if processor else None,
        by_a_quarter=_mean(early) if early else None,
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
