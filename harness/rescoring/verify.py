"""Does what is recorded hold? Scores from embeddings, boards from runs, publications from both."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.artifacts import RunArray
from harness.data.splits import part_digest
from harness.errors import UserError
from harness.record import Record, Scores
from harness.rescoring.datasets import Datasets, NotAtHand
from harness.rescoring.rescore import NoProtocol, RuleBook, join_again, score_again
from harness.results.belonging import belonging
from harness.results.consistency import (
    row_contradictions,
    run_contradictions,
    score_contradictions,
)
from harness.results.publication import (
    Publication,
    PublishedMethod,
    Summary,
    is_untouched,
    publication_of,
)
from harness.results.publishing import summaries
from harness.results.replicates import tried
from harness.scoring import SCORING_SEMANTICS, check_invariants
from harness.store import Store

# Retrieval is exact up to float32 products, whose last digit depends on the processor; k-means
# can settle elsewhere when such a digit moves.
TOLERANCES = {"nmi": 0.02, "ami": 0.02, "ari": 0.02, "pairwise_f1": 0.02}
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Checked:
    """One thing that was looked at, and what does not hold about it; nothing, if all does.

    `unseen`: why it could not be looked at, where it could not; it has no problems then.
    """

    what: str
    problems: tuple[str, ...]
    unseen: str = ""


class _TestParts:
    """Whether runs were scored on the test part that their protocol cuts from their dataset."""

    def __init__(self, rules: RuleBook, datasets: Datasets) -> None:
        self._rules = rules
        self._datasets = datasets
        self._unseen: dict[tuple[str, str], int] = {}

    def problems(self, record: Record, digest: str | None) -> Iterator[str]:
        """What is wrong with a digest of positions and labels, of a run's Record or its arrays."""
        try:
            protocol = self._rules.protocol(record.identity)
        except UserError as error:
            self._note(record, str(error))
            return
        if digest is None:
            self._note(record, "its earlier runs do not name what they were tested on")
            return
        try:
            expected = self._datasets.test_digest(record.identity, protocol)
        except NotAtHand as absent:
            self._note(record, str(absent))
        except UserError as error:
            yield f"test samples: {error}"
        else:
            if digest != expected:
                yield f"test samples: {digest}, those of the dataset are {expected}"

    def unseen(self) -> Iterator[Checked]:
        """A line for each dataset that nothing could be compared with, and why."""
        for (dataset, why), runs in self._unseen.items():
            left = f"{why}; the test samples of {runs} runs were not compared with it"
            yield Checked(f"dataset '{dataset}'", (), left)

    def _note(self, record: Record, why: str) -> None:
        key = record.identity.dataset, why
        self._unseen[key] = self._unseen.get(key, 0) + 1


def verify_store(
    store: Store, rules: RuleBook, datasets: Datasets | None = None
) -> Iterator[Checked]:
    """Recompute every done run and concatenation of a store and compare.

    `datasets`: what test parts are made again from.
    """
    tested = _TestParts(rules, datasets or Datasets())
    unseen: dict[str, list[int]] = {}  # why, and how many runs and concatenations
    for record in store.records():
        identity = record.identity
        name = f"{identity.method}, seed {identity.seed}, fold {identity.fold} ({record.run_id})"
        if record.scores is None:
            continue
        try:
            rules.protocol(identity)
        except NoProtocol as absent:
            unseen.setdefault(str(absent), [0, 0])[0] += 1
            yield from _broken(name, check_invariants(record.scores.values))
        else:
            yield Checked(name, tuple(_run_problems(record, record.scores, store, rules, tested)))
    for run_id in store.left_out:
        yield Checked(f"run {run_id}", ("its record was changed after it was stored",))
    for joined in store.concatenations():
        name = f"concatenation {joined.concatenation_id}"
        broken = check_invariants(joined.scores.values)
        try:
            found = [*_version(joined.scores)] or list(
                _compare(joined.scores, join_again(joined, store, rules, ()))
            )
        except NoProtocol as absent:
            unseen.setdefault(str(absent), [0, 0])[1] += 1
            yield from _broken(name, broken)
            continue
        except UserError as error:
            found = [str(error)]
        yield Checked(name, (*found, *broken))
    for why, (runs, joins) in unseen.items():
        left = f"{why}; {runs} runs and {joins} concatenations were not computed again"
        yield Checked("protocol", (), left)
    yield from tested.unseen()


def _broken(name: str, problems: Sequence[str]) -> Iterator[Checked]:
    """What is wrong with scores whatever their protocol, where anything is."""
    if problems:
        yield Checked(name, tuple(problems))


def _run_problems(
    record: Record, scores: Scores, store: Store, rules: RuleBook, tested: _TestParts
) -> Iterator[str]:
    yield from check_invariants(scores.values)
    yield from _test_part(record, store, tested)
    old = list(_version(scores))
    if old:
        yield from old
        return
    try:
        again, _ = score_again(record, store, rules, ())
    except UserError as error:
        yield str(error)
    else:
        yield from _compare(scores, again)


def _test_part(record: Record, store: Store, tested: _TestParts) -> Iterator[str]:
    """Whether what was scored is the test part that the record names, and that of the dataset."""
    scored = None
    with contextlib.suppress(UserError):  # said where it is scored again
        arrays = store.arrays(record)
        if RunArray.TEST_POSITIONS in arrays and RunArray.TEST_LABELS in arrays:
            scored = part_digest(arrays[RunArray.TEST_POSITIONS], arrays[RunArray.TEST_LABELS])
    named = record.test_digest
    if scored is not None and named is not None and scored != named:
        yield f"test samples: recorded {named}, are {scored}"
    yield from tested.problems(record, named or scored)


def _version(scores: Scores) -> Iterator[str]:
    if scores.semantics != SCORING_SEMANTICS:
        yield (
            f"scored under metric version {scores.semantics}, this is {SCORING_SEMANTICS}: "
            "run `bench rescore`"
        )


def _compare(recorded: Scores, again: Scores) -> Iterator[str]:
    for kind in ("values", "class_means"):
        before: Mapping[str, float] = getattr(recorded, kind)
        after: Mapping[str, float] = getattr(again, kind)
        for name in sorted(before.keys() | after.keys()):
            yield from _differs(name, before.get(name), after.get(name))
    for name in ("queries", "singletons", "collapsed"):
        if getattr(recorded, name) != getattr(again, name):
            yield f"{name}: recorded {getattr(recorded, name)}, is {getattr(again, name)}"


def _differs(name: str, before: float | None, after: float | None) -> Iterator[str]:
    if before is None or after is None:
        yield f"{name}: {'not recorded' if before is None else 'recorded but not computed'}"
    elif not math.isclose(before, after, rel_tol=0, abs_tol=TOLERANCES.get(name, TOLERANCE)):
        yield f"{name}: recorded {before:.6f}, is {after:.6f}"


def verify_board(document: Mapping[str, Any], where: str) -> Iterator[Checked]:
    """Check a leaderboard written by `bench leaderboard --format json`, row by row.

    The embeddings are not in it: means are held to the invariants, intervals to their means.
    Raises UserError if it is no such document.
    """
    rows = document.get("rows")
    if not isinstance(rows, list) or "protocol_digest" not in document:
        raise UserError(f"{where}: is not a leaderboard in JSON")
    for row in rows:
        try:
            problems = [*_interval_problems(row["metrics"])]
            means = {
                name: interval["mean"]
                for name, interval in row["metrics"].items()
                if interval["mean"] is not None
            }
            finding = Checked(str(row["method"]), (*problems, *check_invariants(means)))
        except (AttributeError, KeyError, TypeError):
            raise UserError(f"{where}: a row is not one of a leaderboard") from None
        yield finding


def _interval_problems(metrics: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, interval in metrics.items():
        low, mean, high = interval["low"], interval["mean"], interval["high"]
        if low is not None and not low <= mean <= high:
            yield f"{name}: the mean {mean} is outside its interval [{low}, {high}]"


_LAST_DIGIT = 1.5e-6  # means and intervals are rounded to six decimals


def verify_publication(
    document: dict[str, Any], where: str, rules: RuleBook, datasets: Datasets | None = None
) -> Iterator[Checked]:
    """Check a parsed publication: its digests, each run, and each method's intervals.

    The embeddings are not in it; that the scores are those of the embeddings is for
    `verify_store` to say. `datasets`: what test parts are made again from. Raises UserError if it
    does not parse.
    """
    tested = _TestParts(rules, datasets or Datasets())
    untouched = is_untouched(document)
    yield Checked("content digest", () if untouched else ("was changed after it was published",))
    publication = publication_of(document, where)
    records = publication.records()
    yield Checked("protocol digest", tuple(_protocol_problems(records[0], rules)))
    yield Checked("common random numbers", tuple(belonging(records, all_versions=True)[1]))
    by_id = {record.run_id: record for record in records}
    for method in publication.methods:
        for run in method.runs:
            name = f"{method.method}, seed {run.seed}, fold {run.fold} ({run.id})"
            found = [*run_contradictions(publication, method, run)]
            found += score_contradictions(publication, run)
            if run.scores is not None:
                found += check_invariants(run.scores.values)
            if run.scores is not None and run.id in by_id:
                found += tested.problems(by_id[run.id], run.test_digest)
            yield Checked(name, tuple(found))
        of_row = [*row_contradictions(publication, method), *_summary_problems(publication, method)]
        yield Checked(f"{method.method}: intervals", tuple(of_row))
        if method.trials:
            yield Checked(f"{method.method}: search", tuple(_search_problems(publication, method)))
    yield from tested.unseen()


def _protocol_problems(record: Record, rules: RuleBook) -> Iterator[str]:
    from harness.protocol import published_names

    try:
        rules.rule(record)
    except UserError as error:
        if record.identity.protocol in published_names():
            yield str(error)


def _search_problems(publication: Publication, method: PublishedMethod) -> Iterator[str]:
    """Trials have no test scores, and the row is at the best of them; of equal ones the first."""
    for run in method.trials:
        for problem in run_contradictions(publication, method, run):
            yield f"trial {run.trial}: {problem}"
    told = method.searched
    if told is None:
        return
    found = tried(publication.record(method, run) for run in method.trials)
    values = {trial: value for trial, (_, value) in found.items() if value is not None}
    counts = len(found), len(found) - len(values)
    best = max(values, key=lambda trial: (values[trial], -trial), default=-1)
    if counts != (told.trials, told.failed):
        yield (
            f"recorded {told.trials} trials, {told.failed} of them failed; the file has "
            f"{counts[0]}, {counts[1]}"
        )
    elif (best, values.get(best)) != (told.best_trial, told.value):
        yield f"recorded trial {told.best_trial} as the best, at {told.value}; it is trial {best}"
    elif found[best][0].identity.hyperparameters != method.hyperparameters:
        yield f"its hyperparameters are not those of trial {best}"


def _summary_problems(publication: Publication, method: PublishedMethod) -> Iterator[str]:
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
