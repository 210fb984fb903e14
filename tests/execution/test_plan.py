"""The plan: which runs there are, in which order, and from which names and values."""

from __future__ import annotations

import pytest

from harness import Float
from harness.errors import UserError
from harness.execution.plan import Entrant, choose_entrants, make_plan
from harness.registry import Origin, RegisteredMethod, Registry


@pytest.fixture
def registry(make_method, spread_objective):
    registry = Registry()
    origin = Origin("tests", "tests", "0", None)
    space = {"margin": Float(0.0, 1.0, default=0.5)}
    for name in ("alpha", "beta"):
        method = make_method(spread_objective, name, space=space)
        registry.methods[name] = RegisteredMethod(method, origin)
    return registry


def test_all_means_every_method_in_registered_order(registry):
    assert [entrant.name for entrant in choose_entrants(registry, ["all"])] == ["alpha", "beta"]


def test_a_method_named_twice_runs_once(registry):
    assert len(choose_entrants(registry, ["beta", "beta"])) == 1


def test_an_unknown_method_is_answered_with_the_nearest(registry):
    with pytest.raises(UserError, match=r"unknown method 'alfa'; did you mean 'alpha'\?"):
        choose_entrants(registry, ["alfa"])


def test_a_given_hyperparameter_is_marked_as_given(registry):
    (entrant,) = choose_entrants(registry, ["alpha"], ["alpha.margin=0.25"])
    assert (entrant.hyperparameters, entrant.chosen_by) == ({"margin": 0.25}, "given")


def test_the_default_given_by_hand_is_still_the_default(registry):
    (entrant,) = choose_entrants(registry, ["alpha"], ["alpha.margin=0.5"])
    assert entrant.chosen_by == "default"


def test_what_each_label_set_has_of_its_own_is_named_where_the_protocol_gives_some(
    registry, make_method, spread_objective
):
    space = {"margin": Float(0.0, 1.0, default=0.5)}
    asks = {"label_sets": "attributes", "per_label_set": ("margin",)}
    method = make_method(spread_objective, "several", space=space, **asks)
    registry.methods["several"] = RegisteredMethod(method, Origin("tests", "tests", "0", None))
    given = ["several.margin.use=0.25"]
    alone, several = choose_entrants(registry, ["alpha", "several"], given, ("role", "use"))
    assert alone.hyperparameters == {"margin": 0.5}
    assert several.hyperparameters == {"margin.role": 0.5, "margin.use": 0.25}
    (bare,) = choose_entrants(registry, ["several"])
    assert bare.hyperparameters == {"margin": 0.5}


@pytest.mark.parametrize("name", ["a.b", "two words", "a=b", "a", "margin", "é", "x=0.5"])
def test_a_label_set_is_named_however_people_call_it(name, registry, make_method, spread_objective):
    space = {"margin": Float(0.0, 1.0, default=0.5), "margins": Float(0.0, 1.0, default=0.5)}
    asks = {"label_sets": "attributes", "per_label_set": ("margin",)}
    method = make_method(spread_objective, "several", space=space, **asks)
    registry.methods["several"] = RegisteredMethod(method, Origin("tests", "tests", "0", None))
    sets = tuple(dict.fromkeys(("a", name, "margin")))
    given = [f"several.margin.{name}=0.25", "several.margins=0.75"]
    (entrant,) = choose_entrants(registry, ["several"], given, sets)
    usual = {f"margin.{one}": 0.5 for one in sets} | {"margins": 0.75}
    assert entrant.hyperparameters == usual | {f"margin.{name}": 0.25}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("alpha.margin=7", r"method alpha: margin: 7.0 is outside \[0, 1\]"),
        ("alpha.margin=wide", r"method alpha: margin: 'wide' is not a number"),
        ("alpha.margn=1", r"unknown hyperparameter 'margn'; did you mean 'margin'\?"),
        ("beta.margin=1", r"method 'beta' is not among those to run"),
        ("alpha.margin", r"must read method.hyperparameter=value"),
        ("gamma.margin=1", r"unknown method 'gamma'"),
    ],
)
def test_a_wrong_hyperparameter_is_one_clear_line(registry, given, line):
    with pytest.raises(UserError, match=line):
        choose_entrants(registry, ["alpha"], [given])


def test_the_plan_goes_seed_by_seed_and_method_by_method(registry, short_protocol):
    entrants = choose_entrants(registry, ["all"])
    plan = make_plan(short_protocol, "digest", entrants, seeds=2)
    order = [(run.identity.seed, run.identity.method, run.identity.fold) for run in plan.runs]
    assert order == sorted(order)
    assert len(order) == len(set(order)) == 2 * 2 * 2


def test_an_uninstalled_core_alone_says_what_to_install(short_protocol):
    with pytest.raises(UserError, match="pip install metric-learning-bench-methods"):
        choose_entrants(Registry(), ["all"])


def test_run_ids_of_a_plan_are_all_different(registry, short_protocol):
    entrants: list[Entrant] = choose_entrants(registry, ["all"])
    plan = make_plan(short_protocol, "digest", entrants, seeds=3)
    assert len({run.run_id for run in plan.runs}) == len(plan.runs)
