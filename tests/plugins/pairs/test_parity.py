"""Each method on pairs gives the library's own value where the library has it."""

import pytest
import torch
from bench_methods.pairs import METHODS
from pytorch_metric_learning import distances, losses, miners, reducers, regularizers

from harness.method import for_builder
from harness.testing import toy_batch

CLASSES, SIZE = 8, 12


def snr_contrastive(pos_margin, neg_margin, regularizer_weight):
    return losses.SignalToNoiseRatioContrastiveLoss(
        pos_margin=pos_margin,
        neg_margin=neg_margin,
        embedding_regularizer=regularizers.ZeroMeanRegularizer(),
        embedding_reg_weight=regularizer_weight,
    )


def mined(loss, miner):
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


def triplets(kind):
    return lambda margin: mined(
        losses.TripletMarginLoss(margin), miners.TripletMarginMiner(margin, kind)
    )


def triplet_squared(margin):
    return losses.TripletMarginLoss(
        margin, distance=distances.LpDistance(power=2), reducer=reducers.MeanReducer()
    )


def multi_similarity_miner(epsilon, **hyperparameters):
    return mined(
        losses.MultiSimilarityLoss(**hyperparameters), miners.MultiSimilarityMiner(epsilon)
    )


def n_pair(l2, scale):
    # On unit vectors the L2 term is half of l2.
    loss = losses.NPairsLoss(distance=distances.DotProductSimilarity(normalize_embeddings=False))
    return lambda embeddings, labels: loss(scale**0.5 * embeddings, labels) + l2 / 2


def on_a_sphere(loss):
    as_given = distances.LpDistance(normalize_embeddings=False)
    return lambda scale, neg_margin: (
        lambda embeddings, labels: loss(neg_margin=neg_margin, distance=as_given)(
            scale * embeddings, labels
        )
    )


LIBRARY = {
    "contrastive": losses.ContrastiveLoss,
    "snr-contrastive": snr_contrastive,
    "triplet": losses.TripletMarginLoss,
    "triplet-squared": triplet_squared,
    "triplet-hard": triplets("hard"),
    "triplet-semihard": triplets("semihard"),
    "triplet-batch-hard": lambda margin: mined(
        losses.TripletMarginLoss(margin), miners.BatchHardMiner()
    ),
    "margin": lambda **given: losses.MarginLoss(learn_beta=True, **given),
    "margin-per-class": lambda **given: losses.MarginLoss(
        learn_beta=True, num_classes=CLASSES, **given
    ),
    "n-pair": n_pair,
    "angular": losses.AngularLoss,
    "lifted-structure": on_a_sphere(losses.LiftedStructureLoss),
    "generalized-lifted-structure": on_a_sphere(losses.GeneralizedLiftedStructureLoss),
    "tuplet-margin": losses.TupletMarginLoss,
    "ntxent": losses.NTXentLoss,
    "circle": losses.CircleLoss,
    "multi-similarity": losses.MultiSimilarityLoss,
    "multi-similarity-miner": multi_similarity_miner,
    "fastap": losses.FastAPLoss,
    "histogram": losses.HistogramLoss,
    "deep-nca": losses.NCALoss,
    "pnp": losses.PNPLoss,
}
RENAMED = {
    "deep-nca": {"scale": "softmax_scale"},
    "angular": {"angle": "alpha"},
    "histogram": {"bins": "n_bins"},
}
# Ours are defined otherwise, or are not in the library; their values are tested elsewhere.
ELSEWHERE = {
    "contrastive-squared",
    "siamese",
    "siamese-vector",
    "triplet-facenet-semihard",
    "triplet-distance-weighted",
    "margin-distance-weighted",
    "dynamic-soft-margin",
    "quadruplet",
    "qwise",
    "n-pair-angular",
    "tuplet-margin-variance",
    "pddm",
    "ranked-list",
    "ladder",
    # In test_derivations.
    "easy-positive",
    "distance-levels",
    "metrix",
    "hyperbolic",
    "recall-at-k",
    "roadmap",
    "contextual",
    "happier",  # in test_happier
}


def test_every_method_is_compared_here_or_known_to_be_elsewhere():
    assert set(LIBRARY) | ELSEWHERE == {method.name for method in METHODS}


@pytest.mark.parametrize("name", LIBRARY)
def test_the_loss_is_the_value_of_the_library(named, build, loss_on, name):
    batch = toy_batch(classes=CLASSES)
    embeddings = torch.nn.functional.normalize(batch.inputs)
    ours = loss_on(build(name, classes=CLASSES, embedding_size=SIZE), embeddings, batch.labels)
    given = for_builder(named[name].defaults())
    renamed = RENAMED.get(name, {})
    point = {renamed.get(key, key): value for key, value in given.items()}
    theirs = LIBRARY[name](**point)(embeddings, batch.labels)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_n_pair_angular_is_the_sum_of_both(build, loss_on, scattered):
    labels = torch.arange(4).repeat_interleave(2)
    embeddings = scattered(labels)
    point = {"l2": 0.01, "scale": 4.0, "angle": 45.0, "angular_weight": 2.0}
    both = loss_on(build("n-pair-angular", point), embeddings, labels)
    n_pairs = loss_on(build("n-pair", {"l2": 0.01, "scale": 4.0}), embeddings, labels)
    angular = loss_on(build("angular", {"angle": 45.0}), embeddings, labels)
    assert both.item() == pytest.approx((n_pairs + 2 * angular).item())
