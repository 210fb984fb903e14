"""Batches of a run: degrees of relevance, hidden labels, and clusters redrawn each epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness import Method
from harness.apart.pupil import cut
from harness.data.parts import Part, Standardisation
from harness.method.objective import Clusters
from harness.protocol import Protocol
from harness.training import BadLoss, Task
from harness.training.batching import BatchSource, TrainingView, batches_digest
from harness.training.embedding import Counts

# Classes 0 and 1 make up group 0, class 2 is alone in group 1; the last label is not known.
PART = Part(
    inputs=torch.arange(6.0)[:, None],
    labels=torch.tensor([0, 0, 1, 2, 2, 1]),
    known=torch.tensor([True] * 5 + [False]),
    classes=3,
    codes=torch.tensor([0, 0, 1, 2, 2, 1]),
    positions=np.arange(6),
    attributes={"group": torch.tensor([0, 0, 0, 1, 1, 0])},
    groups=torch.tensor([0, 0, 0, 1, 1, 0]),
)
AS_IT_IS = Standardisation(mean=torch.zeros(1), std=torch.ones(1))


def method(**declared: Any) -> Method:
    return Method(name="toy", build=lambda _p, _c: None, summary="s", reference="r", **declared)


@pytest.fixture
def task(short_protocol: Protocol) -> Any:
    """A task of a method with these declarations: four steps of eight, epochs of two."""
    return lambda **declared: Task(short_protocol, method(**declared), {}, seed=0, fold=0)


def source(task: Task, batches: list[list[int]]) -> BatchSource:
    return BatchSource(task, PART, np.array(batches, dtype=np.int64), AS_IT_IS)


def test_relevance_is_one_in_the_class_a_half_in_its_group_and_zero_elsewhere(task: Any) -> None:
    relevance = source(task(relevance="graded"), [[0, 1, 2, 3]])(0).relevance
    assert relevance is not None
    assert relevance.dtype == torch.float32
    assert relevance.tolist() == [
        [1.0, 1.0, 0.5, 0.0],
        [1.0, 1.0, 0.5, 0.0],
        [0.5, 0.5, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]


def test_a_method_that_did_not_ask_for_relevance_gets_none(task: Any) -> None:
    assert source(task(), [[0, 1]])(0).relevance is None


def test_a_label_that_is_not_known_is_hidden(task: Any) -> None:
    batch = source(task(labels="known"), [[4, 5]])(0)
    assert batch.require_labels().tolist() == [2, -1]
    assert batch.known.tolist() == [True, False]


def test_labels_are_withheld_from_a_method_that_declared_none(task: Any) -> None:
    with pytest.raises(RuntimeError, match="declared labels='none'"):
        source(task(labels="none", batch="uniform"), [[0, 1]])(0).require_labels()


def test_inputs_taken_from_the_view_are_counted() -> None:
    counts = Counts()
    view = TrainingView(PART, AS_IT_IS, method(), counts)
    assert view.inputs(torch.tensor([1, 4, 4])).flatten().tolist() == [1.0, 4.0, 4.0]
    assert (counts.images_read, counts.images_embedded) == (3, 0)


def clusters(first: int) -> Clusters:
    """Samples 0..2 and 3..5 are a cluster each; `first` comes first."""
    return Clusters(
        assignment=torch.tensor([0, 0, 0, 1, 1, 1]),
        neighbours=torch.tensor([[1], [0]]),
        weights=torch.eye(2)[first],
    )


def test_clusters_are_drawn_for_one_epoch_and_the_digest_follows(task: Any) -> None:
    batches = source(task(batch="clusters"), [[-1] * 8] * 4)
    waiting = batches.digest
    batches.redraw(0, clusters(0))
    batches.redraw(2, clusters(1))
    drawn = torch.stack([batches(step).indices for step in range(4)])
    first, second = [0] * 4 + [1] * 4, [1] * 4 + [0] * 4
    assert (drawn // 3).tolist() == [first, first, second, second]
    assert batches.digest == batches_digest(drawn.numpy()) != waiting


def test_the_last_epoch_may_be_shorter(task: Any) -> None:
    batches = source(task(batch="clusters"), [[-1] * 8] * 4)
    batches.redraw(3, clusters(0))
    assert batches(2).indices.tolist() == [-1] * 8
    assert (batches(3).indices // 3).tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize("labels", ["all", "known", "none"])
def test_no_method_sees_attributes_that_it_did_not_declare(task: Any, labels: str) -> None:
    of = method(labels=labels, batch="uniform")
    assert TrainingView(PART, AS_IT_IS, of, Counts()).attributes == {}
    assert source(task(labels=labels, batch="uniform"), [[0, 3]])(0).attributes == {}
    assert cut(PART, task(labels=labels, batch="uniform")).attributes == {}


def test_a_method_that_declared_label_sets_gets_those_of_its_batch(task: Any) -> None:
    of = task(label_sets="attributes")
    assert source(of, [[0, 3]])(0).attributes["group"].tolist() == [0, 1]
    assert set(TrainingView(PART, AS_IT_IS, of.method, Counts()).attributes) == {"group"}
    assert set(cut(PART, of).attributes) == {"group"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"assignment": torch.tensor([0, 0, 1, 1, 2, 3])}, "assignment must lie in 0..2"),
        ({"neighbours": torch.tensor([[-1], [0], [1]])}, "neighbours must lie in 0..2"),
        ({"assignment": torch.tensor([0, 1])}, r"assignment has shape \(2,\), not \(6,\)"),
        ({"neighbours": torch.tensor([[1], [0]])}, r"neighbours has shape \(2, 1\), not \(3, M\)"),
    ],
)
def test_clusters_that_no_batch_can_be_drawn_from_are_refused(
    task: Any, changes: dict[str, torch.Tensor], said: str
) -> None:
    sound = {
        "assignment": torch.tensor([0, 0, 1, 1, 2, 2]),
        "neighbours": torch.tensor([[1], [0], [1]]),
        "weights": torch.ones(3),
    }
    source = BatchSource(task(batch="clusters"), PART, np.full((4, 8), -1), AS_IT_IS)
    source.redraw(0, Clusters(**sound))
    with pytest.raises(BadLoss, match=said):
        source.redraw(0, Clusters(**{**sound, **changes}))
