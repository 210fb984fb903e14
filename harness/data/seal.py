"""The seal on test data: while an Objective is alive, only the training part can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class SealedTestSet(Exception):
    """Test data were asked for while an Objective was alive. Fails the run, even if caught."""


@dataclass
class Seal:
    """Whether the seal is closed, and what was asked for while it was."""

    closed: bool = False
    broken_by: str | None = None


_seal = Seal()


@contextmanager
def sealed() -> Iterator[Seal]:
    """Close the seal; whatever opens a dataset or a test part inside raises SealedTestSet."""
    _seal.closed, _seal.broken_by = True, None
    try:
        yield _seal
    finally:
        _seal.closed = False


def require_open(what: str) -> None:
    """Raise SealedTestSet, and remember it, if the seal is closed."""
    if _seal.closed:
        _seal.broken_by = what
        raise SealedTestSet(
            f"{what} asked for while the objective is alive: the test set is sealed"
        )
