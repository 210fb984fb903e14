"""`bench show`: one method, protocol, dataset or recorded run, in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli.show import show
from harness.data.embedded import load_digits
from harness.errors import UserError
from harness.protocol import load_protocol, protocols_folder
from harness.record import Reason
from harness.store import Store
from harness.testing import make_record

APP = typer.Typer()
APP.command()(show)
BENCH = "import sys; from harness.cli.main import main; sys.argv[0] = 'bench'; main()"

PLUGIN = """
from harness import Choice, Float, hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("toy-loss", lambda **point: None, summary="a toy", reference="Me 2025",
                        batch="one-per-class", parameters="C * d",
                        citation="@article{me2025,\\n  year = {2025},\\n}",
                        radius=Float(0.5, 1.5, default=1.0),
                        kind=Choice(("soft", "hard"), default="soft"))]
"""
CITATION = "@article{me2025,\n  year = {2025},\n}"
CRASHED = make_record(
    "toy-loss",
    fold=1,
    values=None,
    identity={
        "dataset": "digits",
        "distribution": "toys",
        "version": "1.0",
        "source": "s" * 12,
        "hyperparameters": {"radius": 1.0},
    },
    folds=2,
    replicates=2,
    state="failed",
    reason=Reason(kind="crashed", message="ValueError: too round"),
    audit=None,
    finished="2025-01-01T00:00:01+00:00",
)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin file with a method."""
    path = tmp_path / "toys.py"
    path.write_text(PLUGIN)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one record."""
    with Store.open(tmp_path / "store", create=True) as store:
        store.put(CRASHED)
    return tmp_path / "store"


def bench_show(*arguments: str) -> Result:
    """Run the command; errors come out as they were raised."""
    result = CliRunner().invoke(APP, list(arguments))
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def facts(*arguments: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(bench_show(*arguments, "--json").stdout)
    return shown


def error_of(*arguments: str) -> str:
    with pytest.raises(UserError) as raised:
        bench_show(*arguments)
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_a_method_is_shown_with_its_space_and_what_it_needs(plugin: Path) -> None:
    shown = facts("toy-loss", "--plugin", str(plugin))
    assert shown["hyperparameters"] == {
        "radius": "[0.5, 1.5], default 1.0",
        "kind": "{soft, hard}, default soft",
    }
    assert shown["needs"]["batches"] == "one-per-class"
    assert (shown["from"], len(shown["source digest"])) == ("file:toys.py 0", 12)


def test_a_method_is_shown_with_its_parameters_and_its_citation(plugin: Path) -> None:
    shown = facts("toy-loss", "--plugin", str(plugin))
    assert shown["extra parameters"] == "C * d"
    assert shown["citation"] == CITATION


def test_a_citation_is_printed_as_it_is_under_its_name(plugin: Path) -> None:
    printed = bench_show("toy-loss", "--plugin", str(plugin)).stdout
    assert "citation:\n  @article{me2025,\n    year = {2025},\n  }\n" in printed


def test_a_definition_is_the_docstring_of_the_module_that_holds_the_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "toy_package"
    package.mkdir()
    (package / "__init__.py").write_text('"""Not this."""\nfrom toy_package.loss import toy\n')
    (package / "loss.py").write_text(
        '"""Radius of a ball, squared."""\nfrom harness import loss_method\n'
        "toy = loss_method('toy-loss', lambda: None, summary='a toy', reference='Me 2025')\n"
    )
    plugin = tmp_path / "toys.py"
    plugin.write_text(
        "import toy_package\nfrom harness import hookimpl\n"
        "@hookimpl\ndef bench_methods():\n    return [toy_package.toy]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert facts("toy-loss", "--plugin", str(plugin))["definition"] == "Radius of a ball, squared."


def test_a_method_that_no_module_holds_has_no_definition(plugin: Path) -> None:
    assert "definition" not in facts("toy-loss", "--plugin", str(plugin))


def test_a_method_is_printed_line_by_line(plugin: Path) -> None:
    lines = bench_show("toy-loss", "--plugin", str(plugin)).stdout.splitlines()
    assert lines[:3] == ["method: toy-loss", "summary: a toy", "reference: Me 2025"]
    assert "  radius: [0.5, 1.5], default 1.0" in lines


def test_a_protocol_is_shown_with_all_its_values_and_its_digest() -> None:
    assert facts("smoke") == load_protocol("smoke").model_dump(mode="json")


def test_a_protocol_is_shown_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((protocols_folder() / "smoke.toml").read_text())
    assert facts(str(path))["digest"] == load_protocol("smoke").digest


def test_a_dataset_is_shown_with_its_size_and_its_digest() -> None:
    shown = facts("digits")
    assert (shown["samples"], shown["classes"], shown["inputs"]) == (1797, 10, "uint8 [1, 8, 8]")
    assert shown["digest"] == load_digits().digest


def test_a_dataset_with_its_images_changed_is_shown_as_it_is_run() -> None:
    shown = facts("digits+rotation+polarity")
    assert shown["dataset"] == "digits+rotation+polarity"
    assert shown["summary"] == (
        f"{facts('digits')['summary']}; rotation: turned counter-clockwise by quarters; "
        "polarity: light and dark swapped"
    )
    assert shown["attributes"]["rotation"] == ["0", "90", "180", "270"]
    assert shown["digest"] != load_digits().digest


def test_an_unknown_change_of_a_dataset_is_shown_with_the_nearest() -> None:
    assert error_of("digits+rotatoin").startswith(
        "digits: unknown corruption 'rotatoin'; did you mean 'rotation'?"
    )


def test_a_dataset_is_shown_with_the_codes_of_its_attributes() -> None:
    assert facts("glyphs")["attributes"]["slant"] == ["slanted", "upright"]


def test_a_recorded_run_is_shown_with_its_reason(store: Path) -> None:
    shown = facts(CRASHED.identity.run_id, "--store", str(store))
    digest = shown.pop("digest")
    assert shown == CRASHED.model_dump(mode="json", exclude={"digest"})
    assert len(digest) == 64


@pytest.mark.parametrize(
    ("name", "nearest"), [("toy-los", "toy-loss"), ("smok", "smoke"), ("glyph", "glyphs")]
)
def test_an_unknown_name_is_shown_with_the_nearest_of_any_kind(
    name: str, nearest: str, plugin: Path
) -> None:
    line = error_of(name, "--plugin", str(plugin))
    assert line.startswith(
        f"unknown method, protocol, dataset, metric or run '{name}'; did you mean '{nearest}'? "
    )


def test_a_run_that_is_not_in_the_store_is_unknown(store: Path) -> None:
    assert "unknown method, protocol, dataset, metric or run 'abc'" in error_of(
        "abc", "--store", str(store)
    )


def test_a_missing_protocol_file_is_an_error() -> None:
    assert error_of("gone.toml").startswith("gone.toml: no such file")


def test_what_failed_to_load_is_told_too(plugin: Path) -> None:
    other = plugin.with_name("same.py")
    other.write_text(PLUGIN)
    result = bench_show("smoke", "--plugin", str(plugin), "--plugin", str(other))
    assert result.stderr.startswith("bench: two methods are named 'toy-loss': by file:toys.py 0 ")


def test_an_unknown_name_ends_the_program_with_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BENCH, "show", "glyph"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(
        "bench: unknown method, protocol, dataset, metric or run 'glyph'; "
    )


def test_a_protocol_is_written_as_the_file_that_another_begins_with() -> None:
    result = CliRunner().invoke(APP, ["smoke", "--toml"])
    assert result.output == (protocols_folder() / "smoke.toml").read_text()
    with pytest.raises(UserError, match="unknown protocol 'smok'; did you mean 'smoke'"):
        CliRunner().invoke(APP, ["smok", "--toml"], catch_exceptions=False)
