"""A whole run whose images are cropped, whose trunk has weights, and whose views are averaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness import Method
from harness.data.augmentation import Window
from harness.data.splits import make_split
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute, open_vault, start_backbone
from harness.hookspecs import PretrainedWeights
from harness.models.backbone import Trunk
from harness.models.convnet import SmallConvNet
from harness.protocol.rules import CropAugmentation, ViewsRule
from harness.registry import Origin, Registered, RegisteredMethod

CROPS = CropAugmentation(
    kind="crop", resize=8, crop=6, area=(0.3, 1.0), aspect=(0.75, 1.33), flip=True
)
VIEWS = ViewsRule(flip=True, crops=5)


def threes(trunk: Trunk) -> None:
    """Weights of a network that was trained on three channels."""
    assert isinstance(trunk, SmallConvNet)
    with torch.no_grad():
        for parameter in trunk.parameters():
            parameter.uniform_(-0.3, 0.3, generator=torch.Generator().manual_seed(3))


WEIGHTS = PretrainedWeights(
    name="imagenet",
    load=threes,
    require=lambda: None,
    mean=(100.0, 110.0, 120.0),
    std=(50.0, 60.0, 70.0),
    source="these tests",
)


@pytest.fixture
def cropping(bench: Bench) -> Bench:
    """The tiny bench with crops, ten views, and weights of three channels for its grey images."""
    offered = bench.registry.backbones["convnet-small"]
    source = replace(offered.item, weights=(WEIGHTS,))
    bench.registry.backbones["convnet-small"] = Registered(source, offered.origin)
    backbone = bench.protocol.backbone.model_copy(update={"weights": "imagenet"})
    changes = {"augmentation": CROPS, "test_views": VIEWS, "backbone": backbone}
    return replace(bench, protocol=bench.protocol.model_copy(update=changes))


def test_a_run_trains_on_crops_of_as_many_channels_as_the_weights(
    cropping: Bench, spread_objective: type[Any], make_method: Callable[..., Method], notes: Any
) -> None:
    class Watching(spread_objective):  # type: ignore[misc]
        def forward(self, batch: Any, embed: Any) -> torch.Tensor:
            notes(tuple(batch.inputs.shape))
            return super().forward(batch, embed)

    record, arrays = run(cropping, make_method(Watching))
    assert record.state == "done", record.reason
    assert set(notes.read()) == {(8, 3, 6, 6)}
    assert arrays is not None
    assert np.isfinite(arrays["test_embeddings"]).all()


def test_a_method_is_told_the_shape_that_it_is_given(
    cropping: Bench, spread_objective: type[Any], notes: Any
) -> None:
    def build(_point: Any, context: Any) -> Any:
        notes(context.input_shape)
        return spread_objective()

    method = Method(name="toy", build=build, summary="of the tests", reference="none")
    run(cropping, method)
    assert notes.read() == [(3, 6, 6)]


def test_what_is_scored_is_the_mean_of_ten_views(cropping: Bench) -> None:
    untrained = Method(
        name="toy",
        build=lambda _point, _context: None,  # type: ignore[arg-type, return-value]
        summary="of the tests",
        reference="none",
        trained=False,
    )
    _, arrays = run(cropping, untrained)
    assert arrays is not None
    split = make_split(cropping.dataset, cropping.protocol.split, fold=0, seed=0)
    test = open_vault(cropping, split).test().inputs.float()
    network = start_backbone(cropping, fold=0, seed=0).eval()
    mean, std = torch.tensor(WEIGHTS.mean), torch.tensor(WEIGHTS.std)
    total = torch.zeros(len(test), cropping.protocol.backbone.embedding_size)
    with torch.inference_mode():
        for top, left in ((1, 1), (0, 0), (0, 2), (2, 0), (2, 2)):
            crop = test[:, :, top : top + 6, left : left + 6]
            for view in (crop, crop.flip(3)):
                total += network((view - mean[:, None, None]) / std[:, None, None])
    expected = torch.nn.functional.normalize(total)
    np.testing.assert_allclose(arrays["test_embeddings"], expected, atol=1e-5)


def test_validation_sees_the_middle_alone(cropping: Bench) -> None:
    split = make_split(cropping.dataset, cropping.protocol.split, fold=0, seed=0)
    vault = open_vault(cropping, split)
    images = vault.validation().inputs
    middle = Window(8, 6)(images)
    mean, std = torch.tensor(WEIGHTS.mean), torch.tensor(WEIGHTS.std)
    expected = (middle - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(vault.standardise(images), expected)


def run(bench: Bench, method: Method) -> Any:
    """Execute the first run of a method on a bench."""
    registered = RegisteredMethod(method, Origin("tests", "tests", "0", None))
    entrant = Entrant(registered, method.defaults(), "default")
    bench.registry.methods[method.name] = registered
    plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)
    return execute(plan.runs[0], bench)
