"""How long a run will take that nobody has timed: from parts of it, timed now."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from harness.apart import Died
from harness.data.parts import Part, Vault
from harness.data.splits import make_split
from harness.execution.executor import Bench
from harness.execution.learning import Student, learn
from harness.execution.machine import set_threads
from harness.execution.plan import Guess, PlannedRun
from harness.execution.run import open_vault, require_supported, start_backbone
from harness.execution.scores import score_part
from harness.models.backbone import Backbone
from harness.scoring import map_at_r
from harness.training import PluginFailed, RunFailure, Task
from harness.training.embedding import embed_inputs
from harness.training.optimizers import backbone_optimizers, clear_gradients

TIMED_STEPS = 5
QUICK_STEP = 0.1
"""Seconds below which what surrounds a step counts beside it."""
TIMED_METHODS = 3
TIMED_LENGTHS = (5, 25)
TIMED_IMAGES = 512
TIMED_POINTS = 2_000


def time_a_run(bench: Bench, runs: Sequence[PlannedRun], threads: int) -> Guess:
    """Guess a run's seconds from parts of it, each done once to warm up and then timed.

    A step: forward, backward and the optimizers', of one batch, without a loss; where that is
    quick, the whole loop's with its loss, as the median of three of the runs' methods. An image
    embedded. A validation's and the test part's scores, which grow with the square of their
    points. On a processor seconds are those that it worked, whatever else runs on the machine.
    """
    set_threads(threads)
    rules = bench.protocol
    split = make_split(bench.dataset, rules.split, fold=0, seed=0)
    vault = open_vault(bench, split)
    backbone = start_backbone(bench, fold=0, seed=0).to(bench.device)
    step = _step(bench, vault, backbone, threads)
    if step < QUICK_STEP:
        step = _whole_step(bench, runs, vault, threads) or step
    test, validation = vault.test(), vault.validation()
    few = test.inputs[:TIMED_IMAGES]
    embed_inputs(backbone, few, vault.standardise)
    clock = _clock(bench.device, threads)
    image = _timed(lambda: embed_inputs(backbone, few, vault.standardise), clock, 1) / len(few)
    points, labels = _points(test, rules.backbone.embedding_size)
    validated = _timed(lambda: map_at_r(points, labels), clock, 1)
    arrays = {
        f"{part}_{name}": values
        for part in ("test", "train")
        for name, values in (("embeddings", points), ("labels", labels))
    }
    plain = {"exclude": ()} | ({"gallery": "self"} if rules.scoring.gallery == "given" else {})
    rule = rules.scoring.model_copy(update=plain)
    scores = _timed(lambda: score_part(arrays, rule, metrics=(), seed=0), clock, 1)
    validations = 1 + rules.training.steps // rules.selection.every
    views = 1 if rules.test_views is None else rules.test_views.crops * (1 + rules.test_views.flip)
    scored = len(test) + (int(split.known.sum()) if rules.scoring.reads_training_part else 0)
    once = image * views * scored + scores * (len(test) / len(points)) ** 2
    each = image * len(validation) + validated * (len(validation) / len(points)) ** 2
    return Guess(rules.training.steps * step + validations * each, once)


def _points(test: Part, size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """As many as the test part has, up to `TIMED_POINTS`, of as many classes, at random."""
    count = min(len(test), TIMED_POINTS)
    classes = min(len(set(test.labels.tolist())), count // 2)
    drawn = np.random.default_rng(0).normal(size=(count, size)).astype(np.float32)
    return drawn, np.arange(count, dtype=np.int64) % classes


def _step(bench: Bench, vault: Vault, backbone: Backbone, threads: int) -> float:
    """Seconds of a training step of the bare backbone."""
    rules = bench.protocol
    raw = vault.train(only_known=True).inputs[: rules.training.batch_size]
    inputs = vault.standardise(raw)
    optimizers = backbone_optimizers(rules.optimizers, backbone)

    def step() -> None:
        clear_gradients(optimizers)
        backbone(inputs).square().sum().backward()
        for optimizer in optimizers:
            optimizer.step()

    backbone.train()
    step()
    return _timed(step, _clock(bench.device, threads), TIMED_STEPS)


def _whole_step(bench: Bench, runs: Sequence[PlannedRun], vault: Vault, threads: int) -> float:
    """Seconds of a step with its batch and its loss; 0 where none of the methods trains here."""
    methods = {run.identity.method: run for run in runs if run.entrant.registered.method.trained}
    chosen = list(methods.values())
    seconds = []
    for run in chosen[:: max(1, len(chosen) // TIMED_METHODS)][:TIMED_METHODS]:
        with contextlib.suppress(RunFailure, PluginFailed, Died):  # its run will say so
            few, more = (_learning(bench, run, vault, threads, steps) for steps in TIMED_LENGTHS)
            seconds.append((more - few) / (TIMED_LENGTHS[1] - TIMED_LENGTHS[0]))
    return statistics.median(seconds) if seconds else 0.0


def _learning(bench: Bench, run: PlannedRun, vault: Vault, threads: int, steps: int) -> float:
    """Seconds of a training of so few steps, with its beginning and two validations."""
    method, rules = run.entrant.registered.method, bench.protocol
    require_supported(method, rules, bench.dataset)
    search = rules.search.model_copy(update={"steps": steps})
    short = rules.model_copy(update={"search": search}).of_a_trial()
    backbone = start_backbone(bench, fold=0, seed=0, members=method.members).to(bench.device)
    part = vault.train(only_known=method.labels == "all")
    task = Task(short, method, run.entrant.hyperparameters, seed=0, fold=0)
    key = f"{bench.dataset.digest} timed {method.labels}"
    clock = _clock(bench.device, threads)
    began = clock()
    learnt = learn(Student(task, backbone, vault, part, threads, key), {})
    apart = learnt.spent.processor_seconds if clock is time.process_time else 0.0
    return clock() - began + apart


def _timed(call: Callable[[], object], clock: Callable[[], float], times: int) -> float:
    """The median of a call's seconds."""
    spent = []
    for _ in range(times):
        began = clock()
        call()
        spent.append(clock() - began)
    return statistics.median(spent)


def _clock(device: torch.device, threads: int) -> Callable[[], float]:
    if device.type == "cuda":

        def synchronized() -> float:
            torch.cuda.synchronize(device)
            return time.perf_counter()

        return synchronized
    return time.process_time if threads == 1 else time.perf_counter
