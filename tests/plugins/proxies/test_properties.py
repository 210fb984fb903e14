"""What all losses on class vectors and whole batches have in common."""

import pytest
import torch
from bench_methods.proxies import METHODS

CLASSES, SIZE = 6, 5
LABELS = torch.arange(CLASSES).repeat_interleave(4)
NAMES = [method.name for method in METHODS]
# Which samples support, are mixed, are anchors or get which noise is a matter of order.
BY_POSITION = {"prototypical", "proxy-synthesis", "group-loss", "non-isotropy"}
BY_LENGTH = {
    "sphereface",
    "large-margin-softmax",
    "center-loss",
    "prototypical",
    "cross-batch-memory",
    "adaface",
    "group-loss",
    "intra-batch",
}


def value(build, loss_on, name, embeddings, labels=LABELS):
    objective = build(name, classes=CLASSES, embedding_size=SIZE)
    return loss_on(objective, embeddings, labels)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in BY_POSITION])
def test_the_order_of_rows_does_not_matter(build, loss_on, scattered, name):
    embeddings = scattered(LABELS)
    order = torch.randperm(len(LABELS), generator=torch.Generator().manual_seed(1))
    first = value(build, loss_on, name, embeddings)
    second = value(build, loss_on, name, embeddings[order], LABELS[order])
    assert first.item() != 0.0
    assert second.item() == pytest.approx(first.item(), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_length_of_embeddings_matters_only_to_those_that_read_it(
    build, loss_on, scattered, name
):
    embeddings = scattered(LABELS)
    short, long = (value(build, loss_on, name, scale * embeddings) for scale in (1.0, 3.0))
    alike = long.item() == pytest.approx(short.item(), rel=1e-6)
    assert alike == (name not in BY_LENGTH)


@pytest.mark.parametrize(
    "labels", [[0] * 6, [0, 1, 2, 3, 4, 5]], ids=["one class", "one sample a class"]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_any_composition_has_a_finite_loss_and_gradient(
    build, loss_on, scattered, name, labels
):
    embeddings = scattered(range(6)).requires_grad_()
    loss = value(build, loss_on, name, embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()
