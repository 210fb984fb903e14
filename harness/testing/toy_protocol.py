"""A protocol that trains a small network in half a second; in code, for it is never published."""

from __future__ import annotations

from harness.protocol.model import (
    BackboneRule,
    ClassDisjointSplit,
    ClosedSetSplit,
    OptimizerRule,
    OptimizerRules,
    Protocol,
    SearchRule,
    SelectionRule,
    TrainingRule,
)
from harness.protocol.rules import AffineAugmentation, LabelSetsRule, ScoringRule

_ADAM = OptimizerRule(name="adam", learning_rate=0.003, weight_decay=0.0, momentum=0.0)

_CLASS_DISJOINT = ClassDisjointSplit(
    kind="class-disjoint", test_fraction=0.5, folds=4, fold_rule="even", labelled_fraction=1.0
)
_CLOSED_SET = ClosedSetSplit(
    kind="closed-set",
    test_fraction=0.25,
    validation_fraction=0.25,
    folds=1,
    labelled_fraction=1.0,
)


def toy_protocol(*, closed_set: bool = False) -> Protocol:
    """75 steps of 32 samples, half of the classes for testing, a fold of the rest validating.

    With `closed_set`, a quarter of each class is for testing and another for validation.
    """
    return Protocol(
        name="toy",
        summary="for harness.testing only",
        dataset="toy",
        datasets=("toy",),
        digest="unpublished",
        unlocked=(),
        replicates=1,
        split=_CLOSED_SET if closed_set else _CLASS_DISJOINT,
        backbone=BackboneRule(
            name="mlp",
            weights="random",
            freeze_batch_norm=False,
            embedding_size=8,
            normalize=True,
        ),
        optimizers=OptimizerRules(trunk=_ADAM, head=_ADAM, objective=_ADAM),
        training=TrainingRule(
            steps=75,
            steps_per_epoch=25,
            batch_size=32,
            samples_per_class=4,
            compositions=("balanced", "one-per-class", "uniform", "pairs", "clusters"),
        ),
        augmentation=AffineAugmentation(shift=0.0, rotation=0.0, scale=0.0, flip=False),
        selection=SelectionRule(metric="map_at_r", every=25, patience=3),
        search=SearchRule(trials=0, sampler="tpe", repeats=1),
        scoring=ScoringRule(
            gallery="self", distance="cosine", recall_at=(1,), clustering_restarts=1
        ),
        label_sets=LabelSetsRule(attributes=("group",)),
    )
