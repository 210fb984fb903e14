"""DREML: even random partitions, and a softmax for each member."""

from dataclasses import replace

import pytest
import torch
from bench_methods.ensembles.dreml_objective import DremlObjective, random_partitions

from harness.testing import toy_batch, toy_context

EMBEDDINGS = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 3, 5, 1, 3, 4])


def drawn(seed=0, classes=10, meta_classes=4, members=6):
    return random_partitions(classes, meta_classes, members, torch.Generator().manual_seed(seed))


def built(members, scale=4.0, classes=6):
    context = toy_context(classes=classes, embedding_size=8, members=members)
    return DremlObjective(scale=scale, context=context)


def loss_of(objective, embeddings):
    batch = replace(toy_batch(), inputs=embeddings, labels=LABELS)
    return objective(batch, lambda inputs: inputs)


@pytest.mark.parametrize(("classes", "meta_classes"), [(10, 4), (12, 4), (3, 5), (190, 16)])
def test_each_meta_class_has_as_many_classes_as_any_give_or_take_one(classes, meta_classes):
    for row in drawn(classes=classes, meta_classes=meta_classes):
        sizes = row.bincount(minlength=meta_classes)
        assert len(sizes) == meta_classes
        assert sizes.max() - sizes.min() <= 1


def test_members_divide_the_classes_differently():
    assert len({tuple(row.tolist()) for row in drawn()}) == 6


def test_which_meta_classes_are_larger_is_drawn_too():
    larger = {tuple((row.bincount() == 3).tolist()) for row in drawn(members=30)}
    assert len(larger) > 1


def test_the_partition_follows_the_generator():
    assert torch.equal(drawn(seed=1), drawn(seed=1))
    assert not torch.equal(drawn(seed=1), drawn(seed=2))


def test_one_member_of_as_many_dimensions_as_classes_is_a_plain_softmax():
    objective = built(members=1, classes=8)
    objective.meta_classes = torch.arange(8)[None]
    cosines = torch.nn.functional.normalize(EMBEDDINGS)
    expected = torch.nn.functional.cross_entropy(4.0 * cosines, LABELS)
    torch.testing.assert_close(loss_of(objective, EMBEDDINGS), expected)


def test_the_loss_is_the_mean_of_the_members():
    objective = built(members=2)
    alone = []
    for member in (0, 1):
        single = built(members=1)
        single.meta_classes = objective.meta_classes[member][None]
        alone.append(loss_of(single, EMBEDDINGS.chunk(2, dim=1)[member]))
    torch.testing.assert_close(loss_of(objective, EMBEDDINGS), sum(alone) / 2)


def test_the_length_of_a_members_share_does_not_matter():
    objective = built(members=2)
    longer = torch.cat([3.0 * EMBEDDINGS[:, :4], EMBEDDINGS[:, 4:]], dim=1)
    torch.testing.assert_close(loss_of(objective, longer), loss_of(objective, EMBEDDINGS))


def test_nothing_of_it_is_trained():
    assert not list(built(members=4).parameters())
