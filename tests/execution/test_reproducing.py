"""A run is reproduced bit for bit where nothing changed, and what changed is named where it did."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from harness.errors import NotComparable
from harness.execution.plan import Entrant, make_plan
from harness.execution.reproducing import Reproduction, reproduce
from harness.execution.session import run_plan
from harness.hookspecs import DatasetSource
from harness.record import Told
from harness.registry import Origin, Registered, RegisteredMethod
from harness.store import Store


@pytest.fixture
def stored(bench, spread, tmp_path):
    """A store with the two runs of a replicate, and the registry that made them."""
    origin = Origin("tests", "tests", "0", None)
    registry = bench.registry
    registry.methods["spread"] = RegisteredMethod(spread, origin)
    source = DatasetSource(name=bench.protocol.dataset, load=lambda: bench.dataset, summary="s")
    registry.datasets[bench.protocol.dataset] = Registered(source, origin)
    entrant = Entrant(registry.methods["spread"], spread.defaults(), "default")
    plan = make_plan(bench.protocol, bench.dataset.digest, [entrant], seeds=1)
    with Store.open(tmp_path / "store", create=True) as store:
        list(run_plan(plan, bench, store))
        yield store


def again(stored, bench, record=None) -> Reproduction:
    record = record or stored.records()[0]
    return reproduce(record, stored, bench.registry, bench.protocol, device=None)


def changed(record, **environment):
    return record.model_copy(update={"environment": {**record.environment, **environment}})


def moved(record, by: float):
    values = {**record.scores.values, "map_at_r": record.scores.values["map_at_r"] + by}
    return record.model_copy(update={"scores": record.scores.model_copy(update={"values": values})})


def test_a_run_is_the_same_bit_for_bit(stored, bench):
    before = stored.records()
    result = again(stored, bench)
    assert (result.differing, result.facts, result.same_embeddings) == ([], {}, True)
    assert result.holds(0.0)
    assert stored.records() == before


def test_other_scores_in_the_same_environment_do_not_hold_however_near(stored, bench):
    result = again(stored, bench, moved(stored.records()[0], 1e-9))
    assert result.differing == ["scores"]
    assert not result.holds(0.5)


def with_metrics(record, **extra):
    told = {name: Told(higher_is_better=True) for name in extra}
    scores = record.scores.model_copy(update={"extra": extra, "told": told})
    return record.model_copy(update={"scores": scores})


def test_of_plugins_metrics_those_count_that_are_at_hand_then_and_now(stored, bench):
    result = again(stored, bench, with_metrics(stored.records()[0], gone=0.5))
    assert result.differing == []
    now = with_metrics(result.now, kept=0.5, moved=0.5, new=0.5)
    then = with_metrics(result.now, kept=0.5, moved=0.25, gone=None)
    assert dataclasses.replace(result, then=then, now=now).differing == ["metric moved"]


def test_near_scores_hold_where_the_environment_differs_and_is_named(stored, bench):
    record = changed(moved(stored.records()[0], 0.01), torch="1.0", gpu="H100")
    result = again(stored, bench, record)
    assert result.facts["torch"][0] == "1.0"
    assert result.facts["gpu"] == ("H100", "none")
    assert result.differences["map_at_r"] == pytest.approx(-0.01)
    assert result.holds(0.02)
    assert not result.holds(0.005)


def test_other_embeddings_are_told_though_the_scores_agree(stored, bench):
    record = stored.records()[0]
    arrays = stored.arrays(record)
    arrays["test_embeddings"] = np.nextafter(arrays["test_embeddings"], np.float32(2))
    renewed = stored.put_scores(record, record.scores, arrays)
    assert again(stored, bench, renewed).differing == ["embeddings"]


def test_a_run_that_failed_there_and_is_done_here_does_not_hold(stored, bench):
    record = changed(stored.records()[0], torch="1.0")
    failed = record.model_copy(update={"state": "failed", "scores": None})
    result = again(stored, bench, failed)
    assert "state" in result.differing
    assert not result.holds(1.0)


def test_other_code_and_other_data_are_another_run(stored, bench, tmp_path):
    registered = bench.registry.methods["spread"]
    file = tmp_path / "edited.py"
    file.write_text("edited = True\n")
    origin = dataclasses.replace(registered.origin, root=file, version="1")
    bench.registry.methods["spread"] = RegisteredMethod(registered.method, origin)
    with pytest.raises(NotComparable, match=r"version was 0 and is 1; source was .* and is "):
        again(stored, bench)


def test_facts_survive_the_store(stored):
    facts = json.loads(stored.records()[0].model_dump_json())["environment"]
    assert facts["cpu"]
    assert facts["vectors"]
