"""`bench list`: every kind in every format, whatever else is broken."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import get_args

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from harness.cli.listing import Kind, listing
from harness.errors import UserError
from harness.protocol import published_names
from harness.table import FORMATS

APP = typer.Typer()
APP.command(name="list")(listing)

# One of each kind, so that no list is empty where no method is installed.
PLUGIN = """
from harness import Float, hookimpl, loss_method
from harness.hookspecs import Metric

@hookimpl
def bench_methods():
    bounds = Float(0.5, 1.5, default=1.0)
    return [loss_method("toy-loss", lambda radius: None, summary="a toy", reference="Me 2025",
                        family="pair", parameters="C * d", radius=bounds)]

@hookimpl
def bench_metrics():
    return [Metric(name="toy-metric", compute=len, summary="a toy")]
"""
KINDS = [kind for kind in get_args(Kind) if kind != "runs"]  # of a store: tests/cli/test_store.py
HEADERS = {
    "methods": "method,family,needs,parameters,reference,space,summary,from",
    "protocols": "name,datasets,replicates,summary,digest",
    "datasets": "name,summary,from",
    "backbones": "name,summary,from",
    "metrics": "name,title,kind,better,bounds,margin,summary,from",
    "executors": "name,summary,from",
}


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin file with a method and a metric."""
    path = tmp_path / "toys.py"
    path.write_text(PLUGIN)
    return path


def bench_list(*arguments: str) -> Result:
    result = CliRunner().invoke(APP, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def rows(kind: str, plugin: Path) -> dict[str, dict[str, str]]:
    """The rows of a list by their first column."""
    text = bench_list(kind, "--format", "csv", "--plugin", str(plugin)).stdout
    return {next(iter(row.values())): row for row in csv.DictReader(io.StringIO(text))}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_kind_has_every_format(kind: str, form: str, plugin: Path) -> None:
    result = bench_list(kind, "--format", form, "--plugin", str(plugin))
    assert result.stdout.endswith("\n")
    assert result.stderr == ""


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("kind", KINDS)
def test_a_list_says_what_each_is_in_the_width_at_hand(
    kind: str, width: int, plugin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = bench_list(kind, "--plugin", str(plugin)).stdout
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "summary" in text.splitlines()[0]
    names = {line.split()[0] for line in text.splitlines() if line and line[0] != " "}
    assert rows(kind, plugin).keys() - {name.split()[0] for name in names} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_of_a_list_are_its_keys(kind: str, plugin: Path) -> None:
    text = bench_list(kind, "--format", "csv", "--plugin", str(plugin)).stdout
    assert text.splitlines()[0] == HEADERS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_json_and_csv_hold_the_same_names(kind: str, plugin: Path) -> None:
    text = bench_list(kind, "--format", "json", "--plugin", str(plugin)).stdout
    assert [next(iter(row.values())) for row in json.loads(text)] == list(rows(kind, plugin))


def test_methods_are_the_default(plugin: Path) -> None:
    given = ["--format", "csv", "--plugin", str(plugin)]
    assert bench_list(*given).stdout == bench_list("methods", *given).stdout


def test_a_method_stands_with_all_that_is_declared(plugin: Path) -> None:
    assert rows("methods", plugin)["toy-loss"] == {
        "method": "toy-loss",
        "family": "pair",
        "needs": "balanced",
        "parameters": "C * d",
        "reference": "Me 2025",
        "space": "radius [0.5, 1.5]",
        "summary": "a toy",
        "from": "file:toys.py 0",
    }


def test_a_method_without_parameters_of_its_own_says_none(tmp_path: Path) -> None:
    path = tmp_path / "bare.py"
    path.write_text(PLUGIN.replace('parameters="C * d", ', ""))
    assert rows("methods", path)["toy-loss"]["parameters"] == "none"


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_terminal_shows_the_methods_within_its_width(
    width: int, plugin: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    listing("methods", plugin=[plugin])
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= width
    assert any("toy-loss" in line and "balanced" in line for line in lines)


def test_a_metric_of_a_plugin_is_listed(plugin: Path) -> None:
    assert rows("metrics", plugin)["toy-metric"]["from"] == "file:toys.py 0"


def test_the_embedded_datasets_are_listed(plugin: Path) -> None:
    assert {"glyphs", "digits"} <= set(rows("datasets", plugin))


def test_the_small_backbones_are_listed(plugin: Path) -> None:
    assert {"convnet-small", "mlp"} <= set(rows("backbones", plugin))


def test_the_published_protocols_are_listed_and_no_others(plugin: Path) -> None:
    assert list(rows("protocols", plugin)) == published_names()


def test_a_list_says_on_standard_error_what_failed_to_load(plugin: Path) -> None:
    other = plugin.with_name("same.py")
    other.write_text(PLUGIN)
    given = ["--format", "csv", "--plugin", str(plugin), "--plugin", str(other)]
    result = bench_list("datasets", *given)
    assert result.stderr.splitlines() == [
        f"bench: two {what} are named '{name}': by file:toys.py 0 and file:same.py 0; "
        "neither is used (rename or uninstall one)"
        for what, name in (("methods", "toy-loss"), ("metrics", "toy-metric"))
    ]
    assert "glyphs" in result.stdout


def test_an_unknown_kind_is_shown_with_those_there_are() -> None:
    result = CliRunner().invoke(APP, ["methodz"])
    assert result.exit_code == 2
    assert all(f"'{name}'" in result.stderr for name in get_args(Kind))


def test_an_unknown_format_is_shown_with_those_there_are() -> None:
    result = CliRunner().invoke(APP, ["methods", "--format", "yaml"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception) == (
        f"--format: unknown format 'yaml' (allowed: {', '.join(sorted(FORMATS))})"
    )
