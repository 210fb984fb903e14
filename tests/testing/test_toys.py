"""The builders that authors use in tests of their own."""

from dataclasses import replace

import pytest
import torch

from harness import loss_method
from harness.testing import ToyEmbed, toy_batch, toy_context
from harness.testing.toys import ToyView, batch_for

PLAIN = loss_method("mine", torch.nn.Identity, summary="a toy", reference="none")


def classes_in(batch):
    return batch.labels.unique(return_counts=True)[1].tolist()


def test_a_toy_batch_has_as_many_samples_a_class_as_asked():
    assert classes_in(toy_batch(classes=3, per_class=5)) == [5, 5, 5]


def test_the_same_step_gives_the_same_batch():
    assert torch.equal(toy_batch(step=2).inputs, toy_batch(step=2).inputs)


def test_another_step_gives_another_batch():
    assert not torch.equal(toy_batch(step=2).inputs, toy_batch(step=3).inputs)


def test_the_context_knows_the_widths_that_embed_gives():
    context, embed, batch = toy_context(), ToyEmbed(), toy_batch()
    widths = embed(batch.inputs).shape[1], embed.features(batch.inputs).shape[1]
    assert widths == (context.embedding_size, context.feature_size)


@pytest.mark.parametrize(
    ("composition", "per_class"), [("balanced", 4), ("pairs", 2), ("one-per-class", 1)]
)
def test_a_batch_is_composed_as_the_method_declares(composition, per_class):
    batch = batch_for(replace(PLAIN, batch=composition))
    assert classes_in(batch) == [per_class] * 8


def test_a_method_without_labels_receives_none():
    assert batch_for(replace(PLAIN, labels="none")).labels is None


def test_unknown_labels_are_hidden():
    batch = batch_for(replace(PLAIN, labels="known"))
    assert set(batch.labels[~batch.known].tolist()) == {-1}


def test_a_second_view_shows_the_same_samples_with_other_noise():
    batch = batch_for(replace(PLAIN, views=2))
    distance = (batch.second - batch.inputs).norm(dim=1)
    assert 0 < distance.max() < 1


def test_a_view_gives_inputs_by_position():
    batch = toy_batch()
    assert torch.equal(ToyView(batch).inputs(torch.tensor([3])), batch.inputs[3:4])
