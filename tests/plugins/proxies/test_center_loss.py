"""Center loss: the pull, and the rule by which the centres move."""

import pytest
import torch
from bench_methods.proxies.center_loss import CenterLoss

T4 = (0, 30, 90, 150)
LABELS = torch.tensor([0, 0, 1, 1])


def at_centers(centers, *, weight=1.0, rate=0.5):
    loss = CenterLoss(*centers.shape, weight=weight, rate=rate).double()
    loss.centers.copy_(centers)
    return loss


def test_the_pull_is_half_the_squared_distance_to_the_own_centre(at_angles):
    centers = torch.eye(2, dtype=torch.float64)
    pulled, free = at_centers(centers), at_centers(centers, weight=0.0)
    pulled.classifier.load_state_dict(free.classifier.state_dict())
    pull = pulled(at_angles(*T4), LABELS) - free(at_angles(*T4), LABELS)
    assert 4 * pull.item() == pytest.approx(0.633974596, abs=1e-9)


def test_the_centres_move_by_the_rule_of_the_paper(at_angles):
    loss = at_centers(torch.eye(2, dtype=torch.float64))
    loss(at_angles(*T4), LABELS)
    moved = [[0.977671, 0.083333], [-0.144338, 0.916667]]
    assert loss.centers.tolist() == [pytest.approx(row, abs=1e-6) for row in moved]


def test_the_loss_of_a_batch_is_that_before_its_centres_move(at_angles):
    moving, still = (at_centers(torch.eye(2).double(), rate=rate) for rate in (1.0, 0.0))
    moving.classifier.load_state_dict(still.classifier.state_dict())
    first = [loss(at_angles(*T4), LABELS).item() for loss in (moving, still)]
    second = [loss(at_angles(*T4), LABELS).item() for loss in (moving, still)]
    assert first[0] == first[1] == second[1]
    assert second[0] < second[1]


def test_the_centre_of_a_class_absent_from_the_batch_does_not_move(at_angles):
    loss = at_centers(torch.ones(3, 2, dtype=torch.float64))
    loss(at_angles(0, 30), torch.tensor([2, 2]))
    assert loss.centers[:2].tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert loss.centers[2].tolist() != [1.0, 1.0]


def test_the_centres_are_no_parameters_and_the_classifier_is(build):
    objective = build("center-loss", classes=3, embedding_size=2)
    assert [tuple(p.shape) for p in objective.parameters()] == [(3, 2), (3,)]
    assert [tuple(b.shape) for b in objective.buffers()] == [(3, 2)]


def test_the_pull_has_the_gradient_of_the_offset(at_angles):
    embeddings = at_angles(*T4).requires_grad_()
    centers = torch.eye(2, dtype=torch.float64)
    loss = at_centers(centers)
    torch.nn.init.zeros_(loss.classifier.weight)
    loss(embeddings, LABELS).backward()
    expected = (embeddings.detach() - centers[LABELS]) / 4
    torch.testing.assert_close(embeddings.grad, expected)
