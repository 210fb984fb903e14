"""What a protocol, its data or this machine lack for a method, each with its sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness import Method
from harness.data.dataset import Dataset
from harness.execution.run import execute, require_supported
from harness.protocol import Protocol
from harness.protocol.model import ClosedSetSplit
from harness.training import Unsupported


def method(**declared: Any) -> Method:
    return Method(name="toy", build=lambda _p, _c: None, summary="s", reference="r", **declared)


def changed(protocol: Protocol, section: str, **values: Any) -> Protocol:
    rule = getattr(protocol, section).model_copy(update=values)
    return protocol.model_copy(update={section: rule})


@pytest.fixture
def vectors(tiny_dataset: Dataset) -> Dataset:
    """The tiny dataset as feature vectors."""
    return replace(tiny_dataset, inputs=np.zeros((72, 4), dtype=np.float32))


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"setting": "closed-set"}, "needs a closed-set split; this protocol's test classes are"),
        ({"weights": "pretrained"}, "needs pretrained weights; this protocol trains from random"),
        ({"members": 5}, "needs an embedding size that 5 members can share, not 64"),
        ({"members": 5, "trained": False}, "needs an embedding size that 5 members can share"),
        ({"relevance": "graded"}, "needs graded relevance; tiny names no groups of classes"),
        ({"label_sets": "attributes"}, "needs label sets beside the class; this protocol gives"),
        ({"requires": {"no_such_module": "pip install it"}},
         "needs no_such_module, which is not installed: pip install it"),
        ({"requires": {"no_such_module.part": "pip install it"}},
         r"needs no_such_module\.part, which is not installed: pip install it"),
        ({"requires": {"numpy": "pip install numpy", "no_such_module": "get it"}},
         "needs no_such_module"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    declared: dict[str, Any], why: str, short_protocol: Protocol, tiny_dataset: Dataset
) -> None:
    with pytest.raises(Unsupported, match=f"^{why}"):
        require_supported(method(**declared), short_protocol, tiny_dataset)


@pytest.mark.parametrize("batch", ["one-per-class", "uniform", "pairs", "clusters"])
def test_a_composition_that_is_not_admitted_is_named_with_those_that_are(
    batch: str, short_protocol: Protocol, tiny_dataset: Dataset
) -> None:
    protocol = changed(short_protocol, "training", compositions=("balanced",))
    with pytest.raises(Unsupported, match=f"needs {batch} batches; this protocol admits balanced"):
        require_supported(method(batch=batch), protocol, tiny_dataset)


def test_clusters_need_all_labels(short_protocol: Protocol, tiny_dataset: Dataset) -> None:
    protocol = changed(short_protocol, "split", labelled_fraction=0.5)
    with pytest.raises(Unsupported, match="needs clusters of labelled samples; this protocol"):
        require_supported(method(batch="clusters"), protocol, tiny_dataset)


def test_two_views_need_images(short_protocol: Protocol, vectors: Dataset) -> None:
    with pytest.raises(Unsupported, match="needs two augmented views; feature vectors are not"):
        require_supported(method(views=2), short_protocol, vectors)


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"batch": "clusters"},
        {"views": 2},
        {"members": 4},
        {"labels": "none", "batch": "uniform"},
        {"requires": {"numpy": "pip install numpy"}},
    ],
)
def test_what_is_there_is_supported(
    declared: dict[str, Any], short_protocol: Protocol, tiny_dataset: Dataset
) -> None:
    require_supported(method(**declared), short_protocol, tiny_dataset)


def test_a_closed_set_method_is_supported_on_a_closed_set(
    short_protocol: Protocol, tiny_dataset: Dataset
) -> None:
    split = ClosedSetSplit(
        kind="closed-set", test_fraction=0.3, validation_fraction=0.3, folds=1,
        labelled_fraction=1.0,
    )  # fmt: skip
    protocol = short_protocol.model_copy(update={"split": split})
    require_supported(method(setting="closed-set"), protocol, tiny_dataset)


def test_graded_relevance_needs_no_more_than_a_hierarchy(
    short_protocol: Protocol, tiny_dataset: Dataset
) -> None:
    dataset = replace(tiny_dataset, hierarchy="parity")
    require_supported(method(relevance="graded"), short_protocol, dataset)


def test_a_method_that_does_not_train_needs_no_batches(
    short_protocol: Protocol, vectors: Dataset
) -> None:
    protocol = changed(short_protocol, "training", compositions=("balanced",))
    require_supported(method(batch="pairs", views=2, trained=False), protocol, vectors)


def test_a_batch_that_cannot_be_drawn_skips_the_run(bench, planned, make_method) -> None:
    rules = changed(bench.protocol, "split", labelled_fraction=0.5)
    odd = changed(rules, "training", batch_size=3, samples_per_class=3)
    run = planned(make_method(lambda: None, labels="known"))
    record, arrays = execute(run, replace(bench, protocol=odd))
    assert (record.state, record.reason.kind, arrays) == ("skipped", "unsupported", None)
    assert record.reason.message.startswith("batches of 3 cannot be half labelled")
