"""What each measure counts: by hand, beside scikit-learn, and where nothing is to be found."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.preprocessing import StandardScaler

from harness.scoring.clustering import KMeans, cluster
from harness.scoring.geometry import place
from harness.variables.controls import dealt, over_classes, within_classes
from harness.variables.measuring import Embedded, Variable
from harness.variables.pairs import Pairs
from harness.variables.probing import FOLDS, Probe

CLASSES, EACH = 30, 8
LABELS = np.repeat(np.arange(CLASSES), EACH)
CODES = np.tile(np.arange(4), CLASSES * EACH // 4)


def embedded(strength: float, dimensions: int = 12) -> np.ndarray:
    """Classes at places of their own, moved by the variable, as far as `strength` says."""
    draw = np.random.default_rng(0)
    classes = draw.normal(size=(CLASSES, dimensions))[LABELS]
    moved = draw.normal(size=(4, dimensions))[CODES]
    return classes + strength * moved + 0.3 * draw.normal(size=(len(LABELS), dimensions))


def values(strength: float, variable: Variable) -> dict[str, float]:
    tested = Embedded(embedded(strength), LABELS, LABELS % 10, distance="euclidean", seed=0)
    sums = {**tested.carried(variable), **tested.disturbed(variable)}
    return {name: one.whole() for name, one in sums.items()}


def test_what_is_not_there_is_not_found_and_more_of_it_counts_for_more():
    variable = Variable(codes=CODES, numbers=np.arange(4.0))
    none, some, much = (values(strength, variable) for strength in (0.0, 0.5, 2.0))
    assert abs(none["probe"]) < 0.1
    assert none["r2"] < 0.05
    for name in ("probe", "r2", "ami", "p1_lost", "farther"):
        assert abs(none[name]) < 0.1
        assert some[name] <= much[name] + 1e-9
        assert much[name] > none[name] + 0.3, name


def test_knowing_the_class_is_no_help_to_the_probe():
    of_class = np.random.default_rng(1).integers(0, 2, CLASSES)[LABELS]
    found = values(0.0, Variable(codes=of_class))
    assert found["probe"] < 0.1
    assert set(found) == {"probe", "ami"}  # no pair of a class has two values


@pytest.mark.parametrize("dimensions", [12, 300], ids=["primal", "dual"])
def test_the_probe_is_ridge_regression_on_the_other_classes(dimensions):
    rows = embedded(1.0, dimensions)
    numbers = CODES.astype(float)
    probe = Probe.of(rows, LABELS, seed=3)
    off, about = probe.squares(numbers)
    tested = np.concatenate([fold.tested for fold in probe.folds])
    assert sorted(tested) == list(range(len(LABELS)))
    assert len(probe.folds) == FOLDS
    for fold in probe.folds:
        assert not set(LABELS[fold.tested]) & set(LABELS[fold.fitted])
        scaler = StandardScaler().fit(rows[fold.fitted])
        model = Ridge(alpha=dimensions)
        model.fit(scaler.transform(rows[fold.fitted]), numbers[fold.fitted])
        predicted = model.predict(scaler.transform(rows[fold.tested]))
        assert np.allclose(off[fold.tested], (predicted - numbers[fold.tested]) ** 2)
        mean = numbers[fold.fitted].mean()
        assert np.allclose(about[fold.tested], (mean - numbers[fold.tested]) ** 2)


def test_the_commonest_value_is_what_chance_predicts():
    codes = (np.arange(len(LABELS)) % 5 == 0).astype(np.int64)
    met, chance = Probe.of(np.ones((len(LABELS), 2)), LABELS, seed=0).hits(codes)
    assert np.array_equal(chance, codes == 0)
    assert np.array_equal(met, chance)  # of embeddings that say nothing


def test_pairs_by_hand():
    rows = np.array([[0.0], [1.0], [3.0], [2.5], [10.0]])
    labels = np.array([0, 0, 0, 1, 1])
    pairs = Pairs.of(rows, labels)
    found = {
        (int(q), int(p)): (n, a)
        for q, p, n, a in zip(pairs.query, pairs.partner, pairs.near, pairs.apart, strict=True)
    }
    assert len(found) == 8
    assert found[0, 1] == (1.0, pytest.approx(1.0 / 6.25))  # 1 < 2.5; mean of 2.5 and 10
    assert found[0, 2] == (0.0, pytest.approx(3.0 / 6.25))
    assert found[2, 0] == (0.0, pytest.approx(3.0 / 3.75))
    assert found[3, 4] == (0.0, pytest.approx(7.5 / (4.5 / 3)))
    queries, means = pairs.split(np.array([0, 0, 1, 0, 0]))
    assert queries.tolist() == [0, 1]  # the third has no partner of its value, the class 1 no other
    assert means[0] == pytest.approx([1.0, 0.0, 1.0 / 6.25, 3.0 / 6.25])


def test_more_partners_of_a_value_do_not_make_it_easier():
    draw = np.random.default_rng(0)
    labels = np.repeat(np.arange(40), 20)
    rows = 2 * draw.normal(size=(40, 6))[labels] + draw.normal(size=(800, 6))
    codes = (np.arange(800) % 20 == 0).astype(np.int64)  # one in twenty, at no place of its own
    _, means = Pairs.of(rows, labels).split(codes)
    within, across = means[:, 0].mean(), means[:, 1].mean()
    assert within > 0.1
    assert within == pytest.approx(across, abs=0.03)


def test_embeddings_at_one_place_have_pairs_that_are_neither_near_nor_apart():
    pairs = Pairs.of(np.zeros((4, 3)), np.array([0, 0, 1, 1]))
    assert pairs.near.tolist() == pairs.apart.tolist() == [0.0] * 4


def test_the_ami_is_that_of_the_clustering_that_boards_score():
    rows = embedded(2.0).astype(np.float32)
    tested = Embedded(rows, LABELS, LABELS % 10, distance="euclidean", seed=0)
    (points,) = place(rows, "euclidean")
    assigned = cluster(points, LABELS, KMeans(restarts=1), seed=0)[1].assigned
    found = tested.carried(Variable(codes=CODES))["ami"]
    assert found.whole() == pytest.approx(adjusted_mutual_info_score(CODES, assigned))
    kept = LABELS % 10 != 3
    without = adjusted_mutual_info_score(CODES[kept], assigned[kept])
    assert found.without_each()[3] == pytest.approx(without)


def test_distances_are_compared_as_the_board_compares_them():
    rows = embedded(1.0)
    longer = rows * np.random.default_rng(2).uniform(1, 9, (len(rows), 1))
    variable = Variable(codes=CODES)
    cosine, same = (
        Embedded(one, LABELS, LABELS % 10, distance="cosine", seed=0).disturbed(variable)
        for one in (rows, longer)
    )
    euclidean = Embedded(longer, LABELS, LABELS % 10, distance="euclidean", seed=0)
    assert cosine["farther"].whole() == pytest.approx(same["farther"].whole(), abs=1e-5)
    other = euclidean.disturbed(variable)["farther"].whole()
    assert other != pytest.approx(cosine["farther"].whole(), abs=1e-3)


def test_whole_classes_change_places_and_keep_their_values_together():
    draw = np.random.default_rng(0)
    labels, codes = np.repeat(np.arange(6), 4), np.repeat(np.arange(6), 4)
    order = over_classes(labels, draw)
    assert sorted(order) == list(range(24))
    assert [len(set(codes[order][labels == one])) for one in range(6)] == [1] * 6
    assert (codes[order] != codes).any()


def test_samples_of_a_class_change_places_and_none_leaves_it():
    order = within_classes(LABELS, np.random.default_rng(0))
    assert np.array_equal(LABELS[order], LABELS)
    assert (CODES[order] != CODES).any()


@pytest.mark.parametrize("how", ["over classes", "within classes"])
def test_a_control_depends_on_its_seed_and_number_alone(how):
    first = dealt(LABELS, how, seed=1, number=2)
    np.random.seed(5)
    assert np.array_equal(first, dealt(LABELS, how, seed=1, number=2))
    assert not np.array_equal(first, dealt(LABELS, how, seed=1, number=3))
    assert not np.array_equal(first, dealt(LABELS, how, seed=2, number=2))
