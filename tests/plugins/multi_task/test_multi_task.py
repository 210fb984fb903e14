"""Losses of several label sets: by hand, by loops, against the library, and by properties."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from bench_methods.multi_task.gap_losses import GapMultiSimilarity, GapTriplet, gap_triplet
from bench_methods.multi_task.objective import MultiTaskObjective
from bench_methods.multi_task.tasks import Task, dimensions
from bench_methods.multi_task.value_proxies import ValueProxies, soft_targets
from bench_methods.pairs.batch_pairs import distances
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import MultiSimilarityLoss, TripletMarginLoss

from harness import LabelSet
from harness.testing import toy_batch, toy_context

PLAIN = Task("", 4)
AGES = Task("age", 3, (10.0, 20.0, 50.0))
MULTI_SIMILARITY = {"alpha": 2.0, "beta": 40.0, "base": 0.5}


@pytest.fixture
def scattered():
    """Unit vectors: float64 (12, 6)."""
    draw = torch.Generator().manual_seed(1)
    rows = torch.randn(12, 6, generator=draw, dtype=torch.float64)
    return torch.nn.functional.normalize(rows, dim=1)


def slopes(loss, given):
    """The gradient by central differences: float64, of the shape of `given`."""
    found, step = np.zeros(given.shape), 1e-6
    for place in itertools.product(*map(range, given.shape)):
        moved = [given.clone(), given.clone()]
        moved[0][place] += step
        moved[1][place] -= step
        found[place] = (loss(moved[0]).item() - loss(moved[1]).item()) / (2 * step)
    return found


def test_gaps_are_shares_of_the_widest_where_values_are_in_order():
    codes = torch.tensor([0, 1, 2, 2])
    assert AGES.gaps(codes)[0].tolist() == pytest.approx([0, 0.25, 1, 1])
    assert PLAIN.gaps(codes)[2].tolist() == [1, 1, 0, 0]


def test_rungs_are_every_gap_but_the_widest_and_few_of_many():
    assert AGES.rungs(8) == pytest.approx((0, 0.25, 0.75))
    assert PLAIN.rungs(8) == (0.0,)
    evenly = Task("", 101, tuple(map(float, range(101)))).rungs(5)
    assert evenly == pytest.approx((0, 0.25, 0.5, 0.74, 0.99), abs=0.011)


def test_slices_are_disjoint_and_the_class_has_what_is_left_over():
    assert dimensions(14, 4, "slices") == [slice(0, 5), slice(5, 8), slice(8, 11), slice(11, 14)]
    assert dimensions(14, 2, "shared") == [slice(0, 14)] * 2
    with pytest.raises(ValueError, match="4 label sets cannot share 3 dimensions in slices"):
        dimensions(3, 4, "slices")


def test_equal_labels_give_the_librarys_triplet_loss(scattered):
    codes = torch.arange(12) % 4
    library = TripletMarginLoss(margin=0.3, distance=LpDistance(normalize_embeddings=False))
    own = GapTriplet(PLAIN, 6, margin=0.3)(scattered, codes)
    assert own.item() == pytest.approx(library(scattered, codes).item(), abs=1e-6)


def test_equal_labels_give_the_librarys_multi_similarity_loss(scattered):
    codes = torch.arange(12) % 4
    own = GapMultiSimilarity(PLAIN, 6, **MULTI_SIMILARITY)(scattered, codes)
    library = MultiSimilarityLoss(**MULTI_SIMILARITY)(scattered, codes)
    assert own.item() == pytest.approx(library.item(), abs=1e-6)


def test_triplets_of_an_order_by_hand():
    # Values 10, 20 and 50 on a line at 0, 3 and 1: the far value lies nearer than the near one.
    # a=10: d 3 - 1, margin times (1 - .25); a=20: d 3 - 2, times (.75 - .25); a=50: met by -1.
    apart = distances(torch.tensor([[0.0], [3.0], [1.0]]))
    gaps = AGES.gaps(torch.tensor([0, 1, 2]))
    first, second, third = 2 + 0.4 * 0.75, 1 + 0.4 * 0.5, 2 - 1 + 0.4 * 0.25
    found = gap_triplet(apart, gaps, 0.4, violated=False)
    assert found.item() == pytest.approx((first + second + third) / 3)


def loop_over_triplets(rows, values, margin):
    """The mean of violated hinges, over three loops in numpy."""
    span = max(values) - min(values)
    hinges = []
    for a, p, n in itertools.permutations(range(len(values)), 3):
        nearer = (abs(values[a] - values[n]) - abs(values[a] - values[p])) / span
        if nearer > 0:
            reach = np.linalg.norm(rows[a] - rows[p]) - np.linalg.norm(rows[a] - rows[n])
            hinges.append(reach + margin * nearer)
    return np.mean([one for one in hinges if one > 0])


def test_triplets_of_an_order_by_loops_and_their_gradient(scattered):
    codes = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 1])
    loss = GapTriplet(AGES, 6, margin=0.2)
    given = scattered.clone().requires_grad_()
    found = loss(given, codes)
    values = [AGES.positions[code] for code in codes]
    assert found.item() == pytest.approx(loop_over_triplets(scattered.numpy(), values, 0.2))
    found.backward()
    expected = slopes(lambda rows: loss(rows, codes), scattered)
    np.testing.assert_allclose(given.grad.numpy(), expected, atol=1e-6)


def test_rungs_of_an_order_by_loops_and_their_gradient(scattered):
    codes = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 1])
    values = [AGES.positions[code] for code in codes]
    cosine = (scattered @ scattered.T).tolist()
    terms = []
    for rung in (0, 10, 30):
        for a in range(12):
            pull = sum(
                math.exp(-2 * (cosine[a][j] - 0.5))
                for j in range(12)
                if j != a and abs(values[a] - values[j]) <= rung
            )
            push = sum(
                math.exp(40 * (cosine[a][j] - 0.5))
                for j in range(12)
                if abs(values[a] - values[j]) > rung
            )
            terms.append(math.log1p(pull) / 2 + math.log1p(push) / 40)
    loss = GapMultiSimilarity(AGES, 6, **MULTI_SIMILARITY)
    given = scattered.clone().requires_grad_()
    found = loss(given, codes)
    assert found.item() == pytest.approx(np.mean(terms))
    found.backward()
    expected = slopes(lambda rows: loss(rows, codes), scattered)
    np.testing.assert_allclose(given.grad.numpy(), expected, atol=1e-6)


def test_soft_targets_of_an_order_by_hand():
    # In mean steps of 20: at 0, .5 and 2.
    near, far = math.exp(-0.5), math.exp(-2)
    expected = np.array([1, near, far]) / (1 + near + far)
    np.testing.assert_allclose(soft_targets(AGES)[0].numpy(), expected, atol=1e-6)
    assert soft_targets(PLAIN).tolist() == torch.eye(4).tolist()


def test_proxies_by_hand():
    loss = ValueProxies(Task("", 2), 2, temperature=0.5)
    with torch.no_grad():
        loss.proxies.copy_(torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
    found = loss(torch.tensor([[1.0, 0.0]]), torch.tensor([0]))
    assert found.item() == pytest.approx(math.log(1 + math.exp(-2)))


@pytest.mark.parametrize("make", [
    lambda task, width: GapTriplet(task, width, margin=0.2),
    lambda task, width: GapMultiSimilarity(task, width, **MULTI_SIMILARITY),
    lambda task, width: ValueProxies(task, width, temperature=0.1),
])  # fmt: skip
@pytest.mark.parametrize("layout", ["slices", "shared"])
def test_the_sum_is_weighted_and_unknown_values_count_for_nothing(make, layout, build):
    sets = (LabelSet(name="guise", values=2), LabelSet(name="age", values=3, positions=(1, 2, 4)))
    context = toy_context(embedding_size=9, label_sets=sets)
    torch.manual_seed(0)
    weights = {"guise": 0.5, "age": 2.0}
    objective = MultiTaskObjective(context, make, layout=layout, attribute_weight=weights)
    plain = toy_batch()
    rows = torch.nn.functional.normalize(torch.randn(len(plain.inputs), 9), dim=1)
    guise, age = plain.labels % 2, plain.labels % 3 - 1
    batch = replace(plain, inputs=rows, attributes={"guise": guise, "age": age})
    found = objective(batch, lambda inputs: inputs)
    places = [slice(0, 3), slice(3, 6), slice(6, 9)] if layout == "slices" else [slice(0, 9)] * 3
    parts = []
    for place, loss, codes in zip(
        places, objective.losses, (plain.labels, guise, age), strict=True
    ):
        own = torch.nn.functional.normalize(rows[codes >= 0, place], dim=1)
        parts.append(loss(own, codes[codes >= 0]).item())
    assert found.item() == pytest.approx(parts[0] + 0.5 * parts[1] + 2.0 * parts[2], rel=1e-5)


@pytest.mark.parametrize(
    "name", ["multi-task-triplet", "multi-task-multi-similarity", "multi-task-proxies",
             "conditional-similarity"],
)  # fmt: skip
def test_a_batch_that_knows_no_value_of_an_attribute_still_trains(name, named):
    method = named[name]
    context = toy_context(embedding_size=8, label_sets=(LabelSet(name="guise", values=2),))
    torch.manual_seed(0)
    objective = method.objective(method.defaults(), context)
    plain = toy_batch()
    rows = torch.nn.functional.normalize(torch.randn(len(plain.inputs), 8), dim=1).requires_grad_()
    batch = replace(plain, inputs=rows, attributes={"guise": torch.full_like(plain.labels, -1)})
    loss = objective(batch, lambda inputs: inputs)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(rows.grad).all()
    assert rows.grad.any()


def masked_triplets(rows, codes, mask, margin):
    """Every triplet under a mask, the satisfied too, over three loops in numpy."""
    held = rows * np.maximum(mask, 0)
    hinges = [
        max(0.0, margin + np.linalg.norm(held[a] - held[p]) - np.linalg.norm(held[a] - held[n]))
        for a, p, n in itertools.permutations(range(len(codes)), 3)
        if codes[a] == codes[p] != codes[n]
    ]
    return np.mean(hinges)


def test_conditional_similarity_by_loops_and_its_gradient(named, scattered):
    sets = (LabelSet(name="guise", values=2),)
    context = toy_context(classes=4, embedding_size=6, label_sets=sets)
    torch.manual_seed(0)
    given = {"margin": 0.3, "embedding_norm": 0.01, "mask_norm": 0.02}
    method = named["conditional-similarity"]
    objective = method.objective(method.point(given), context).double()
    codes = torch.arange(12) % 4
    guise = torch.tensor([0, 1] * 6) ^ (torch.arange(12) > 7).long()
    rows = 2.0 * scattered
    batch = replace(toy_batch(), inputs=rows, labels=codes, attributes={"guise": guise})
    masks = objective.masks.detach().numpy().copy()
    assert (masks < 0).any()

    def by_loops(rows, masks):
        triplets = [
            masked_triplets(rows, of.tolist(), mask, 0.3)
            for of, mask in zip((codes, guise), masks, strict=True)
        ]
        norms = 0.01 * (rows**2).sum(axis=1).mean()
        return np.mean(triplets) + norms + 0.02 * np.maximum(masks, 0).sum(axis=1).mean()

    found = objective(batch, lambda inputs: inputs)
    found.backward()
    assert found.item() == pytest.approx(by_loops(rows.numpy(), masks))
    expected = slopes(
        lambda moved: torch.tensor(by_loops(rows.numpy(), moved.numpy())), torch.tensor(masks)
    )
    np.testing.assert_allclose(objective.masks.grad.numpy(), expected, atol=1e-6)


def test_what_is_scored_is_under_the_mask_of_the_class(named):
    context = toy_context(embedding_size=6, label_sets=(LabelSet(name="guise", values=2),))
    torch.manual_seed(0)
    method = named["conditional-similarity"]
    objective = method.objective(method.defaults(), context)
    readout = objective.finish(None, None)
    assert readout.of == "embeddings"
    assert readout.matrix.diagonal().tolist() == objective.masks[0].relu().tolist()
    assert torch.equal(readout.matrix, torch.diag(readout.matrix.diagonal()))
