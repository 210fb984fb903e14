"""Runs that were not made alike are refused, in one line that says which and where."""

from collections.abc import Callable

import pytest

from harness.errors import UserError
from harness.leaderboard import build_leaderboard
from harness.record import Concatenation, Record, Samples

MakeRun = Callable[..., Record]


def refusal(*records: Record, joined: list[Concatenation] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        build_leaderboard(records, joined or [])
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("what", "identity"),
    [
        ("protocol digest", {"protocol_digest": "q" * 64}),
        ("dataset", {"dataset": "digits"}),
        ("dataset digest", {"dataset_digest": "e" * 64}),
        ("training semantics", {"training_semantics": 2}),
    ],
)
def test_records_made_under_different_conditions_are_refused(
    run: MakeRun, what: str, identity: dict[str, object]
) -> None:
    assert f"different {what} cannot share" in refusal(run(), run(identity=identity))


def test_records_scored_by_different_semantics_are_refused(run: MakeRun) -> None:
    line = refusal(run(), run(seed=1, scores={"semantics": 2}))
    assert line.endswith("scoring semantics cannot share a leaderboard: 1 and 2")


def test_joined_folds_scored_by_different_semantics_are_refused(
    run: MakeRun, joined: Callable[..., Concatenation]
) -> None:
    records = [run(fold=0), run(fold=1)]
    line = refusal(*records, joined=[joined(records, 0.5, semantics=2)])
    assert "different scoring semantics" in line


def test_different_initial_weights_at_one_fold_and_seed_are_refused(run: MakeRun) -> None:
    line = refusal(
        run("triplet", seed=7, fold=1, init_digest="abc"),
        run("margin", seed=7, fold=1, init_digest="def"),
    )
    assert line == (
        "triplet and margin cannot be compared: their initial weights differ at fold 1, seed 7 "
        "(abc and def)"
    )


def test_different_batches_of_one_composition_are_refused(run: MakeRun) -> None:
    line = refusal(
        run("triplet", batches_digest="abc"),
        run("margin", batches_digest="def"),
    )
    assert line == (
        "triplet and margin cannot be compared: their balanced batches differ at fold 0, seed 0 "
        "(abc and def)"
    )


def test_methods_of_different_compositions_need_not_share_batches(run: MakeRun) -> None:
    one_per_class = run(
        "arcface", batches_digest="other", declared={"composition": "one-per-class"}
    )
    assert len(build_leaderboard([run("triplet"), one_per_class]).rows) == 2


def test_batches_of_clusters_are_each_methods_own(run: MakeRun) -> None:
    own = {"composition": "clusters"}
    one, other = (run(n, batches_digest=n, declared=own) for n in ("magnet", "clustering"))
    assert len(build_leaderboard([one, other]).rows) == 2


def test_methods_that_draw_clusters_still_share_the_initial_weights(run: MakeRun) -> None:
    own = {"composition": "clusters"}
    one, other = (run(n, init_digest=n, declared=own) for n in ("magnet", "clustering"))
    assert "initial weights differ" in refusal(one, other)


def test_methods_that_reach_other_samples_need_not_share_batches(run: MakeRun) -> None:
    all_known = run("triplet", batches_digest="a", samples=Samples(training=50, labelled=50))
    half_known = run("dvml", batches_digest="b", samples=Samples(training=100, labelled=50))
    assert len(build_leaderboard([all_known, half_known]).rows) == 2


def test_methods_that_reach_the_same_samples_share_batches(run: MakeRun) -> None:
    half = Samples(training=100, labelled=50)
    one, other = (run(n, batches_digest=n, samples=half) for n in ("dvml", "autoencoder"))
    assert "balanced batches differ" in refusal(one, other)


def test_different_seeds_need_not_share_weights(run: MakeRun) -> None:
    assert build_leaderboard([run(seed=0), run(seed=1)]).rows


def test_a_method_that_does_not_train_has_no_batches_to_share(run: MakeRun) -> None:
    assert len(build_leaderboard([run(), run("untrained", batches_digest=None)]).rows) == 2


def test_the_smaller_backbones_of_an_ensemble_need_not_share_weights(run: MakeRun) -> None:
    ensemble = run("dreml", init_digest="smaller", declared={"members": 4})
    assert len(build_leaderboard([run(), ensemble]).rows) == 2


def test_a_failed_run_that_started_from_other_weights_is_refused(
    run: MakeRun, failed_run: MakeRun
) -> None:
    assert "initial weights" in refusal(run("triplet"), failed_run("margin", init_digest="other"))


def test_a_hidden_version_cannot_spoil_the_board(run: MakeRun) -> None:
    old = run(identity={"version": "0.9"}, init_digest="other", finished="2024-01-01T00:00:00Z")
    assert build_leaderboard([old, run()]).rows
