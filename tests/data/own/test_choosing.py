"""What `bench protocol new` chooses for data, and says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harness.data.dataset import Dataset
from harness.data.own import fitting_split
from harness.data.own.choosing import ChosenProtocol, choose, fitting_size
from harness.protocol import Protocol, load_protocol
from harness.reading import Reading

SMALL, CROPS = load_protocol("reality-check-small"), load_protocol("reality-check-lite")


def dataset(classes: int, each: int, *, images: bool = True) -> Dataset:
    count = classes * each
    inputs = np.zeros((count, 1, 2, 2), np.uint8) if images else np.zeros((count, 3), np.float32)
    return Dataset(
        name="mine", inputs=inputs, labels=np.repeat(np.arange(classes), each),
        class_names=tuple(map(str, range(classes))), source="s", licence="l",
    )  # fmt: skip


def chosen(data: Dataset) -> ChosenProtocol:
    own, _ = fitting_split(data)
    return choose(data, load_protocol(SMALL.name, overrides=[own.override]), SMALL.name)


@pytest.mark.parametrize(
    ("classes", "each", "batch", "of_a_class"),
    [
        (64, 20, 32, 4),  # the base's
        (8, 20, 8, 4),  # two training classes a fold
        (12, 20, 16, 4),
        (10, 20, 8, 4),
        (20, 20, 28, 4),
        (64, 3, 30, 3),  # no class has four
        (9, 2, 4, 2),
    ],
)
def test_a_batch_is_no_larger_than_the_training_part_and_its_classes_allow(
    classes: int, each: int, batch: int, of_a_class: int
) -> None:
    found = chosen(dataset(classes, each))
    training = found.changes["training"]
    assert (training["batch_size"], training["samples_per_class"]) == (batch, of_a_class)
    assert any(reason.startswith(f"Batch: {batch} samples, ") for reason in found.reasons)


@pytest.mark.parametrize(
    ("each", "steps", "said"),
    [(20, 300, "20 passes over 480"), (100, 750, "10.0 passes over 2,400"),
     (1000, 3000, "4.0 passes over 24,000 training samples; the base's 300 would make 0.4")],
)  # fmt: skip
def test_the_budget_is_ten_passes_where_the_bases_is_less_up_to_ten_times_its_steps(
    each: int, steps: int, said: str
) -> None:
    found = chosen(dataset(64, each))
    assert found.changes["training"]["steps"] == steps
    assert any(said in reason for reason in found.reasons)
    every = found.changes.get("selection", {"every": 100})["every"]
    assert every / steps == pytest.approx(100 / 300, rel=0.01)


def test_vectors_have_a_backbone_for_vectors() -> None:
    found = chosen(dataset(16, 8, images=False))
    assert found.changes["backbone"] == {"name": "mlp", "weights": "random"}
    assert "backbone" not in chosen(dataset(16, 8)).changes


@pytest.mark.parametrize(
    ("side", "asked", "rules", "size", "said"),
    [
        (20, None, SMALL, 64, "is 20 (median): --size 24 would do, and is 7 times quicker"),
        (90, None, SMALL, 64, "is 90 (median): --size N keeps more of them"),
        (90, 96, SMALL, 96, "96, as asked"),
        (90, None, CROPS, 256, "256, to which the augmentation resizes"),
    ],
)
def test_the_size_is_said_with_that_of_the_files(
    side: int, asked: int | None, rules: Protocol, size: int, said: str, tmp_path: Path
) -> None:
    names = ["a/1.png", "a/2.png", "b/1.png"]
    for name in names:
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((side, side + 9), np.uint8)).save(path)
    listing = tmp_path / "mine" / "list.csv"
    pd.DataFrame({"path": names, "label": list("aab")}).to_csv(listing)
    for data in (tmp_path / "mine", listing):
        found, why = fitting_size(data, Reading(size=asked), rules)
        assert found == size
        assert said in why


def test_arrays_have_no_size_to_choose(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros((4, 8, 8), np.uint8), labels=[0, 0, 1, 1])
    assert fitting_size(tmp_path / "a.npz", Reading(), SMALL)[0] is None
