"""How long a plan will take: from what runs took before, or from a few timed steps."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import torch

from harness.data.splits import make_split
from harness.execution.plan import PlannedRun
from harness.execution.run import Bench
from harness.execution.starting import open_vault, start_backbone
from harness.record import Record
from harness.training.embedding import embed_part

TIMED_STEPS = 5
TIMED_IMAGES = 512


@dataclass
class Estimate:
    """Seconds a run takes, by method, learnt from Records of the same protocol.

    `guess`: seconds of a trained run of a method not seen yet.
    """

    guess: float
    seen: dict[str, list[float]] = field(default_factory=dict)

    def learn(self, record: Record) -> None:
        """Take one Record into account, if it got as far as an audit."""
        if record.audit is not None:
            self.seen.setdefault(record.identity.method, []).append(record.audit.seconds)

    def seconds(self, runs: Sequence[PlannedRun]) -> float:
        """Estimated seconds for these runs, one after the other."""
        return sum(self._of(run) for run in runs)

    def _of(self, run: PlannedRun) -> float:
        own = self.seen.get(run.identity.method)
        if own:
            return statistics.median(own)
        if not run.entrant.registered.method.trained:
            return self.guess / 4
        others = [statistics.median(values) for values in self.seen.values()]
        return max(others) if others else self.guess


def learnt_estimate(records: Iterable[Record]) -> Estimate:
    """An estimate that has seen these Records."""
    estimate = Estimate(guess=0.0)
    for record in records:
        estimate.learn(record)
    return estimate


def time_a_run(bench: Bench) -> float:
    """Guess a run's seconds from a few timed steps of the bare backbone and a few embeddings."""
    rules = bench.protocol
    split = make_split(bench.dataset, rules.split, fold=0, seed=0)
    vault = open_vault(bench, split)
    backbone = start_backbone(bench, fold=0, seed=0).to(bench.device)
    inputs = vault.standardise(vault.train(only_known=True).inputs[: rules.training.batch_size])
    began = time.perf_counter()
    for _ in range(TIMED_STEPS):
        backbone(inputs).sum().backward()
    if bench.device.type == "cuda":
        torch.cuda.synchronize(bench.device)
    step = (time.perf_counter() - began) / TIMED_STEPS
    test = vault.test()
    few = replace(test, inputs=test.inputs[:TIMED_IMAGES], labels=test.labels[:TIMED_IMAGES])
    began = time.perf_counter()
    embed_part(backbone, few, vault.standardise)
    image = (time.perf_counter() - began) / max(1, len(few))
    validations = 1 + rules.training.steps // rules.selection.every
    views = 1 if rules.test_views is None else rules.test_views.crops * (1 + rules.test_views.flip)
    scored = len(test) + (int(split.known.sum()) if rules.scoring.reads_training_part else 0)
    embedded = views * scored + validations * len(split.validation)
    return rules.training.steps * step + embedded * image
