"""`--data PATH` with every command that needs the data of recorded runs, checked by digest.

Two sets of images of one name, `mine.npz`, stand in one store.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from harness.cli.main import app
from harness.errors import NotComparable, UserError
from harness.store import Store

PLUGIN = """
from harness import Method, hookimpl


def plain(name):
    return Method(name=name, build=lambda *_: None, summary="s", reference="r", trained=False)


@hookimpl
def bench_methods():
    return [plain("first"), plain("second")]
"""


def bench(*arguments: object) -> Result:
    ended = CliRunner().invoke(app, [str(one) for one in arguments])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended


def done(*arguments: object) -> str:
    ended = bench(*arguments)
    assert ended.exit_code == 0, ended.output
    return ended.output


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data a/mine.npz and b/mine.npz, and a store with runs on both."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "plugin.py").write_text(PLUGIN)
    for seed, name in enumerate("ab"):
        draw = np.random.default_rng(seed)
        (folder / name).mkdir()
        np.savez(
            folder / name / "mine.npz",
            images=draw.integers(0, 255, (96, 8, 8), dtype=np.uint8),
            labels=np.repeat(np.arange(8), 12),
            camera=np.tile(["east", "west"], 48),
        )
    np.savez(folder / "c.npz", images=np.zeros((4, 8, 8), np.uint8), labels=[0, 0, 1, 1])
    done("protocol", "new", folder / "a/mine.npz", folder / "ours.toml", "--base", "smoke")
    options = ["--methods", "first,second", *plugin(folder), "--workers", 1, "--seeds", 1]
    for name in "ab":
        data = ["--protocol", folder / "ours.toml", "--data", folder / name / "mine.npz"]
        done("run", *options, *data, "--store", folder / "store")
    return folder


def plugin(place: Path) -> list[object]:
    return ["--plugin", place / "plugin.py"]


def data(place: Path, name: str) -> list[object]:
    return ["--data", place / name / "mine.npz"]


def stored(place: Path) -> list[object]:
    return ["--store", place / "store"]


def run_on(place: Path, name: str) -> str:
    digest = digest_of(place, name)
    with Store.open(place / "store") as store:
        return store.records(dataset_digest=digest)[0].run_id


def digest_of(place: Path, name: str) -> str:
    from harness.data.own import load_path

    return load_path(place / name / "mine.npz").digest


def test_reproduce_trains_own_data_again(place: Path) -> None:
    run = run_on(place, "a")
    rest = [*plugin(place), *stored(place), "--protocol-file", place / "ours.toml"]
    said = done("reproduce", run, *rest, *data(place, "a"))
    assert f"run {run}: the same, bit for bit, embeddings included" in said
    with pytest.raises(NotComparable, match=r"mine\.npz: are not the data that the runs are of"):
        bench("reproduce", run, *rest, *data(place, "b"))
    with pytest.raises(UserError, match="if these are your own: --data PATH"):
        bench("reproduce", run, *rest)


def test_export_trains_own_data_again(place: Path, tmp_path: Path) -> None:
    rest = [*plugin(place), *stored(place), "--protocol-file", place / "ours.toml"]
    file = tmp_path / "e.safetensors"
    said = done("export", run_on(place, "b"), *rest, *data(place, "b"), "-o", file)
    assert "the same, bit for bit" in said
    assert file.exists()


def test_data_of_one_name_are_published_apart_audited_and_told_apart_across(
    place: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    rest = [*plugin(place), *stored(place), "--protocol-file", place / "ours.toml"]
    done("publish", "--no-audit", *rest, *data(place, "a"), "--results", results)
    said = done("publish", *rest, *data(place, "b"), "--results", results)
    assert said.count("the same, bit for bit") == 2
    files = sorted(path.name for path in results.rglob("*.json"))
    assert files == [f"mine.npz-{digest_of(place, 'b')[:8]}.json", "mine.npz.json"]
    first, second = (results / "ours" / file for file in files)
    both = done("across", first, second, "--format", "csv")
    for name in "ab":
        assert f"ours/mine.npz ({digest_of(place, name)[:8]})" in both
    # The store holds both; the gate takes the runs on the baseline's data.
    gate = ["gate", "--baseline", second, *stored(place), "--inconclusive", "pass"]
    assert "MAP@R" in done(*gate, *data(place, "a"))
    with pytest.raises(NotComparable, match=r"holds no runs on --data .* of digest"):
        bench(*gate, *data(place, "b"))


def test_a_report_and_a_figure_show_the_board_and_the_images_of_the_data(
    place: Path, tmp_path: Path
) -> None:
    page = tmp_path / "r.html"
    sizes = {}
    for name in "ab":
        done("report", *stored(place), *data(place, name), *plugin(place), "-o", page)
        text = page.read_text()
        assert "camera" in text
        sizes[name] = re.findall(r"data:image/[a-z]+;base64,[^\"']{40,}", text)
    assert sizes["a"]
    assert sizes["a"] != sizes["b"]
    figure = tmp_path / "n.svg"
    rest = [*stored(place), *plugin(place), "-o", figure]
    done("figure", "embedding", *rest, *data(place, "a"), "--colour-by", "camera",
         "--projection", "PCA")  # fmt: skip
    assert "east" in figure.read_text()


def test_deploy_reads_the_attribute_of_own_data(place: Path) -> None:
    rest = [*stored(place), *plugin(place), "--protocol-file", place / "ours.toml"]
    said = done("deploy", *rest, *data(place, "a"), "--format", "csv")
    assert "first" in said
    with pytest.raises(UserError, match="if these are your own: --data PATH"):
        bench("deploy", *rest)


def test_variables_reads_the_attributes_of_own_data(place: Path) -> None:
    rest = [*stored(place), *plugin(place), "--protocol-file", place / "ours.toml"]
    rest += ["--permutations", 0, "--format", "csv"]
    assert "camera" in done("variables", *rest, *data(place, "a"))
    with pytest.raises(NotComparable, match=r"no runs on --data "):
        bench("variables", *rest, "--data", place / "c.npz")
    with pytest.raises(UserError, match="if these are your own: --data PATH"):
        bench("variables", *rest)


def test_embeddings_from_elsewhere_stand_on_the_board_of_their_data(
    place: Path, tmp_path: Path
) -> None:
    shutil.copytree(place / "store", tmp_path / "store")
    with np.load(place / "a/mine.npz") as arrays:
        labels = arrays["labels"]
    np.savez(tmp_path / "e.npz", embeddings=np.eye(8)[labels], label=labels)
    rest = ["--store", tmp_path / "store", "--protocol-file", place / "ours.toml"]
    said = done("add-embeddings", "theirs", tmp_path / "e.npz", *rest, *data(place, "a"))
    assert said.startswith("theirs: MAP@R 1.000 on ours, mine.npz: one run, not trained here")
    digest = digest_of(place, "a")
    board = done("leaderboard", tmp_path / "store", "--dataset", digest, "--format", "csv")
    assert "not trained here: one run of another system" in board
    other = done("leaderboard", tmp_path / "store", "--dataset", digest_of(place, "b"))
    assert "theirs" not in other


def test_data_that_nothing_was_run_on_are_one_line(place: Path) -> None:
    for command in ("report", "publish", "audit"):
        with pytest.raises(NotComparable, match=r"no runs on --data .*it has mine\.npz of") as no:
            bench(command, *stored(place), "--data", place / "c.npz")
        assert "\n" not in str(no.value)
