"""What a store holds: `Scope`, the Records that can share a board, and `Held`, one run."""

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


@dataclass(frozen=True)
class Held:
    """One run of a store in a line; `trial` is None for a replicate."""

    run_id: str
    method: str
    protocol: str
    dataset: str
    seed: int
    fold: int
    state: str
    trial: int | None
    finished: str

    @property
    def described(self) -> str:
        """In words."""
        trial = "" if self.trial is None else f", trial {self.trial}"
        return (
            f"{self.method}, seed {self.seed}, fold {self.fold}{trial}: {self.state} "
            f"({self.protocol} on {self.dataset})"
        )
