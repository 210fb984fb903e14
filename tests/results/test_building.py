"""Which rows a leaderboard has, in which order, and what each says of its runs."""

from collections.abc import Callable

import pytest

from harness.errors import UserError
from harness.record import Audit, Concatenation, Parameters, Record, Selected
from harness.results import build_board
from harness.results.board import Failure, Runs

MakeRun = Callable[..., Record]
MakeRuns = Callable[..., list[Record]]


def test_no_records_make_no_leaderboard() -> None:
    with pytest.raises(UserError, match="no records"):
        build_board([])


def test_the_best_mean_stands_first(replicate: MakeRuns) -> None:
    records = [*replicate("a", score=0.1), *replicate("b", score=0.3), *replicate("c", score=0.2)]
    assert [row.method for row in build_board(records).rows] == ["b", "c", "a"]


def test_joined_folds_rank_where_they_are_asked_for(
    replicate: MakeRuns, joined: Callable[..., Concatenation]
) -> None:
    a, b = replicate("a", score=0.1), replicate("b", score=0.3)
    board = build_board([*a, *b], [joined(a, 0.9), joined(b, 0.8)], aggregate="concatenated")
    assert [row.method for row in board.rows] == ["a", "b"]


def test_rows_without_scores_stand_last(replicate: MakeRuns, failed_run: MakeRun) -> None:
    records = [failed_run("a"), *replicate("b", score=-0.5)]
    assert [row.method for row in build_board(records).rows] == ["b", "a"]


def test_a_row_counts_its_runs_of_those_begun(run: MakeRun, failed_run: MakeRun) -> None:
    records = [run(fold=0), failed_run(fold=1), failed_run(seed=1, state="skipped")]
    assert build_board(records).rows[0].runs == Runs(done=1, failed=1, skipped=1, expected=4)


def test_the_number_of_replicates_asked_for_can_be_given(replicate: MakeRuns) -> None:
    assert build_board(replicate(), replicates=5).rows[0].runs.expected == 10


def test_failures_are_counted_by_kind_with_the_first_message(failed_run: MakeRun) -> None:
    records = [failed_run(fold=0), failed_run(fold=1)]
    assert build_board(records).rows[0].failures == (
        Failure(
            state="failed", kind="diverged", count=2, message="the loss was nan at step 3\nand more"
        ),
    )


def test_a_failure_is_a_note_of_one_line(failed_run: MakeRun) -> None:
    notes = build_board([failed_run()]).notes
    assert "triplet: 1 run failed (diverged): the loss was nan at step 3" in notes


def test_the_cost_is_the_mean_over_the_runs_done(run: MakeRun, failed_run: MakeRun) -> None:
    parameters = Parameters(trunk=100, head=20, objective=5)
    audits = [
        Audit(
            steps=10,
            images_embedded=images,
            backward_passes=20,
            zero_gradients=0,
            training_seconds=1.0,
            seconds=2.0,
            peak_memory_bytes=peak,
            parameters=parameters,
        )
        for images, peak in ((300, 7), (500, None))
    ]
    records = [run(fold=fold, audit=audit) for fold, audit in enumerate(audits)]
    cost = build_board([*records, failed_run(seed=1)]).rows[0].cost
    assert cost is not None
    assert (cost.images_embedded, cost.backward_passes_per_step) == (400, 2.0)
    assert (cost.parameters, cost.peak_memory_bytes) == (125, 7)


def test_processor_seconds_are_the_mean_over_the_runs_that_know_them(run: MakeRun) -> None:
    spent = (None, 4.0, 8.0)
    runs = [run(fold=i, audit={"processor_seconds": seconds}) for i, seconds in enumerate(spent)]
    for records, expected in ((runs, 6.0), (runs[:1], None)):
        cost = build_board(records).rows[0].cost
        assert cost is not None
        assert cost.processor_seconds == expected


@pytest.mark.parametrize(
    ("counted", "members", "flags"),
    [
        ({"images_embedded": 320}, 1, ()),
        ({"images_embedded": 448}, 1, ("1.4x images",)),
        ({"images_embedded": 320, "images_read": 3200}, 1, ("11.0x images",)),
        ({"images_embedded": 640, "images_read": 320}, 1, ("2.0x images",)),
        ({"images_embedded": 1280}, 4, ("ensemble of 4",)),
        ({"images_embedded": 2560}, 4, ("ensemble of 4", "2.0x images")),
        ({"images_embedded": 160}, 1, ()),
        ({"images_embedded": 9999, "images_drawn": None}, 1, ()),
        ({"images_embedded": 9999, "images_drawn": 0, "steps": 0}, 1, ()),
    ],
)
def test_more_images_than_batches_hold_are_marked(
    run: MakeRun, counted: dict[str, int | None], members: int, flags: tuple[str, ...]
) -> None:
    record = run(audit={"images_drawn": 320, **counted}, declared={"members": members})
    assert build_board([record]).rows[0].flags == flags


def test_a_method_that_does_not_train_has_no_passes_a_step(run: MakeRun) -> None:
    audit = run().audit
    assert audit is not None
    untrained = audit.model_copy(update={"steps": 0, "backward_passes": 0})
    cost = build_board([run(audit=untrained)]).rows[0].cost
    assert cost is not None
    assert cost.backward_passes_per_step == 0.0


def test_a_collapsed_embedding_is_flagged(run: MakeRun) -> None:
    records = [run(fold=0), run(fold=1, scores={"collapsed": True})]
    assert build_board(records).rows[0].flags == ("collapsed in 1 of 2 runs",)


def looked(*history: tuple[int, float]) -> Selected:
    step, value = max(history, key=lambda look: look[1])
    return Selected(metric="map_at_r", step=step, value=value, history=history, stopped_early=False)


@pytest.mark.parametrize(
    ("histories", "share"),
    [
        ([((25, 0.3), (50, 0.4), (100, 0.6))], 0.5),
        ([((10, 0.1), (25, 0.3), (100, 0.4))], 0.75),  # the last of the first quarter
        ([((25, 0.3), (100, 0.6)), ((25, 0.45), (100, 0.6))], 0.625),  # the mean over runs
        ([((25, 0.3), (100, 0.6)), ((26, 0.45), (100, 0.6))], 0.5),  # over those that know it
        ([((0, 0.3), (26, 0.5), (100, 0.6))], None),  # the start is no learning
        ([((25, -0.1), (100, 0.0))], None),
    ],
)
def test_a_row_knows_how_much_was_learned_by_a_quarter_of_the_steps(
    run: MakeRun, histories: list[tuple[tuple[int, float], ...]], share: float | None
) -> None:
    records = [
        run(fold=fold, folds=len(histories), audit={"steps": 100}, selected=looked(*history))
        for fold, history in enumerate(histories)
    ]
    cost = build_board(records).rows[0].cost
    assert cost is not None
    assert cost.by_a_quarter == (None if share is None else pytest.approx(share))


def test_a_row_that_kept_its_initial_weights_is_flagged(run: MakeRun) -> None:
    kept = {"metric": "map_at_r", "value": 0.5, "history": [], "stopped_early": False}
    records = [run(fold=fold, selected=Selected(step=fold, **kept)) for fold in (0, 1)]
    assert build_board(records).rows[0].flags == ("kept its initial weights in 1 of 2 runs",)


def test_hyperparameters_given_by_hand_are_flagged(run: MakeRun) -> None:
    board = build_board([run(chosen_by="given")])
    assert board.rows[0].flags == ("hyperparameters by hand",)


def test_an_ensemble_is_flagged_and_noted(run: MakeRun) -> None:
    board = build_board([run(), run("dreml", declared={"members": 4})])
    assert "ensemble of 4: dreml" in board.notes
    assert "an ensemble is not to be ranked against single models" in board.notes


def test_an_unlocked_protocol_marks_every_row_and_the_board(run: MakeRun) -> None:
    board = build_board([run(identity={"unlocked": ("steps",)})])
    assert board.rows[0].flags == ("unlocked",)
    assert board.notes[0].startswith("unlocked protocol: steps not as published")


def test_one_replicate_is_said_to_have_no_interval(replicate: MakeRuns) -> None:
    assert "one replicate: no interval" in build_board(replicate()).notes


def test_queries_left_out_are_counted(replicate: MakeRuns) -> None:
    notes = build_board(replicate(scores={"singletons": 3})).notes
    assert any(note.startswith("3 test images have no other of their class") for note in notes)


def test_points_of_one_space_are_rows_told_apart_by_what_differs(replicate: MakeRuns) -> None:
    points = [{"margin": 0.1, "p": 2}, {"margin": 0.2, "p": 2}]
    records = [r for point in points for r in replicate(identity={"hyperparameters": point})]
    labels = {row.label for row in build_board(records).rows}
    assert labels == {"triplet (margin=0.1)", "triplet (margin=0.2)"}


def test_a_single_row_of_a_method_bears_its_plain_name(replicate: MakeRuns) -> None:
    assert build_board(replicate()).rows[0].label == "triplet"


@pytest.mark.parametrize(("ami", "warned"), [(0.172, True), (0.5, False), (None, False)])
def test_an_nmi_by_chance_is_warned_of(
    replicate: MakeRuns, ami: float | None, warned: bool
) -> None:
    values = {"map_at_r": 0.1, "nmi": 0.582} | ({} if ami is None else {"ami": ami})
    notes = build_board(replicate(scores={"values": values})).notes
    told = "NMI is high by chance alone, here 0.582 at an AMI of 0.172: compare AMI"
    assert (told in notes) == warned
    assert any(note.startswith("NMI") for note in notes) == warned
