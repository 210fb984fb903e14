"""Where a published leaderboard contradicts itself, whatever digest it carries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.results.class_sums import mean_of_sums, rounding_bound
from harness.results.publication import (
    Publication,
    PublishedMethod,
    PublishedRun,
    PublishedTrial,
    fold_ids,
)


def first_contradiction(publication: Publication) -> str | None:
    """The first run or row that cannot be as the file says, and why; None where there is none."""
    for method in publication.methods:
        for problem in row_contradictions(publication, method):
            return f"{method.method}: {problem}"
        for run in (*method.runs, *method.trials):
            for problem in run_contradictions(publication, method, run):
                return f"{method.method}, seed {run.seed}, fold {run.fold}: {problem}"
    ids = Counter(run.id for method in publication.methods for run in method.runs)
    often = [one for one, count in ids.items() if count > 1]
    return f"run {often[0]} stands there {ids[often[0]]} times" if often else None


def row_contradictions(publication: Publication, method: PublishedMethod) -> Iterator[str]:
    """What of a row's runs and of its joined folds cannot be."""
    places = Counter((run.seed, run.fold) for run in method.runs)
    for (seed, fold), count in places.items():
        if count > 1:
            yield f"{count} runs of seed {seed}, fold {fold}"
        if fold >= publication.folds:
            yield f"a run of fold {fold}, of {publication.folds}"
    for seed, count in Counter(joined.seed for joined in method.joined).items():
        if count > 1 or len(fold_ids(method.runs, seed)) < publication.folds:
            yield f"joined folds of seed {seed}, {count} times, of too few runs or too often"


def run_contradictions(
    publication: Publication, method: PublishedMethod, run: PublishedRun
) -> Iterator[str]:
    """What of a run, or of a trial's, cannot be."""
    if publication.identity(method, run).run_id != run.id:
        yield "its id is not the digest of its identity"
    if isinstance(run, PublishedTrial):
        if run.scores is not None:
            yield "has test scores"
        return
    if (run.state == "done") != (run.scores is not None):
        yield f"is {run.state} {'without' if run.scores is None else 'with'} scores"
    if run.scores is not None:
        if run.scores.semantics != publication.semantics.scoring:
            yield f"was scored under semantics {run.scores.semantics}"
        yield from _sum_problems(publication, run)


def _sum_problems(publication: Publication, run: PublishedRun) -> Iterator[str]:
    """Sums by class are of the run's test set, which has its queries, and lie where sums can."""
    assert run.scores is not None
    if run.test_set is None:
        yield "has no sums by class"
        return
    test_set = publication.test_sets[run.test_set]
    queries = test_set.queries
    if len(set(test_set.classes)) != len(queries) or min(queries, default=0) < 1:
        yield "its test set has a class twice, or one without queries"
    if sum(queries) != run.scores.queries:
        yield f"queries: recorded {run.scores.queries}, its classes have {sum(queries)}"
    for metric, sums in (run.class_sums or {}).items():
        if len(sums) != len(queries):
            yield f"{metric}: {len(sums)} sums for {len(queries)} classes"
        elif any(not 0 <= s <= n for s, n in zip(sums, queries, strict=True)):
            yield f"{metric}: a class scores outside 0 to 1"


def score_contradictions(publication: Publication, run: PublishedRun) -> Iterator[str]:
    """Sums by class must give the run's scores again.

    No reader asks for it but `bench verify`: a board may be made worse on purpose, to try a gate.
    """
    if run.scores is None or run.test_set is None:
        return
    queries = publication.test_sets[run.test_set].queries
    for metric, sums in (run.class_sums or {}).items():
        if len(sums) != len(queries) or not sum(queries):
            continue
        recorded, summed = run.scores.values.get(metric), mean_of_sums(sums, queries)
        if recorded is None:
            yield f"{metric}: sums by class, and no score"
        elif not abs(recorded - summed) <= rounding_bound(queries):
            yield f"{metric}: recorded {recorded:.6f}, its classes give {summed:.6f}"
