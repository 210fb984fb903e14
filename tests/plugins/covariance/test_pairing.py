"""IM, IIM and ISIM within a batch: who is paired with whom, and what the pair is called."""

import pytest
import torch
from bench_methods.covariance.pairing import (
    inner_inter_pairs,
    inner_pairs,
    inter_similarity_pairs,
    pair_label,
)

LABELS = torch.tensor([4, 1, 1, 4, 2, 2, 2, 4])
CLASSES = 5


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_inner_pairs_are_of_one_class_and_two_images():
    pairs = inner_pairs(LABELS)
    assert torch.equal(LABELS[pairs.first], LABELS[pairs.second])
    assert torch.equal(pairs.labels, LABELS)
    assert (pairs.first != pairs.second).all()


def test_each_image_is_first_in_one_inner_pair():
    assert inner_pairs(LABELS).first.tolist() == list(range(8))


def test_every_partner_of_the_class_is_drawn():
    drawn = {inner_pairs(LABELS).second[4].item() for _ in range(50)}
    assert drawn == {5, 6}


def test_an_image_alone_in_its_class_is_its_own_partner():
    assert inner_pairs(torch.tensor([0, 1, 1])).second[0].item() == 0


def test_inner_inter_pairs_are_labelled_by_both_classes():
    pairs = inner_inter_pairs(LABELS, CLASSES)
    expected = pair_label(LABELS[pairs.first], LABELS[pairs.second], CLASSES)
    assert torch.equal(pairs.labels, expected)
    assert (pairs.first != pairs.second).all()


def test_an_image_meets_every_class_of_the_batch_equally_often():
    met = torch.stack([LABELS[inner_inter_pairs(LABELS, CLASSES).second] for _ in range(600)])
    shares = met.flatten().bincount(minlength=CLASSES) / met.numel()
    expected = torch.tensor([0, 1, 1, 0, 1]) / 3
    torch.testing.assert_close(shares, expected, atol=0.03, rtol=0)


@pytest.mark.parametrize(("classes", "labels"), [(10, 55), (11, 66), (8, 36), (15, 120)])
def test_unordered_pairs_of_classes_are_numbered_without_gaps(classes, labels):
    every = torch.arange(classes)
    table = pair_label(every[:, None], every[None, :], classes)
    assert torch.equal(table, table.T)
    assert sorted(table[tuple(torch.triu_indices(classes, classes))].tolist()) == list(
        range(labels)
    )


def test_similarity_pairs_are_half_of_one_class_and_half_of_two():
    pairs = inter_similarity_pairs(LABELS)
    same = LABELS[pairs.first] == LABELS[pairs.second]
    assert torch.equal(pairs.labels, same.long())
    assert pairs.labels.sum().item() == len(LABELS)
    assert len(pairs.labels) == 2 * len(LABELS)
    assert (pairs.first != pairs.second).all()


def test_every_image_of_another_class_is_drawn():
    drawn = {inter_similarity_pairs(LABELS).second[8 + 1].item() for _ in range(200)}
    assert drawn == {0, 3, 4, 5, 6, 7}


def test_a_batch_of_one_class_has_no_pairs_of_two():
    pairs = inter_similarity_pairs(torch.zeros(4, dtype=torch.long))
    assert pairs.labels.tolist() == [1] * 4


@pytest.mark.parametrize(
    "pairing",
    [inner_pairs, inter_similarity_pairs, lambda labels: inner_inter_pairs(labels, CLASSES)],
    ids=["IM", "ISIM", "IIM"],
)
def test_partners_are_drawn_anew(pairing):
    first, second = pairing(LABELS), pairing(LABELS)
    assert not torch.equal(first.second, second.second)
