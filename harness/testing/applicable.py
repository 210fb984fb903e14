"""Which promises a method makes at all."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import SkipTest

if TYPE_CHECKING:
    from harness.method import Method


class NotApplicable(SkipTest):
    """The method does not make this promise; pytest reports a skipped test."""


def needs_training(method: Method) -> None:
    """Raise NotApplicable for a method that is scored as it was built."""
    if not method.trained:
        raise NotApplicable(f"{method.name} does not train")
