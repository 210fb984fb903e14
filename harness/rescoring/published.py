"""Does a published leaderboard hold? Everything in it that follows from its runs, recomputed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.errors import UserError
from harness.record import Record
from harness.rescoring.rules import RuleBook
from harness.rescoring.verify import Checked
from harness.results.belonging import belonging
from harness.results.class_sums import mean_of_sums, rounding_bound
from harness.results.publication import (
    Publication,
    PublishedMethod,
    PublishedRun,
    Summary,
    is_untouched,
    publication_of,
)
from harness.results.publishing import summaries
from harness.scoring import check_invariants

_LAST_DIGIT = 1.5e-6  # means and intervals are rounded to six decimals


def verify_publication(document: dict[str, Any], where: str, rules: RuleBook) -> Iterator[Checked]:
    """Check a parsed publication: its digests, each run, and each method's intervals.

    The embeddings are not in it; that the scores are those of the embeddings is for
    `verify_store` to say. Raises UserError if it does not parse.
    """
    untouched = is_untouched(document)
    yield Checked("content digest", () if untouched else ("was changed after it was published",))
    publication = publication_of(document, where)
    records = publication.records()
    yield Checked("protocol digest", tuple(_protocol_problems(records[0], rules)))
    yield Checked("common random numbers", tuple(_comparability_problems(records)))
    for method in publication.methods:
        for run in method.runs:
            name = f"{method.method}, seed {run.seed}, fold {run.fold} ({run.id})"
            yield Checked(name, tuple(_run_problems(publication, method, run)))
        yield Checked(f"{method.method}: intervals", tuple(_interval_problems(publication, method)))


def _protocol_problems(record: Record, rules: RuleBook) -> Iterator[str]:
    from harness.protocol import published_names

    try:
        rules.rule(record)
    except UserError as error:
        if record.identity.protocol in published_names():
            yield str(error)


def _comparability_problems(records: list[Record]) -> Iterator[str]:
    yield from belonging(records, all_versions=True)[1]


def _run_problems(
    publication: Publication, method: PublishedMethod, run: PublishedRun
) -> Iterator[str]:
    if publication.identity(method, run).run_id != run.id:
        yield "its id is not the digest of its identity"
    if not run.environment < len(publication.environments):
        yield "its environment is not listed"
    if (run.state == "done") != (run.scores is not None):
        yield f"is {run.state} {'without' if run.scores is None else 'with'} scores"
    if run.scores is not None:
        if run.scores.semantics != publication.semantics.scoring:
            yield f"was scored under semantics {run.scores.semantics}"
        yield from check_invariants(run.scores.values)
        yield from _sum_problems(publication, run)


def _sum_problems(publication: Publication, run: PublishedRun) -> Iterator[str]:
    """Sums by class must give the run's scores again, and lie where sums of scores can lie."""
    assert run.scores is not None
    if run.test_set is None or not run.test_set < len(publication.test_sets):
        yield "has no sums by class"
        return
    test_set = publication.test_sets[run.test_set]
    if sum(test_set.queries) != run.scores.queries:
        yield f"queries: recorded {run.scores.queries}, its classes have {sum(test_set.queries)}"
    for metric, sums in (run.class_sums or {}).items():
        if len(sums) != len(test_set.queries):
            yield f"{metric}: {len(sums)} sums for {len(test_set.queries)} classes"
            continue
        recorded, summed = run.scores.values[metric], mean_of_sums(sums, test_set.queries)
        if not abs(recorded - summed) <= rounding_bound(test_set.queries):
            yield f"{metric}: recorded {recorded:.6f}, its classes give {summed:.6f}"
        if any(not 0 <= s <= n for s, n in zip(sums, test_set.queries, strict=True)):
            yield f"{metric}: a class scores outside 0 to 1"


def _interval_problems(publication: Publication, method: PublishedMethod) -> Iterator[str]:
    own = publication.model_copy(update={"methods": (method,)})
    separated, concatenated = summaries(own.records(), own.concatenations())
    yield from _differences("separated", method.separated, separated)
    yield from _differences("concatenated", method.concatenated, concatenated)


def _differences(kind: str, recorded: Summary, again: Summary) -> Iterator[str]:
    for name in sorted(recorded.keys() | again.keys()):
        before, after = recorded.get(name), again.get(name)
        if before is None or after is None:
            yield f"{kind} {name}: {'not recorded' if before is None else 'recorded, not computed'}"
        elif any(not _same(a, b) for a, b in zip(before, after, strict=True)):
            yield f"{kind} {name}: recorded {list(before)}, is {list(after)}"


def _same(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is after
    return abs(before - after) <= _LAST_DIGIT
