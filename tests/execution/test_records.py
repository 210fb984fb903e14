"""What a Record says of a run: the audit, the selection, and what was skipped and why."""

from __future__ import annotations

import pytest
import torch

from harness.record import Record


def test_a_record_survives_a_round_trip_through_json(run_method, spread):
    record = run_method(spread)
    assert Record.model_validate_json(record.model_dump_json()) == record


def test_the_audit_counts_steps_images_and_backward_passes(run_method, spread):
    audit = run_method(spread).audit
    assert (audit.steps, audit.images_embedded, audit.backward_passes) == (4, 32, 4)


def test_a_method_that_embeds_three_times_a_step_says_so(run_method, make_method, spread_objective):
    class Thrice(spread_objective):
        def forward(self, batch, embed):
            return sum(super(Thrice, self).forward(batch, embed) for _ in range(3))

    audit = run_method(make_method(Thrice)).audit
    assert (audit.steps, audit.images_embedded, audit.backward_passes) == (4, 96, 12)


def test_a_batch_that_moves_nothing_is_counted(run_method, make_method, spread_objective):
    class Idle(spread_objective):
        def forward(self, batch, embed):
            loss = super().forward(batch, embed)
            return loss * 0 if batch.step else loss

    audit = run_method(make_method(Idle)).audit
    assert (audit.backward_passes, audit.zero_gradients) == (4, 3)


def test_images_embedded_before_training_are_counted(run_method, make_method, spread_objective):
    class Prepares(spread_objective):
        def prepare(self, view, embed):
            embed(view.inputs(torch.arange(10)))

    audit = run_method(make_method(Prepares)).audit
    assert (audit.images_embedded, audit.images_read) == (42, 10)


def test_images_are_counted_as_read_whether_or_not_they_are_embedded(
    run_method, make_method, spread_objective
):
    class Reads(spread_objective):
        def begin_epoch(self, epoch, view, embed):
            view.inputs(torch.arange(5))

    audit = run_method(make_method(Reads)).audit
    assert (audit.images_embedded, audit.images_read) == (32, 10)


@pytest.mark.parametrize("views", [1, 2])
def test_images_of_all_views_of_all_batches_are_counted_as_drawn(
    run_method, make_method, spread_objective, views
):
    audit = run_method(make_method(spread_objective, views=views)).audit
    assert audit.steps > 0
    assert audit.images_drawn == views * audit.images_embedded


def test_the_time_before_the_first_step_is_part_of_training(
    run_method, make_method, spread_objective
):
    class Prepares(spread_objective):
        def prepare(self, view, embed):
            embed(view.inputs(torch.arange(10)))

    audit = run_method(make_method(Prepares)).audit
    assert 0 < audit.preparation_seconds < audit.training_seconds < audit.seconds


def test_the_record_counts_the_samples_that_train(run_method, spread):
    samples = run_method(spread).samples
    # Half of the twelve classes test, and one fold of the others validates.
    assert samples.training == samples.labelled
    assert samples.training % 6 == 0


def test_parameters_are_counted_by_owner(run_method, make_method, spread_objective):
    class WithProxies(spread_objective):
        def __init__(self):
            super().__init__()
            self.proxies = torch.nn.Parameter(torch.zeros(3, 5))

    parameters = run_method(make_method(WithProxies)).audit.parameters
    trunk = 9 * 16 + 2 * 16 + 9 * 16 * 32 + 2 * 32 + 9 * 32 * 64 + 2 * 64
    assert (parameters.trunk, parameters.head, parameters.objective) == (trunk, 64 * 64 + 64, 15)


def test_the_objectives_own_parameters_are_trained(
    run_method, make_method, spread_objective, notes
):
    class Scaled(spread_objective):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(()))

        def forward(self, batch, embed):
            notes(self.scale.item())
            return self.scale * super().forward(batch, embed)

    run_method(make_method(Scaled))
    assert len(set(notes.read())) == 4


def test_epochs_begin_every_so_many_steps(run_method, make_method, spread_objective, notes):
    class Watches(spread_objective):
        def begin_epoch(self, epoch, view, embed):
            notes(("epoch", epoch))

        def forward(self, batch, embed):
            notes(("step", batch.step))
            return super().forward(batch, embed)

    run_method(make_method(Watches))
    assert notes.read() == [
        ("epoch", 0), ("step", 0), ("step", 1), ("epoch", 1), ("step", 2), ("step", 3),
    ]  # fmt: skip


def test_the_selected_step_is_the_best_of_the_history(run_method, spread):
    selected = run_method(spread).selected
    assert [step for step, _ in selected.history] == [0, 2, 4]
    assert selected.value == max(value for _, value in selected.history)
    assert dict(selected.history)[selected.step] == selected.value


def test_an_untrained_method_is_scored_on_its_initial_weights(run_method, make_method, spread):
    def never():
        raise AssertionError("the builder of an untrained method was called")

    record = run_method(make_method(never, "idle", trained=False))
    assert record.state == "done"
    assert record.selected is None
    assert record.batches_digest is None
    assert record.audit.steps == 0
    assert record.init_digest == run_method(spread).init_digest


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ({"setting": "closed-set"}, "needs a closed-set split"),
        ({"members": 3}, "needs an embedding size that 3 members can share, not 64"),
        ({"relevance": "graded"}, "needs graded relevance"),
    ],
)
def test_what_a_protocol_lacks_skips_the_method_with_the_reason(
    run_method, make_method, spread_objective, declared, why
):
    record = run_method(make_method(spread_objective, **declared))
    assert (record.state, record.reason.kind) == ("skipped", "unsupported")
    assert why in record.reason.message


def test_the_record_names_protocol_dataset_and_code(run_method, spread, bench):
    identity = run_method(spread).identity
    assert identity.protocol_digest == bench.protocol.digest
    assert identity.dataset_digest == bench.dataset.digest
    assert (identity.distribution, identity.version) == ("tests", "0")
    assert len(identity.source) == 12


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("protocol_digest", "other"),
        ("dataset_digest", "other"),
        ("version", "9"),
        ("source", "other"),
        ("hyperparameters", {"margin": 0.5}),
        ("seed", 9),
        ("fold", 1),
        ("training_semantics", 99),
    ],
)
def test_all_that_decides_a_result_changes_the_run_id(planned, spread, field, value):
    identity = planned(spread).identity
    assert identity.model_copy(update={field: value}).run_id != identity.run_id
