"""Batch compositions: what is in a batch, and what decides the draw."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import UserError
from harness.protocol.model import TrainingRule
from harness.training.batching import batch_stream, batches_digest, draw_batches

# Twenty classes of six samples, in an order that no class keeps together.
LABELS = np.tile(np.arange(20), 6).astype(np.int64)
APART = ("balanced", "one-per-class", "uniform")
DRAWN = (*APART, "pairs")


def rule(**values: Any) -> TrainingRule:
    fixed = {"steps": 50, "steps_per_epoch": 10, "batch_size": 8, "samples_per_class": 4}
    return TrainingRule(**{**fixed, "compositions": ("balanced",), **values})


def draw(
    composition: str = "balanced",
    labels: np.ndarray = LABELS,
    *,
    fold: int = 0,
    seed: int = 0,
    **values: Any,
) -> np.ndarray:
    known = np.ones(len(labels), dtype=np.bool_)
    stream = batch_stream(seed, composition, fold)
    return draw_batches(labels, known, composition, rule(**values), draw=stream)


def counts(batches: np.ndarray, labels: np.ndarray = LABELS) -> set[tuple[int, ...]]:
    """Every make-up that occurs: samples of each class of a batch, most first."""
    found = [np.unique(labels[batch], return_counts=True)[1] for batch in batches]
    return {tuple(sorted(count.tolist(), reverse=True)) for count in found}


@pytest.mark.parametrize("composition", [*DRAWN, "clusters"])
def test_there_is_a_batch_for_each_step(composition: str) -> None:
    assert draw(composition, steps=7).shape == (7, 8)


def test_balanced_batches_hold_that_many_samples_of_each_class() -> None:
    assert counts(draw("balanced", samples_per_class=4)) == {(4, 4)}
    assert counts(draw("balanced", samples_per_class=2)) == {(2, 2, 2, 2)}


def test_one_per_class_batches_hold_one_sample_of_each_class() -> None:
    assert counts(draw("one-per-class")) == {(1,) * 8}


@pytest.mark.parametrize("composition", APART)
def test_no_sample_is_twice_in_a_batch(composition: str) -> None:
    for batch in draw(composition):
        assert len(set(batch.tolist())) == 8


@pytest.mark.parametrize("composition", DRAWN)
def test_every_sample_gets_its_turn(composition: str) -> None:
    assert set(draw(composition, steps=300).ravel().tolist()) == set(range(len(LABELS)))


def test_uniform_batches_do_not_look_at_labels() -> None:
    other = np.zeros_like(LABELS)
    assert np.array_equal(draw("uniform"), draw("uniform", other))


def test_every_other_pair_is_of_one_class_beginning_with_the_first() -> None:
    first, second = LABELS[draw("pairs")[:, 0::2]], LABELS[draw("pairs")[:, 1::2]]
    assert (first == second).tolist() == [[True, False, True, False]] * 50


def test_a_pair_holds_two_samples() -> None:
    pairs = draw("pairs").reshape(-1, 2)
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_a_class_of_one_sample_is_paired_with_itself() -> None:
    pairs = draw("pairs", np.arange(5, dtype=np.int64)).reshape(50, 4, 2)
    assert (pairs[:, 0::2, 0] == pairs[:, 0::2, 1]).all()


def test_all_pairs_of_classes_meet() -> None:
    met = LABELS[draw("pairs", steps=1000).reshape(-1, 2)[1::2]]
    assert len(np.unique(met, axis=0)) == 20 * 19


@pytest.mark.parametrize(
    ("labels", "values", "found"),
    [
        (LABELS, {"batch_size": 9, "samples_per_class": 3}, "not 9 and 20"),
        (np.zeros(6, dtype=np.int64), {}, "not 8 and 1"),
    ],
)
def test_pairs_that_cannot_be_are_refused(
    labels: np.ndarray, values: dict[str, int], found: str
) -> None:
    with pytest.raises(UserError, match=f"pairs need an even batch size and two classes, {found}"):
        draw("pairs", labels, **values)


def test_fewer_classes_than_a_batch_holds_share_it_as_equally_as_they_can() -> None:
    three = np.repeat(np.arange(3), 10).astype(np.int64)
    assert counts(draw("one-per-class", three), three) == {(3, 3, 2)}
    assert counts(draw("balanced", three, samples_per_class=2), three) == {(3, 3, 2)}


def test_the_larger_shares_go_round() -> None:
    three = np.repeat(np.arange(3), 10).astype(np.int64)
    total = np.bincount(three[draw("one-per-class", three, steps=300)].ravel())
    assert total.min() > 0.9 * total.mean()


def test_a_class_with_fewer_samples_than_its_share_repeats_them() -> None:
    pairs = np.repeat(np.arange(4), 2).astype(np.int64)
    assert counts(draw("balanced", pairs), pairs) == {(4, 4)}


def test_a_part_smaller_than_a_batch_repeats_samples() -> None:
    assert draw("uniform", np.zeros(3, dtype=np.int64)).shape == (50, 8)


def test_batches_of_clusters_wait_for_the_clusters() -> None:
    assert set(draw("clusters").ravel().tolist()) == {-1}


@pytest.mark.parametrize("composition", DRAWN)
def test_the_same_seed_gives_the_same_batches_whatever_the_global_state(composition: str) -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    one = draw(composition)
    random.seed(2)
    np.random.seed(2)
    torch.manual_seed(2)
    assert np.array_equal(one, draw(composition))


@pytest.mark.parametrize("composition", DRAWN)
@pytest.mark.parametrize("other", [{"seed": 1}, {"fold": 1}])
def test_another_seed_or_fold_gives_other_batches(composition: str, other: dict[str, int]) -> None:
    assert not np.array_equal(draw(composition), draw(composition, **other))


def test_drawing_leaves_the_global_state_alone() -> None:
    np.random.seed(0)
    expected = np.random.random()
    np.random.seed(0)
    draw()
    assert np.random.random() == expected


def test_compositions_have_streams_of_their_own() -> None:
    # With one class a sample and one sample a class, all three compositions draw alike.
    labels = np.arange(8, dtype=np.int64)
    drawn = [draw(name, labels, samples_per_class=2, batch_size=2).tolist() for name in APART]
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]


def test_a_longer_run_begins_with_the_batches_of_a_shorter() -> None:
    assert np.array_equal(draw(steps=20)[:5], draw(steps=5))


def test_the_digest_is_pinned() -> None:
    batches = np.arange(6, dtype=np.int64).reshape(3, 2)
    assert batches_digest(batches) == "f190072c5052f4f4"


def test_the_digest_stands_for_the_order_of_batches() -> None:
    assert batches_digest(draw()[::-1].copy()) != batches_digest(draw())
