"""One run, from its seed to its Record. What goes wrong becomes a reason, here and only here."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy.typing as npt
import torch

from harness.data.dataset import Dataset
from harness.data.parts import Vault
from harness.data.samplers import DRAWN, batches_digest, draw_batches
from harness.data.seal import SealedTestSet, sealed
from harness.data.splits import class_disjoint_split
from harness.execution.machine import PeakMemory, environment
from harness.execution.plan import PlannedRun
from harness.execution.scores import score_part
from harness.extension import Metric
from harness.models.backbone import Backbone, build_backbone, weights_digest
from harness.protocol import Protocol
from harness.record import Audit, Reason, ReasonKind, Record, Selected
from harness.registry import Registry
from harness.training.embedding import embed_part
from harness.training.guard import method_state
from harness.training.loop import Trained, count_parameters, train
from harness.training.outcomes import RunFailure, Unsupported
from harness.training.task import Task

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Bench:
    """What all runs of a session share."""

    registry: Registry
    protocol: Protocol
    dataset: Dataset
    device: torch.device

    @property
    def metrics(self) -> list[Metric]:
        """Further scores that plugins offer."""
        return [registered.item for registered in self.registry.metrics.values()]


def execute(run: PlannedRun, bench: Bench) -> tuple[Record, Arrays | None]:
    """Train and score one run; return its Record and the arrays to store beside it.

    Never raises for what a plugin does: that is a failed Record with its reason.
    """
    progress = _Progress(run, bench)
    try:
        _check_supported(run, bench.protocol)
        arrays = _train_and_score(run, bench, progress)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return progress.failed(error), None
    finally:
        gc.collect()
    return progress.done(), arrays


@dataclass
class _Progress:
    """What is known of a run so far; becomes its Record."""

    run: PlannedRun
    bench: Bench
    fields: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)

    def done(self) -> Record:
        """The Record of a run that was scored."""
        return self._record(state="done")

    def failed(self, error: BaseException) -> Record:
        """The Record of a run that was not, with its reason."""
        kind = _kind(error)
        text = " ".join(str(error).split()) or "no message"
        ours = isinstance(error, RunFailure | SealedTestSet)
        reason = Reason(
            kind=kind,
            message=text if ours else f"{type(error).__name__}: {text}",
            traceback="" if ours else "".join(traceback.format_exception(error)),
        )
        return self._record(state="skipped" if kind == "unsupported" else "failed", reason=reason)

    def _record(self, **more: Any) -> Record:
        protocol = self.bench.protocol
        return Record(
            identity=self.run.identity,
            declared=self.run.entrant.declared(),
            chosen_by=self.run.entrant.chosen_by,
            folds=protocol.split.folds,
            replicates=protocol.replicates,
            environment=environment(self.bench.device),
            started=self.started.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            **self.fields,
            **more,
        )


def _kind(error: BaseException) -> ReasonKind:
    """Translate what ended a run into a kind of reason."""
    if isinstance(error, RunFailure):
        return error.kind
    if isinstance(error, SealedTestSet):
        return "sealed"
    out_of_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if out_of_memory or "can't allocate memory" in str(error):
        return "out-of-memory"
    return "crashed"


def _check_supported(run: PlannedRun, protocol: Protocol) -> None:
    """Raise Unsupported for a method that needs what the protocol or the core lacks."""
    method = run.entrant.registered.method
    if method.setting == "closed-set":
        raise Unsupported("needs a closed-set split; this protocol's test classes are new")
    if not method.trained:
        return
    if method.batch not in protocol.training.compositions:
        admitted = ", ".join(protocol.training.compositions)
        raise Unsupported(f"needs {method.batch} batches; this protocol admits {admitted}")
    if method.batch not in DRAWN:
        raise Unsupported(f"needs {method.batch} batches, which the core does not draw yet")
    if method.members > 1:
        raise Unsupported("needs several backbones, which the core does not train yet")


def _train_and_score(run: PlannedRun, bench: Bench, progress: _Progress) -> Arrays:
    rules, identity = bench.protocol, run.identity
    memory = PeakMemory(bench.device)
    split = class_disjoint_split(
        bench.dataset.labels, rules.split, fold=identity.fold, seed=identity.seed
    )
    vault = Vault(bench.dataset, split, bench.device)
    backbone = build_backbone(
        bench.registry.backbone(rules.backbone.name).item.build,
        rules.backbone,
        bench.dataset.inputs.shape[1:],
        fold=identity.fold,
        seed=identity.seed,
    )
    progress.fields["init_digest"] = weights_digest(backbone)
    backbone.to(bench.device)
    trained = None
    if run.entrant.registered.method.trained:
        trained = _train(run, bench, vault, backbone, progress)
    test = vault.test()
    embeddings = embed_part(backbone, test, vault.standardise)
    labels = test.labels.cpu().numpy()
    scores, per_query = score_part(
        embeddings, labels, rules.scoring, metrics=bench.metrics, seed=identity.seed
    )
    progress.fields["scores"] = scores
    progress.fields["audit"] = _audit(trained, backbone, progress.began, memory)
    arrays = {"test_embeddings": embeddings, "test_labels": labels, **per_query}
    if trained is not None:
        arrays["losses"] = trained.losses.numpy()
    return arrays


def _train(
    run: PlannedRun, bench: Bench, vault: Vault, backbone: Backbone, progress: _Progress
) -> Trained:
    """Train with the test set sealed; the objective is gone when this returns."""
    method, identity, rules = run.entrant.registered.method, run.identity, bench.protocol
    part = vault.train(only_known=method.labels == "all")
    batches = draw_batches(
        part.labels.cpu().numpy(),
        method.batch,
        rules.training,
        fold=identity.fold,
        seed=identity.seed,
    )
    progress.fields["batches_digest"] = batches_digest(batches)
    task = Task(rules, method, run.entrant.hyperparameters, identity.seed, identity.fold)
    with sealed() as seal, method_state(identity.seed, method.name, identity.fold) as generator:
        try:
            trained = train(task, backbone, vault, part, batches, generator)
        finally:
            gc.collect()
            # Also when the plugin caught the error, or raised another in its place.
            if seal.broken_by is not None:
                raise SealedTestSet(f"{seal.broken_by} asked for while the objective was alive")
    progress.fields["selected"] = Selected(
        metric=rules.selection.metric,
        step=trained.selection.step,
        value=trained.selection.value,
        history=tuple(trained.selection.history),
        stopped_early=trained.stopped_early,
    )
    return trained


def _audit(trained: Trained | None, backbone: Backbone, began: float, memory: PeakMemory) -> Audit:
    return Audit(
        steps=trained.steps if trained else 0,
        images_embedded=trained.counts.images_embedded if trained else 0,
        backward_passes=trained.counts.backward_passes if trained else 0,
        zero_gradients=int(trained.counts.zero_gradients) if trained else 0,
        training_seconds=trained.seconds if trained else 0.0,
        seconds=time.perf_counter() - began,
        peak_memory_bytes=memory.bytes(),
        parameters=trained.parameters if trained else count_parameters(backbone, None),
    )
