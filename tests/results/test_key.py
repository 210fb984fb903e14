"""Every fact that decides a result is declared once, and the row key follows from that."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from harness.record import Identity, Record, Searched
from harness.results import build_board
from harness.results.key import ENVIRONMENT, IDENTITY, RECORD, Rule
from harness.store.excerpts import CommonFacts

BOARDS = Path(__file__).parents[2] / "docs" / "boards.md"
MakeRun = Callable[..., Record]


def test_every_field_of_identity_is_declared() -> None:
    assert IDENTITY.keys() == Identity.model_fields.keys()


def test_every_fact_that_runs_share_is_declared() -> None:
    assert RECORD.keys() == CommonFacts.model_fields.keys() - {"identity", "environment"}


def test_device_processor_and_torch_are_declared() -> None:
    assert {"device", "cpu", "gpu", "torch", "threads"} <= ENVIRONMENT.keys()


@pytest.mark.parametrize("facts", [IDENTITY, RECORD, ENVIRONMENT])
def test_every_rule_is_one_of_four(facts: dict[str, Any]) -> None:
    assert {fact.rule for fact in facts.values()} <= set(get_args(Rule))


@pytest.mark.parametrize("field", [n for n, fact in IDENTITY.items() if fact.rule == "splits"])
def test_runs_that_differ_in_what_splits_are_two_rows(run: MakeRun, field: str) -> None:
    others: dict[str, Any] = {"hyperparameters": {"margin": 0.9}, "libraries": ("losses 2.9",)}
    other = others.get(field, "other")
    board = build_board([run(), run(seed=1, identity={field: other})], all_versions=True)
    assert len({row.label for row in board.rows}) == 2


@pytest.mark.parametrize("field", ["seed", "fold"])
def test_runs_that_differ_in_what_is_averaged_are_one_row(run: MakeRun, field: str) -> None:
    (row,) = build_board([run(), run(**{field: 1})]).rows
    assert row.runs.done == 2


def test_a_tuned_method_is_one_row_whatever_its_searches_found(run: MakeRun) -> None:
    def searched(search: int) -> Searched:
        values: dict[str, Any] = dict.fromkeys(("trials", "failed", "best_trial"), 1)
        values |= {"sampler": "tpe", "metric": "map_at_r", "value": 0.5, "seconds": 1.0}
        return Searched(search=search, on_bound=(), space={"margin": "[0, 1]"}, **values)

    runs = [
        run(
            seed=seed,
            fold=fold,
            chosen_by="search",
            searched=searched(seed),
            identity={"hyperparameters": {"margin": 0.1 * (1 + seed)}},
        )
        for seed in (0, 1, 2)
        for fold in (0, 1)
    ]
    (row,) = build_board(runs).rows
    assert (row.label, len(row.run_ids)) == ("triplet", 3)
    default = run("triplet", identity={"hyperparameters": {"margin": 0.1}})
    labels = {row.label for row in build_board([*runs, default]).rows}
    assert labels == {"triplet (searched)", "triplet"}


@pytest.mark.parametrize("rule", get_args(Rule))
def test_the_manual_has_every_fact_by_its_rule(rule: str) -> None:
    table, _, _ = BOARDS.read_text().partition("## What is left out")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    written = {text: meaning for _, names, meaning, _ in rows for text in names.split("`")[1::2]}
    for facts in (IDENTITY, RECORD, ENVIRONMENT):
        for name, fact in facts.items():
            if fact.rule == rule and not (facts is RECORD and rule == "noted"):
                assert f"**{rule}**" in written[name], name


def test_the_declarations_are_plain_data() -> None:
    for facts in (IDENTITY, RECORD, ENVIRONMENT):
        json.dumps({name: [fact.rule, fact.words] for name, fact in facts.items()})
