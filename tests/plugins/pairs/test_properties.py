"""What all losses on pairs and tuples have in common."""

import pytest
import torch
from bench_methods.pairs import METHODS

LABELS = torch.arange(6).repeat_interleave(4)
NAMES = [method.name for method in METHODS]
DRAWN = {
    "triplet-distance-weighted",
    "margin-distance-weighted",
    "metrix",
    "recall-at-k",
}
BY_POSITION = {"siamese", "siamese-vector", "n-pair", "n-pair-angular"}
BY_COORDINATE = {"siamese-vector", "snr-contrastive", "pddm", "happier"}
BY_CLASS = {"happier"}  # it has a vector for each
NORMALISING = [
    "angular",
    "histogram",
    "dynamic-soft-margin",
    "tuplet-margin",
    "circle",
    "ladder",
]


def value(build, loss_on, name, embeddings, labels=LABELS, point=None):
    objective = build(name, point, classes=6, embedding_size=5).double()
    same = (labels[:, None] == labels).double()
    return loss_on(objective, embeddings, labels, relevance=same)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in DRAWN | BY_POSITION])
def test_the_order_of_rows_does_not_matter(build, loss_on, scattered, name):
    embeddings = scattered(LABELS)
    order = torch.randperm(len(LABELS), generator=torch.Generator().manual_seed(1))
    first = value(build, loss_on, name, embeddings)
    second = value(build, loss_on, name, embeddings[order], LABELS[order])
    assert first.item() != 0.0
    assert second.item() == pytest.approx(first.item(), rel=1e-6)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in DRAWN | BY_CLASS])
def test_the_names_of_classes_do_not_matter(build, loss_on, scattered, name):
    embeddings = scattered(LABELS)
    first, second = (
        value(build, loss_on, name, embeddings, labels) for labels in (LABELS, 5 - LABELS)
    )
    assert second.item() == pytest.approx(first.item(), rel=1e-6)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in DRAWN | BY_COORDINATE])
def test_a_rotation_of_all_embeddings_does_not_matter(build, loss_on, scattered, name):
    embeddings = scattered(LABELS)
    draw = torch.Generator().manual_seed(2)
    rotation, _ = torch.linalg.qr(torch.randn(5, 5, generator=draw, dtype=torch.float64))
    first, second = (value(build, loss_on, name, x) for x in (embeddings, embeddings @ rotation))
    assert second.item() == pytest.approx(first.item(), rel=1e-6)


@pytest.mark.parametrize("name", NORMALISING)
def test_the_length_of_the_embeddings_does_not_matter(build, loss_on, scattered, name):
    embeddings = scattered(LABELS)
    short, long = (value(build, loss_on, name, scale * embeddings) for scale in (1.0, 3.0))
    assert long.item() == pytest.approx(short.item(), rel=1e-6)


@pytest.mark.parametrize(
    "labels", [[0] * 6, [0, 1, 2, 3, 4, 5]], ids=["no negatives", "no positives"]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_one_kind_of_pairs_has_a_finite_loss_and_gradient(
    build, loss_on, scattered, name, labels
):
    embeddings = scattered(range(6)).requires_grad_()
    loss = value(build, loss_on, name, embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()
