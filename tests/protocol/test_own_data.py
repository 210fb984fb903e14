"""A protocol turned to a person's own data by an override."""

from __future__ import annotations

import pytest

from harness.errors import UserError
from harness.protocol import load_protocol
from harness.protocol.own_data import OwnData


def own_data(name: str, kind: str) -> str:
    return OwnData(name, kind).override


@pytest.mark.parametrize("kind", ["class-disjoint", "given-classes", "closed-set", "given"])
def test_the_split_is_of_the_kind_and_all_else_is_the_protocols(kind: str) -> None:
    plain, turned = load_protocol("smoke"), load_protocol("smoke", overrides=[own_data("x", kind)])
    assert turned.split.kind == kind
    assert turned.dataset == "x"
    assert (turned.training, turned.scoring) == (plain.training, plain.scoring)
    assert turned.unlocked == (f"data=x:{kind}",)


def test_a_split_of_the_same_kind_stays_as_it_is() -> None:
    turned = load_protocol("smoke", overrides=[own_data("x", "class-disjoint")])
    assert turned.split == load_protocol("smoke").split


def test_what_a_record_names_finds_the_protocol_again() -> None:
    turned = load_protocol("smoke", overrides=[own_data("x", "given"), "training.steps=3"])
    again = load_protocol("smoke", dataset=turned.dataset, overrides=turned.unlocked)
    assert again.digest == turned.digest != load_protocol("smoke").digest


def test_other_data_are_another_protocol() -> None:
    digests = {load_protocol("smoke", overrides=[own_data(n, "given")]).digest for n in ("x", "y")}
    assert len(digests) == 2


def test_a_draw_of_classes_and_fewer_folds_are_part_of_the_rules() -> None:
    own = OwnData("x:y", "class-disjoint", seeded=True, most_folds=1 + 1)
    split = load_protocol("reality-check-small", overrides=[own.override]).split
    plain = load_protocol("reality-check-small").split
    assert own.override == "data=x:y:class-disjoint,seeded,folds=2"
    assert split == plain.model_copy(update={"folds": 2, "class_seed": 0})


def test_queries_search_their_gallery_where_the_data_have_both() -> None:
    own = OwnData("x", "given", by_roles=True)
    assert own.override == "data=x:given,gallery=given"
    turned = load_protocol("smoke", overrides=[own.override])
    assert turned.scoring.gallery == "given"
    assert turned.scoring.galleries == ("gallery",)


@pytest.mark.parametrize(
    "text",
    ["data=x", "data=x:open", "data=:given", "data=x:given,often", "data=x:given,folds=many"],
)
def test_a_slip_is_one_line(text: str) -> None:
    with pytest.raises(UserError, match="must read data=NAME:KIND"):
        load_protocol("smoke", overrides=[text])
