"""`bench leaderboard`, from a store on disk to what is printed."""

import json
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import leaderboard as command
from harness.errors import UserError
from harness.record import Record
from harness.store import Store
from harness.table import FORMATS
from harness.testing import make_record

APP = typer.Typer()
APP.command()(command.leaderboard)


def a_run(method: str, seed: int, version: str, map_at_r: float) -> Record:
    return make_record(
        method,
        seed,
        values={"map_at_r": map_at_r, "recall_at_8": 0.875},
        identity={"version": version},
        replicates=2,
        audit=None,
        finished=f"2025-01-01T00:00:0{version}+00:00",
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two methods, two replicates; triplet also in an older version."""
    with Store.open(tmp_path / "store", create=True) as store:
        for seed in (0, 1):
            store.put(a_run("triplet", seed, "2", 0.5))
            store.put(a_run("margin", seed, "1", 0.75))
        store.put(a_run("triplet", 0, "1", 0.25))
    return tmp_path / "store"


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def test_the_board_is_printed_best_first(store: Path) -> None:
    lines = bench("--store", store).stdout.splitlines()
    assert [line.split()[1] for line in lines[3:5]] == ["margin", "triplet"]


def test_the_json_holds_the_rows_and_nothing_else_is_printed(store: Path) -> None:
    rows = json.loads(bench("--store", store, "--format", "json").stdout)["rows"]
    assert [row["method"] for row in rows] == ["margin", "triplet"]


def test_every_format_is_accepted(store: Path) -> None:
    assert [bench("--store", store, "--format", form).exit_code for form in FORMATS] == [0] * 5


def test_other_words_for_a_format_are_understood_and_misspelt_ones_named(store: Path) -> None:
    written = [bench("--store", store, "--format", word).stdout for word in ("markdown", "md")]
    assert written[0] == written[1] != ""
    error = bench("--store", store, "--format", "jsn").exception
    assert str(error).startswith("--format: unknown format 'jsn'; did you mean 'json'?")


def test_the_formats_offered_are_those_there_are() -> None:
    assert get_args(command.Format) == FORMATS


def test_the_notes_of_a_csv_go_beside_it(store: Path) -> None:
    result = bench("--store", store, "--format", "csv")
    assert "earlier version" in result.stderr
    assert "earlier version" not in result.stdout


def test_earlier_versions_can_be_shown(store: Path) -> None:
    text = bench("--store", store, "--format", "json", "--all-versions").stdout
    assert len(json.loads(text)["rows"]) == 3


def test_joined_folds_can_be_asked_for(store: Path) -> None:
    assert "joined folds" in bench("--store", store, "--concatenated").stdout


def test_columns_can_be_chosen(store: Path) -> None:
    assert "0.875" in bench("--store", store, "--metrics", "map_at_r, recall_at_8").stdout


def methods(*arguments: str | Path) -> list[str]:
    return [
        row["method"] for row in json.loads(bench(*arguments, "--format", "json").stdout)["rows"]
    ]


def test_the_first_rows_can_be_asked_for(store: Path) -> None:
    assert methods("--store", store, "--top", "1") == ["margin"]


def test_methods_can_be_chosen_and_misspelt_ones_are_all_named(store: Path) -> None:
    assert methods("--store", store, "--methods", "triplet") == ["triplet"]
    error = bench("--store", store, "--methods", "tripelt,margn,margin").exception
    assert "unknown methods 'tripelt'; did you mean 'triplet'?, 'margn'; did" in str(error)


def test_the_first_metric_shown_orders_the_rows_unless_another_is_named(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        store.put(make_record("a", values={"map_at_r": 0.5, "recall_at_8": 0.25}))
        store.put(make_record("b", values={"map_at_r": 0.25, "recall_at_8": 0.75}))
    by_recall = ["--metrics", "R@8,map_at_r"]
    assert methods("--store", tmp_path) == ["a", "b"]
    assert methods("--store", tmp_path, *by_recall) == ["b", "a"]
    assert methods("--store", tmp_path, "--sort", "R@8") == ["b", "a"]
    assert methods("--store", tmp_path, *by_recall, "--sort", "MAP@R") == ["a", "b"]
    for option in ("--sort", "--metrics"):
        error = bench("--store", tmp_path, option, "recal_at_8").exception
        assert str(error).startswith("unknown metric 'recal_at_8'; did you mean 'recall_at_8'?")


PLUGIN = """
from harness import Method, hookimpl

ENTRY = "@inproceedings{one, title={One}}"


def method(name, citation):
    return Method(name=name, build=lambda point, context: None, summary="toy", space={},
                  reference="One 2020", citation=citation)


@hookimpl
def bench_methods():
    return [method("cited", ENTRY), method("cited-too", ENTRY), method("uncited", "")]
"""


def test_the_citations_of_a_board_are_each_printed_once(tmp_path: Path) -> None:
    (tmp_path / "toys.py").write_text(PLUGIN)
    with Store.open(tmp_path / "store", create=True) as store:
        for name in ("cited", "cited-too", "uncited", "gone"):
            store.put(make_record(name))
    shown = bench("--store", tmp_path / "store", "--bibtex", "--plugin", tmp_path / "toys.py")
    assert shown.stdout.split() == ["@inproceedings{one,", "title={One}}"]
    assert shown.stderr.splitlines() == [
        "no BibTeX entry: gone: not installed",
        "no BibTeX entry: uncited: One 2020",
    ]


def test_the_store_can_be_named_in_the_environment(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_STORE", str(store))
    assert bench().exit_code == 0


def test_an_unknown_dataset_is_one_line(store: Path) -> None:
    error = bench("--store", store, "--dataset", "glyph").exception
    assert isinstance(error, UserError)
    assert str(error) == (
        f"store {store}: unknown dataset 'glyph'; did you mean 'glyphs'? (allowed: glyphs)"
    )


def test_a_store_that_is_not_there_is_one_line_and_is_not_made(tmp_path: Path) -> None:
    error = bench("--store", tmp_path / "nowhere").exception
    assert isinstance(error, UserError)
    assert not (tmp_path / "nowhere").exists()


def test_looking_at_a_store_changes_nothing_in_it(store: Path) -> None:
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    bench("--store", store)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
