"""The seal: while an objective is alive, nothing that holds test data can be had."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from harness.data.dataset import Dataset, SealedTestSet, require_open, sealed
from harness.data.embedded import load_digits, load_glyphs
from harness.data.loading import load_dataset
from harness.data.parts import Vault
from harness.data.splits import class_disjoint_split
from harness.protocol import load_protocol
from harness.registry import load_registry


@pytest.fixture
def vault(tiny_dataset: Dataset) -> Vault:
    """The tiny dataset, split by the smoke protocol."""
    rule = load_protocol("smoke").split
    split = class_disjoint_split(tiny_dataset.labels, rule, fold=0, seed=0)
    return Vault(tiny_dataset, split, torch.device("cpu"))


def test_the_test_part_is_sealed(vault: Vault) -> None:
    with sealed(), pytest.raises(SealedTestSet, match="the test part of tiny was asked for while"):
        vault.test()


def test_training_and_validation_parts_are_not(vault: Vault) -> None:
    with sealed() as seal:
        assert len(vault.train(only_known=True)) == 18
        assert len(vault.validation()) == 18
    assert seal.broken_by is None


def test_a_dataset_cannot_be_made() -> None:
    inputs, labels = np.zeros((2, 3), dtype=np.float32), np.zeros(2, dtype=np.int64)
    with sealed(), pytest.raises(SealedTestSet, match="dataset copy was asked for"):
        Dataset(
            name="copy", inputs=inputs, labels=labels, class_names=("a",), source="", licence=""
        )


@pytest.mark.parametrize("load", [load_digits, load_glyphs])
def test_embedded_data_cannot_be_loaded(load: object) -> None:
    assert callable(load)
    with sealed(), pytest.raises(SealedTestSet):
        load()


def test_a_dataset_cannot_be_loaded_by_name() -> None:
    registry = load_registry()
    with sealed(), pytest.raises(SealedTestSet, match="dataset digits was asked for"):
        load_dataset(registry, "digits")


def test_what_was_asked_for_is_remembered_even_if_the_error_is_caught(vault: Vault) -> None:
    with sealed() as seal, contextlib.suppress(SealedTestSet):
        vault.test()
    assert seal.broken_by == "the test part of tiny was"


def test_the_test_part_can_be_had_after(vault: Vault) -> None:
    with sealed():
        pass
    assert len(vault.test()) == 36


def test_the_seal_opens_after_an_error_too() -> None:
    with pytest.raises(RuntimeError, match="diverged"), sealed():
        raise RuntimeError("diverged")
    require_open("anything is")


def test_a_new_seal_remembers_nothing_of_the_last(vault: Vault) -> None:
    with sealed(), pytest.raises(SealedTestSet):
        vault.test()
    with sealed() as seal:
        assert seal.broken_by is None
