"""Loading a dataset by name, and what plugins do wrong there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.dataset import Dataset
from harness.data.loading import load_dataset
from harness.errors import UserError
from harness.hookspecs import DatasetSource
from harness.registry import Origin, Registered, Registry

ACME = Origin("acme", "acme-data", "1.2", Path("acme.py"))


@pytest.fixture
def offer() -> Callable[[Callable[[], Dataset]], Registry]:
    """A registry of one dataset, `toy` of acme-data 1.2, with the given loader."""

    def offer(load: Callable[[], Dataset]) -> Registry:
        source = DatasetSource(name="toy", load=load, summary="a toy")
        return Registry(datasets={"toy": Registered(source, ACME)})

    return offer


Offer = Callable[[Callable[[], object]], Registry]


def test_a_dataset_is_what_its_plugin_loads(offer: Offer, tiny_dataset: Dataset) -> None:
    assert load_dataset(offer(lambda: tiny_dataset), "toy") is tiny_dataset


def test_a_loader_that_raises_is_named(offer: Offer) -> None:
    def load() -> object:
        raise OSError("no such disk")

    with pytest.raises(UserError) as raised:
        load_dataset(offer(load), "toy")
    assert str(raised.value) == "dataset 'toy' (acme-data 1.2): OSError: no such disk"


def test_a_loader_that_raises_in_several_lines_is_one_line(offer: Offer) -> None:
    def load() -> object:
        raise ValueError("first\nsecond")

    with pytest.raises(UserError) as raised:
        load_dataset(offer(load), "toy")
    assert str(raised.value) == "dataset 'toy' (acme-data 1.2): ValueError: first second"


def test_a_loader_that_exits_the_program_is_named(offer: Offer) -> None:
    def load() -> object:
        raise SystemExit("needs a licence")

    with pytest.raises(UserError, match=r"\(acme-data 1\.2\): SystemExit: needs a licence$"):
        load_dataset(offer(load), "toy")


def test_a_loader_that_returns_something_else_is_named(offer: Offer) -> None:
    with pytest.raises(UserError, match=r"dataset 'toy' \(acme-data 1\.2\): load returned dict$"):
        load_dataset(offer(dict), "toy")


def test_a_loaders_own_message_to_the_person_is_passed_on(offer: Offer) -> None:
    def load() -> object:
        raise UserError("toy: run `acme download` first")

    with pytest.raises(UserError, match=r"^toy: run `acme download` first$"):
        load_dataset(offer(load), "toy")


def test_an_unknown_dataset_is_named_with_the_nearest(offer: Offer) -> None:
    with pytest.raises(UserError, match=r"^unknown dataset 'toi'; did you mean 'toy'\?"):
        load_dataset(offer(dict), "toi")
