"""Cross-batch memory: what it remembers, from when on, and with what gradient."""

import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import ContrastiveLoss

LABELS = torch.arange(4).repeat_interleave(2)
MARGINS = {"pos_margin": 0.2, "neg_margin": 0.9}
PLAIN = ContrastiveLoss(**MARGINS, distance=LpDistance(normalize_embeddings=False))


def batches(scattered, count=3):
    return [scattered(LABELS, seed=seed) for seed in range(count)]


def against(embeddings, *earlier):
    """The library's contrastive loss of a batch against earlier ones."""
    return PLAIN(
        embeddings, LABELS, ref_emb=torch.cat(earlier), ref_labels=LABELS.repeat(len(earlier))
    )


def test_a_batch_is_compared_with_itself_and_with_those_before_it(build, loss_on, scattered):
    objective = build("cross-batch-memory", {"warm_up": 0.0, "weight": 0.5, **MARGINS})
    first, second, third = batches(scattered)
    values = [loss_on(objective, given, LABELS).item() for given in (first, second, third)]
    expected = [
        PLAIN(first, LABELS),
        PLAIN(second, LABELS) + 0.5 * against(second, first),
        PLAIN(third, LABELS) + 0.5 * against(third, first, second),
    ]
    assert values == pytest.approx([value.item() for value in expected])


def test_the_oldest_batch_is_forgotten(build, loss_on, scattered):
    objective = build("cross-batch-memory", {"batches": 1, "warm_up": 0.0, **MARGINS})
    first, second, third = batches(scattered)
    for given in (first, second):
        loss_on(objective, given, LABELS)
    expected = PLAIN(third, LABELS) + against(third, second)
    assert loss_on(objective, third, LABELS).item() == pytest.approx(expected.item())


def test_the_memory_is_not_used_before_the_warm_up_ends(build, loss_on, scattered):
    # Toy runs have ten steps.
    objective = build("cross-batch-memory", {"warm_up": 0.5, **MARGINS})
    first, second, third = batches(scattered)
    loss_on(objective, first, LABELS)
    before = loss_on(objective, second, LABELS, step=4)
    after = loss_on(objective, third, LABELS, step=5)
    assert before.item() == pytest.approx(PLAIN(second, LABELS).item())
    expected = PLAIN(third, LABELS) + against(third, first, second)
    assert after.item() == pytest.approx(expected.item())


def test_no_gradient_flows_into_the_memory(build, loss_on, scattered):
    objective = build("cross-batch-memory", {"warm_up": 0.0, **MARGINS})
    first, second, _ = (given.requires_grad_() for given in batches(scattered))
    loss_on(objective, first, LABELS)
    loss_on(objective, second, LABELS).backward()
    assert first.grad is None
    assert second.grad.any()
