"""Scores again from stored embeddings, by the rules that a run was made by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.artifacts import Arrays, RunArray, per_query
from harness.errors import UserError
from harness.execution.scores import score_part, score_replicate
from harness.hookspecs import Metric
from harness.protocol import Protocol, load_protocol
from harness.protocol.rules import ScoringRule
from harness.record import Concatenation, Identity, Record, Scores
from harness.store import Store


class NoProtocol(UserError):
    """No protocol at hand is the one that a run was made by."""


class RuleBook:
    """Finds the scoring rules that a Record's protocol digest stands for.

    `files`: protocol files besides the published ones.
    """

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self._files = files
        self._known: dict[tuple[str, str], Protocol] = {}

    def rule(self, record: Record) -> ScoringRule:
        """How one run is scored; NoProtocol if none at hand has its digest."""
        return self.protocol(record.identity).scoring_for(record.declared.comparison)

    def protocol(self, identity: Identity) -> Protocol:
        """The protocol of one run; NoProtocol if none at hand has its digest."""
        key = (identity.protocol_digest, identity.dataset)
        if key not in self._known:
            self._known[key] = self.find(
                identity.protocol, key[0], dataset=key[1], overrides=identity.unlocked
            )
        return self._known[key]

    def find(self, name: str, digest: str, *, dataset: str, overrides: Sequence[str]) -> Protocol:
        """The protocol that has this digest; NoProtocol if none at hand has."""
        for known in (name, *map(str, self._files)):
            try:
                protocol = load_protocol(known, dataset=dataset, overrides=overrides)
            except UserError:
                continue
            if protocol.digest == digest:
                return protocol
        raise NoProtocol(
            f"no protocol at hand has the digest {digest[:12]} of '{name}' "
            "(give its file with --protocol-file)"
        )


@dataclass(frozen=True)
class Rescored:
    """One set of scores, as it was and as it is now."""

    what: str
    before: Scores
    after: Scores


def rescore_store(
    store: Store, rules: RuleBook, metrics: Sequence[Metric] = ()
) -> Iterator[Rescored]:
    """Recompute the scores of every done run and concatenation, and store them.

    Yields each as it is stored; whatever was yielded stays if iteration stops. A plugin metric
    that is not at hand keeps its recorded value.
    """
    store.require_writable()
    for record in store.records():
        if record.scores is None:
            continue
        scores, arrays = score_again(record, store, rules, metrics)
        store.put_scores(record, scores, arrays)
        yield Rescored(f"{record.identity} ({record.run_id})", record.scores, scores)
    for joined in store.concatenations():
        after = join_again(joined, store, rules, metrics)
        store.put_concatenation(Concatenation(run_ids=joined.run_ids, scores=after))
        yield Rescored(f"concatenation {joined.concatenation_id}", joined.scores, after)


def score_again(
    record: Record, store: Store, rules: RuleBook, metrics: Sequence[Metric]
) -> tuple[Scores, Arrays]:
    """The scores of a run from its stored embeddings, and its arrays brought up to date."""
    assert record.scores is not None
    arrays = store.arrays(record)
    if RunArray.TEST_EMBEDDINGS not in arrays:
        raise UserError(f"run {record.run_id} left no embeddings to be scored again")
    scores, fresh = score_part(
        arrays, rules.rule(record), metrics=metrics, seed=record.identity.seed
    )
    kept = {
        name: array
        for name, array in arrays.items()
        if name != RunArray.QUERIES and not name.startswith(per_query(""))
    }
    return _with_recorded_extras(scores, record.scores), {**kept, **fresh}


def join_again(
    joined: Concatenation, store: Store, rules: RuleBook, metrics: Sequence[Metric]
) -> Scores:
    """The scores of a concatenation from its runs' stored embeddings."""
    records = [store.require(run_id) for run_id in joined.run_ids]
    scores = score_replicate(records, store.arrays, rules.rule(records[0]), metrics=metrics)
    return _with_recorded_extras(scores, joined.scores)


def _with_recorded_extras(scores: Scores, recorded: Scores) -> Scores:
    both = {**recorded.extra, **scores.extra}, {**recorded.told, **scores.told}
    return scores.model_copy(update=dict(zip(("extra", "told"), both, strict=True)))
