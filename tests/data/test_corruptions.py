from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.data.corruptions import CORRUPTIONS, corrupt
from harness.data.dataset import Attribute, Dataset, MappedArray, map_array
from harness.data.loading import load_dataset
from harness.errors import UserError
from harness.registry import load_registry

IMAGES = np.random.default_rng(0).integers(0, 256, (300, 1, 8, 8), dtype=np.uint8)


@pytest.fixture
def noise() -> Dataset:
    return Dataset(
        name="noise",
        inputs=IMAGES,
        labels=np.arange(300, dtype=np.int64) % 3,
        class_names=("a", "b", "c"),
        source="tests",
        licence="MIT",
        attributes={"half": Attribute(values=np.arange(300) // 150, names=("first", "second"))},
        parts=(np.arange(300) % 2).astype(np.int8) * 2,
    )


def level(dataset: Dataset, name: str, wanted: str) -> tuple[np.ndarray, np.ndarray]:
    """The images of one level, as they were and as they are."""
    attribute = dataset.attributes[name]
    chosen = attribute.values == attribute.names.index(wanted)
    return IMAGES[chosen], dataset.inputs[chosen]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_adds_its_level_as_an_attribute(noise: Dataset, name: str):
    changed = corrupt(noise, name)

    assert changed.name == f"noise+{name}"
    assert set(changed.attributes) == {"half", name}
    assert np.unique(changed.attributes[name].values).size == len(CORRUPTIONS[name].levels)
    assert changed.inputs.dtype == np.uint8
    assert changed.inputs.shape == noise.inputs.shape
    np.testing.assert_array_equal(changed.labels, noise.labels)
    np.testing.assert_array_equal(changed.parts, noise.parts)
    assert changed.digest != noise.digest


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_first_level_changes_nothing(noise: Dataset, name: str):
    before, after = level(corrupt(noise, name), name, next(iter(CORRUPTIONS[name].levels)))

    np.testing.assert_array_equal(after, before)


def test_the_seed_alone_decides_the_levels(noise: Dataset):
    np.random.seed(1)
    first = corrupt(noise, "rotation")
    np.random.seed(2)

    assert corrupt(noise, "rotation").digest == first.digest
    assert corrupt(noise, "rotation", seed=1).digest != first.digest


def test_a_level_is_drawn_whatever_the_class(noise: Dataset):
    levels = corrupt(noise, "rotation").attributes["rotation"].values

    relabelled = replace(noise, labels=noise.labels[::-1].copy())

    np.testing.assert_array_equal(
        corrupt(relabelled, "rotation").attributes["rotation"].values, levels
    )


def test_levels_of_two_corruptions_are_independent(noise: Dataset):
    both = corrupt(corrupt(noise, "rotation"), "illumination")
    rotation, light = (both.attributes[name].values for name in ("rotation", "illumination"))

    assert both.name == "noise+rotation+illumination"
    assert abs(np.corrcoef(rotation, light)[0, 1]) < 0.2


def test_a_quarter_turn_is_counter_clockwise(noise: Dataset):
    before, after = level(corrupt(noise, "rotation"), "rotation", "90")

    np.testing.assert_array_equal(after[:, 0, -1, 0], before[:, 0, 0, 0])
    np.testing.assert_array_equal(after[:, 0, 0, 0], before[:, 0, 0, -1])


def test_an_inverted_image_and_the_image_sum_to_white(noise: Dataset):
    before, after = level(corrupt(noise, "polarity"), "polarity", "inverted")

    assert (before.astype(int) + after == 255).all()


def test_blur_spreads_and_keeps_the_sum():
    point = np.zeros((40, 1, 28, 28), dtype=np.uint8)
    point[:, 0, 14, 14] = 255
    dataset = Dataset(
        name="point",
        inputs=point,
        labels=np.zeros(40, dtype=np.int64),
        class_names=("a",),
        source="tests",
        licence="MIT",
    )

    changed = corrupt(dataset, "blur")

    for name, sigma in (("3", 0.84), ("6", 1.68)):
        chosen = changed.attributes["blur"].values == ("0", "3", "6").index(name)
        image = changed.inputs[chosen][0, 0]
        assert image.max() == pytest.approx(255 / (2 * np.pi * sigma**2), rel=0.05)
        assert image.sum() == pytest.approx(255, rel=0.15)


def test_light_falls_off_to_the_other_side(noise: Dataset):
    changed = corrupt(noise, "illumination")
    before, dim = level(changed, "illumination", "dim")
    np.testing.assert_allclose(dim, before * 0.5, atol=0.51)

    before, lit = level(changed, "illumination", "from the left")
    np.testing.assert_array_equal(lit[..., 0], before[..., 0])
    np.testing.assert_allclose(lit[..., -1], before[..., -1] * 0.2, atol=0.51)


def test_a_mapped_dataset_stays_on_disk(noise: Dataset, tmp_path: Path, home: Path):
    np.save(tmp_path / "noise.npy", IMAGES)
    on_disk = replace(noise, inputs=map_array(tmp_path / "noise.npy"))
    in_memory = corrupt(noise, "rotation")

    changed = corrupt(on_disk, "rotation")

    np.testing.assert_array_equal(changed.inputs, in_memory.inputs)
    assert len(list(home.rglob("images.npy"))) == 1
    assert isinstance(on_disk.inputs, MappedArray)


def test_vectors_and_unknown_names_are_refused(noise: Dataset):
    vectors = replace(noise, inputs=np.ones((300, 4), dtype=np.float32))

    with pytest.raises(UserError, match="noise: holds feature vectors, which have no blur"):
        corrupt(vectors, "blur")
    with pytest.raises(UserError, match="noise: unknown corruption 'rotatoin'; did you mean"):
        corrupt(noise, "rotatoin")


def test_only_squares_make_a_quarter_turn(noise: Dataset):
    wide = replace(noise, inputs=IMAGES[:, :, :4].copy())

    with pytest.raises(UserError, match="images of 4x8 cannot make a quarter turn"):
        corrupt(wide, "rotation")


def test_a_corrupted_dataset_is_loaded_by_its_name():
    registry = load_registry()

    dataset = load_dataset(registry, "digits+rotation+polarity")

    assert dataset.name == "digits+rotation+polarity"
    assert set(dataset.attributes) == {"rotation", "polarity"}
    with pytest.raises(UserError, match="unknown dataset 'digit'"):
        load_dataset(registry, "digit+rotation")
