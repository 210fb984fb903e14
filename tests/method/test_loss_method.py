"""`loss_method`: from a loss on embeddings and labels to a Method."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness import Context, Float, Method, Objective, loss_method
from harness.testing import ToyEmbed, toy_batch, toy_context

BATCH = toy_batch()


class Spread(nn.Module):
    """A margin minus the mean similarity, of those pairs that a miner gave, if any."""

    def __init__(self, margin: float) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor, pairs: Tensor | None = None) -> Tensor:
        similarity = embeddings @ embeddings.T
        chosen = labels[:, None] == labels[None, :] if pairs is None else pairs
        return self.margin - similarity[chosen].mean()


class Different(nn.Module):
    """Mines the pairs of two classes."""

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        return labels[:, None] != labels[None, :]


class Lengths(nn.Module):
    """The mean length of embeddings."""

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        return embeddings.norm(dim=1).mean()


def plain(margin: float) -> nn.Module:
    return Spread(margin)


def with_miner(margin: float) -> tuple[nn.Module, nn.Module]:
    return Spread(margin), Different()


def with_context(margin: float, context: Context) -> nn.Module:
    loss = Spread(margin)
    loss.proxies = nn.Parameter(torch.zeros(context.classes, context.embedding_size))
    return loss


def built(build: object, margin: float = 1.0) -> Objective:
    return method(build).build({"margin": margin}, toy_context())


def method(build: object) -> Method:
    assert callable(build)
    margin = Float(0, 2, default=0.5)
    return loss_method("mine", build, summary="s", reference="r", family="pair", margin=margin)


def test_what_is_not_a_hyperparameter_describes_the_method() -> None:
    made = method(plain)
    assert (made.name, made.summary, made.reference, made.family) == ("mine", "s", "r", "pair")


def test_every_other_keyword_is_a_hyperparameter() -> None:
    assert method(plain).defaults() == {"margin": 0.5}


def test_batches_are_balanced_unless_declared() -> None:
    given = loss_method("mine", plain, summary="s", reference="r", batch="one-per-class")
    assert (method(plain).batch, given.batch) == ("balanced", "one-per-class")


def test_the_builder_gets_the_point_of_the_space() -> None:
    assert built(plain, margin=1.5).loss.margin == 1.5


def test_a_loss_gets_embeddings_and_labels() -> None:
    embed = ToyEmbed()
    expected = Spread(1.0)(embed(BATCH.inputs), BATCH.labels)
    torch.testing.assert_close(built(plain)(BATCH, embed), expected)


def test_a_loss_with_a_miner_gets_what_was_mined() -> None:
    embed = ToyEmbed()
    embeddings, labels = embed(BATCH.inputs), BATCH.require_labels()
    expected = Spread(1.0)(embeddings, labels, Different()(embeddings, labels))
    torch.testing.assert_close(built(with_miner)(BATCH, embed), expected)


def test_a_loss_may_ask_for_embeddings_as_they_are_before_normalisation() -> None:
    embed = ToyEmbed()
    made = loss_method("mine", Lengths, summary="s", reference="r", unnormalized=True)
    loss = made.build({}, toy_context())(BATCH, embed)
    expected = embed.backbone.head(embed.features(BATCH.inputs)).norm(dim=1).mean()
    torch.testing.assert_close(loss, expected)
    assert abs(expected.item() - 1) > 0.1


def test_what_the_loss_declares_is_the_methods() -> None:
    made = loss_method(
        "mine", Lengths, summary="s", reference="r", parameters="C * d", citation="@misc{mine}"
    )
    assert (made.parameters, made.citation) == ("C * d", "@misc{mine}")


def test_a_builder_that_asks_for_the_context_gets_it() -> None:
    assert built(with_context).loss.proxies.shape == (8, 8)


def test_parameters_of_the_loss_are_the_objectives() -> None:
    assert [name for name, _ in built(with_context).named_parameters()] == ["loss.proxies"]


def test_each_build_is_a_fresh_objective() -> None:
    assert built(plain) is not built(plain)


def test_gradients_reach_the_backbone() -> None:
    embed = ToyEmbed()
    built(plain)(BATCH, embed).backward()
    assert all(weight.grad is not None for weight in embed.backbone.parameters())
