"""Clusters of each class, and which of other classes are near them."""

import pytest
import torch
from bench_methods.clustering.class_clusters import class_clusters, impostors

# Class 4 has groups at 0 and 10, class 7 at 1 and 30.
POINTS = torch.tensor([[0.0], [10.0], [0.2], [10.2], [1.0], [30.0], [1.2], [30.2]])
LABELS = torch.tensor([4, 4, 4, 4, 7, 7, 7, 7])


def groups(assignment):
    """The clusters as sets of positions."""
    return {
        frozenset(torch.nonzero(assignment == c).flatten().tolist()) for c in assignment.tolist()
    }


def test_each_class_is_divided_where_it_has_a_gap():
    assignment, owners = class_clusters(POINTS, LABELS, per_class=2, seed=0)
    assert groups(assignment) == {frozenset(g) for g in ((0, 2), (1, 3), (4, 6), (5, 7))}
    assert owners[assignment].tolist() == LABELS.tolist()


def test_one_cluster_a_class_is_the_class():
    assignment, owners = class_clusters(POINTS, LABELS, per_class=1, seed=0)
    assert assignment.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert owners.tolist() == [4, 7]


@pytest.mark.parametrize("per_class", [4, 9])
def test_a_class_has_no_more_clusters_than_samples(per_class):
    assignment, _ = class_clusters(POINTS, LABELS, per_class=per_class, seed=0)
    assert sorted(assignment.tolist()) == list(range(8))


def test_samples_that_coincide_leave_no_cluster_empty():
    assignment, owners = class_clusters(torch.ones(8, 3), LABELS, per_class=3, seed=0)
    assert set(assignment.tolist()) == set(range(len(owners)))


def test_impostors_are_of_other_classes_the_nearest_first():
    # Means of clusters: 0.1 and 10.1 of class 4, 1.1 and 30.1 of class 7.
    assignment = torch.tensor([0, 1, 0, 1, 2, 3, 2, 3])
    owners = torch.tensor([4, 4, 7, 7])
    near = impostors(POINTS, assignment, owners, most=8)
    assert near.tolist() == [[2, 3], [2, 3], [0, 1], [1, 0]]


def test_no_more_impostors_than_asked_for():
    assignment = torch.tensor([0, 1, 0, 1, 2, 3, 2, 3])
    near = impostors(POINTS, assignment, torch.tensor([4, 4, 7, 7]), most=1)
    assert near.tolist() == [[2], [2], [0], [1]]
