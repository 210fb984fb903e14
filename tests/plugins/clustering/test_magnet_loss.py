"""The magnet loss: values known by hand, its own formula in loops, and its invariances."""

import math

import pytest
import torch
from bench_methods.clustering.magnet_loss import magnet_losses

TWO_CLUSTERS = torch.tensor([[0.0], [2.0], [2.0], [4.0]], dtype=torch.float64)
OF = torch.tensor([0, 0, 1, 1])


def scattered(seed=0):
    """Three clusters, two of them of one class: embeddings (9, 2), clusters, classes."""
    draw = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(9, 2, dtype=torch.float64, generator=draw)
    return embeddings, torch.tensor([5, 5, 2, 2, 2, 9, 9, 9, 9]), torch.tensor([0] * 5 + [1] * 4)


def by_the_formula(embeddings, clusters, classes, gap):
    """Rippel et al. 2016, Eq. 4, in loops over samples and clusters."""
    names = sorted(set(clusters.tolist()))
    means = {name: embeddings[clusters == name].mean(dim=0) for name in names}
    owners = {name: classes[clusters == name][0] for name in names}
    own = [means[name] for name in clusters.tolist()]
    variance = sum((r - m).square().sum() for r, m in zip(embeddings, own, strict=True))
    variance = variance / (len(embeddings) - 1)
    losses = []
    for r, m, label in zip(embeddings, own, classes, strict=True):
        top = torch.exp(-(r - m).square().sum() / (2 * variance) - gap)
        bottom = sum(
            torch.exp(-(r - means[name]).square().sum() / (2 * variance))
            for name in names
            if owners[name] != label
        )
        losses.append(max(0.0, -math.log(top / bottom)))
    return losses


@pytest.mark.parametrize(("gap", "expected"), [(3.0, [0, 3, 3, 0]), (1.0, [0, 1, 1, 0])])
def test_the_losses_of_two_touching_clusters(gap, expected):
    losses = magnet_losses(TWO_CLUSTERS, OF, OF, gap)
    torch.testing.assert_close(losses, torch.tensor(expected, dtype=torch.float64))


def test_the_losses_are_those_of_the_formula():
    batch = scattered()
    assert magnet_losses(*batch, 1.0).tolist() == pytest.approx(by_the_formula(*batch, 1.0))


def test_a_cluster_of_the_own_class_is_no_impostor():
    embeddings, clusters, _ = scattered()
    losses = magnet_losses(embeddings, clusters, torch.zeros(9, dtype=torch.long), 1.0)
    assert losses.tolist() == [0.0] * 9


def test_the_variance_takes_scale_and_place_out():
    embeddings, clusters, classes = scattered()
    moved = magnet_losses(7.0 * embeddings + 3.0, clusters, classes, 1.0)
    torch.testing.assert_close(moved, magnet_losses(embeddings, clusters, classes, 1.0))


def test_the_numbers_of_the_clusters_do_not_matter():
    embeddings, clusters, classes = scattered()
    renamed = magnet_losses(embeddings, 10 - clusters, classes, 1.0)
    torch.testing.assert_close(renamed, magnet_losses(embeddings, clusters, classes, 1.0))


@pytest.mark.parametrize("classes", [OF, torch.zeros(4, dtype=torch.long)], ids=["two", "one"])
def test_coinciding_embeddings_have_finite_gradients(classes):
    embeddings = torch.ones(4, 3, requires_grad=True)
    magnet_losses(embeddings, OF, classes, 1.0).mean().backward()
    assert embeddings.grad.isfinite().all()
