"""A searched method that costs nothing to train, and sessions over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness import Float, Int, Method
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, Plan, make_plan
from harness.execution.session import Event, run_plan
from harness.method.space import Range
from harness.protocol import Protocol, load_protocol
from harness.registry import Origin, RegisteredMethod
from harness.search import Searching, Tuned, tuned_plan
from harness.store import Store

SHORT = [
    "training.steps=2",
    "training.steps_per_epoch=1",
    "training.batch_size=8",
    "training.samples_per_class=2",
    "selection.every=1",
]


@dataclass
class Session:
    """A bench with a search in its protocol, and the methods to search for."""

    bench: Bench
    entrants: list[Entrant]
    store: Store
    seeds: int = 1

    @property
    def plan(self) -> Plan:
        digest = self.bench.dataset.digest
        return make_plan(self.bench.protocol, digest, self.entrants, self.seeds)

    def run_plan(self, plan: Plan) -> Iterator[Event]:
        return run_plan(plan, self.bench, self.store)

    def searching(self) -> Searching:
        folds = [r for r in self.plan.replicates if r.seed == 0]
        return Searching(self.bench.protocol, folds, self.store, self.run_plan)

    def search(self) -> list[Tuned]:
        searching = self.searching()
        for _ in searching.run():
            pass
        return searching.tuned()

    def finish(self, tuned: list[Tuned]) -> Plan:
        plan = tuned_plan(self.plan, tuned)
        for _ in self.run_plan(plan):
            pass
        return plan


@pytest.fixture
def method(spread_objective: Any) -> Callable[..., Method]:
    """Make a method of two hyperparameters; `wrong` says at which points it raises."""

    def make(
        name: str = "tunable",
        *,
        wrong: Callable[..., bool] = lambda **_: False,
        space: dict[str, Range] | None = None,
        **declared: Any,
    ) -> Method:
        def build(point: Any, _context: Any) -> Any:
            if wrong(**point):
                raise ValueError("a point that cannot be built")
            return spread_objective()

        given = {"scale": Float(0.1, 10.0, default=1.0, log=True), "count": Int(1, 4, default=2)}
        return Method(
            name=name,
            build=build,
            summary="a method of the tests",
            reference="none",
            space=given if space is None else space,
            **declared,
        )

    return make


@pytest.fixture
def session(bench: Bench, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Make a session of methods on the tiny dataset, over a store of its own."""
    opened: list[Store] = []

    def make(*methods: Method, where: str = "store", seeds: int = 1, **search: Any) -> Session:
        asked = {"trials": 5, "sampler": "tpe", "repeats": 1} | search
        content = load_protocol("smoke", overrides=SHORT).model_dump()
        protocol = Protocol.model_validate({**content, "search": asked})
        origin = Origin("tests", "tests", "0", None)
        registered = [RegisteredMethod(one, origin) for one in methods]
        entrants = [Entrant(one, one.method.defaults(), "default") for one in registered]
        store = Store.open(tmp_path / where, create=True)
        opened.append(store)
        return Session(replace(bench, protocol=protocol), entrants, store, seeds)

    yield make
    for store in opened:
        store.close()
