"""Each adapter gives the library's own value on a fixed batch."""

import pytest
import torch
from bench_methods import METHODS
from bench_methods.soft_triple import CENTERS_PER_CLASS
from pytorch_metric_learning import losses, miners, regularizers

from harness.testing import toy_batch

CLASSES, SIZE = 8, 12
SIZES = {"num_classes": CLASSES, "embedding_size": SIZE}


def snr_contrastive(pos_margin, neg_margin, regularizer_weight):
    return losses.SignalToNoiseRatioContrastiveLoss(
        pos_margin=pos_margin,
        neg_margin=neg_margin,
        embedding_regularizer=regularizers.ZeroMeanRegularizer(),
        embedding_reg_weight=regularizer_weight,
    )


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


def multi_similarity_miner(epsilon, **hyperparameters):
    loss, miner = (
        losses.MultiSimilarityLoss(**hyperparameters),
        miners.MultiSimilarityMiner(epsilon),
    )
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


LIBRARY = {
    "contrastive": losses.ContrastiveLoss,
    "triplet": losses.TripletMarginLoss,
    "ntxent": losses.NTXentLoss,
    "proxy-nca": lambda **given: losses.ProxyNCALoss(**SIZES, **given),
    "margin": lambda **given: losses.MarginLoss(learn_beta=True, **given),
    "margin-per-class": lambda **given: losses.MarginLoss(
        learn_beta=True, num_classes=CLASSES, **given
    ),
    "normalized-softmax": lambda **given: losses.NormalizedSoftmaxLoss(**SIZES, **given),
    "cosface": lambda **given: losses.CosFaceLoss(**SIZES, **given),
    "arcface": lambda **given: losses.ArcFaceLoss(**SIZES, **given),
    "fastap": losses.FastAPLoss,
    "snr-contrastive": snr_contrastive,
    "multi-similarity": losses.MultiSimilarityLoss,
    "multi-similarity-miner": multi_similarity_miner,
    "soft-triple": soft_triple,
}
TRAINED = [method.name for method in METHODS if method.trained]


def fixed_batch(named, name):
    batch = toy_batch(classes=CLASSES, per_class=1 if named[name].batch == "one-per-class" else 4)
    return torch.nn.functional.normalize(batch.inputs), batch.labels


def test_every_trained_method_has_its_counterpart():
    assert set(LIBRARY) == set(TRAINED)


@pytest.mark.parametrize("name", TRAINED)
def test_the_loss_is_the_value_of_the_library(named, build, loss_on, name):
    embeddings, labels = fixed_batch(named, name)
    ours = loss_on(build(name, classes=CLASSES, embedding_size=SIZE), embeddings, labels)
    torch.manual_seed(0)
    theirs = LIBRARY[name](**named[name].defaults())(embeddings, labels)
    # The centre regulariser of soft-triple adds 1e-5 under a root where the library adds nothing.
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5 if name == "soft-triple" else 1e-6)


@pytest.mark.parametrize("name", ["contrastive", "arcface", "soft-triple"])
def test_the_length_of_the_embeddings_does_not_matter(named, build, loss_on, name):
    embeddings, labels = fixed_batch(named, name)
    objective = build(name, classes=CLASSES, embedding_size=SIZE)
    short, long = (loss_on(objective, scale * embeddings, labels) for scale in (1.0, 3.0))
    assert short.item() == pytest.approx(long.item(), rel=1e-5)
