"""Does a file of `bench correct` hold? Its sums, and what is computed again from the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from harness.correcting.document import content_of
from harness.correcting.experiment import CONTROLS, UNTRAINED, Corrected, Course, Seed, by_method
from harness.execution.executor import Bench
from harness.protocol.model import ClosedSetSplit
from harness.registry import core_registry
from harness.rescoring.datasets import Datasets, NotAtHand
from harness.rescoring.rescore import NoProtocol, RuleBook
from harness.rescoring.verify import TOLERANCE, TOLERANCES, Checked
from harness.scoring import check_invariants


def verify_corrected(
    document: Mapping[str, Any], found: Corrected, rules: RuleBook, datasets: Datasets
) -> Iterator[Checked]:
    """Compare areas with turns, turns with the user's looks, and controls with the data.

    `document`: what `found` was read from. What a method learned is not learned again.
    """
    same = content_of(found)["areas"] == document["areas"]
    yield Checked("areas", () if same else ("differ from those of the turns",))
    for one in found.courses:
        yield Checked(f"{one.method}, seed {one.seed}", tuple(_unsound(one, found)))
    try:
        protocol = rules.find(
            found.protocol, found.protocol_digest,
            dataset=found.dataset, overrides=found.overrides,
        )  # fmt: skip
        dataset = datasets.version(found.dataset, found.dataset_digest)
    except NoProtocol as absent:
        yield Checked("protocol", (), f"{absent}; no control was gone through again")
    except NotAtHand as absent:
        yield Checked(f"dataset '{found.dataset}'", (), f"{absent}; the controls were not redone")
    else:
        bench = Bench(core_registry(), protocol, dataset, torch.device("cpu"))
        yield from _again(found, bench)


def _unsound(course: Course, found: Corrected) -> Iterator[str]:
    for number, turn in enumerate(course.turns):
        yield from (f"turn {number}: {problem}" for problem in check_invariants(turn))
    counts = course.corrections
    if counts[0] != 0 or list(counts) != sorted(counts):
        yield f"its corrections are {counts}"
    plain = by_method(found.courses).get(UNTRAINED, {}).get(course.seed)
    known = None if plain is None or found.terms.adaptive else plain.corrections
    if known is not None and counts != known[: len(counts)]:
        yield f"its corrections are {counts}, those of {UNTRAINED} are {known}"


def _again(found: Corrected, bench: Bench) -> Iterator[Checked]:
    """The controls, gone through again at each seed."""
    courses = by_method(found.courses)
    rule = bench.protocol.split
    assert isinstance(rule, ClosedSetSplit)
    for seed in sorted({one.seed for one in found.courses}):
        recorded = {name: courses.get(name, {}).get(seed) for name in CONTROLS}
        absent = {name for name, one in recorded.items() if one is None}
        for again in Seed(bench, found.terms, seed, rule.validation_fraction).courses((), absent):
            one = recorded[again.method]
            assert one is not None
            yield Checked(f"{again.method}, seed {seed}, again", tuple(_differences(one, again)))


def _differences(one: Course, again: Course) -> Iterator[str]:
    if one.corrections != again.corrections:
        yield f"its corrections are {one.corrections}, of these data {again.corrections}"
        return
    for number, (was, now) in enumerate(zip(one.turns, again.turns, strict=False)):
        if was.keys() != now.keys():
            yield f"turn {number}: scores are {sorted(was)}, of these data {sorted(now)}"
            continue
        for name, value in was.items():
            allowed = next((TOLERANCES[known] for known in TOLERANCES if known in name), TOLERANCE)
            if "clusters" not in name and not abs(value - now[name]) <= allowed:
                yield f"turn {number}: {name} is {value:.6f}, computed again {now[name]:.6f}"
