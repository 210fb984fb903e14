"""Whatever text plugins and data hold, a terminal is told nothing but to show it."""

from __future__ import annotations

import ast
import logging
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

import harness.cli
from harness.cli import main, saying
from harness.table import Column, Table, to_text

NASTY = "a\x1b[2J\u202e\x9b31m"
SHOWN = r"a\x1b[2J\u202e\x9b31m"
MODULES = sorted(Path(harness.cli.__file__).parent.glob("*.py"))
WRITERS = {"typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write", "print"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_commands_write_nothing_but_through_saying(path: Path) -> None:
    if path.stem == "saying":
        return
    calls = [one.func for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call)]
    assert WRITERS.isdisjoint(map(ast.unparse, calls))


def test_what_is_said_is_escaped_and_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    saying.say(f"{NASTY}\n\tb")
    saying.say(NASTY, err=True)
    assert capsys.readouterr() == (f"{SHOWN}\n\tb\n", f"{SHOWN}\n")


def test_a_program_reads_what_there_is_and_a_terminal_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    saying.write(NASTY)
    assert capsys.readouterr().out == NASTY
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    saying.write(NASTY)
    assert capsys.readouterr().out == SHOWN


def test_a_log_line_and_a_table_are_escaped() -> None:
    record = logging.LogRecord("harness", logging.WARNING, "", 0, "of %s", (NASTY,), None)
    assert saying.LogLines().format(record) == f"bench: of {SHOWN}"
    table = Table(columns=[Column(key="a", title=NASTY)], rows=[{"a": NASTY}], notes=[NASTY])
    assert [line.strip() for line in to_text(table).splitlines() if "a" in line] == [SHOWN] * 3


@pytest.mark.parametrize("command", [["score"], ["protocol", "new"]])
def test_names_of_files_and_classes_are_escaped_in_errors(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (NASTY, "b"):
        Path("mine", name).mkdir(parents=True)
    Image.new("L", (9, 9)).save(Path("mine", "b", "1.png"))
    Path(NASTY).write_text("x")
    given = [NASTY] if command == ["score"] else ["mine", "x.toml"]
    monkeypatch.setattr(sys, "argv", ["bench", *command, *given])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    line = capsys.readouterr().err
    assert SHOWN in line
    assert "\x1b" not in line
    assert len(line.splitlines()) == 1


def test_on_a_terminal_a_long_silence_says_what_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = threading.Event()
    monkeypatch.setattr(saying, "say", lambda *_, **__: said.set())
    with saying.doing("reading"):
        assert not said.is_set()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with saying.doing("reading"):
        pass
    assert not said.is_set()
    monkeypatch.setattr(saying, "_PATIENCE", 0.0)
    with saying.doing("reading"):
        assert said.wait(60.0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("err", [False, True])
def test_sentences_are_broken_at_blanks_on_a_terminal_alone(
    err: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    text = f"one: {NASTY} and many more words\ntwo\n"
    saying.tell(text, err=err)
    assert capsys.readouterr()[err] == saying.escaped(text)
    monkeypatch.setattr(sys.stderr if err else sys.stdout, "isatty", lambda: True)
    saying.tell(text, err=err)
    lines = capsys.readouterr()[err].splitlines()
    assert lines == ["one:", f"    {SHOWN}", "    and many more", "    words", "two"]


def test_a_colour_is_a_terminals_alone_and_the_text_is_escaped_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    saying.say(NASTY, colour="green", nl=False)
    assert capsys.readouterr().out == SHOWN
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    saying.say(NASTY, colour="green", nl=False)
    assert capsys.readouterr().out == f"\x1b[32m{SHOWN}\x1b[0m"
