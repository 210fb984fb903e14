"""The rule that chooses a step, on its own."""

from __future__ import annotations

from harness.training.loop import BestStep


def observe(rule: BestStep, *values: float) -> BestStep:
    for step, value in enumerate(values):
        rule.observe(step, value)
    return rule


def test_the_first_of_equal_bests_is_kept():
    assert observe(BestStep(patience=5), 0.1, 0.3, 0.3, 0.2).step == 1


def test_patience_runs_out_after_so_many_validations_without_improvement():
    rule = observe(BestStep(patience=2), 0.3, 0.2)
    assert not rule.exhausted
    assert observe(rule, 0.3).exhausted


def test_an_improvement_restores_patience():
    assert not observe(BestStep(patience=2), 0.1, 0.0, 0.2, 0.1).exhausted


def test_the_untrained_weights_are_a_candidate():
    assert observe(BestStep(patience=2), 0.5, 0.4).step == 0


def test_steps_before_the_first_allowed_are_noted_and_not_chosen():
    rule = observe(BestStep(patience=2, start=1), 0.5, 0.1, 0.2)
    assert (rule.step, len(rule.history)) == (2, 3)


def test_patience_is_counted_from_the_first_step_allowed():
    assert not observe(BestStep(patience=2, start=1), 0.5, 0.3, 0.2).exhausted
