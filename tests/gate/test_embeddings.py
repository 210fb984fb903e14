"""Two models' embeddings: paired by query, resampled by class."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import NotComparable, UserError
from harness.gate.embeddings import gate_embeddings
from harness.gate.metrics import gated_metrics

CLASSES, EACH = 40, 6
LABELS = np.repeat(np.arange(CLASSES), EACH)


def embeddings(spread: float, *, draw: int = 0) -> np.ndarray:
    """Classes around their centres, at a distance of `spread`."""
    centres = np.random.default_rng(7).normal(size=(CLASSES, 16))
    noise = np.random.default_rng(draw).normal(size=(len(LABELS), 16))
    return (centres[LABELS] + spread * noise).astype(np.float32)


def gate(new: np.ndarray, old: np.ndarray, labels=LABELS, **options):
    margin = options.pop("margin", "0.01")
    metrics = gated_metrics(options.pop("metrics", ()), [margin])
    return gate_embeddings(new, old, labels, metrics, **options)


def test_the_same_embeddings_pass_even_without_a_margin():
    assert gate(embeddings(0.8), embeddings(0.8), margin="0").exit_code == 0


def test_a_rotation_passes_and_another_size_may_be():
    turned = embeddings(0.8) @ np.linalg.qr(np.random.default_rng(1).normal(size=(16, 16)))[0]
    padded = np.hstack([turned, np.zeros((len(LABELS), 4))])
    assert gate(padded, embeddings(0.8)).exit_code == 0


def test_a_worse_model_is_a_regression():
    report = gate(embeddings(1.2), embeddings(0.8))
    assert report.exit_code == 1
    assert "over 40 test classes: worse by more than" in report.lines[0].sentence


def test_a_better_model_passes():
    assert gate(embeddings(0.6), embeddings(0.8)).exit_code == 0


def test_two_draws_of_one_model_cannot_be_told_apart():
    assert gate(embeddings(0.8), embeddings(0.8, draw=1)).exit_code == 5


def test_the_seed_is_wired():
    def low(seed: int) -> float:
        return gate(embeddings(0.8), embeddings(0.8, draw=1), seed=seed).lines[0].decision.low

    np.random.seed(1)
    assert low(0) == low(0) != low(1)


def test_pairing_by_query_is_tighter_than_two_intervals():
    old = embeddings(0.8)
    new = old + 0.05 * np.random.default_rng(3).normal(size=old.shape).astype(np.float32)
    report = gate(new, old)
    decision = report.lines[0].decision
    assert decision.high - decision.low < 0.03


def test_several_metrics_each_have_a_line():
    report = gate(embeddings(1.2), embeddings(0.8), metrics=["precision_at_1", "recall_at_3"])
    assert [line.metric for line in report.lines] == ["precision_at_1", "recall_at_3"]


def test_few_classes_are_said():
    few = LABELS < 3
    report = gate(embeddings(0.8)[few], embeddings(0.8)[few], LABELS[few])
    assert any("3 classes are few to resample" in note for note in report.notes)


def test_a_metric_that_is_not_made_of_queries_is_refused():
    with pytest.raises(UserError, match="is not made of queries"):
        gate(embeddings(0.8), embeddings(0.8), metrics=["nmi"])


def test_rows_of_nan_measured_nothing():
    broken = embeddings(0.8)
    broken[3] = np.nan
    with pytest.raises(NotComparable, match=r"new\.npy: .*nothing was measured"):
        gate(broken, embeddings(0.8), names=("new.npy", "old.npy"))


def test_other_items_are_not_compared():
    with pytest.raises(NotComparable, match=r"240 rows and old\.npy 239"):
        gate(embeddings(0.8), embeddings(0.8)[1:], names=("new.npy", "old.npy"))
