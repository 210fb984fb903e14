"""A run's embedder, kept and written and loaded, embeds as the run did: bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import Method, Objective, Readout, UserError, load_embedder
from harness.embedder.files import write_embedder
from harness.embedder.graph import write_graph
from harness.embedder.keeping import kept_in, require_alone
from harness.execution.executor import Bench
from harness.execution.run import execute
from harness.protocol import load_protocol
from harness.protocol.rules import ViewsRule


class Reads(Objective):
    """Its readout mirrors and shifts the features."""

    def finish(self, view: Any, embed: Any) -> Readout:
        size = embed.features(view.inputs(torch.arange(2))).shape[1]
        return Readout(of="features", matrix=-torch.eye(size)[:3], offset=torch.ones(3))


def ended(bench: Bench, planned: Callable[..., Any], method: Method) -> dict[str, Any]:
    record, arrays = execute(planned(method), replace(bench, keep_weights=True))
    assert arrays is not None, record.reason
    return dict(arrays)


def loaded(arrays: dict[str, Any], path: Path) -> Any:
    kept = kept_in(arrays, "the run")
    assert kept is not None
    write_embedder(path / "e.safetensors", *kept)
    return load_embedder(path / "e.safetensors")


KINDS = ["trained", "readout", "ensemble", "two views"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_embedder_gives_the_stored_embeddings_bit_for_bit(
    kind: str,
    bench: Bench,
    planned: Callable[..., Any],
    make_method: Callable[..., Method],
    spread_objective: type[Objective],
    tmp_path: Path,
) -> None:
    method = make_method(spread_objective, members=2 if kind == "ensemble" else 1)
    if kind == "readout":
        method = make_method(Reads, trained=False, readout=True)
    if kind == "two views":
        views = ViewsRule(flip=True, crops=1)
        rules = bench.protocol.model_copy(update={"test_views": views})
        bench = replace(bench, protocol=rules)
    arrays = ended(bench, planned, method)
    embed = loaded(arrays, tmp_path)
    assert embed.recipe.mean == (kind == "two views")
    assert (embed.recipe.readout is not None) == (kind == "readout")
    again = embed(np.array(bench.dataset.inputs[arrays["test_positions"]]))
    assert np.array_equal(again, arrays["test_embeddings"])


def test_a_run_leaves_its_embedder_only_where_that_is_asked(
    bench: Bench, planned: Callable[..., Any], spread: Method
) -> None:
    plain = execute(planned(spread), bench)[1]
    kept = ended(bench, planned, spread)
    assert plain is not None
    assert kept_in(plain, "the run") is None
    assert not [name for name in plain if name.startswith("embedder.")]
    assert all(np.array_equal(plain[name], kept[name]) for name in plain)


def test_an_exported_program_gives_the_same_for_any_number_of_inputs(
    bench: Bench, planned: Callable[..., Any], spread: Method, tmp_path: Path
) -> None:
    embed = loaded(ended(bench, planned, spread), tmp_path)
    write_graph(embed, tmp_path / "e.pt2")
    program = torch.export.load(tmp_path / "e.pt2").module()
    for count in (1, 7):
        inputs = np.array(bench.dataset.inputs[:count])
        found = program(torch.from_numpy(inputs)).detach().numpy()
        assert found == pytest.approx(embed(inputs), abs=1e-5)


@pytest.fixture
def file(bench: Bench, planned: Callable[..., Any], spread: Method, tmp_path: Path) -> Path:
    loaded(ended(bench, planned, spread), tmp_path)
    return tmp_path / "e.safetensors"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.zeros((2, 3, 8, 8), np.uint8), r"takes uint8 \(N, 1, 8, 8\), not uint8 \(2, 3, 8, 8\)"),
        (np.zeros((2, 1, 8, 8), np.float32), r"not float32 \(2, 1, 8, 8\)"),
        (np.zeros((0, 1, 8, 8), np.uint8), "the inputs have no rows"),
    ],
)
def test_inputs_of_another_kind_are_refused(file: Path, inputs: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_embedder(file)(inputs)


def test_a_file_that_is_no_embedder_is_one_line(file: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    content = file.read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[:-9])
    save_file({"x": np.zeros(3)}, tmp_path / "other.safetensors")
    (tmp_path / "newer.safetensors").write_bytes(
        content.replace(rb"\"format\":1", rb"\"format\":9")
    )
    for name, said in (
        ("cut", "is cut off or damaged: it is no whole safetensors file"),
        ("other", "is no embedder of `bench export`"),
        ("newer", "its recipe is not understood: format"),
        ("missing", "there is no such file"),
    ):
        with pytest.raises(UserError, match=said) as refused:
            load_embedder(tmp_path / f"{name}.safetensors")
        assert "\n" not in str(refused.value)


def test_weights_of_another_trunk_are_refused(
    bench: Bench, planned: Callable[..., Any], spread: Method, tmp_path: Path
) -> None:
    kept = kept_in(ended(bench, planned, spread), "the run")
    assert kept is not None
    recipe, tensors = kept
    rule = recipe.backbone.model_copy(update={"name": "convnet-strided"})
    del tensors["head.weight"]
    other = recipe.model_copy(update={"backbone": rule})
    write_embedder(tmp_path / "e.safetensors", other, tensors)
    with pytest.raises(UserError, match="its weights are not those of trunk 'convnet-strided'"):
        load_embedder(tmp_path / "e.safetensors")


def test_a_protocol_that_embeds_in_training_mode_has_no_embedder_to_keep() -> None:
    require_alone(load_protocol("smoke"))
    with pytest.raises(UserError, match="embeds in training mode"):
        require_alone(load_protocol("guided-as-coded"))
