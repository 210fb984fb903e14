"""`bench run --data PATH`: a person's own data, split by how many classes they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from harness.cli.main import app
from harness.errors import UserError
from harness.rescoring.rescore import RuleBook
from harness.rescoring.verify import verify_store
from harness.results import load_board
from harness.scoring import score_embeddings
from harness.store import Store

UNTRAINED = """
from harness import Method, hookimpl


@hookimpl
def bench_methods():
    return [Method(name="as-it-is", build=lambda *_: None, summary="s", reference="r",
                   trained=False)]
"""


@pytest.mark.parametrize(
    ("classes", "kind"), [(12, "class-disjoint,seeded,folds=3"), (3, "closed-set,test=0.2")]
)
def test_own_data_run_and_can_be_verified(tmp_path: Path, classes: int, kind: str) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 255, (classes * 12, 12, 12), dtype=np.uint8)
    labels = np.repeat(np.arange(classes), 12)
    np.savez(tmp_path / "mine.npz", images=images, labels=labels)
    (tmp_path / "plugin.py").write_text(UNTRAINED)
    options = ["--data", str(tmp_path / "mine.npz"), "--plugin", str(tmp_path / "plugin.py")]
    options += ["--methods", "as-it-is", "--protocol", "smoke", "--seeds", "1", "--workers", "1"]
    store = tmp_path / "store"
    ended = CliRunner().invoke(app, ["run", *options, "--store", str(store)])
    assert ended.exit_code == 0, ended.output
    assert kind.partition(",")[0] in ended.stderr.splitlines()[0]
    with Store.open(store) as opened:
        board = load_board(opened)
        findings = list(verify_store(opened, RuleBook()))
    assert board.unlocked == (f"data={board.dataset}:{kind}",)
    assert findings
    assert not [finding for finding in findings if finding.problems]


def test_vectors_choose_a_backbone_for_vectors_and_say_so(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    np.savez(tmp_path / "v.npz", features=draw.normal(size=(48, 5)), y=np.repeat(np.arange(8), 6))
    (tmp_path / "plugin.py").write_text(UNTRAINED)
    options = ["--data", str(tmp_path / "v.npz"), "--plugin", str(tmp_path / "plugin.py")]
    options += ["--methods", "as-it-is", "--protocol", "smoke", "--seeds", "1", "--workers", "1"]
    ended = CliRunner().invoke(app, ["run", *options, "--store", str(tmp_path / "store")])
    assert ended.exit_code == 0, ended.output
    assert "v.npz: vectors: the backbone is mlp" in ended.stderr
    assert "v.npz: 48 vectors (5) of 8 classes, 6 samples each" in ended.stderr


@pytest.mark.parametrize("kind", ["images", "vectors"])
def test_a_protocol_for_own_data_is_locked_and_can_be_published(tmp_path: Path, kind: str) -> None:
    draw = np.random.default_rng(0)
    images = draw.integers(0, 255, (96, 12, 12), dtype=np.uint8)
    arrays = {"images": images} if kind == "images" else {"features": draw.normal(size=(96, 5))}
    np.savez(tmp_path / "mine.npz", **arrays, labels=np.repeat(np.arange(8), 12))
    (tmp_path / "plugin.py").write_text(UNTRAINED)
    data, rules = str(tmp_path / "mine.npz"), str(tmp_path / "ours.toml")
    store, published = str(tmp_path / "store"), tmp_path / "results"

    def bench(*arguments: str) -> str:
        ended = CliRunner().invoke(app, arguments)
        assert ended.exit_code == 0, ended.output
        return ended.output

    assert "protocol ours, digest" in bench("protocol", "new", data, rules, "--base", "smoke")
    options = ["--methods", "as-it-is", "--plugin", str(tmp_path / "plugin.py"), "--workers", "1"]
    bench("run", "--protocol", rules, "--data", data, *options, "--store", store)
    with Store.open(Path(store)) as opened:
        assert load_board(opened).unlocked == ()
        findings = list(verify_store(opened, RuleBook([Path(rules)])))
    assert findings
    assert not [finding for finding in findings if finding.problems]
    bench("publish", "--store", store, "--results", str(published))
    (baseline,) = published.rglob("*.json")
    bench("gate", "--baseline", str(baseline), "--store", store)
    again = CliRunner().invoke(app, ["protocol", "new", data, rules])
    assert isinstance(again.exception, UserError)


def test_the_command_that_a_new_protocol_names_reads_the_data_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{'' if row == 5 else row % 3},x,{row},{row * row}\n" for row in range(40)]
    Path("my data.csv").write_text("kind,label,a,b\n" + "".join(lines))
    read = ["--label-column", "kind", "--drop-missing", "--header", "--columns", "a,b"]
    ended = CliRunner().invoke(app, ["protocol", "new", "my data.csv", "ours.toml", *read])
    assert ended.exit_code == 0, ended.output
    command = ended.stdout.splitlines()[-1]
    assert command == (
        "bench run --protocol ours.toml --data 'my data.csv' --label-column kind --columns a,b "
        "--drop-missing --header --methods ..."
    )


def test_image_files_are_brought_to_the_size_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    draw = np.random.default_rng(0)
    for name in (f"mine/{kind}/{number}.png" for kind in "abcdefgh" for number in range(6)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (9, 9, 3), dtype=np.uint8)).save(tmp_path / name)
    (tmp_path / "plugin.py").write_text(UNTRAINED)
    options = ["--data", str(tmp_path / "mine"), "--plugin", str(tmp_path / "plugin.py")]
    options += ["--methods", "as-it-is", "--protocol", "smoke", "--seeds", "1", "--workers", "1"]
    options += ["--store", str(tmp_path / "store"), "--size"]
    ended = CliRunner().invoke(app, ["run", *options, "24"])
    assert ended.exit_code == 0, ended.output
    assert "mine: 48 images (3x24x24) of 8 classes" in ended.stderr
    assert CliRunner().invoke(app, ["run", *options, "2"]).exit_code != 0
    verify = ["verify", str(tmp_path / "store"), "--data", str(tmp_path / "mine")]
    assert "is another version here" in CliRunner().invoke(app, verify).output
    assert "another version" not in CliRunner().invoke(app, [*verify, "--size", "24"]).output


def test_queries_search_their_gallery_without_what_their_camera_saw(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    labels = np.tile(np.arange(8), 18)
    parts = np.repeat(["train", "query", "gallery"], 48)
    parts[labels < 4] = "train"
    cameras = draw.integers(0, 3, len(labels))
    points = np.eye(8)[labels] + draw.normal(0, 0.5, (len(labels), 8)) + cameras[:, None]
    data = str(tmp_path / "v.npz")
    np.savez(data, features=points, label=labels, split=parts, camera=cameras)
    (tmp_path / "plugin.py").write_text(UNTRAINED)
    options = ["--data", data, "--plugin", str(tmp_path / "plugin.py"), "--seeds", "1"]
    options += ["--methods", "as-it-is", "--protocol", "smoke", "--workers", "1"]
    options += ["--store", str(tmp_path / "store"), "--set", 'scoring.exclude=["camera"]']
    ended = CliRunner().invoke(app, ["run", *options])
    assert ended.exit_code == 0, ended.output
    assert "24 queries of the test part search 24 of gallery" in ended.stderr
    assert "no answer to a query: items of its class with its camera" in ended.stderr
    with Store.open(tmp_path / "store") as store:
        record = store.records()[0]
        arrays = store.arrays(record)
        assert not [found for found in verify_store(store, RuleBook()) if found.problems]
    assert record.scores is not None
    places = arrays["test_positions"]
    asks, shelf = parts[places] == "query", parts[places] == "gallery"
    apart = score_embeddings(
        arrays["test_embeddings"][asks], labels[places][asks],
        gallery=arrays["test_embeddings"][shelf], gallery_labels=labels[places][shelf],
        exclude=cameras[places][asks], gallery_exclude=cameras[places][shelf],
        clustering=None, seed=0,
    )  # fmt: skip
    assert record.scores.values["map_at_r"] == apart.values["map_at_r"]
    assert record.scores.queries + record.scores.singletons == 24


@pytest.mark.parametrize("command", ["run", "correct"])
@pytest.mark.parametrize("option", [("--encoder", "mini"), ("--size", "8"), ("--drop-missing",)])
def test_options_that_say_how_data_are_read_need_data(
    command: str, option: tuple[str, ...]
) -> None:
    with pytest.raises(UserError, match=f"{option[0]}: says how --data is read, which is not gi"):
        CliRunner().invoke(app, [command, "--methods", "triplet", *option], catch_exceptions=False)


@pytest.mark.parametrize("command", ["audit", "deploy", "figure forest", "report", "variables"])
def test_so_do_those_of_recorded_data(command: str, make_store: Callable[..., Path]) -> None:
    asked = [*command.split(), "--store", str(make_store()), "--label-column", "label"]
    with pytest.raises(UserError, match="--label-column: says how --data is read, which is not"):
        CliRunner().invoke(app, asked, catch_exceptions=False)
