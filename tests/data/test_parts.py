"""Parts of a dataset as tensors, and their standardisation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.data.dataset import Attribute, Dataset
from harness.data.parts import Vault, standardisation_of
from harness.data.splits import Split
from harness.protocol.rules import LabelSetsRule

DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (50, 3, 4, 4), dtype=np.uint8)
VECTORS = DRAW.normal(5, 2, (50, 7)).astype(np.float32)

# Four samples train, of classes 2 and 0; the second of each is of unknown label.
SPLIT = Split(
    train=np.array([0, 1, 4, 5]),
    validation=np.array([2, 3]),
    test=np.array([6, 7]),
    known=np.array([True, False, True, False]),
)


def eight(tiny_dataset: Dataset, hierarchy: str | None = None) -> Dataset:
    """Eight samples of four classes in two groups."""
    return Dataset(
        name="eight",
        inputs=tiny_dataset.inputs[:8],
        labels=np.array([2, 2, 1, 1, 0, 0, 3, 3]),
        class_names=("a", "b", "c", "d"),
        source="tests",
        licence="MIT",
        attributes={
            "parity": Attribute(values=np.tile([0, 1], 4), names=("even", "odd")),
            "half": Attribute(values=np.array([1, 1, 0, 0, 0, 0, 1, 1]), names=("early", "late")),
        },
        hierarchy=hierarchy,
    )


@pytest.fixture
def vault(tiny_dataset: Dataset) -> Vault:
    """The eight samples cut by SPLIT."""
    return Vault(eight(tiny_dataset), SPLIT, torch.device("cpu"))


def test_no_attribute_leaves_a_vault_unasked(vault: Vault) -> None:
    assert vault.train(only_known=True).attributes == {}


def test_images_are_standardised_by_channel() -> None:
    found = standardisation_of(IMAGES, np.arange(50))
    mean, std = IMAGES.mean(axis=(0, 2, 3)), IMAGES.std(axis=(0, 2, 3))
    expected = (IMAGES - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(found(torch.from_numpy(IMAGES)), expected, atol=1e-5)


def test_vectors_are_standardised_by_feature() -> None:
    found = standardisation_of(VECTORS, np.arange(50))
    expected = (VECTORS - VECTORS.mean(axis=0)) / VECTORS.std(axis=0)
    np.testing.assert_allclose(found(torch.from_numpy(VECTORS)), expected, atol=1e-5)


def test_standardised_inputs_are_float32() -> None:
    assert (
        standardisation_of(IMAGES, np.arange(50))(torch.from_numpy(IMAGES)).dtype == torch.float32
    )


def test_a_constant_feature_becomes_zero() -> None:
    constant = np.full((5, 1), 3, dtype=np.float32)
    assert (
        standardisation_of(constant, np.arange(5))(torch.from_numpy(constant)).tolist()
        == [[0.0]] * 5
    )


def test_a_small_spread_on_a_large_mean_is_not_lost() -> None:
    large = (10_000 + DRAW.normal(0, 1, (10_000, 1))).astype(np.float32)
    assert standardisation_of(large, np.arange(10_000)).std.item() == pytest.approx(1, rel=0.05)


def test_only_the_training_part_is_measured(vault: Vault, tiny_dataset: Dataset) -> None:
    expected = tiny_dataset.inputs[[0, 1, 4, 5]].mean()
    assert vault.standardise.mean.item() == pytest.approx(expected)


def test_a_part_holds_its_samples_as_they_are(vault: Vault, tiny_dataset: Dataset) -> None:
    assert np.array_equal(vault.validation().inputs, tiny_dataset.inputs[2:4])


def test_labels_of_a_part_count_from_zero_in_the_order_of_classes(vault: Vault) -> None:
    part = vault.train(only_known=False)
    assert (part.labels.tolist(), part.classes) == ([1, 1, 0, 0], 2)


def test_attributes_that_are_label_sets_go_with_their_samples(tiny_dataset: Dataset) -> None:
    rule = LabelSetsRule(attributes=("parity",))
    vault = Vault(eight(tiny_dataset), SPLIT, torch.device("cpu"), label_sets=rule)
    assert vault.train(only_known=True).attributes["parity"].tolist() == [0, 0]


def test_the_groups_of_classes_are_those_that_the_dataset_names(tiny_dataset: Dataset) -> None:
    vault = Vault(eight(tiny_dataset, "half"), SPLIT, torch.device("cpu"))
    part = vault.train(only_known=False)
    assert part.groups is not None
    assert part.groups.tolist() == [1, 1, 0, 0]


def test_a_dataset_that_names_no_groups_has_none(vault: Vault) -> None:
    assert vault.validation().groups is None


def test_samples_of_unknown_label_are_told(vault: Vault) -> None:
    assert vault.train(only_known=False).known.tolist() == [True, False, True, False]


def test_samples_of_unknown_label_are_left_out_if_asked(vault: Vault) -> None:
    part = vault.train(only_known=True)
    assert (part.labels.tolist(), part.known.tolist()) == ([1, 0], [True, True])


def test_writing_to_a_part_does_not_reach_the_dataset(vault: Vault) -> None:
    vault.validation().inputs.zero_()
    assert vault.validation().inputs.any()
