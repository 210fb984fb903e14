"""Modules of plugins are compiled before processes are forked that run them, and nothing else."""

from __future__ import annotations

import hashlib

import pytest

from harness.registry import importing


@pytest.fixture
def compiled(monkeypatch):
    found: dict = {}
    monkeypatch.setattr(importing, "_compiled", found)
    return found


def test_a_module_is_compiled_and_does_not_run(tmp_path, compiled):
    path = tmp_path / "a.py"
    path.write_text("raise SystemExit\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    importing.compile_ahead([(str(path), digest)])
    assert compiled[str(path), digest].co_filename == str(path)


@pytest.mark.parametrize("content", ["def (\n", "x = 1\0\n", "(" * 5000 + ")" * 5000])
def test_what_cannot_be_compiled_is_left_for_the_import_to_say(tmp_path, compiled, content):
    path = tmp_path / "a.py"
    path.write_text(content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    importing.compile_ahead([(str(path), digest), (str(tmp_path / "gone.py"), digest)])
    assert compiled == {}


def test_a_file_that_is_not_what_was_digested_is_not_compiled(tmp_path, compiled):
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    importing.compile_ahead([(str(path), "0" * 64)])
    assert compiled == {}
