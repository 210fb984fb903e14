"""Label sets beside the class: who is given them, and where that is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness import Method, Objective, UserError
from harness.data.dataset import Attribute, Dataset
from harness.data.splits import label_sets_of
from harness.execution.executor import Bench
from harness.execution.run import execute
from harness.protocol import parse_protocol, protocol_path
from harness.protocol.rules import LabelSetsRule

RULE = LabelSetsRule(attributes=("size", "parity"), ordered=("size",))


class Noting(Objective):
    """Notes what it knows of label sets, and trains on nothing in particular."""

    notes: Callable[[Any], None]

    def __init__(self, context: Any) -> None:
        super().__init__()
        self.notes(tuple((one.name, one.values, one.positions) for one in context.label_sets))

    def prepare(self, view: Any, embed: Any) -> None:
        self.notes({name: codes.tolist() for name, codes in view.attributes.items()})

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        self.notes((batch.indices.tolist(), {n: c.tolist() for n, c in batch.attributes.items()}))
        loss: torch.Tensor = embed(batch.inputs)[:, 0].mean()
        return loss


@pytest.fixture
def sized(tiny_dataset: Dataset) -> Dataset:
    """The tiny dataset with sizes in numbers, some of them unknown, and a secret."""
    count = len(tiny_dataset)
    size = Attribute(values=np.arange(count) % 4, names=("10", "unknown", "2.5", "40"))
    secret = Attribute(values=np.arange(count) % 3, names=("a", "b", "c"))
    return replace(
        tiny_dataset, attributes={**tiny_dataset.attributes, "size": size, "secret": secret}
    )


@pytest.fixture
def ran(bench: Bench, sized: Dataset, planned: Callable[..., Any], notes: Any) -> Any:
    """Run a method with these declarations; its Record and what it noted."""

    def run(rule: LabelSetsRule | None, **declared: Any) -> Any:
        watching = type("Watching", (Noting,), {"notes": staticmethod(notes)})
        method = Method(
            name="toy", build=lambda _, context: watching(context), summary="s", reference="r",
            **declared,
        )  # fmt: skip
        rules = bench.protocol.model_copy(update={"label_sets": rule})
        record, _ = execute(planned(method), replace(bench, protocol=rules, dataset=sized))
        return record, notes.read()

    return run


def test_a_method_that_asks_gets_those_that_the_protocol_names(ran: Any, sized: Dataset) -> None:
    record, (context, seen, *batches) = ran(RULE, label_sets="attributes")
    assert record.state == "done", record.reason
    assert context == (("size", 3, (10.0, 2.5, 40.0)), ("parity", 2, None))
    assert set(seen) == {"size", "parity"}
    assert set(seen["size"]) == {-1, 0, 1, 2}
    for indices, codes in batches:
        assert codes == {name: [of[i] for i in indices] for name, of in seen.items()}
    assert record.declared.label_sets == ("size", "parity")


def test_others_see_none_and_their_records_say_nothing_new(ran: Any) -> None:
    record, (context, seen, *batches) = ran(RULE)
    assert (context, seen) == ((), {})
    assert [codes for _, codes in batches] == [{}] * 4
    assert record.declared.label_sets == ()
    assert "label_sets" not in record.declared.model_dump()


def test_no_protocol_without_the_section_gives_any(ran: Any) -> None:
    record, noted = ran(None, label_sets="attributes")
    assert (record.state, noted) == ("skipped", [])
    assert record.reason.message == "needs label sets beside the class; this protocol gives none"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("sise",), "needs its attribute sise; did you mean 'size'? (it has parity, secret, size)"),
        (("flat",), "flat has one value: nothing to tell apart"),
    ],
)
def test_what_cannot_be_a_label_set_is_named(
    names: tuple[str, ...], said: str, sized: Dataset
) -> None:
    if names == ("flat",):
        values = np.arange(len(sized)) % 2
        flat = Attribute(values=values, names=("unknown", "only"))
        sized = replace(sized, attributes={**sized.attributes, "flat": flat})
    with pytest.raises(UserError) as error:
        label_sets_of(sized, LabelSetsRule(attributes=names))
    assert str(error.value) == f"dataset tiny: label_sets.attributes: {said}"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('attributes = ["a", "a"]', "label_sets: attributes must be different ones"),
        ('attributes = ["a"]\nordered = ["b"]', "ordered must be some of attributes: a"),
        ("attributes = []", "label_sets.attributes"),
        ('attributes = ["a"]\norder = ["a"]', "did you mean 'ordered'?"),
    ],
)
def test_a_section_that_makes_no_sense_is_one_line(section: str, said: str) -> None:
    text = protocol_path("smoke").read_text(encoding="utf-8")
    with pytest.raises(UserError, match=r"^test\.toml") as error:
        parse_protocol(
            text.replace("[scoring]", f"[label_sets]\n{section}\n\n[scoring]"), where="test.toml"
        )
    assert said in str(error.value)


def test_what_is_given_counts_for_the_digest() -> None:
    text = protocol_path("smoke").read_text(encoding="utf-8")
    changed = text.replace("[scoring]", '[label_sets]\nattributes = ["a"]\n\n[scoring]')
    plain, given = (parse_protocol(one, where="test.toml") for one in (text, changed))
    assert plain.label_sets is None
    assert plain.digest != given.digest
