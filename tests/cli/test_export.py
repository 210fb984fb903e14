"""`bench run --keep-weights`, `bench export`, `bench embed`: from runs to features of new data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from harness import load_embedder
from harness.cli.main import app
from harness.embedder.card import card_text
from harness.embedder.keeping import kept_in
from harness.errors import UserError
from harness.store import Store

UNTRAINED = """
from harness import Method, hookimpl


@hookimpl
def bench_methods():
    return [Method(name="as-it-is", build=lambda *_: None, summary="s", reference="r",
                   trained=False)]
"""


def bench(*arguments: object) -> str:
    ended = CliRunner().invoke(app, [str(one) for one in arguments])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended.output


class Place(NamedTuple):
    """A store with runs on vectors and on digits, one of them without weights."""

    folder: Path
    store: Path
    plugin: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("export")
    (folder / "plugin.py").write_text(UNTRAINED)
    draw = np.random.default_rng(0)
    np.savez(folder / "v.npz", features=draw.normal(size=(48, 5)), y=np.repeat(np.arange(8), 6))
    options = ["--methods", "as-it-is", "--plugin", folder / "plugin.py", "--protocol", "smoke"]
    options += ["--seeds", 1, "--workers", 1, "--store", folder / "store"]
    bench("run", *options, "--data", folder / "v.npz", "--keep-weights")
    bench("run", *options, "--dataset", "digits")
    return Place(folder, folder / "store", folder / "plugin.py")


def run_of(place: Place, dataset: str) -> str:
    with Store.open(place.store) as store:
        return store.records(dataset=dataset)[0].run_id


def test_a_kept_embedder_is_written_and_embeds_data_as_its_run_did(
    place: Place, tmp_path: Path
) -> None:
    run, file = run_of(place, "v.npz"), tmp_path / "e.safetensors"
    assert "as-it-is on v.npz, 5 to embeddings" in bench(
        "export", run[:9], "--store", place.store, "-o", file
    )
    for embedder in (file, run):
        features = tmp_path / "f.npz"
        data = place.folder / "v.npz"
        said = bench("embed", embedder, data, "-o", features, "--store", place.store)
        assert "48 embeddings of" in said
        with np.load(features) as arrays, Store.open(place.store) as store:
            stored = store.arrays(store.require(run))
            assert np.array_equal(
                arrays["embeddings"][stored["test_positions"]], stored["test_embeddings"]
            )
            assert arrays["label"].tolist() == [str(one) for one in np.repeat(np.arange(8), 6)]
        assert "map_at_r" in bench("score", features, "--restarts", 0, "--draws", 5)


def test_an_exported_program_gives_the_stored_embeddings_in_three_lines(
    place: Place, tmp_path: Path
) -> None:
    run, graph = run_of(place, "v.npz"), tmp_path / "model.pt2"
    bench("export", run, "--store", place.store, "-o", tmp_path / "e.safetensors", "--graph", graph)
    data = np.load(place.folder / "v.npz")["features"].astype(np.float32)

    model = torch.export.load(graph).module()
    inputs = torch.from_numpy(data)
    embeddings = model(inputs)

    with Store.open(place.store) as store:
        stored = store.arrays(store.require(run))
    found = embeddings.detach().numpy()[stored["test_positions"]]
    assert np.allclose(found, stored["test_embeddings"], atol=1e-5)


def test_a_card_is_read_by_the_hub_with_every_score_of_the_run(
    place: Place, tmp_path: Path
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    run = run_of(place, "v.npz")
    file = tmp_path / "e.safetensors"
    bench("export", run, "--store", place.store, "-o", file, "--card")
    with Store.open(place.store) as store:
        record = store.require(run)
    assert record.scores is not None
    card = hub.ModelCard.load(tmp_path / "README.md")
    assert card.data.library_name == "metric-learning-bench"
    assert card.data.pipeline_tag == "feature-extraction"
    assert {"metric-learning", "as-it-is"} <= set(card.data.tags)
    found = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert found == record.scores.values
    (first, *_) = card.data.eval_results
    assert (first.dataset_name, first.dataset_split) == ("v.npz", "test")
    assert first.dataset_revision == record.identity.dataset_digest
    assert "unlocked" not in card.text
    rows = json.loads((tmp_path / "results.json").read_text())
    assert {row["metric"]: row["value"] for row in rows} == record.scores.values
    assert {row["run"] for row in rows} == {run}


@pytest.mark.parametrize("name", ["README.md", "results.json"])
def test_a_file_that_is_somebody_elses_is_not_replaced(
    name: str, place: Place, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("[] # My project\n")
    options = ["--store", place.store, "-o", tmp_path / "e.safetensors", "--card"]
    with pytest.raises(UserError, match=f"{name}: is not of bench export --card"):
        bench("export", run_of(place, "v.npz"), *options)
    assert [file.name for file in tmp_path.iterdir()] == [name]  # nothing was trained or written
    assert (tmp_path / name).read_text() == "[] # My project\n"


@pytest.mark.parametrize("option", ["--output", "--graph"])
def test_a_folder_that_is_not_there_is_said_before_anything_is_trained(
    place: Place, tmp_path: Path, option: str
) -> None:
    file = tmp_path / "no" / ("m.safetensors" if option == "--output" else "m.pt2")
    options = ["--store", place.store, "--plugin", place.plugin, option, file]
    with pytest.raises(UserError, match="there is no folder"):
        bench("export", run_of(place, "digits"), *options)


@pytest.mark.parametrize("name", ["a: b", "--- \n# no", "| x | `y` *z*", "\u2028\x85\U0001f600"])
def test_no_name_can_break_a_card(place: Place, name: str) -> None:
    yaml = pytest.importorskip("yaml")
    with Store.open(place.store) as store:
        record = store.records(dataset="v.npz")[0]
        recipe, _ = kept_in(store.arrays(record), "here")
    identity = record.identity.model_copy(update={"method": name, "dataset": name})
    text = card_text("m.safetensors", recipe, record.model_copy(update={"identity": identity}))
    _, head, body = text.split("---\n", 2)
    read = yaml.safe_load(head)
    assert read["model-index"][0]["results"][0]["dataset"]["split"] == "test"
    assert read["tags"][:2] == ["metric-learning", "embeddings"]
    assert body.count("\n# ") == 1


def test_a_run_without_weights_is_trained_again_and_compared(place: Place, tmp_path: Path) -> None:
    run, file = run_of(place, "digits"), tmp_path / "e.safetensors"
    options = ["--store", place.store, "--plugin", place.plugin]
    said = bench("export", run, *options, "-o", file)
    assert f"run {run} kept no weights: it is trained again" in said
    assert f"run {run}: the same, bit for bit" in said
    assert load_embedder(file).inputs == (1, 8, 8)
    with pytest.raises(UserError, match=f"kept no weights: bench export {run[:8]}"):
        bench("embed", run, tmp_path, "--store", place.store)


def test_runs_that_are_recorded_already_are_told_not_to_keep_weights_now(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    options = ["--methods", "as-it-is", "--plugin", place.plugin, "--protocol", "smoke"]
    options += ["--seeds", 1, "--workers", 1, "--store", place.store, "--dataset", "digits"]
    bench("run", *options, "--keep-weights")
    assert "2 runs are recorded already and are not run again: bench export" in caplog.text


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three images in a folder, two of them in folders of classes in another."""
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    draw = np.random.default_rng(0)
    for name in ("flat/1.png", "flat/2.png", "classes/a/1.png", "classes/b/2.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (9, 9, 3), dtype=np.uint8)).save(path)
    return tmp_path


WEIGHTS = """
import torch
from harness import BackboneSource, PretrainedWeights, Trunk, hookimpl


class Mean(Trunk):
    feature_size = 3

    def forward(self, inputs):
        return inputs.mean(dim=(2, 3))


@hookimpl
def bench_backbones():
    ones = PretrainedWeights(name="ones", load=lambda trunk: None, require=lambda: None,
                             mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), source="here")
    return [BackboneSource(name="mean-colour", build=lambda shape: Mean(), summary="s",
                           weights=(ones,)),
            BackboneSource(name="unweighted", build=lambda shape: Mean(), summary="s")]
"""


def test_a_pretrained_backbone_embeds_images_with_labels_or_without(images: Path) -> None:
    (images / "trunks.py").write_text(WEIGHTS)
    given = ["--plugin", images / "trunks.py", "-o", images / "f.npz", "--size", 16]
    assert "2 embeddings of 3; file" in bench("embed", "mean-colour", images / "flat", *given)
    assert "label, file" in bench("embed", "mean-colour", images / "classes", *given)
    with np.load(images / "f.npz") as arrays:
        assert arrays["label"].tolist() == ["a", "b"]
        assert arrays["file"].tolist() == ["a/1.png", "b/2.png"]
        assert 0 < arrays["embeddings"].min() < arrays["embeddings"].max() < 255
    with pytest.raises(UserError, match="'unweighted' has random weights only"):
        bench("embed", "unweighted", images / "flat", *given)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("embed", "rsnet", "{}/flat"), "no file of bench export.*no backbone.*no store"),
        (("embed", "x.safetensors", "flat"), "x.safetensors: no such file; `bench export RUN -o "),
        (("embed", "resnet50", "flat", "-o", "f.csv"), "a file of features ends in .npz"),
        (("export", "1", "-o", "e.pt"), "the file of an embedder ends in .safetensors"),
        (("export", "1", "--graph", "e.onnx"), "the file of an embedder ends in .pt2"),
    ],
)
def test_a_slip_is_one_line(images: Path, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError, match=said) as refused:
        bench(*(word.format(images) for word in arguments), "--store", images / "none")
    assert "\n" not in str(refused.value)


def test_what_is_neither_a_run_nor_a_backbone_is_told_with_the_nearest(
    images: Path, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "held", create=True):
        pass
    said = r"holds no run rsnet50 \(bench list runs .*no backbone .* did you mean 'resnet50'\?"
    with pytest.raises(UserError, match=said):
        bench("embed", "rsnet50", images / "flat", "--store", tmp_path / "held")
