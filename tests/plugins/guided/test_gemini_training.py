"""Training the teacher: which streams learn, from what, and where it puts the classes."""

from dataclasses import replace
from itertools import islice, permutations

import pytest
import torch
from bench_methods.guided.gemini_training import GeminiTraining

from harness.testing import toy_batch

LABELS = toy_batch().labels


def streams_that_learned(training, label, other):
    training.loss(label, other).backward()
    streams = training.teacher.streams
    return {k for k, stream in enumerate(streams) if stream[0].weight.grad is not None}


def test_a_class_that_is_absent_gets_no_gradient_in_its_stream(training):
    assert streams_that_learned(training(margin=5.0), 2, 6) == {2, 6}


def test_constraint_vectors_stand_in_for_the_negatives(training):
    assert streams_that_learned(training(margin=5.0, constraint_vectors=True), 2, 6) == {2}


def test_a_constraint_vector_is_stayed_away_from(training):
    teacher = training(constraint_vectors=True, beta=0.0, margin=5.0)
    before = teacher.loss(2, 6)
    nearer = teacher.constraints.clone()
    nearer[6] = teacher.targets()[LABELS == 2].mean(dim=0)
    teacher.constraints = nearer
    assert teacher.loss(2, 6) > before


@pytest.mark.parametrize("normalized", [True, False])
def test_targets_are_normalised_as_the_protocol_says(training, normalized):
    lengths = training(normalized=normalized).run().norm(dim=1)
    assert torch.allclose(lengths, torch.ones(32)) is normalized


def test_training_brings_each_class_together_and_apart_from_others(training):
    untrained, trained = training(steps=1).run(), training(steps=120).run()
    same = LABELS[:, None] == LABELS[None, :]

    def gap(targets):
        distances = torch.cdist(targets, targets)
        return (distances[~same].mean() - distances[same].mean()).item()

    assert gap(untrained) < 0.7
    assert gap(trained) > 1.2


def test_every_ordered_pair_of_classes_comes_before_any_again(training):
    pairs = list(islice(training()._class_pairs(), 2 * 56))
    every = set(permutations(range(8), 2))
    assert set(pairs[:56]) == every
    assert set(pairs[56:]) == every
    assert pairs[:56] != pairs[56:]


def test_anchor_and_positive_are_two_images_of_the_class(training):
    first, second = training()._draw_two(3, 50)
    assert (LABELS[first] == 3).all()
    assert (LABELS[second] == 3).all()
    assert (first != second).all()


def test_each_image_is_embedded_by_its_own_stream(training):
    teacher = training()
    targets = teacher.targets()
    with torch.no_grad():
        for weight in teacher.teacher.streams[5].parameters():
            weight.add_(0.5)
    changed = (teacher.targets() != targets).any(dim=1)
    assert torch.equal(changed, LABELS == 5)


def test_one_class_has_nothing_to_be_told_from(training):
    teacher = training()
    alone = replace(teacher.context, classes=1)
    with pytest.raises(ValueError, match="two classes"):
        GeminiTraining(teacher.rule, alone, teacher.view)
