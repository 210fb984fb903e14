"""The student: what it regresses, and that labels and teacher end with the preparation."""

from dataclasses import replace

import pytest
import torch

from harness.testing import ToyRun, toy_batch


def test_the_loss_is_the_mean_distance_to_the_targets_of_the_same_images(named):
    run, batch = ToyRun(named["gemini"]), toy_batch()
    batch = replace(batch, indices=batch.indices.flip(0))
    with torch.no_grad():
        embeddings = run.embed(batch.inputs)
    differences = embeddings - run.objective.targets.flip(0)
    expected = differences.square().sum(dim=1).sqrt().mean()
    torch.testing.assert_close(run.loss(batch=batch).detach(), expected)


def test_a_student_at_its_targets_has_no_loss(named):
    run = ToyRun(named["gemini"])
    targets = run.objective.targets
    loss = run.loss(embed=lambda inputs: targets.clone().requires_grad_())
    assert loss.item() == 0.0


def test_the_student_is_told_no_labels(named):
    run, batch = ToyRun(named["gemini"]), toy_batch()
    poisoned = replace(batch, labels=torch.full_like(batch.labels, -7))
    assert run.loss(batch=poisoned).item() == run.loss(batch=batch).item()


def test_nothing_of_the_teacher_is_left_to_train_or_to_score(named):
    objective = ToyRun(named["gemini"]).objective
    assert not list(objective.parameters())
    assert list(objective.state_dict()) == ["targets"]
    assert not objective.targets.requires_grad


@pytest.mark.parametrize("constraint_vectors", [False, True])
def test_the_seed_decides_the_teacher(named, constraint_vectors):
    point = {"constraint_vectors": constraint_vectors}
    first, again = (ToyRun(named["gemini"], point, seed=1).objective.targets for _ in range(2))
    other = ToyRun(named["gemini"], point, seed=2).objective.targets
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_it_is_for_closed_sets(named):
    assert named["gemini"].setting == "closed-set"
