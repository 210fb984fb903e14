"""Stores and published leaderboards against a baseline: every method gets its verdict."""

from __future__ import annotations

import pytest
import torch

from harness.errors import NotComparable, UserError
from harness.execution.machine import environment
from harness.gate.boards import baseline_side, candidate_side, gate_boards, point_text
from harness.gate.metrics import gated_metrics
from harness.record import Searched, Told
from harness.results import open_source
from harness.results.publication import load_publication
from harness.results.source import StoreSource, published_source
from harness.store import Store


@pytest.fixture
def gate(make_store, publish):
    """Gate a store against the published store of methods `a` and `b`."""

    def run(candidate, *, metrics=(), margins=(), baseline=None, **options):
        path = publish(baseline or make_store("base", levels={"a": 0.5, "b": 0.6}))
        recorded = baseline_side(published_source(load_publication(path), "base.json"))
        with Store.open(candidate) as opened:
            found = candidate_side(StoreSource(opened), recorded)
        return gate_boards(recorded, found, gated_metrics(metrics, margins), **options)

    return run


def statuses(report) -> dict[str, str]:
    return {
        f"{line.method}{line.metric and ' '}{line.metric}": line.status for line in report.lines
    }


def test_the_same_store_passes(gate, make_store):
    report = gate(make_store("base", levels={"a": 0.5, "b": 0.6}))
    assert statuses(report) == {"a map_at_r": "pass", "b map_at_r": "pass"}
    assert (report.status, report.exit_code) == ("pass", 0)


def test_noise_within_the_margin_passes(gate, make_store):
    new = make_store("new", levels={"a": 0.5, "b": 0.6}, noise=0.002, draw=1)
    assert gate(new, margins=["0.03"]).exit_code == 0


def test_a_worse_method_is_a_regression_and_the_other_still_passes(gate, make_store):
    report = gate(make_store("new", levels={"a": 0.5, "b": 0.4}))
    assert statuses(report) == {"a map_at_r": "pass", "b map_at_r": "regression"}
    assert report.exit_code == 1
    (line,) = (line for line in report.lines if line.status == "regression")
    assert line.sentence.startswith("b: MAP@R 0.")
    assert "over 3 paired replicates: worse by more than the margin of 0.01" in line.sentence


def test_a_better_method_passes(gate, make_store):
    assert gate(make_store("new", levels={"a": 0.7, "b": 0.8})).exit_code == 0


def test_noise_is_inconclusive_and_may_be_let_pass(gate, make_store):
    new = make_store("new", levels={"a": 0.5, "b": 0.6}, noise=0.2, draw=1)
    assert gate(new).exit_code == 5
    assert gate(new, inconclusive="pass").exit_code == 0


def test_one_replicate_is_inconclusive(gate, make_store):
    report = gate(make_store("new", levels={"a": 0.5, "b": 0.6}, seeds=range(1)))
    assert set(statuses(report).values()) == {"inconclusive"}
    assert "one replicate" in report.lines[0].sentence
    assert "2 of the baseline without a partner" in report.lines[0].sentence


def test_fewer_seeds_are_compared_and_counted(gate, make_store):
    report = gate(make_store("new", levels={"a": 0.5, "b": 0.6}, seeds=range(2)))
    assert report.exit_code == 0
    assert "over 2 paired replicates" in report.lines[0].sentence
    assert "(replicates: 1 of the baseline without a partner)" in report.lines[0].sentence


def test_a_replicate_without_one_fold_is_left_out_and_counted(gate, make_store):
    new = make_store("new", levels={"a": 0.5, "b": 0.6}, seeds=range(2))
    make_store("new", levels={}, seeds=range(0))
    with Store.open(new) as store:
        extra = store.records()[0]
        identity = extra.identity.model_copy(update={"seed": 2})
        store.put(extra.model_copy(update={"identity": identity, "init_digest": "init-2-0"}))
    report = gate(new, methods=["a"])
    assert "1 of the candidate incomplete" in report.lines[0].sentence


def test_failed_runs_outrank_what_passes(gate, make_store, failed_fields):
    replace = {("b", 2, 0): failed_fields}
    report = gate(make_store("new", levels={"a": 0.5, "b": 0.6}, replace=replace))
    assert report.exit_code == 4
    assert statuses(report)["b"] == "failed"
    assert (
        "1 of 6 runs failed (seed 2, fold 0: diverged: the loss was nan" in report.lines[1].sentence
    )


def test_a_regression_outranks_failed_runs(gate, make_store, failed_fields):
    replace = {("b", 2, 0): failed_fields}
    report = gate(make_store("new", levels={"a": 0.2, "b": 0.6}, replace=replace))
    assert report.exit_code == 1


def test_a_failure_that_the_baseline_has_too_is_none(gate, make_store, failed_fields):
    store = make_store("new", levels={"a": 0.5}, replace={("a", 2, 0): failed_fields})
    report = gate(store, baseline=store)
    assert report.exit_code == 0
    assert "over 2 paired replicates" in report.lines[0].sentence


def test_a_score_that_is_not_finite_is_a_failed_run(gate, make_store, make_run):
    scores = make_run()[0].scores.model_copy(update={"values": {"map_at_r": float("nan")}})
    replace = {("a", 0, 0): {"scores": scores}}
    report = gate(make_store("new", levels={"a": 0.5, "b": 0.6}, replace=replace))
    assert report.exit_code == 4
    assert "map_at_r is missing or not finite" in report.lines[0].sentence


def test_a_method_that_was_not_run_is_missing(gate, make_store):
    new = make_store("new", levels={"a": 0.5})
    assert statuses(gate(new)) == {"a map_at_r": "pass", "b map_at_r": "missing"}
    assert gate(new).exit_code == 3
    assert gate(new, methods=["a"]).exit_code == 0


def test_a_new_method_is_not_gated_and_named(gate, make_store):
    report = gate(make_store("new", levels={"a": 0.5, "b": 0.6, "c": 0.1}))
    assert report.exit_code == 0
    assert "not gated, because the baseline does not have them: c" in report.notes


def test_costs_are_gated_the_other_way(gate, make_store, make_run):
    audit = make_run()[0].audit.model_copy(update={"training_seconds": 2.5})
    slower = make_store("new", levels={"a": 0.5, "b": 0.6}, audit=audit)
    options = {"metrics": ["training_seconds"]}
    assert gate(slower, margins=["training_seconds=20%"], **options).exit_code == 1
    assert gate(slower, margins=["training_seconds=30%"], **options).exit_code == 0


def test_a_plugins_metric_is_gated(gate, make_store):
    worse = make_store("new", levels={"a": 0.5, "b": 0.3})
    assert gate(worse, metrics=["purity:higher"]).exit_code == 1
    assert gate(worse, metrics=["purity:lower"]).exit_code == 0


def test_other_hyperparameters_are_compared_and_named(gate, make_store):
    new = make_store("new", levels={"a": 0.5}, identity={"hyperparameters": {"margin": 0.2}})
    report = gate(new, methods=["a"])
    assert report.exit_code == 0
    assert "a: its hyperparameters are margin=0.2, the baseline's margin=0.1" in report.notes


@pytest.mark.parametrize(
    ("point", "others", "text"),
    [
        ('{"a": 1, "b": 2}', ['{"a": 1, "b": 3}'], "b=2"),
        ('{"a": 1, "b": 2}', ["searched"], "a=1, b=2"),
        ("searched", ['{"a": 1}'], "searched"),
        ("{}", ['{"a": 1}'], "no hyperparameters"),
    ],
)
def test_a_point_is_told_as_the_board_tells_it(point, others, text):
    assert point_text(point, [*others, point]) == text


def test_other_code_and_another_environment_are_named(gate, make_store):
    identity, facts = {"source": "n" * 12}, {"torch": "2.7"}
    new = make_store("new", levels={"a": 0.5}, identity=identity, environment=facts)
    notes = gate(new, methods=["a"]).notes
    assert "a: tests 1, source nnnnnnnnnnnn, the baseline's tests 1, source ssssssssssss" in notes
    assert "environments differ: torch 2.6 -> 2.7" in notes


@pytest.mark.parametrize(
    ("fact", "moves"),
    [
        ("cpu", True),
        ("vectors", True),
        ("device", True),
        ("torch", True),
        ("python", False),
        ("platform", False),
    ],
)
def test_a_machine_that_may_give_other_bits_is_said_to(gate, make_store, fact, moves):
    """The facts are those that a Record holds, by their names there."""
    assert fact in environment(torch.device("cpu"))
    new = make_store("new", levels={"a": 0.5}, environment={"torch": "2.6", fact: "another"})
    notes = gate(new, methods=["a"]).notes
    assert any("the same seeds do not give the same bits" in note for note in notes) is moves
    assert any(note.startswith("environments differ") for note in notes)


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"protocol": "other", "protocol_digest": "o" * 64}, "holds other on digits and not the"),
        ({"protocol_digest": "o" * 64}, "in protocol digest"),
        ({"dataset_digest": "o" * 64}, "in dataset digest"),
        ({"training_semantics": 9}, "in training semantics"),
        ({"protocol_digest": "o" * 64, "unlocked": ("a=1",)}, r"is unlocked \(a=1\) and cannot be"),
    ],
)
def test_other_digests_are_not_compared(gate, make_store, identity, said):
    with pytest.raises(NotComparable, match=said):
        gate(make_store("new", levels={"a": 0.5}, identity=identity))


def test_another_trunk_or_number_of_folds_is_not_compared(gate, make_store):
    """What a plugin's new trunk gains hid what the methods lost."""
    new = make_store("new", levels={"a": 0.9, "b": 0.9}, identity={"trunk": "acme 2.0 bbb"})
    said = r"of another trunk than the baseline's \(acme 2.0 bbb; there the core's\)"
    with pytest.raises(NotComparable, match=said):
        gate(new)
    with pytest.raises(NotComparable, match=r"of another number of folds .* \(3; there 2\)"):
        gate(make_store("folds", levels={"a": 0.9, "b": 0.9}, folds=3))


def test_runs_of_the_baselines_trunk_are_gated_though_another_has_more(gate, make_store, make_run):
    new = make_store("new", levels={"a": 0.9, "b": 0.9, "z": 0.9}, identity={"trunk": "acme 2 b"})
    with Store.open(new) as opened:
        for seed in range(3):
            for fold in range(2):
                opened.put(*make_run("a", seed=seed, fold=fold, level=0.5))
    report = gate(new, methods=["a"])
    assert statuses(report) == {"a map_at_r": "pass"}
    assert "by +0.0000" in report.lines[0].sentence
    assert "left out: 18 runs of another trunk (acme 2 b)" in report.notes


def test_other_scoring_semantics_are_not_compared(gate, make_store, make_run):
    scores = make_run()[0].scores.model_copy(update={"semantics": 2})
    with pytest.raises(NotComparable, match=r"different scoring semantics.*`bench rescore`"):
        gate(make_store("new", levels={"a": 0.5, "b": 0.6}, scores=scores))


def test_an_empty_store_measured_nothing(gate, make_store):
    with pytest.raises(NotComparable, match="holds no records: nothing was measured"):
        gate(make_store("new", levels={}))


def test_only_other_methods_measured_nothing(gate, make_store):
    with pytest.raises(NotComparable, match="nothing was measured that the baseline"):
        gate(make_store("new", levels={"z": 0.5}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": ["aa"]}, "unknown method 'aa'; did you mean 'a'"),
        ({"metrics": ["purty:higher"]}, "unknown metric 'purty'; did you mean 'purity'"),
    ],
)
def test_slips_are_usage(gate, make_store, options, said):
    with pytest.raises(UserError, match=said) as raised:
        gate(make_store("new", levels={"a": 0.5}), **options)
    assert raised.value.exit_code == 2


def test_a_tuned_method_is_one_line_whatever_its_searches_found(make_store, publish):
    def tuned(name, points):
        replace = {}
        for seed in range(3):
            found = Searched(
                search=seed,
                trials=5,
                failed=0,
                sampler="tpe",
                metric="map_at_r",
                best_trial=1,
                value=0.5,
                on_bound=(),
                space={"margin": "[0, 1]"},
                seconds=1.0,
            )
            own = {
                "identity": {"hyperparameters": {"margin": points[seed]}},
                "chosen_by": "search",
                "searched": found,
            }
            replace |= {("plain", seed, fold): own for fold in (0, 1)}
        return make_store(name, replace=replace)

    before, after = tuned("before", (0.1, 0.2, 0.3)), tuned("after", (0.1, 0.25, 0.35))
    with open_source(publish(before)) as opened:
        recorded = baseline_side(opened)
    for store in (before, after):
        with open_source(store) as opened:
            report = gate_boards(recorded, candidate_side(opened, recorded), gated_metrics())
        (line,) = report.lines
        assert (line.method, line.status, line.difference.units) == ("plain", "pass", 3)


def test_a_store_is_a_baseline_too(make_store):
    with open_source(make_store()) as opened:
        recorded = baseline_side(opened)
        report = gate_boards(recorded, candidate_side(opened, recorded), gated_metrics())
    assert report.status == "pass"


@pytest.mark.parametrize("name", ["accuracy_knn_1", "recall_at_10", "R@10"])
def test_every_metric_of_the_core_knows_its_direction(make_store, make_run, name):
    scores = make_run()[0].scores
    scores = scores.model_copy(
        update={"values": scores.values | {"accuracy_knn_1": 0.5, "recall_at_10": 0.9}}
    )
    with open_source(make_store(scores=scores)) as opened:
        recorded = baseline_side(opened)
        metrics = gated_metrics([name], records=recorded.records)
        report = gate_boards(recorded, candidate_side(opened, recorded), metrics)
    assert report.status == "pass"


def test_a_plugins_direction_is_in_its_records(make_run):
    record, _ = make_run()
    told = {"purity": Told(higher_is_better=False)}
    record = record.model_copy(update={"scores": record.scores.model_copy(update={"told": told})})
    (metric,) = gated_metrics(["purity"], records=[record])
    assert not metric.higher_is_better
    with pytest.raises(UserError, match="lower is better of 'purity'"):
        gated_metrics(["purity:higher"], records=[record])


def told_of(up, level=0.3):
    return {
        "extra": {"entropy": level},
        "told": {"entropy": Told(higher_is_better=up)},
        "queries": 39,
    }


def test_sides_that_dispute_a_metrics_direction_are_not_compared(gate, make_store):
    before = make_store("base", levels={"a": 0.5}, scores=told_of(up=False))
    same = make_store("same", levels={"a": 0.5}, scores=told_of(up=False))
    assert gate(same, baseline=before, metrics=["entropy:lower"]).exit_code == 0
    other = make_store("other", levels={"a": 0.5}, scores=told_of(up=True))
    with pytest.raises(NotComparable, match=r"higher is better in .*other, and lower at the gate"):
        gate(other, baseline=before, metrics=["entropy:lower"])
    mixed = {("a", 2, 1): {"scores": told_of(up=True)}}
    both = make_store("both", levels={"a": 0.5}, scores=told_of(up=False), replace=mixed)
    with pytest.raises(NotComparable, match="both: metric 'entropy': some runs say"):
        gate(both, baseline=before, metrics=["entropy:lower"])
    with pytest.raises(NotComparable, match=r"base\.json: metric 'entropy': some runs say"):
        gate(before, baseline=both, metrics=["entropy:lower"])
    with pytest.raises(UserError, match=r"say which way 'entropy' is better, .*entropy:lower$"):
        gate(before, baseline=both, metrics=["entropy"])
    assert gate(other, baseline=before, metrics=["map_at_r"]).exit_code == 0


def test_a_baseline_without_scores_is_said_to_have_none(make_store, failed_fields):
    failed = {("a", seed, fold): failed_fields for seed in range(3) for fold in range(2)}
    bad = make_store("bad", levels={"a": 0.5}, replace=failed)
    with Store.open(bad) as recorded, Store.open(make_store("new", levels={"a": 0.5})) as new:
        before = baseline_side(StoreSource(recorded))
        after = candidate_side(StoreSource(new), before)
        with pytest.raises(NotComparable, match="no run of it ended in scores"):
            gate_boards(before, after, gated_metrics())
