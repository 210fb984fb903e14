"""Losses on two views: values by hand, in a loop and of the library."""

import math

import pytest
import torch
from bench_methods.unsupervised import METHODS
from bench_methods.unsupervised.vicreg_loss import VICRegLoss
from pytorch_metric_learning import losses

NAMES = [method.name for method in METHODS]


def isif_in_a_loop(first, second, temperature):
    """ISIF by its definition, the side compared with detached."""
    unit = torch.nn.functional.normalize(torch.cat([first, second]), dim=1)
    count, total = len(unit), 0.0
    for i in range(count):
        weights = {
            j: torch.exp(unit[i] @ unit[j].detach() / temperature) for j in range(count) if j != i
        }
        chance = {j: weight / sum(weights.values()) for j, weight in weights.items()}
        other = (i + len(first)) % count
        total = total - torch.log(chance.pop(other))
        total = total - sum(torch.log(1 - p) for p in chance.values())
    return total / count


@pytest.mark.parametrize(("temperature", "value"), [(1.0, 1.189473166), (0.1, 0.360228075)])
def test_isif_of_two_images_by_hand(build, loss_on, at_angles, temperature, value):
    objective = build("isif", {"temperature": temperature})
    loss = loss_on(objective, at_angles(0, 90), at_angles(30, 150))
    assert loss.item() == pytest.approx(value, abs=1e-9)


def test_isif_has_the_value_and_the_one_sided_gradient_of_its_definition(build, loss_on, views):
    gradients = []
    for loss in (
        lambda *given: loss_on(build("isif", {"temperature": 0.5}), *given),
        lambda *given: isif_in_a_loop(*given, temperature=0.5),
    ):
        given = [view.clone().requires_grad_() for view in views]
        value = loss(*given)
        value.backward()
        gradients.append((value.detach(), given[0].grad, given[1].grad))
    torch.testing.assert_close(*gradients)


def test_isif_stays_finite_where_another_image_is_certain(build, loss_on, at_angles):
    first, second = at_angles(0, 0), at_angles(180, 180).requires_grad_()
    loss = loss_on(build("isif", {"temperature": 0.01}), first.float(), second.float())
    loss.backward()
    assert loss.isfinite()
    assert second.grad.isfinite().all()


def test_two_view_ntxent_of_two_images_by_hand(build, loss_on, at_angles):
    angles = (0, 90, 30, 150)
    expected = 0.0
    for i, own in enumerate((2, 3, 0, 1)):
        others = {j: math.cos(math.radians(angles[i] - angles[j])) / 0.5 for j in range(4)}
        total = sum(math.exp(value) for j, value in others.items() if j != i)
        expected += (math.log(total) - others[own]) / 4
    objective = build("ntxent-two-views", {"temperature": 0.5})
    loss = loss_on(objective, at_angles(0, 90), at_angles(30, 150))
    assert loss.item() == pytest.approx(expected)


def test_two_view_ntxent_is_the_librarys_self_supervised_one(build, loss_on, views):
    loss = loss_on(build("ntxent-two-views", {"temperature": 0.2}), *views)
    expected = losses.SelfSupervisedLoss(losses.NTXentLoss(0.2))(*views)
    assert loss.item() == pytest.approx(expected.item())


def test_vicreg_of_a_collapsed_batch_lacks_all_spread():
    same = torch.ones(6, 3, dtype=torch.float64)
    loss = VICRegLoss(invariance=7.0, variance=2.0, covariance=5.0)(same, same)
    assert loss.item() == pytest.approx(2.0 * (1 - math.sqrt(1e-4)))


def test_vicreg_of_spread_and_uncorrelated_views_is_their_difference():
    spread = 3 * torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
    loss = VICRegLoss(invariance=2.0, variance=1.0, covariance=1.0)(spread, spread + 0.5)
    assert loss.item() == pytest.approx(2.0 * 0.25)


@pytest.mark.parametrize("weights", [(25.0, 25.0, 1.0), (1.0, 3.0, 100.0)])
def test_vicreg_is_the_librarys_on_unnormalised_embeddings(build, loss_on, views, weights):
    point = dict(zip(("invariance", "variance", "covariance"), weights, strict=True))
    loss = loss_on(build("vicreg", point), *views)
    expected = losses.VICRegLoss(*weights)(2 * views[0], ref_emb=2 * views[1])
    assert loss.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_images_and_of_views_does_not_matter(build, loss_on, views, name):
    order = torch.randperm(len(views[0]), generator=torch.Generator().manual_seed(1))
    first = loss_on(build(name), *views)
    second = loss_on(build(name), views[1][order], views[0][order])
    assert second.item() == pytest.approx(first.item(), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_closer_views_of_an_image_have_a_smaller_loss(build, loss_on, views, name):
    first, second = views
    near, far = (loss_on(build(name), first, view) for view in (second, second.roll(1, dims=0)))
    assert near < far


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_one_view_is_refused(build, loss_on, views, name):
    with pytest.raises(RuntimeError, match="two views"):
        loss_on(build(name), views[0], None)
