"""The two sides of a gate: Records that may be compared, or a line on why they may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import NotComparable
from harness.record import Record
from harness.results.belonging import belonging
from harness.results.publication import Publication
from harness.store import Scope, Store


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side's Records, all of one protocol, dataset and semantics; `name` is for people."""

    name: str
    protocol: str
    protocol_digest: str
    dataset: str
    dataset_digest: str
    training: int
    scoring: int | None
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


def publication_side(publication: Publication, name: str) -> Side:
    """A published leaderboard as one side; runs that do not belong on it are left out."""
    records, notes = belonging(publication.records(), all_versions=True)
    return Side(
        name=name,
        protocol=publication.protocol,
        protocol_digest=publication.protocol_digest,
        dataset=publication.dataset,
        dataset_digest=publication.dataset_digest,
        training=publication.semantics.training,
        scoring=publication.semantics.scoring,
        records=tuple(records),
        notes=tuple(notes),
    )


def store_side(store: Store, baseline: Side) -> Side:
    """What a store holds under the baseline's digests; NotComparable where it holds none."""
    name = f"store {store.path}"
    scopes = store.scopes()
    if not scopes:
        raise NotComparable(f"{name}: holds no records: nothing was measured")
    scope = next((scope for scope in scopes if not _differences(scope, baseline)), None)
    if scope is None:
        raise NotComparable(f"{name}: {_closest(scopes, baseline)}")
    found = store.records(
        protocol_digest=scope.protocol_digest,
        dataset=scope.dataset,
        dataset_digest=scope.dataset_digest,
        training_semantics=scope.training_semantics,
    )
    records, notes = belonging(found)
    scores = [record.scores for record in records if record.scores is not None]
    return Side(
        name=name,
        protocol=scope.protocol,
        protocol_digest=scope.protocol_digest,
        dataset=scope.dataset,
        dataset_digest=scope.dataset_digest,
        training=scope.training_semantics,
        scoring=scores[0].semantics if scores else None,
        records=tuple(records),
        notes=tuple(notes),
    )


def require_same_kind(baseline: Side, candidate: Side) -> None:
    """Raise NotComparable unless both sides share protocol, dataset and semantics."""
    for what, recorded, found in (
        ("protocol", baseline.protocol, candidate.protocol),
        ("dataset", baseline.dataset, candidate.dataset),
        ("protocol digest", baseline.protocol_digest, candidate.protocol_digest),
        ("dataset digest", baseline.dataset_digest, candidate.dataset_digest),
        ("training semantics", baseline.training, candidate.training),
        ("scoring semantics", baseline.scoring, candidate.scoring),
    ):
        if recorded != found and found is not None:
            raise NotComparable(
                f"{candidate.name} and the baseline {baseline.name} are of different {what} "
                f"and cannot be compared: {_short(found)} and {_short(recorded)}"
            )


def _differences(scope: Scope, baseline: Side) -> list[str]:
    compared = (
        ("unlocked", scope.unlocked, ()),
        ("protocol", scope.protocol, baseline.protocol),
        ("dataset", scope.dataset, baseline.dataset),
        ("protocol digest", scope.protocol_digest, baseline.protocol_digest),
        ("dataset digest", scope.dataset_digest, baseline.dataset_digest),
        ("training semantics", scope.training_semantics, baseline.training),
    )
    return [what for what, found, wanted in compared if found != wanted]


def _closest(scopes: Sequence[Scope], baseline: Side) -> str:
    """Say of the scope that is most like the baseline what is not."""
    scope = min(scopes, key=lambda scope: len(_differences(scope, baseline)))
    wanted = f"the baseline, {baseline.protocol} on {baseline.dataset}"
    if (scope.protocol, scope.dataset) != (baseline.protocol, baseline.dataset):
        return f"holds {scope.protocol} on {scope.dataset} and not {wanted}"
    if scope.unlocked:
        changed = ", ".join(scope.unlocked)
        return f"its {scope.protocol} is unlocked ({changed}) and cannot be gated"
    return f"its runs differ from {wanted}, in {' and '.join(_differences(scope, baseline))}"


def _short(value: str | int | None) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text
