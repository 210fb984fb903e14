"""Where labels are hidden, half of a batch is composed of known ones and half is not composed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.errors import UserError
from harness.protocol.model import TrainingRule
from harness.training.batching import batch_stream, draw_batches

# Ten classes of eight samples; the even samples of each class are labelled.
LABELS = np.repeat(np.arange(10), 8).astype(np.int64)
KNOWN = np.arange(80) % 2 == 0
COMPOSED = ("balanced", "one-per-class", "pairs")


def draw(
    composition: str, labels: np.ndarray = LABELS, known: np.ndarray = KNOWN, **values: Any
) -> np.ndarray:
    fixed = {"steps": 40, "steps_per_epoch": 10, "batch_size": 8, "samples_per_class": 2}
    rule = TrainingRule(**{**fixed, "compositions": ("balanced",), **values})
    return draw_batches(labels, known, composition, rule, draw=batch_stream(0, composition, 0))


def permuted(where: np.ndarray) -> np.ndarray:
    """The labels with those of some samples in another order."""
    labels = LABELS.copy()
    labels[where] = np.random.default_rng(1).permutation(labels[where])
    return labels


@pytest.mark.parametrize("composition", COMPOSED)
def test_the_first_half_is_labelled_and_the_second_is_not(composition: str) -> None:
    assert KNOWN[draw(composition)].tolist() == [[True] * 4 + [False] * 4] * 40


def test_the_first_half_is_composed_of_half_as_many_classes() -> None:
    balanced, single = (LABELS[draw(name)[:, :4]] for name in ("balanced", "one-per-class"))
    assert {len(set(batch)) for batch in balanced.tolist()} == {2}
    assert {len(set(batch)) for batch in single.tolist()} == {4}


def test_the_first_half_holds_its_pairs() -> None:
    labels = LABELS[draw("pairs")[:, :4]]
    assert (labels[:, 0::2] == labels[:, 1::2]).tolist() == [[True, False]] * 40


@pytest.mark.parametrize("composition", COMPOSED)
def test_the_second_half_is_uniform_over_the_unlabelled(composition: str) -> None:
    second = draw(composition, steps=1000)[:, 4:]
    assert all(len(set(batch)) == 4 for batch in second.tolist())
    drawn = np.bincount(second.ravel(), minlength=80)[~KNOWN]
    assert 0.6 * drawn.mean() < drawn.min() <= drawn.max() < 1.4 * drawn.mean()


@pytest.mark.parametrize("composition", [*COMPOSED, "uniform"])
def test_hidden_labels_change_no_batch(composition: str) -> None:
    assert np.array_equal(draw(composition), draw(composition, permuted(~KNOWN)))


@pytest.mark.parametrize("composition", COMPOSED)
def test_known_labels_change_batches(composition: str) -> None:
    assert not np.array_equal(draw(composition), draw(composition, permuted(KNOWN)))


def test_uniform_batches_do_not_look_at_which_labels_are_known() -> None:
    assert np.array_equal(draw("uniform"), draw("uniform", known=np.ones(80, dtype=np.bool_)))


def test_fewer_unlabelled_samples_than_half_a_batch_are_repeated() -> None:
    known = np.arange(80) > 0
    assert draw("balanced", known=known)[:, 4:].tolist() == [[0] * 4] * 40


@pytest.mark.parametrize(
    ("composition", "size", "why"),
    [
        ("balanced", 9, "batches of 9 cannot be half labelled"),
        ("pairs", 6, "pairs need an even batch size and two classes, not 3 and 10"),
    ],
)
def test_a_batch_that_has_no_such_half_is_refused(composition: str, size: int, why: str) -> None:
    with pytest.raises(UserError, match=why):
        draw(composition, batch_size=size, samples_per_class=3)
