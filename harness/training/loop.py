"""The loop: the same for every method, and the only place where weights are changed."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from harness.apart.objective import ObjectiveApart
from harness.data.parts import Part, Vault
from harness.data.samplers import Batches
from harness.method.objective import Readout
from harness.models.backbone import Backbone
from harness.record import Parameters
from harness.scoring import map_at_r
from harness.training.batching import BatchSource
from harness.training.embedding import Counts, embed_part
from harness.training.optimizers import backbone_optimizers, set_rates
from harness.training.outcomes import BadLoss, Diverged
from harness.training.task import Task


@dataclass
class BestStep:
    """The best validation so far, higher being better; the first of equal ones counts.

    `start`: the first step that may be chosen; earlier ones are noted only.
    """

    patience: int
    start: int = 0
    history: list[tuple[int, float]] = field(default_factory=list)
    step: int = -1
    value: float = float("-inf")
    _since: int = 0

    def observe(self, step: int, value: float) -> bool:
        """Note one validation; return whether it is a strict improvement."""
        self.history.append((step, value))
        if step < self.start:
            return False
        if value > self.value:
            self.step, self.value, self._since = step, value, 0
            return True
        self._since += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Whether `patience` validations in a row brought no improvement."""
        return self._since >= self.patience


@dataclass(frozen=True, eq=False)
class Trained:
    """What training leaves: the backbone holds the selected weights.

    `losses`: float32 (steps taken,), on the CPU. `seconds`: of the loop without validation; of
    them `preparation` before the first step, and `input_seconds` until a step had its batch.
    `readout`: of a method that ends in one.
    """

    selection: BestStep
    stopped_early: bool
    losses: Tensor
    counts: Counts
    steps: int
    seconds: float
    preparation: float
    input_seconds: float
    parameters: Parameters
    batches_digest: str
    readout: Readout | None


def train(
    task: Task,
    backbone: Backbone,
    vault: Vault,
    part: Part,
    batches: Batches,
    objective: ObjectiveApart,
) -> Trained:
    """Train the backbone by the task's method and leave it with the selected step's weights.

    `part`: the training part that the method may use; `batches`: positions into it. Raises a
    RunFailure for what the core finds wrong, and Told for what the plugin raises.
    """
    rules = task.protocol
    backbone.eval()
    began = time.perf_counter()
    objective.prepare()
    backbone.train()
    source = BatchSource(task, part, batches, vault.prepare)
    loop = _Loop(task, backbone, objective, vault)
    spent_before = time.perf_counter() - began
    steps = loop.run(source)
    readout = None
    if task.method.readout:
        backbone.eval()
        readout = objective.finish()
        backbone.train()
    return Trained(
        selection=loop.best,
        stopped_early=steps < rules.training.steps,
        losses=loop.losses[:steps].cpu(),
        counts=objective.embed.counts,
        steps=steps,
        seconds=spent_before + loop.seconds,
        preparation=spent_before,
        input_seconds=loop.input_seconds,
        parameters=count_parameters(backbone, objective.count_parameters()),
        batches_digest=source.digest,
        readout=readout,
    )


class _Loop:
    """One training in progress."""

    def __init__(
        self, task: Task, backbone: Backbone, objective: ObjectiveApart, vault: Vault
    ) -> None:
        self.draws_clusters = task.method.batch == "clusters"
        self.rules = task.protocol
        self.backbone = backbone
        self.objective = objective
        self.validation = vault.validation()
        self.standardise = vault.standardise
        self.distance = task.distance
        self.optimizers = backbone_optimizers(self.rules.optimizers, backbone)
        self.best = BestStep(self.rules.selection.patience, self.rules.selection.start)
        self.seconds = 0.0
        self.input_seconds = 0.0
        steps = self.rules.training.steps
        device = self.validation.inputs.device
        self.losses = torch.zeros(steps, device=device)
        # Reading a loss makes a GPU wait for its queue, so there it is read now and then.
        self.loss_check_every = 1 if device.type == "cpu" else 25
        self._checked = 0

    def run(self, source: BatchSource) -> int:
        """Train to the end or until patience runs out; return the steps taken."""
        training = self.rules.training
        best_weights = self._validate(0, None)
        step = 0
        while step < training.steps and not self.best.exhausted:
            began = time.perf_counter()
            until = min(training.steps, step + self.rules.selection.every)
            while step < until:
                if step % training.steps_per_epoch == 0:
                    self._begin_epoch(step, source)
                self._step(source, step)
                step += 1
            self._check_losses(step)
            if self.objective.embed.counts.backward_passes == 0:
                raise BadLoss(f"no gradient reached the backbone in {step} steps")
            self.seconds += time.perf_counter() - began
            best_weights = self._validate(step, best_weights)
        self.backbone.load_state_dict(best_weights)
        return step

    def _begin_epoch(self, step: int, source: BatchSource) -> None:
        epoch = step // self.rules.training.steps_per_epoch
        self.backbone.eval()
        if self.draws_clusters:
            source.redraw(step, self.objective.begin_epoch_of_clusters(epoch))
        else:
            self.objective.begin_epoch(epoch)
        self.backbone.train()

    def _step(self, source: BatchSource, step: int) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        began = time.perf_counter()
        batch = source(step)
        self.input_seconds += time.perf_counter() - began
        self.losses[step] = self.objective.step(batch)
        if (step + 1) % self.loss_check_every == 0:
            self._check_losses(step + 1)
        set_rates(self.optimizers, step, len(self.losses))
        for optimizer in self.optimizers:
            optimizer.step()

    def _check_losses(self, steps: int) -> None:
        finite = torch.isfinite(self.losses[self._checked : steps])
        if not bool(finite.all()):
            step = self._checked + int((~finite).nonzero()[0])
            raise Diverged(f"the loss is {self.losses[step].item()} at step {step}")
        self._checked = steps

    def _validate(self, step: int, best_weights: dict[str, Tensor] | None) -> dict[str, Tensor]:
        embeddings = embed_part(self.backbone, self.validation, self.standardise)
        value = map_at_r(
            embeddings,
            self.validation.labels.cpu().numpy(),
            distance=self.distance,
        )
        if self.best.observe(step, value) or best_weights is None:
            return copy.deepcopy(self.backbone.state_dict())
        return best_weights


def count_parameters(backbone: Backbone, objective: int = 0) -> Parameters:
    """Trainable parameters by owner; `objective`: how many the method says that it has."""

    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters() if p.requires_grad)

    return Parameters(trunk=count(backbone.trunk), head=count(backbone.head), objective=objective)
