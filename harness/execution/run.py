"""One run, from its seed to its Record. What goes wrong becomes a reason, here and only here."""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.apart.channel import NothingShared
from harness.apart.child import Died
from harness.apart.trunk import trunk_seconds
from harness.data.augmentation import scored_windows
from harness.data.dataset import Dataset
from harness.data.parts import Vault
from harness.data.splits import make_split, part_digest
from harness.execution.learning import Learnt, Student, learn
from harness.execution.machine import PeakMemory, environment
from harness.execution.plan import PlannedRun
from harness.execution.scores import score_part
from harness.execution.starting import open_vault, start_backbone
from harness.execution.support import require_supported
from harness.extension import Metric
from harness.method import Method
from harness.models.backbone import MeanOfViews, weights_digest
from harness.protocol import Protocol
from harness.record import Audit, Reason, Record
from harness.registry import Registry
from harness.scoring import map_at_r
from harness.training.embedding import Counts, ReadBackbone, embed_part
from harness.training.loop import count_parameters
from harness.training.outcomes import PluginFailed, reason_of
from harness.training.task import Task

Arrays = Mapping[str, npt.NDArray[Any]]

ATTEMPTS = 2
"""How often a run is tried whose process ends."""


@dataclass(frozen=True, eq=False)
class Bench:
    """What all runs of a session share. `keep_weights`: runs leave their embedders too."""

    registry: Registry
    protocol: Protocol
    dataset: Dataset
    device: torch.device
    keep_weights: bool = False

    @property
    def metrics(self) -> list[Metric]:
        """Further scores that plugins offer."""
        return [registered.item for registered in self.registry.metrics.values()]


def execute(run: PlannedRun, bench: Bench) -> tuple[Record, Arrays | None]:
    """Train and score one run; return its Record and the arrays to store beside it.

    Never raises for what a plugin does: that is a failed Record with its reason. Raises
    NothingShared where the machine lets no plugin have a process.
    """
    for attempt in range(1, ATTEMPTS + 1):
        progress = _Progress(run, bench)
        try:
            require_supported(run.entrant.registered.method, bench.protocol, bench.dataset)
            arrays = _train_and_score(run, bench, progress)
        except (KeyboardInterrupt, NothingShared):
            raise
        except Died as death:
            if attempt == ATTEMPTS:
                message = f"{death}, at each of {ATTEMPTS} attempts"
                return progress.failed(PluginFailed(Reason(kind="died", message=message))), None
        except BaseException as error:
            return progress.failed(error), None
        else:
            return progress.done(), arrays
        finally:
            gc.collect()
    raise AssertionError("the last attempt returns")


@dataclass
class _Progress:
    """What is known of a run so far; becomes its Record."""

    run: PlannedRun
    bench: Bench
    fields: dict[str, Any] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)
    began_on_processor: float = field(default_factory=time.process_time)
    network: nn.Module | None = None

    @property
    def seconds(self) -> float:
        """Wall time since the run began."""
        return time.perf_counter() - self.began

    @property
    def processor_seconds(self) -> float:
        """What this process has computed since, and that of a plugin's trunk."""
        trunk = 0.0 if self.network is None else trunk_seconds(self.network)
        return time.process_time() - self.began_on_processor + trunk

    def audit(self, learnt: Learnt, memory: PeakMemory) -> Audit:
        """What the run cost until now."""
        return learnt.audit(self.seconds, self.processor_seconds, memory.bytes())

    def done(self) -> Record:
        """The Record of a run that was scored."""
        return self._record(state="done")

    def failed(self, error: BaseException) -> Record:
        """The Record of a run that was not, with its reason."""
        reason = reason_of(error)
        skipped = reason.kind == "unsupported"
        return self._record(state="skipped" if skipped else "failed", reason=reason)

    def _record(self, **more: Any) -> Record:
        protocol = self.bench.protocol
        return Record(
            identity=self.run.identity,
            declared=self.run.entrant.declared(protocol),
            chosen_by=self.run.entrant.chosen_by,
            searched=self.run.entrant.searched,
            folds=protocol.split.folds,
            replicates=protocol.replicates,
            looks=protocol.looks,
            environment=environment(self.bench.device),
            left_out=self.bench.dataset.left_out,
            started=self.started.isoformat(timespec="seconds"),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            **self.fields,
            **more,
        )


def _train_and_score(run: PlannedRun, bench: Bench, progress: _Progress) -> Arrays:
    rules, identity = bench.protocol, run.identity
    if identity.trial is not None:
        rules = rules.of_a_trial()
    method = run.entrant.registered.method
    memory = PeakMemory(bench.device)
    split = make_split(bench.dataset, rules.split, fold=identity.fold, seed=identity.seed)
    vault = open_vault(bench, split)
    backbone = start_backbone(bench, fold=identity.fold, seed=identity.seed, members=method.members)
    progress.network = backbone
    progress.fields["init_digest"] = weights_digest(backbone)
    backbone.to(bench.device)
    learnt = Learnt(Counts(), count_parameters(backbone))
    if method.trained or method.readout:
        part = vault.train(only_known=method.labels == "all")
        task = Task(rules, method, run.entrant.hyperparameters, identity.seed, identity.fold)
        key = f"{identity.dataset_digest} {hashlib.sha256(part.positions.tobytes()).hexdigest()}"
        student = Student(task, backbone, vault, part, torch.get_num_threads(), key)
        learnt = learn(student, progress.fields)
    reader = backbone if learnt.readout is None else ReadBackbone(backbone, learnt.readout)
    progress.fields["validation"] = _validation(learnt, reader, vault, rules, method)
    if identity.trial is not None:  # a trial never sees the test part
        progress.fields["audit"] = progress.audit(learnt, memory)
        return {}
    arrays = _embedded(reader, vault, rules)
    tested = arrays["test_positions"], arrays["test_labels"]
    progress.fields["test_digest"] = part_digest(*tested)
    rule = rules.scoring_for(method.comparison)
    scores, per_query = score_part(arrays, rule, metrics=bench.metrics, seed=identity.seed)
    progress.fields["scores"] = scores
    progress.fields["audit"] = progress.audit(learnt, memory)
    if learnt.trained is not None:
        arrays["losses"] = learnt.trained.losses.numpy()
    if bench.keep_weights:
        from harness.embedder.keeping import kept

        arrays |= kept(identity, method, reader, vault, bench)
    return {**arrays, **per_query}


def _embedded(reader: nn.Module, vault: Vault, rules: Protocol) -> dict[str, npt.NDArray[Any]]:
    """Everything that scores are made of: embeddings and labels of the test part.

    With a gallery of training samples, or classifiers, also those of the labelled training part,
    and the labels are the dataset's own.
    """
    test = vault.test()
    batches = rules.quirks.test_batches if rules.quirks else 0
    reader, standardise = _viewing(reader, vault, rules)
    arrays = {
        "test_embeddings": embed_part(reader, test, standardise, training_batches=batches),
        "test_labels": test.labels.cpu().numpy(),
        "test_positions": test.positions,
    }
    if rules.scoring.reads_training_part:
        known = vault.train(only_known=True)
        embeddings = embed_part(reader, known, standardise, training_batches=batches)
        arrays |= {
            "test_labels": test.codes.cpu().numpy(),
            "train_embeddings": embeddings,
            "train_labels": known.codes.cpu().numpy(),
        }
    return arrays


def _viewing(
    reader: nn.Module, vault: Vault, rules: Protocol
) -> tuple[nn.Module, Callable[[Tensor], Tensor]]:
    """What embeds raw inputs to be scored: the reader, of one view of each or of several."""
    views = rules.test_views
    if views is None or not vault.is_images:
        return reader, vault.standardise
    windows = scored_windows(rules.augmentation, views)
    shown = [vault.standardise.through(window) for window in windows]
    normalize = rules.backbone.normalize
    return MeanOfViews(reader, shown, normalize=normalize), lambda raw: raw


def _validation(
    learnt: Learnt, reader: nn.Module, vault: Vault, rules: Protocol, method: Method
) -> float | None:
    """The selection metric on the validation part, of what will be scored."""
    if learnt.trained is not None and learnt.readout is None:
        return learnt.trained.selection.value
    part = vault.validation()
    embeddings = embed_part(reader, part, vault.standardise)
    distance = rules.distance_for(method.comparison)
    return map_at_r(embeddings, part.labels.cpu().numpy(), distance=distance)
