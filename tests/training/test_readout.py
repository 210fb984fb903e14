"""Linear readouts: what they give, and what is refused."""

from __future__ import annotations

from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from harness.method.objective import Readout
from harness.models.backbone import Backbone, Trunk
from harness.training import BadReadout
from harness.training.embedding import ReadBackbone, require_linear, require_readout

NAN = float("nan")


class Given(Trunk):
    """Features that are the inputs, three wide."""

    feature_size = 3

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs


def backbone(*, unit: bool = True) -> Backbone:
    """A backbone whose two-wide embedding is the first two inputs."""
    network = Backbone(Given(), 2, normalize=unit)
    network.head.weight.data = torch.eye(2, 3)
    network.head.bias.data.zero_()
    return network


def read(of: Literal["features", "embeddings"], matrix: list[list[float]], **given: Any) -> Tensor:
    """What a readout makes of the input (3, 4, 5)."""
    offset = given.get("offset")
    readout = Readout(of, torch.tensor(matrix), None if offset is None else torch.tensor(offset))
    network = ReadBackbone(backbone(unit=given["unit"]), readout)
    result: Tensor = network(torch.tensor([[3.0, 4.0, 5.0]]))[0]
    return result


def finished(readout: object) -> Readout:
    """A readout as the core takes it from an Objective, for the backbone above."""
    return require_linear(require_readout(readout), feature_size=3, embedding_size=2)


def test_a_readout_of_features_passes_the_head_by() -> None:
    found = read("features", [[0.0, 0.0, 2.0], [1.0, 1.0, 0.0]], unit=False)
    assert found.tolist() == [10.0, 7.0]


def test_a_readout_of_embeddings_reads_them_normalised() -> None:
    found = read("embeddings", [[0.0, 5.0], [5.0, 0.0]], unit=True)
    assert found.tolist() == pytest.approx([0.8, 0.6])


def test_an_offset_is_added_before_normalisation() -> None:
    found = read("features", [[1.0, 0.0, 0.0]] * 2, offset=[0.0, 1.0], unit=True)
    assert found.tolist() == pytest.approx([0.6, 0.8])


def test_a_readout_may_be_narrower_than_the_embedding_and_of_any_precision() -> None:
    matrix = torch.ones(1, 3, dtype=torch.float64)
    assert finished(Readout("features", matrix)).matrix.shape == (1, 3)


@pytest.mark.parametrize(
    ("readout", "wrong"),
    [
        (torch.eye(2), "finish returned Tensor, not a Readout"),
        (None, "finish returned NoneType, not a Readout"),
        (Readout("inputs", torch.eye(2)), "allowed: features, embeddings"),  # type: ignore[arg-type]
        (Readout("features", torch.ones(3, 3)), r"has shape \(3, 3\), not \(1\.\.2, 3\)"),
        (Readout("features", torch.ones(2, 2)), r"has shape \(2, 2\), not \(1\.\.2, 3\)"),
        (Readout("embeddings", torch.ones(2, 3)), r"has shape \(2, 3\), not \(1\.\.2, 2\)"),
        (Readout("features", torch.ones(3)), r"has shape \(3,\)"),
        (Readout("features", torch.ones(0, 3)), r"has shape \(0, 3\)"),
        (Readout("features", torch.ones(2, 3), torch.ones(3)), r"offset has shape \(3,\)"),
        (Readout("features", torch.full((2, 3), NAN)), "values that are not finite"),
        (Readout("features", torch.ones(2, 3), torch.tensor([0, NAN])), "not finite"),
        # Finite in double precision, infinite in the single precision that reads.
        (Readout("features", torch.full((2, 3), 1e300, dtype=torch.float64)), "not finite"),
    ],
)
def test_what_is_no_finite_linear_map_of_the_width_allowed_is_refused(
    readout: object, wrong: str
) -> None:
    with pytest.raises(BadReadout, match=wrong):
        finished(readout)
