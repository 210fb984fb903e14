"""Softmax and proxy losses with given class vectors, by hand."""

import math

import pytest
import torch

T4 = (0, 30, 90, 150)
LABELS = [0, 0, 1, 1]
CLASS_ANGLES = (10, 120)


def cos(degrees):
    return math.cos(math.radians(degrees))


def test_the_original_proxy_nca_leaves_the_own_proxy_out(weighed, loss_on, at_angles):
    objective = weighed("proxy-nca-original", {"softmax_scale": 1.0}, 3 * at_angles(*CLASS_ANGLES))
    loss = loss_on(objective, at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(-2.374473723, abs=1e-9)


def test_the_original_proxy_nca_falls_without_bound_as_its_scale_grows(weighed, loss_on, at_angles):
    low, high = (
        loss_on(
            weighed("proxy-nca-original", {"softmax_scale": scale}, at_angles(*CLASS_ANGLES)),
            at_angles(*T4),
            LABELS,
        )
        for scale in (10.0, 100.0)
    )
    assert high.item() == pytest.approx(10 * low.item())


def test_the_original_proxy_nca_of_one_class_is_the_distance_to_its_proxy(
    weighed, loss_on, at_angles
):
    objective = weighed("proxy-nca-original", {"softmax_scale": 2.0}, at_angles(0), classes=1)
    loss = loss_on(objective, at_angles(60), [0])
    assert loss.item() == pytest.approx(2.0 * (2 - 2 * cos(60)))


def test_proxy_anchor_sums_over_the_batch_for_each_proxy(weighed, loss_on, at_angles):
    vectors = at_angles(*CLASS_ANGLES, 200)
    objective = weighed("proxy-anchor", {"margin": 0.1, "alpha": 2.0}, vectors, classes=3)
    pulled = pushed = 0.0
    for label, proxy in enumerate((*CLASS_ANGLES, 200)):
        cosines = [
            (cos(angle - proxy), own == label) for angle, own in zip(T4, LABELS, strict=True)
        ]
        pulled += math.log1p(sum(math.exp(-2 * (s - 0.1)) for s, own in cosines if own))
        pushed += math.log1p(sum(math.exp(2 * (s + 0.1)) for s, own in cosines if not own))
    loss = loss_on(objective, at_angles(*T4), LABELS)
    assert loss.item() == pytest.approx(pulled / 2 + pushed / 3)


@pytest.mark.parametrize(
    ("margin", "angle", "psi"),
    [(1, 40, cos(40)), (2, 40, cos(80)), (4, 40, cos(160)), (4, 60, -cos(240) - 2)],
)
def test_sphereface_multiplies_the_own_angle(weighed, loss_on, at_angles, margin, angle, psi):
    # The class weights' lengths do not count; that of the embedding, 3, does.
    vectors = 5 * at_angles(0, angle + 70)
    objective = weighed("sphereface", {"margin": margin, "scale": 0.5}, vectors)
    loss = loss_on(objective, 3 * at_angles(angle), [0])
    assert loss.item() == pytest.approx(math.log1p(math.exp(0.5 * 3 * (cos(70) - psi))))


def test_large_margin_softmax_multiplies_by_the_lengths_of_the_weights(weighed, loss_on, at_angles):
    vectors = at_angles(0, 110) * torch.tensor([[2.0], [5.0]], dtype=torch.float64)
    objective = weighed("large-margin-softmax", {"margin": 2, "scale": 1.0}, vectors)
    loss = loss_on(objective, 3 * at_angles(40), [0])
    expected = math.log1p(math.exp(3 * 5 * cos(70) - 3 * 2 * cos(80)))
    assert loss.item() == pytest.approx(expected)


def test_large_margin_softmax_without_margin_is_the_softmax_of_dot_products(
    weighed, loss_on, at_angles
):
    vectors, embeddings = 2 * at_angles(*CLASS_ANGLES), 3 * at_angles(*T4)
    objective = weighed("large-margin-softmax", {"margin": 1, "scale": 1.0}, vectors)
    expected = torch.nn.functional.cross_entropy(embeddings @ vectors.T, torch.tensor(LABELS))
    assert loss_on(objective, embeddings, LABELS).item() == pytest.approx(expected.item())


def test_the_nearest_sub_center_of_each_class_counts(weighed, loss_on, at_angles):
    point = {"margin": 20.0, "scale": 2.0, "sub_centers": 2}
    objective = weighed("subcenter-arcface", point, at_angles(0, 30, 110, 170))
    loss = loss_on(objective, at_angles(50), [0])
    assert loss.item() == pytest.approx(math.log1p(math.exp(2 * (cos(60) - cos(20 + 20)))))


def test_p2s_grad_is_the_mean_squared_error_of_the_cosines(weighed, loss_on, at_angles):
    objective = weighed("p2s-grad", {}, 2 * at_angles(*CLASS_ANGLES))
    loss = loss_on(objective, 3 * at_angles(50), [1])
    assert loss.item() == pytest.approx((cos(40) ** 2 + (cos(70) - 1) ** 2) / 2)
