"""Names that are not registered, and what a look-up costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.registry import load_registry

Install = Callable[..., Path]

PLUGIN = """
from harness import hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("sphere", lambda: None, summary="s", reference="r")]
"""


def test_an_unknown_method_is_named_with_the_nearest(install: Install) -> None:
    install(PLUGIN)
    with pytest.raises(UserError, match=r"^unknown method 'spheer'; did you mean 'sphere'\? "):
        load_registry().method("spheer")


def test_an_unknown_method_comes_with_what_failed_to_load(install: Install) -> None:
    install("raise RuntimeError('no licence')")
    with pytest.raises(UserError) as raised:
        load_registry().method("sphere")
    assert str(raised.value).endswith(
        "; note: plugin 'acme-losses' (acme 1.0): failed to import: RuntimeError: no licence"
    )


def test_an_unknown_dataset_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^unknown dataset 'glyph'; did you mean 'glyphs'\? "):
        load_registry().dataset("glyph")


def test_an_unknown_backbone_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^unknown backbone 'convnet'; did you mean 'convnet-sm"):
        load_registry().backbone("convnet")


def test_registering_imports_nothing_heavy() -> None:
    code = "import sys; from harness.registry import load_registry; load_registry()"
    heavy = "{'torch', 'sklearn', 'faiss', 'scipy', 'pandas', 'pydantic'}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(sorted({heavy} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert done.stdout.strip() == "[]"
