"""A step's first question, foretold: nothing that a run computes may tell whether it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from harness import Objective
from harness.apart import objective
from harness.apart.remote import Ahead
from harness.models.backbone import Backbone, Trunk
from harness.training.embedding import AuditedEmbed


class Asks(Objective):
    """Asks of the batch itself, or of a copy of it, about which nothing can be foretold."""

    def __init__(self, *, copies: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.copies = copies

    def seen(self, batch: Any) -> torch.Tensor:
        return batch.inputs.clone() if self.copies else batch.inputs

    def spread(self, embeddings: torch.Tensor, batch: Any) -> torch.Tensor:
        distances = (embeddings[:, None] - embeddings[None, :]).square().sum(-1)
        same = batch.labels[:, None] == batch.labels[None, :]
        return self.weight * (distances[same].mean() - distances[~same].mean())

    def forward(self, batch: Any, embed: Any) -> torch.Tensor:
        return self.spread(embed(self.seen(batch)), batch)


class Outputs(Asks):
    def forward(self, batch, embed):
        return self.spread(embed.outputs(self.seen(batch)).linear, batch)


class FeaturesAtTimes(Asks):
    def forward(self, batch, embed):
        if batch.step == 2:
            return self.spread(embed.features(self.seen(batch)), batch)
        return super().forward(batch, embed)


class LooksFirst(Asks):
    def forward(self, batch, embed):
        if batch.step >= 2:
            with torch.no_grad():
                embed.features(self.seen(batch))
        return super().forward(batch, embed)


class Edits(Asks):
    def forward(self, batch, embed):
        inputs = self.seen(batch)
        if batch.step == 2:
            inputs.mul_(0.5)
        return self.spread(embed(inputs), batch)


class Half(Asks):
    def forward(self, batch, embed):
        if batch.step == 1:
            half = len(batch.labels) // 2
            joined = torch.cat([embed(self.seen(batch)[:half]), embed(self.seen(batch)[half:])])
            return self.spread(joined, batch)
        return super().forward(batch, embed)


class OfInputs(Asks):
    def forward(self, batch, embed):
        inputs = self.seen(batch)
        if batch.step >= 1:
            inputs.requires_grad_()
        return self.spread(embed(inputs), batch)


class Twice(Asks):
    def forward(self, batch, embed):
        return super().forward(batch, embed) + super().forward(batch, embed)


class NotAtAll(Asks):
    def forward(self, batch, embed):
        return self.weight.square() if batch.step == 2 else super().forward(batch, embed)


class TheNetworkFirst(Asks):
    def forward(self, batch, embed):
        if batch.step == 2:
            self.register_buffer("counted", embed._backbone.head.weight.detach().sum())
        return super().forward(batch, embed)


class Outgrown(Asks):
    def forward(self, batch, embed):
        embeddings = embed(self.seen(batch))
        embeddings.mul_(2)
        return self.spread(embeddings, batch)


KINDS = [
    Asks, Outputs, FeaturesAtTimes, LooksFirst, Edits, Half, OfInputs, Twice, NotAtAll,
    TheNetworkFirst, Outgrown,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_the_same_whether_or_not_it_was_foretold(run_method, make_method, kind):
    own, other = (
        run_method(make_method(lambda copies=copies: kind(copies=copies), "asks"))
        for copies in (False, True)
    )
    assert own.state == "done", own.reason
    assert (own.scores, own.selected) == (other.scores, other.selected)
    for count in ("images_embedded", "backward_passes", "zero_gradients", "images_read"):
        assert getattr(own.audit, count) == getattr(other.audit, count), count


def test_what_is_asked_at_every_step_is_asked_once(run_method, make_method, monkeypatch):
    asked = []
    reply = objective.ObjectiveApart.reply

    def noted(self, question, outputs):
        asked.append(question.number)
        reply(self, question, outputs)

    monkeypatch.setattr(objective.ObjectiveApart, "reply", noted)
    record = run_method(make_method(lambda: Asks(copies=False), "asks"))
    assert asked == [1]
    assert record.audit.backward_passes == record.audit.steps


class Drawing(Trunk):
    feature_size = 3

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.drop = nn.Dropout()

    def forward(self, inputs):
        return self.drop(self.norm(inputs))


def test_a_pass_that_is_undone_has_never_been():
    backbone = Backbone(Drawing(), 2, normalize=True)
    embed = AuditedEmbed(backbone)
    ahead = Ahead(backbone, embed.counts)
    inputs = torch.randn(8, 3)
    embed(inputs)
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    drawn, images = torch.get_rng_state(), embed.counts.images_embedded
    ahead.begin()
    first = embed(inputs)
    ahead.undo()
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())
    assert torch.equal(torch.get_rng_state(), drawn)
    assert embed.counts.images_embedded == images
    assert torch.equal(embed(inputs), first)
