"""`Scope`: what a store holds under one protocol, dataset and training semantics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The Records of a store that can stand on one leaderboard, and how many there are."""

    protocol: str
    protocol_digest: str
    unlocked: tuple[str, ...]
    dataset: str
    dataset_digest: str
    training_semantics: int
    records: int
