"""Half of the labels hidden: who sees what, and that no hidden label moves anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness import Method, Objective
from harness.artifacts import Arrays
from harness.data.dataset import Dataset
from harness.data.splits import Split, make_split
from harness.execution import run as running
from harness.execution.executor import Bench
from harness.execution.run import execute
from harness.record import Record

DECLARED: dict[str, dict[str, Any]] = {
    "known, balanced": {"labels": "known"},
    "known, one per class": {"labels": "known", "batch": "one-per-class"},
    "known, pairs": {"labels": "known", "batch": "pairs"},
    "known, uniform, two views": {"labels": "known", "batch": "uniform", "views": 2},
    "all": {"labels": "all"},
    "none": {"labels": "none", "batch": "uniform", "views": 2},
}
LABELLED = ("known, balanced", "known, one per class", "known, pairs", "all")


class Everything(Objective):
    """Notes all that it is given, and learns from labels and images where they are."""

    notes: Callable[[torch.Tensor], None]

    def note(self, *given: torch.Tensor | None) -> None:
        for tensor in given:
            if tensor is not None:
                self.notes(tensor.clone())

    def prepare(self, view: Any, embed: Any) -> None:
        everything = torch.arange(len(view))
        self.note(view.inputs(everything), *view.attributes.values(), view.labels)

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        self.note(batch.inputs, batch.labels, batch.known, batch.indices, batch.second)
        embeddings = embed(batch.inputs)
        loss: torch.Tensor = embeddings[:, 0].mean()
        if batch.labels is not None:
            loss = loss + (embeddings[:, 1] * batch.labels).mean()
        return loss


@pytest.fixture
def half(bench: Bench) -> Bench:
    """The tiny bench with half of the labels hidden."""
    split = bench.protocol.split.model_copy(update={"labelled_fraction": 0.5})
    return replace(bench, protocol=bench.protocol.model_copy(update={"split": split}))


@pytest.fixture
def split(half: Bench, monkeypatch: pytest.MonkeyPatch) -> Split:
    """The split of fold 0 and seed 0, whatever becomes of the labels."""
    split = make_split(half.dataset, half.protocol.split, fold=0, seed=0)
    monkeypatch.setattr(running, "make_split", lambda *_, **__: split)
    return split


def poisoned(dataset: Dataset, positions: np.ndarray) -> Dataset:
    """The dataset with the labels at some positions in another order."""
    labels = dataset.labels.copy()
    labels[positions] = np.random.default_rng(0).permutation(labels[positions])
    return replace(dataset, labels=labels)


Ran = tuple[Record, list[torch.Tensor], Arrays]


@pytest.fixture
def watched(
    half: Bench, planned: Callable[..., Any], make_method: Callable[..., Method], notes: Any
) -> Any:
    """Run a method with these declarations on a dataset; its Record, what it saw, arrays."""

    def run(declared: dict[str, Any], dataset: Dataset) -> Ran:
        watching = type("Watching", (Everything,), {"notes": staticmethod(notes)})
        bench = replace(half, dataset=dataset)
        record, arrays = execute(planned(make_method(watching, **declared)), bench)
        assert arrays is not None, record.reason
        return record, notes.read(), arrays

    return run


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_a_hidden_label_changes_nothing(
    declared: dict[str, Any], watched: Callable[..., Ran], half: Bench, split: Split
) -> None:
    hidden = split.train[~split.known]
    honest, seen, arrays = watched(declared, half.dataset)
    poison, seen_then, arrays_then = watched(declared, poisoned(half.dataset, hidden))
    assert all(map(torch.equal, seen, seen_then))
    assert len(seen) == len(seen_then) > 8
    assert poison.batches_digest == honest.batches_digest
    assert (poison.selected, poison.scores) == (honest.selected, honest.scores)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, arrays_then[name], err_msg=name)


@pytest.mark.parametrize("name", LABELLED)
def test_a_known_label_does(
    name: str, watched: Callable[..., Ran], half: Bench, split: Split
) -> None:
    known = split.train[split.known]
    honest, _, arrays = watched(DECLARED[name], half.dataset)
    other, _, arrays_then = watched(DECLARED[name], poisoned(half.dataset, known))
    assert other.batches_digest != honest.batches_digest
    assert not np.array_equal(arrays["losses"], arrays_then["losses"])
    assert other.selected != honest.selected


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED)
def test_the_record_counts_the_samples_that_the_method_can_reach(
    declared: dict[str, Any], watched: Callable[..., Ran], half: Bench, split: Split
) -> None:
    samples = watched(declared, half.dataset)[0].samples
    assert samples is not None
    reached = split.known.sum() if declared["labels"] == "all" else len(split.train)
    assert (samples.training, samples.labelled) == (reached, split.known.sum())
    assert samples.labelled == len(split.train) / 2


def test_half_of_each_batch_has_no_labels(watched: Callable[..., Ran], half: Bench) -> None:
    _, seen, _ = watched(DECLARED["known, balanced"], half.dataset)
    labels = [tensor for tensor in seen if tensor.shape == (8,) and tensor.min() == -1]
    assert [(batch == -1).tolist() for batch in labels] == [[False] * 4 + [True] * 4] * 4


def test_methods_that_need_all_labels_get_no_sample_without(
    watched: Callable[..., Ran], half: Bench, split: Split
) -> None:
    _, seen, _ = watched(DECLARED["all"], half.dataset)
    assert len(seen[0]) == split.known.sum()
    assert all(tensor.min() >= 0 for tensor in seen if tensor.dtype == torch.int64)


def test_the_same_composition_has_the_same_batches_with_or_without_labels(
    watched: Callable[..., Ran], half: Bench
) -> None:
    none, known = (
        watched({"labels": labels, "batch": "uniform"}, half.dataset)[0]
        for labels in ("none", "known")
    )
    assert none.batches_digest == known.batches_digest
