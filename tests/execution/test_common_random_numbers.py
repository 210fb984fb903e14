"""For one fold and seed every method starts from the same weights and sees the same batches."""

from __future__ import annotations

import numpy as np
import torch

from harness import Choice
from harness.execution.run import execute


def test_a_run_repeated_gives_identical_scores_and_digests(bench, planned, spread):
    first, arrays = execute(planned(spread), bench)
    torch.rand(7)
    second, again = execute(planned(spread), bench)
    assert first.scores == second.scores
    assert first.init_digest == second.init_digest
    assert first.batches_digest == second.batches_digest
    np.testing.assert_array_equal(arrays["test_embeddings"], again["test_embeddings"])


def test_another_seed_gives_other_weights_and_batches(run_method, spread):
    first, second = run_method(spread, seed=0), run_method(spread, seed=1)
    assert first.init_digest != second.init_digest
    assert first.batches_digest != second.batches_digest


def test_another_fold_gives_other_weights_and_batches(run_method, spread):
    first, second = run_method(spread, fold=0), run_method(spread, fold=1)
    assert first.init_digest != second.init_digest
    assert first.batches_digest != second.batches_digest


def test_methods_share_initial_weights_whatever_their_composition(
    run_method, make_method, spread_objective, spread
):
    other = make_method(spread_objective, "single", batch="uniform")
    assert run_method(spread).init_digest == run_method(other).init_digest


def test_methods_of_one_composition_share_batches_and_others_do_not(
    run_method, make_method, spread_objective, spread
):
    same = make_method(spread_objective, "same")
    other = make_method(spread_objective, "other", batch="uniform")
    assert run_method(spread).batches_digest == run_method(same).batches_digest
    assert run_method(spread).batches_digest != run_method(other).batches_digest


def test_methods_see_the_same_augmented_images(run_method, make_method, spread_objective, notes):
    def recording(name, draws):
        class Records(spread_objective):
            def forward(self, batch, embed):
                torch.rand(draws)
                notes(batch.inputs)
                return super().forward(batch, embed)

        return make_method(Records, name)

    run_method(recording("one", 1))
    first = notes.read()
    run_method(recording("two", 5))
    assert all(map(torch.equal, first, notes.read()))
    assert len(first) == 4


def test_the_second_view_is_another_augmentation_of_the_same_images(
    run_method, make_method, spread_objective, notes
):
    class TwoViews(spread_objective):
        def forward(self, batch, embed):
            notes((batch.inputs, batch.second))
            return super().forward(batch, embed)

    assert run_method(make_method(TwoViews, views=2)).state == "done"
    first, second = notes.read()[0]
    assert first.shape == second.shape
    assert not torch.equal(first, second)


def test_a_method_that_declared_no_labels_receives_none(
    run_method, make_method, spread_objective, notes
):
    class Blind(spread_objective):
        def prepare(self, view, embed):
            notes(view.labels)

        def forward(self, batch, embed):
            notes(batch.labels)
            return embed(batch.inputs)[:, 0].square().mean()

    assert run_method(make_method(Blind, labels="none", batch="uniform")).state == "done"
    assert notes.read() == [None] * 5


def test_a_method_with_other_samples_of_a_class_has_batches_and_a_composition_of_its_own(
    make_method, spread_objective, run_method, spread, notes
):
    space = {"samples_per_class": Choice((2, 4), default=4)}
    four = make_method(spread_objective, "four", space=space)

    class Counts(spread_objective):
        def forward(self, batch, embed):
            notes(torch.bincount(batch.labels).max().item())
            return super().forward(batch, embed)

    found = run_method(make_method(Counts, "counts", space=space))
    assert set(notes.read()) == {4}
    assert found.declared.composition == "balanced of 4"
    assert found.batches_digest != run_method(spread).batches_digest
    assert found.batches_digest == run_method(four).batches_digest
    assert found.identity.hyperparameters == {"samples_per_class": 4}


def test_as_many_samples_of_a_class_as_the_protocol_has_share_its_batches(
    run_method, make_method, spread_objective, spread
):
    space = {"samples_per_class": Choice((2, 4), default=2)}
    found = run_method(make_method(spread_objective, "two", space=space))
    assert found.declared.composition == "balanced"
    assert found.batches_digest == run_method(spread).batches_digest


def test_samples_of_a_class_that_do_not_divide_a_batch_are_a_reason_to_skip(
    run_method, make_method, spread_objective
):
    space = {"samples_per_class": Choice((3, 4), default=3)}
    found = run_method(make_method(spread_objective, "three", space=space))
    assert found.state == "skipped"
    assert "needs 3 samples of each class" in found.reason.message
