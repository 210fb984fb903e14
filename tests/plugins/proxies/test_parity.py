"""Each loss on class vectors gives the library's value and gradient where the library has it."""

import pytest
import torch
from bench_methods.proxies import METHODS
from bench_methods.proxies.soft_triple import CENTERS_PER_CLASS
from bench_methods.proxies.threshold_consistent_loss import ThresholdConsistentLoss
from pytorch_metric_learning import losses, regularizers

from harness.method import for_builder

CLASSES, SIZE = 4, 5
# As many samples of each class as classes: the library's Smooth-AP is right for no other batch.
LABELS = torch.arange(CLASSES).repeat_interleave(CLASSES)
SIZES = {"num_classes": CLASSES, "embedding_size": SIZE}


def soft_triple(la, gamma, reg_weight, margin):
    return losses.SoftTripleLoss(
        **SIZES,
        centers_per_class=CENTERS_PER_CLASS,
        la=la,
        gamma=gamma,
        margin=margin,
        weight_regularizer=regularizers.SparseCentersRegularizer(CLASSES, CENTERS_PER_CLASS),
        weight_reg_weight=reg_weight,
    )


class Manifold(torch.nn.Module):
    """The library's loss, with the labels as meta-classes."""

    def __init__(self, alpha, margin, context_weight):
        super().__init__()
        self.loss = losses.ManifoldLoss(
            l=SIZE, K=CLASSES, lambdaC=context_weight, alpha=alpha, margin=margin
        )

    def forward(self, embeddings, labels):
        return self.loss(embeddings, indices_tuple=labels)


def with_sizes(loss):
    return lambda **given: loss(**SIZES, **given)


LIBRARY = {
    "proxy-nca": with_sizes(losses.ProxyNCALoss),
    "proxy-anchor": with_sizes(losses.ProxyAnchorLoss),
    "normalized-softmax": with_sizes(losses.NormalizedSoftmaxLoss),
    "cosface": with_sizes(losses.CosFaceLoss),
    "arcface": with_sizes(losses.ArcFaceLoss),
    "subcenter-arcface": with_sizes(losses.SubCenterArcFaceLoss),
    "sphereface": with_sizes(losses.SphereFaceLoss),
    "large-margin-softmax": with_sizes(losses.LargeMarginSoftmaxLoss),
    "p2s-grad": lambda: losses.P2SGradLoss(descriptors_dim=SIZE, num_classes=CLASSES),
    "soft-triple": soft_triple,
    "manifold": Manifold,
    "supcon": losses.SupConLoss,
    "smooth-ap": losses.SmoothAPLoss,
}
WITHOUT = {
    "proxy-nca-original",
    "center-loss",
    "prototypical",
    "threshold-consistent-margin",  # below: the library has the margin without its base
    # In test_derivations.
    *("proxy-nca-pp", "proxy-synthesis", "memory-virtual-classes", "proxy-graph", "anti-collapse"),
    *("potential-field", "adaface", "group-loss", "hypergraph", "intra-batch", "non-isotropy"),
    "cross-batch-memory",  # in test_memory: the library compares each batch with itself there
}
# The library inverts in single precision; the regulariser of soft-triple adds 1e-5 under a root.
LOOSE = {"manifold": 1e-5, "soft-triple": 1e-4}


def share_parameters(ours, theirs):
    """Give the library's loss our class vectors, transposed where it keeps them in columns."""
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        other.data = (own if own.shape == other.shape else own.T).detach().clone()


def test_every_method_has_its_counterpart_or_is_known_to_have_none():
    assert {method.name for method in METHODS} == set(LIBRARY) | WITHOUT


@pytest.mark.parametrize("name", LIBRARY)
def test_value_and_gradient_are_those_of_the_library(named, build, loss_on, scattered, name):
    ours = build(name, classes=CLASSES, embedding_size=SIZE).double()
    theirs = LIBRARY[name](**for_builder(named[name].defaults())).double()
    share_parameters(ours, theirs)
    given = [scattered(LABELS).requires_grad_() for _ in range(2)]
    values = loss_on(ours, given[0], LABELS), theirs(given[1], LABELS)
    for value in values:
        value.backward()
    tolerance = LOOSE.get(name, 1e-7)
    assert values[0].item() == pytest.approx(values[1].item(), rel=tolerance)
    assert given[0].grad.any()
    torch.testing.assert_close(given[0].grad, given[1].grad, rtol=tolerance, atol=tolerance)


def test_the_threshold_consistent_margin_is_the_librarys_beside_smooth_ap(scattered):
    ours = ThresholdConsistentLoss(0.1, weight=1.0, pos_margin=0.9, neg_margin=0.1)
    embeddings = scattered(LABELS)
    margin = losses.ThresholdConsistentMarginLoss(margin_plus=0.9, margin_minus=0.1)
    expected = losses.SmoothAPLoss(0.1)(embeddings, LABELS) + margin(embeddings, LABELS)
    assert ours(embeddings, LABELS).item() == pytest.approx(expected.item())
