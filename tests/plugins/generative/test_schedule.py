"""Which steps train on what."""

from collections import Counter

import pytest
from bench_methods.generative.schedule import SCHEDULES, Phase, phase

EPOCHS, STEPS_PER_EPOCH = 4, 5


def log(schedule, alpha=0.5):
    steps = range(EPOCHS * STEPS_PER_EPOCH)
    return [phase(schedule, alpha, epoch=step // STEPS_PER_EPOCH, step=step) for step in steps]


@pytest.mark.parametrize("schedule", ["epoch", "batch"])
def test_alternating_halves_the_steps(schedule):
    assert Counter(log(schedule)) == {Phase.SUPERVISED: 10, Phase.UNSUPERVISED: 10}


@pytest.mark.parametrize(("schedule", "run"), [("epoch", STEPS_PER_EPOCH), ("batch", 1)])
def test_alternating_takes_turns_and_ends_with_labels(schedule, run):
    phases = log(schedule)
    turns = [phases[start : start + run] for start in range(0, len(phases), run)]
    expected = [
        [(Phase.UNSUPERVISED, Phase.SUPERVISED)[turn % 2]] * run for turn in range(len(turns))
    ]
    assert turns == expected
    assert phases[-1] is Phase.SUPERVISED


def test_joint_steps_have_both():
    assert set(log("joint")) == {Phase.JOINT}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("alpha", "only"), [(0.0, Phase.SUPERVISED), (1.0, Phase.UNSUPERVISED)])
def test_a_loss_without_weight_has_no_steps(schedule, alpha, only):
    assert set(log(schedule, alpha)) == {only}
