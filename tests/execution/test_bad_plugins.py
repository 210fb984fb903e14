"""Whatever a method does wrong is a failed Record with its reason, and nothing else breaks."""

from __future__ import annotations

import contextlib
import random

import numpy as np
import pytest
import torch

from harness.data.dataset import SealedTestSet
from harness.data.embedded import load_digits


@pytest.fixture
def failure(run_method, make_method):
    """Run an objective class that misbehaves; return its (kind, message)."""

    def fail(objective, **declared):
        record = run_method(make_method(objective, **declared))
        assert record.state == "failed"
        assert record.scores is None
        return record.reason.kind, record.reason.message

    return fail


def test_a_method_that_raises_is_a_crashed_record_with_its_traceback(
    run_method, make_method, spread_objective
):
    class Raises(spread_objective):
        def forward(self, batch, embed):
            raise ValueError("no such thing")

    record = run_method(make_method(Raises))
    assert (record.state, record.reason.kind) == ("failed", "crashed")
    line = Raises.forward.__code__.co_firstlineno + 1
    assert record.reason.message == f"ValueError: no such thing (test_bad_plugins.py:{line})"
    assert "in forward" in record.reason.traceback


def test_a_method_that_exits_the_program_does_not_exit_it(failure, spread_objective):
    class Exits(spread_objective):
        def forward(self, batch, embed):
            raise SystemExit(3)

    line = Exits.forward.__code__.co_firstlineno + 1
    assert failure(Exits) == ("crashed", f"SystemExit: 3 (test_bad_plugins.py:{line})")


def test_a_nan_loss_is_divergence_with_its_step(failure, spread_objective):
    class Nan(spread_objective):
        def forward(self, batch, embed):
            loss = super().forward(batch, embed)
            return loss * float("nan") if batch.step == 2 else loss

    assert failure(Nan) == ("diverged", "the loss is nan at step 2")


def test_weights_that_became_infinite_are_divergence(failure, spread_objective):
    class Explodes(spread_objective):
        def forward(self, batch, embed):
            return super().forward(batch, embed) * 1e38 * 1e10

    kind, message = failure(Explodes)
    assert kind == "diverged"
    assert "the loss is" in message


def test_a_loss_that_is_not_a_scalar_is_named_with_its_shape(failure, spread_objective):
    class Vector(spread_objective):
        def forward(self, batch, embed):
            return embed(batch.inputs).sum(1)

    assert failure(Vector) == ("bad-loss", "the loss has shape (8,), not that of a scalar")


def test_a_loss_that_is_a_number_is_not_a_tensor(failure, spread_objective):
    class Number(spread_objective):
        def forward(self, batch, embed):
            return 1.0

    assert failure(Number) == ("bad-loss", "the loss is float, not a tensor")


def test_a_detached_loss_has_no_gradient(failure, spread_objective):
    class Detached(spread_objective):
        def forward(self, batch, embed):
            return super().forward(batch, embed).detach()

    assert failure(Detached) == ("bad-loss", "the loss has no gradient")


def test_a_loss_that_never_reaches_the_backbone_is_found(failure, spread_objective):
    class Elsewhere(spread_objective):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, batch, embed):
            return self.weight * embed(batch.inputs).detach().sum()

    assert failure(Elsewhere) == ("bad-loss", "no gradient reached the backbone in 2 steps")


def test_a_builder_that_returns_something_else_is_named(run_method, make_method):
    record = run_method(make_method(torch.nn.Identity))
    assert record.reason.message == "build returned Identity, not an Objective"


def _backbone_of(embed):
    """What a plugin that pokes around would find."""
    return embed._backbone


def test_weights_changed_in_place_are_found_at_the_same_step(failure, spread_objective):
    class Scales(spread_objective):
        def forward(self, batch, embed):
            with torch.no_grad():
                _backbone_of(embed).head.weight.mul_(1.5)
            return super().forward(batch, embed)

    kind, message = failure(Scales)
    assert kind == "tampered"
    assert "changed by something but the optimizer" in message


def test_weights_changed_through_data_are_found_by_value(failure, spread_objective):
    class Scales(spread_objective):
        def begin_epoch(self, epoch, view, embed):
            _backbone_of(embed).head.weight.data.mul_(1.5)

    assert failure(Scales)[0] == "tampered"


def test_weights_changed_by_the_builder_are_found(failure, spread_objective):
    class Prepares(spread_objective):
        def prepare(self, view, embed):
            _backbone_of(embed).head.bias.data.add_(1.0)

    assert failure(Prepares)[0] == "tampered"


def test_a_backward_pass_behind_the_cores_back_is_found(failure, spread_objective):
    class Twice(spread_objective):
        def forward(self, batch, embed):
            super().forward(batch, embed).backward()
            return super().forward(batch, embed)

    kind, message = failure(Twice)
    assert kind == "tampered"
    assert "backward pass of its own" in message


def test_a_changed_layer_is_found(failure, spread_objective):
    class Shrinks(spread_objective):
        def forward(self, batch, embed):
            _backbone_of(embed).head = torch.nn.Linear(64, 3)
            return super().forward(batch, embed)

    kind, message = failure(Shrinks)
    assert kind == "tampered"
    assert "its layers are not those that the core built" in message


def test_asking_for_a_dataset_while_training_fails_the_run(failure, spread_objective):
    class Peeks(spread_objective):
        def forward(self, batch, embed):
            load_digits()
            return super().forward(batch, embed)

    kind, message = failure(Peeks)
    assert kind == "sealed"
    assert "dataset digits was asked for" in message


def test_asking_for_test_data_fails_the_run_even_if_the_error_is_caught(failure, spread_objective):
    class PeeksQuietly(spread_objective):
        def forward(self, batch, embed):
            with contextlib.suppress(SealedTestSet):
                load_digits()
            return super().forward(batch, embed)

    assert failure(PeeksQuietly)[0] == "sealed"


def test_raising_another_error_in_place_of_the_seals_hides_nothing(failure, spread_objective):
    class Hides(spread_objective):
        def forward(self, batch, embed):
            try:
                load_digits()
            except SealedTestSet:
                raise KeyError("nothing to see") from None

    assert failure(Hides)[0] == "sealed"


def test_running_out_of_memory_has_a_kind_of_its_own(failure, spread_objective):
    class Huge(spread_objective):
        def forward(self, batch, embed):
            torch.empty(2**62, dtype=torch.uint8)
            return super().forward(batch, embed)

    assert failure(Huge)[0] == "out-of-memory"


def test_a_method_that_seeds_the_global_generators_shifts_nobody(
    run_method, make_method, spread, spread_objective
):
    class Reseeds(spread_objective):
        def forward(self, batch, embed):
            torch.manual_seed(0)
            np.random.seed(0)
            random.seed(0)
            return super().forward(batch, embed)

    alone = run_method(spread)
    reseeding = run_method(make_method(Reseeds, "reseeds"))
    assert reseeding.batches_digest == alone.batches_digest
    assert reseeding.init_digest == alone.init_digest
    assert reseeding.scores == alone.scores
    assert run_method(spread).scores == alone.scores


def test_global_state_is_put_back_after_a_run(run_method, make_method, spread_objective):
    class Leaves(spread_objective):
        def forward(self, batch, embed):
            torch.set_default_dtype(torch.float64)
            random.random()
            np.random.random()
            torch.rand(3)
            torch.set_grad_enabled(False)
            return super().forward(batch, embed)

    before = (
        torch.random.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),
        random.getstate(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
    )
    run_method(make_method(Leaves))
    assert before == (
        torch.random.get_rng_state().tolist(),
        np.random.get_state()[1].tolist(),
        random.getstate(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
    )


def test_a_plugin_metric_that_fails_is_missing_and_changes_nothing_else(bench, planned, spread):
    from harness.execution.run import execute
    from harness.hookspecs import Metric
    from harness.registry import Origin, Registered

    def broken(_embeddings, _labels):
        raise ZeroDivisionError

    origin = Origin("tests", "tests", "0", None)
    for name, compute in {
        "broken": broken,
        "infinite": lambda _e, _l: float("inf"),
        "spread": lambda e, _l: float(e.std()),
    }.items():
        metric = Metric(name=name, compute=compute, summary="")
        bench.registry.metrics[name] = Registered(metric, origin)
    record, _ = execute(planned(spread), bench)
    assert record.state == "done"
    assert record.scores.extra["broken"] is None
    assert record.scores.extra["infinite"] is None
    assert record.scores.extra["spread"] > 0
