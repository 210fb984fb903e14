"""Each broken method fails the check that is about it, with a sentence that says why."""

import contextlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from harness import Choice, Float, Method, Objective, loss_method
from harness.testing import CHECKS, NotApplicable, check_method
from harness.testing.checks import (
    coinciding_embeddings_give_no_nan,
    gradients_reach_all_its_parameters,
    gradients_reach_the_backbone,
    it_beats_the_untrained_embedding,
    it_builds_at_its_defaults,
    it_fits_other_sizes,
    it_has_the_parameters_it_declares,
    it_leaves_its_inputs_unchanged,
    it_leaves_the_backbone_alone,
    it_says_what_it_is,
    it_works_at_both_ends_of_every_range,
    it_works_without_labels,
    its_loss_is_a_finite_scalar,
    the_same_seed_gives_the_same_loss,
)


def hinge(embeddings, labels, margin=0.3):
    """Squared distance of positives, hinge on the cosine of negatives: a sound small loss."""
    cosines = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    return torch.where(same, 1 - cosines, torch.relu(cosines - margin)).mean()


def of_loss(loss, **declared):
    return loss_method("mine", lambda: loss, summary="a toy", reference="none", **declared)


class Full(Objective):
    """A sound Objective in the full form, to be broken by subclasses."""

    def forward(self, batch, embed):
        return hinge(embed(batch.inputs), batch.require_labels())


def of_objective(objective, **declared):
    return Method(
        name="mine", build=lambda point, context: objective(), summary="a toy", reference="none",
        **declared,
    )  # fmt: skip


SOUND = of_loss(hinge)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sound_method_breaks_no_promise(check):
    with contextlib.suppress(NotApplicable):
        check(SOUND)


def test_a_method_without_reference_is_told_so():
    with pytest.raises(AssertionError, match="mine has no reference"):
        it_says_what_it_is(replace(SOUND, reference=" "))


def test_a_builder_that_returns_a_plain_function_is_told_so():
    with pytest.raises(AssertionError, match=r"build returned function, not a harness\.Objective"):
        it_builds_at_its_defaults(replace(SOUND, build=lambda point, context: hinge))


@pytest.mark.parametrize(
    ("space", "end"),
    [(Float(0.0, 1.0, default=0.5), 0.0), (Choice(("a", "b"), default="a"), "b")],
)
def test_every_end_of_a_range_is_tried(space, end):
    def build(value):
        if value == end:
            raise ZeroDivisionError("not this one")
        return hinge

    method = loss_method("mine", build, summary="a toy", reference="none", value=space)
    with pytest.raises(ZeroDivisionError, match="not this one"):
        it_works_at_both_ends_of_every_range(method)


def test_an_end_of_a_range_where_the_loss_is_no_number_is_told() -> None:
    method = loss_method(
        "mine", lambda scale: lambda e, y: hinge(e, y) / scale * scale, summary="a toy",
        reference="none", scale=Float(0.0, 1.0, default=0.5),
    )  # fmt: skip
    with pytest.raises(AssertionError, match=r"scale=0\.0, an end of its range, is nan"):
        it_works_at_both_ends_of_every_range(method)


class Sized(Objective):
    """Proxies, made for the sizes that `shape` says."""

    def __init__(self, context, shape):
        super().__init__()
        self.context = context
        self.proxies = torch.nn.Parameter(torch.randn(*shape(context)))

    def forward(self, batch, embed):
        given = torch.nn.functional.linear(embed(batch.inputs), self.proxies)
        return torch.nn.functional.cross_entropy(given, batch.require_labels())


def of_sizes(shape):
    return Method(
        name="mine", build=lambda point, context: Sized(context, shape), summary="a toy",
        reference="none", parameters="C*d",
    )  # fmt: skip


def in_fours(embeddings, labels):
    rows = embeddings[labels.argsort(stable=True)].view(-1, 4, embeddings.shape[1])
    return (rows - rows.mean(dim=1, keepdim=True)).square().sum(dim=2).mean()


class Stepped(Full):
    def forward(self, batch, embed):
        return super().forward(batch, embed) * ([1.0] * 10)[batch.step]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        (of_sizes(lambda c: (8, c.embedding_size)), "it raises IndexError"),
        (of_sizes(lambda c: (c.classes, 8)), "it raises RuntimeError"),
        (of_sizes(lambda c: (c.embedding_size, c.classes)), "it raises RuntimeError"),
        (of_loss(in_fours), "it raises RuntimeError"),
        (of_objective(Stepped), "it raises IndexError: list index out of range"),
    ],
)
def test_sizes_that_only_the_toy_has_are_told(method, said):
    its_loss_is_a_finite_scalar(method)
    with pytest.raises(AssertionError, match=f"11 classes of 3 samples.*({said})"):
        it_fits_other_sizes(method)


def test_a_number_of_parameters_that_only_the_toy_has_is_told():
    method = replace(of_sizes(lambda c: (c.classes, c.embedding_size)), parameters="64")
    with pytest.raises(AssertionError, match="with 11 classes and 6 dimensions, and has 66"):
        it_has_the_parameters_it_declares(method)


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda e, y: e.sum() * float("nan"), "the loss is nan on a toy batch"),
        (lambda e, y: e.sum(dim=1), r"the loss has shape \(32,\), not \(\)"),
        (lambda e, y: e.sum().item(), "the loss is a float"),
        (lambda e, y: e.sum().long(), r"the loss is torch\.int64, not a float"),
    ],
)
def test_a_loss_that_is_no_finite_scalar_is_told_so(loss, sentence):
    with pytest.raises(AssertionError, match=sentence):
        its_loss_is_a_finite_scalar(of_loss(loss))


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda e, y: hinge(e.detach(), y), "the loss has no gradient"),
        (lambda e, y: 0 * e.sum(), "all gradients of the backbone are zero"),
        (lambda e, y: (e.sum() * 0).sqrt(), "gradients of the backbone are not finite"),
    ],
)
def test_a_loss_that_cannot_train_the_backbone_is_told_so(loss, sentence):
    with pytest.raises(AssertionError, match=sentence):
        gradients_reach_the_backbone(of_loss(loss))


def test_a_parameter_that_nothing_trains_is_named():
    class Idle(Full):
        def __init__(self):
            super().__init__()
            self.proxies = torch.nn.Parameter(torch.ones(3))

    with pytest.raises(AssertionError, match="no gradient reaches proxies"):
        gradients_reach_all_its_parameters(of_objective(Idle))


def test_a_method_with_randomness_of_its_own_is_told_so():
    own = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="two runs of one seed"):
        the_same_seed_gives_the_same_loss(of_loss(lambda e, y: e.sum() * own.random()))


@pytest.mark.parametrize("draw", [torch.rand, np.random.rand], ids=["torch", "numpy"])
def test_drawing_from_the_global_generators_is_reproducible(draw):
    the_same_seed_gives_the_same_loss(of_loss(lambda e, y: e.sum() * float(draw(1)[0])))


def test_a_root_at_zero_distance_is_found():
    def distances(embeddings, labels):
        differences = embeddings[:, None] - embeddings[None, :]
        return differences.square().sum(dim=2).sqrt().mean()

    with pytest.raises(AssertionError, match="a gradient is not finite where all embeddings"):
        coinciding_embeddings_give_no_nan(of_loss(distances))


def test_a_method_that_declares_no_labels_and_uses_them_is_found():
    with pytest.raises(RuntimeError, match="declared labels='none'"):
        it_works_without_labels(replace(SOUND, labels="none", batch="uniform"))


def test_a_batch_changed_in_place_is_found():
    class Scaling(Full):
        def forward(self, batch, embed):
            batch.inputs.mul_(2)
            return super().forward(batch, embed)

    with pytest.raises(AssertionError, match=r"batch\.inputs was changed in place"):
        it_leaves_its_inputs_unchanged(of_objective(Scaling))


class Stepping(Full):
    def forward(self, batch, embed):
        with torch.no_grad():
            next(embed.backbone.parameters()).add_(1)
        return super().forward(batch, embed)


class Backward(Full):
    def forward(self, batch, embed):
        super().forward(batch, embed).backward()
        return super().forward(batch, embed)


class Freezing(Full):
    def prepare(self, view, embed):
        embed.backbone.head.bias.requires_grad_(False)


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (Stepping, "weights were changed"),
        (Backward, "ran a backward pass of its own"),
        (Freezing, r"it froze the backbone's head\.bias"),
    ],
)
def test_a_method_that_reaches_into_the_backbone_is_found(objective, sentence):
    with pytest.raises(AssertionError, match=sentence):
        it_leaves_the_backbone_alone(of_objective(objective))


def test_a_loss_that_knows_nothing_does_not_beat_the_untrained_embedding():
    def noise(embeddings, labels):
        return (embeddings @ embeddings.T * (torch.rand(len(labels), len(labels)) - 0.5)).sum()

    with pytest.raises(AssertionError, match="it does not learn"):
        it_beats_the_untrained_embedding(of_loss(noise))


def test_a_run_that_fails_on_the_toy_says_why():
    with pytest.raises(AssertionError, match="a run on the toy failed: the loss is nan at step 0"):
        it_beats_the_untrained_embedding(of_loss(lambda e, y: e.sum() * float("nan")))


def test_a_method_that_the_toy_cannot_train_is_not_blamed():
    with pytest.raises(NotApplicable, match="needs pretrained weights"):
        it_beats_the_untrained_embedding(replace(SOUND, weights="pretrained"))


def test_a_closed_set_method_is_tested_on_the_classes_that_it_learnt():
    it_beats_the_untrained_embedding(replace(SOUND, setting="closed-set"))


def test_a_control_need_not_beat_the_untrained_embedding():
    with pytest.raises(NotApplicable, match="mine is a control and promises not to learn"):
        it_beats_the_untrained_embedding(replace(SOUND, control=True))


def test_a_method_that_trains_nothing_promises_only_its_name():
    baseline = replace(SOUND, trained=False)
    outcomes = [finding.outcome for finding in check_method(baseline)]
    assert outcomes == ["pass"] + ["skip"] * (len(CHECKS) - 1)
