"""Magnet's index: what it tells the core about the clusters of an epoch."""

import torch

from harness.testing import ToyRun


def test_at_first_all_clusters_are_as_probable(named):
    weights = ToyRun(named["magnet"]).objective.clusters().weights
    assert weights.unique().tolist() == [1.0]


def test_clusters_cover_the_training_part_within_classes(named):
    run = ToyRun(named["magnet"], {"clusters_per_class": 2})
    clusters = run.objective.clusters()
    labels = run.view.labels
    for cluster in range(len(clusters.weights)):
        assert len(labels[clusters.assignment == cluster].unique()) == 1
    assert len(clusters.weights) == 16


def test_neighbours_are_of_other_classes(named):
    run = ToyRun(named["magnet"], {"clusters_per_class": 2})
    clusters = run.objective.clusters()
    owner = torch.empty(16, dtype=torch.long)
    owner[clusters.assignment] = run.view.labels
    assert clusters.neighbours.shape == (16, 14)
    assert (owner[clusters.neighbours] != owner[:, None]).all()


def test_a_cluster_is_drawn_by_the_mean_of_its_samples_losses(named):
    objective = ToyRun(named["magnet"], {"clusters_per_class": 1}).objective
    # Classes of four samples: of the first two, some are seen; the others count as average.
    objective.losses[:6] = torch.tensor([1.0, 2.0, 3.0, torch.nan, 6.0, 6.0])
    weights = objective.clusters().weights
    torch.testing.assert_close(weights, torch.tensor([2.0, 6.0] + [18 / 5] * 6))


def test_where_no_loss_is_left_all_are_as_probable_again(named):
    objective = ToyRun(named["magnet"]).objective
    objective.losses[:] = 0.0
    assert objective.clusters().weights.unique().tolist() == [1.0]


def test_a_batch_leaves_its_losses_behind(named):
    run = ToyRun(named["magnet"])
    loss = run.loss()
    assert run.objective.losses.mean().item() == loss.item()


def test_losses_outlive_the_clusters_they_were_of(named):
    run = ToyRun(named["magnet"])
    run.loss()
    before = run.objective.losses.clone()
    run.begin_epoch(1)
    assert torch.equal(run.objective.losses, before)
