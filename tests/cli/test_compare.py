"""`bench compare`, `bench power` and `bench ranks`, from a store on disk to what is printed."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import compare
from harness.errors import UserError
from harness.record import Record, Told
from harness.store import Store
from harness.testing import make_record

APP = typer.Typer()
APP.command()(compare.compare)
APP.command()(compare.power)
APP.command()(compare.ranks)


def a_run(method: str, seed: int, queries: np.ndarray) -> Record:
    return make_record(
        method,
        seed,
        values={"map_at_r": float(queries.mean())},
        scores={"extra": {"spill": float(1 - queries.mean())}, "queries": len(queries)},
        replicates=4,
        audit=None,
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Triplet is well above margin, contrastive beside it; lonely has one replicate."""
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 5)
    with Store.open(tmp_path / "store", create=True) as store:
        for method, level in (("triplet", 0.6), ("contrastive", 0.6), ("margin", 0.2)):
            for seed in range(4):
                queries = draw.uniform(level - 0.1, level + 0.1, len(labels))
                arrays = {
                    "test_labels": labels,
                    "queries": np.arange(len(labels)),
                    "per_query.map_at_r": queries,
                }
                store.put(a_run(method, seed, queries), arrays)
        store.put(a_run("lonely", 0, np.full(30, 0.5)))
    return tmp_path / "store"


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def error_of(result: Result, *, code: int = 2) -> str:
    assert isinstance(result.exception, UserError)
    assert result.exception.exit_code == code
    return str(result.exception)


def on_a_terminal(command: Sequence[str | Path], columns: int, lines: int) -> list[str]:
    """What a terminal of this size shows, by a pager that prints all."""
    import pty

    size = {"COLUMNS": str(columns), "LINES": str(lines), "PAGER": "cat", "TERM": "dumb"}
    ours, theirs = pty.openpty()
    told = b""
    ran = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *map(str, command)],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **size},
    )
    os.close(theirs)
    with contextlib.suppress(OSError):  # Linux says the end of a terminal so
        while part := os.read(ours, 65536):
            told += part
    assert ran.wait() == 0
    os.close(ours)
    return told.decode().replace("\r", "").splitlines()


@pytest.mark.parametrize(
    "command",
    [
        "compare margin triplet",
        "power margin triplet",
        "ranks",
        "gate --baseline {store} --inconclusive pass",
        "history --source folder {folder}",
    ],
)
def test_nothing_is_wider_than_a_terminal_of_80_columns(command: str, store: Path) -> None:
    words = [word.format(store=store, folder=store.parent) for word in command.split()]
    lines = on_a_terminal([*words, "--store", store], 80, 24)
    assert max(len(line.replace(str(store.parent), "")) for line in lines) <= 80  # a path is whole
    assert "triplet" in "".join(lines)


def test_the_first_line_says_who_is_better(store: Path) -> None:
    lines = bench("compare", "margin", "triplet", "--store", store).stdout.splitlines()
    assert lines[0].startswith("triplet is better than margin by 0.")
    assert lines[0].endswith("among 3 pairs, 4 replicates")
    assert any("for other seeds and classes too" in line for line in lines)


def test_the_board_that_was_read_and_what_else_the_store_holds_are_said(store: Path) -> None:
    with Store.open(store) as opened:
        first = opened.records()[0]
        other = {"dataset": "cars", "dataset_digest": "1" * 64}
        elsewhere = first.identity.model_copy(update=other)
        opened.put(first.model_copy(update={"identity": elsewhere, "artifact": None}))
    said = bench("compare", "margin", "triplet", "--store", store, "--dataset", "glyphs").stderr
    assert said.startswith("bench: smoke on glyphs\n")
    assert "bench: the store also holds smoke on cars" in said
    ranked = bench("ranks", "--store", store, "--dataset", "glyphs").stdout
    assert "the store also holds smoke on cars" in " ".join(ranked.split())


@pytest.mark.parametrize("command", ["compare margin triplet", "power margin triplet", "ranks"])
def test_a_protocol_for_tests_is_said_to_be_one(store: Path, command: str) -> None:
    said = bench(*command.split(), "--store", store).output
    assert "protocol 'smoke' is for tests: its scores mean nothing" in " ".join(said.split())


def test_the_first_line_says_what_would_tell(store: Path) -> None:
    line = bench("compare", "contrastive", "triplet", "--store", store).stdout.splitlines()[0]
    assert line.startswith("contrastive and triplet are not distinguishable; ")
    assert line.endswith("would show 0.005")


def test_the_json_is_all_that_is_printed(store: Path) -> None:
    result = bench("compare", "margin", "triplet", "--store", store, "--format", "json")
    document = json.loads(result.stdout)
    assert document["verdict"] == "second"
    assert document["pairs_corrected_for"] == 3


def test_lower_is_better_turns_the_verdict(store: Path) -> None:
    arguments = ["compare", "margin", "triplet", "--metric", "spill", "--store", store]
    lower = bench(*arguments, "--lower-is-better").stdout
    higher = bench(*arguments, "--higher-is-better").stdout
    assert lower.startswith("triplet is better than margin")
    assert higher.startswith("margin is better than triplet")


def test_a_metric_of_an_unknown_plugin_needs_its_direction(store: Path) -> None:
    result = bench("compare", "margin", "triplet", "--metric", "spill", "--store", store)
    assert "--lower-is-better" in error_of(result)


def test_one_replicate_is_compared_without_an_interval(store: Path) -> None:
    result = bench("compare", "lonely", "triplet", "--store", store)
    assert result.exit_code == 0
    assert "one common replicate, so no interval and no test" in result.stdout
    assert "left out: 3 replicates of triplet that lonely lacks" in result.stdout


@pytest.mark.parametrize("command", ["compare", "power"])
def test_an_unknown_method_is_answered_with_the_nearest(store: Path, command: str) -> None:
    result = bench(command, "tripplet", "margin", "--store", store)
    assert "unknown method 'tripplet'; did you mean 'triplet'?" in error_of(result)


def test_an_unknown_metric_is_answered_with_the_nearest(store: Path) -> None:
    result = bench("compare", "triplet", "margin", "--metric", "map", "--store", store)
    assert "unknown metric 'map'; did you mean 'map_at_r'?" in error_of(result)


@pytest.mark.parametrize("difference", ["0", "-1", "nan", "inf"])
def test_a_difference_that_is_none_is_refused(store: Path, difference: str) -> None:
    result = bench("compare", "triplet", "margin", "--store", store, "--difference", difference)
    assert "--difference must be a number above 0" in error_of(result)


def test_a_pair_alone_is_not_corrected(store: Path) -> None:
    line = bench("compare", "margin", "triplet", "--store", store, "--alone").stdout
    assert "among" not in line


def test_power_answers_in_replicates(store: Path) -> None:
    text = bench("power", "triplet", "margin", "--store", store, "--difference", "0.01").stdout
    assert text.startswith("to see 0.01 MAP@R between triplet and margin with 80 % probability: ")
    assert "among 3 pairs" in text


def test_power_as_json_agrees_with_compare(store: Path) -> None:
    plan = json.loads(
        bench("power", "triplet", "margin", "--store", store, "--format", "json").stdout
    )
    found = json.loads(
        bench("compare", "triplet", "margin", "--store", store, "--format", "json").stdout
    )
    assert plan["corrected"] == found["power"]["corrected"]
    assert plan["noise"] == pytest.approx(found["noise"])


def test_more_power_takes_more_replicates(store: Path) -> None:
    counts = [
        json.loads(
            bench(
                *("power", "triplet", "margin", "--store", store),
                *("--power", share, "--format", "json"),
            ).stdout
        )["alone"]
        for share in ("0.5", "0.8", "0.99")
    ]
    assert counts == sorted(set(counts))


def test_power_without_a_measured_noise_is_refused(store: Path) -> None:
    result = bench("power", "lonely", "margin", "--store", store)
    assert "nothing to plan with" in error_of(result, code=3)


def test_ranks_are_printed_with_letters_and_bootstrap(store: Path) -> None:
    rows = json.loads(bench("ranks", "--store", store, "--format", "json").stdout)
    by_method = {row["method"]: row for row in rows}
    assert by_method["margin"]["ties"] == "b"
    assert by_method["margin"]["ranks"] == "3"
    assert by_method["triplet"]["ranks"] == by_method["contrastive"]["ranks"] == "1-2"
    assert by_method["lonely"]["ranks"] is None
    assert by_method["triplet"]["bootstrap"].startswith("[0.5")


def test_ranks_turn_for_a_metric_that_is_better_when_lower(store: Path) -> None:
    text = bench("ranks", "--metric", "spill", "--lower-is-better", "--store", store).stdout
    lines = [line for line in text.splitlines() if line.startswith(("triplet", "margin"))]
    assert [line.split()[0] for line in lines] == ["triplet", "margin"]
    assert "lower is better" in text


def test_comparing_loads_no_torch(store: Path) -> None:
    code = (
        "import sys; from harness.cli.main import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "compare", "margin", "triplet", "--store", str(store)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"torch", "faiss", "sklearn", "pandas"} & set(ended.stderr.split())


@pytest.mark.parametrize("ways", [(True, False), (False, True)])
def test_a_metric_that_is_better_the_other_way_elsewhere_is_not_ranked_across(
    ways: tuple[bool, bool], tmp_path: Path
) -> None:
    for place, up in enumerate(ways):
        with Store.open(tmp_path / f"{place}", create=True) as store:
            for method, value in (("triplet", 0.6), ("margin", 0.2)):
                scores = {"extra": {"spill": value}, "told": {"spill": Told(higher_is_better=up)}}
                identity = {"dataset": f"set-{place}"}
                store.put(make_record(method, identity=identity, scores=scores, audit=None))
    alone = typer.Typer()
    alone.command()(compare.across)
    paths = [str(tmp_path / "0"), str(tmp_path / "1")]
    ended = CliRunner().invoke(alone, [*paths, "--metric", "spill"])
    assert isinstance(ended.exception, UserError)
    assert "'spill': higher is better by some of these leaderboards" in str(ended.exception)
