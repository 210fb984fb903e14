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
    assert batch_for(replace(PLAIN, labels="none", batch="uniform")).labels is None


def test_unknown_labels_are_hidden():
    batch = batch_for(replace(PLAIN, labels="known"))
    assert set(batch.labels[~batch.known].tolist()) == {-1}


def test_relevance_is_graded_for_a_method_that_declares_it():
    batch = batch_for(replace(PLAIN, relevance="graded", batch="one-per-class"))
    assert batch.relevance[2].tolist() == [0, 0, 1, 0.5, 0, 0, 0, 0]
    assert batch_for(PLAIN).relevance is None


def test_the_outputs_of_one_pass_are_those_of_the_other_calls():
    embed, inputs = ToyEmbed(), toy_batch().inputs
    outputs = embed.outputs(inputs)
    assert torch.equal(outputs.embeddings, embed(inputs))
    assert torch.equal(outputs.features, embed.features(inputs))


@pytest.mark.parametrize("members", [1, 4])
def test_the_context_of_an_ensemble_knows_its_widths(members):
    context, embed = toy_context(members=members), ToyEmbed(members=members)
    outputs = embed.outputs(toy_batch().inputs)
    widths = outputs.embeddings.shape[1], outputs.features.shape[1]
    assert widths == (context.embedding_size, context.feature_size)


def test_a_second_view_shows_the_same_samples_with_other_noise():
    batch = batch_for(replace(PLAIN, views=2))
    distance = (batch.second - batch.inputs).norm(dim=1)
    assert 0 < distance.max() < 1


def test_a_view_gives_inputs_by_position():
    batch = toy_batch()
    assert torch.equal(ToyView(batch).inputs(torch.tensor([3])), batch.inputs[3:4])


def test_toy_pairs_are_of_one_class_and_of_two_in_turn():
    labels = batch_for(replace(PLAIN, batch="pairs")).labels
    assert (labels[0::2] == labels[1::2]).tolist() == [True, False] * (len(labels) // 4)
