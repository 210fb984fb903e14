"""Plugin files that misbehave, written where a test can see what they did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import registry, sandbox

HONEST = """
from harness import hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("{name}", lambda: None, summary="s", reference="unpublished")]
"""


@pytest.fixture
def unfenced() -> Iterator[None]:
    """Without a sandbox, which not every system has."""
    sandbox.choose(False)
    yield
    sandbox.choose(None)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a plugin file that offers a method of its name; nothing else is installed."""
    monkeypatch.setattr(registry, "_entry_points", list)

    def write(first: str = "", *, name: str = "bad", last: str = "") -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(first + HONEST.format(name=name) + last)
        return path

    return write
