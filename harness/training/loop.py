"""The loop: the same for every method, and the only place where weights are changed."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.data.parts import Part, Vault
from harness.data.samplers import Batches
from harness.method.objective import Context, Objective, Readout
from harness.models.backbone import Backbone
from harness.record import Parameters
from harness.scoring import map_at_r
from harness.training.batching import BatchSource, TrainingView
from harness.training.embedding import AuditedEmbed, Counts, embed_part
from harness.training.guard import WeightGuard
from harness.training.optimizers import build_optimizers, set_rates
from harness.training.outcomes import BadLoss, Diverged
from harness.training.readout import finish
from harness.training.selection import BestStep
from harness.training.task import Task


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
    generator: torch.Generator,
) -> Trained:
    """Train the backbone by the task's method and leave it with the selected step's weights.

    `part`: the training part that the method may use; `batches`: positions into it. Raises a
    RunFailure for what the core finds wrong, and whatever the plugin raises.
    """
    rules = task.protocol
    embed = AuditedEmbed(backbone, rules.backbone.embedding_size)
    view = TrainingView(part, vault.prepare, task.method, embed.counts)
    objective = build_objective(task, backbone, part, generator)
    guard = WeightGuard(backbone)
    guard.remember(values=True)
    backbone.eval()
    began = time.perf_counter()
    objective.prepare(view, embed)
    guard.check()
    backbone.train()
    source = BatchSource(task, part, batches, vault.prepare)
    loop = _Loop(task, backbone, objective, vault, embed, guard)
    spent_before = time.perf_counter() - began
    steps = loop.run(source, view)
    readout = None
    if task.method.readout:
        guard.remember(values=True)
        readout = finish(objective, view, embed, backbone, rules.backbone.embedding_size)
        guard.check()
    return Trained(
        selection=loop.best,
        stopped_early=steps < rules.training.steps,
        losses=loop.losses[:steps].cpu(),
        counts=embed.counts,
        steps=steps,
        seconds=spent_before + loop.seconds,
        preparation=spent_before,
        input_seconds=loop.input_seconds,
        parameters=count_parameters(backbone, objective),
        batches_digest=source.digest,
        readout=readout,
    )


def build_objective(
    task: Task, backbone: Backbone, part: Part, generator: torch.Generator
) -> Objective:
    """Build the task's method for this run. Raises BadLoss if that gives no Objective."""
    rules = task.protocol
    device = part.inputs.device
    context = Context(
        classes=part.classes,
        samples=len(part),
        input_shape=backbone.input_shape or tuple(part.inputs.shape[1:]),
        embedding_size=rules.backbone.embedding_size,
        feature_size=backbone.trunk.feature_size,
        normalized=rules.backbone.normalize,
        members=task.method.members,
        batch_size=rules.training.batch_size,
        steps=rules.training.steps,
        steps_per_epoch=rules.training.steps_per_epoch,
        device=device,
        generator=generator,
        distance=task.distance,
    )
    objective = task.method.objective(task.hyperparameters, context)
    if not isinstance(objective, Objective):
        raise BadLoss(f"build returned {type(objective).__name__}, not an Objective")
    return objective.to(device).train()


class _Loop:
    """One training in progress."""

    def __init__(
        self,
        task: Task,
        backbone: Backbone,
        objective: Objective,
        vault: Vault,
        embed: AuditedEmbed,
        guard: WeightGuard,
    ) -> None:
        self.draws_clusters = task.method.batch == "clusters"
        self.rules = task.protocol
        self.backbone = backbone
        self.objective = objective
        self.embed = embed
        self.guard = guard
        self.validation = vault.validation()
        self.standardise = vault.standardise
        self.distance = task.distance
        self.optimizers = build_optimizers(
            self.rules.optimizers, backbone, objective, task.hyperparameters
        )
        self.best = BestStep(self.rules.selection.patience, self.rules.selection.start)
        self.seconds = 0.0
        self.input_seconds = 0.0
        steps = self.rules.training.steps
        device = self.validation.inputs.device
        self.losses = torch.zeros(steps, device=device)
        # Reading a loss makes a GPU wait for its queue, so there it is read now and then.
        self.loss_check_every = 1 if device.type == "cpu" else 25
        self._checked = 0

    def run(self, source: BatchSource, view: TrainingView) -> int:
        """Train to the end or until patience runs out; return the steps taken."""
        training = self.rules.training
        best_weights = self._validate(0, None)
        step = 0
        while step < training.steps and not self.best.exhausted:
            began = time.perf_counter()
            until = min(training.steps, step + self.rules.selection.every)
            while step < until:
                if step % training.steps_per_epoch == 0:
                    self._begin_epoch(step // training.steps_per_epoch, view)
                    if self.draws_clusters:
                        source.redraw(step, self.objective.clusters())
                self._step(source, step)
                step += 1
            self._check_losses(step)
            if self.embed.counts.backward_passes == 0:
                raise BadLoss(f"no gradient reached the backbone in {step} steps")
            self.seconds += time.perf_counter() - began
            best_weights = self._validate(step, best_weights)
        self.backbone.load_state_dict(best_weights)
        return step

    def _begin_epoch(self, epoch: int, view: TrainingView) -> None:
        self.guard.remember(values=True)
        self.backbone.eval()
        self.objective.begin_epoch(epoch, view, self.embed)
        self.guard.check()
        self.backbone.train()

    def _step(self, source: BatchSource, step: int) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        began = time.perf_counter()
        batch = source(step)
        self.input_seconds += time.perf_counter() - began
        loss = self.objective(batch, self.embed)
        self._check_loss(loss)
        self.guard.check_no_gradient()
        loss.backward()
        self.guard.check()
        self.losses[step] = loss.detach()
        if (step + 1) % self.loss_check_every == 0:
            self._check_losses(step + 1)
        set_rates(self.optimizers, step, len(self.losses))
        for optimizer in self.optimizers:
            optimizer.step()
        self.guard.remember()

    def _check_loss(self, loss: object) -> None:
        if not isinstance(loss, Tensor):
            raise BadLoss(f"the loss is {type(loss).__name__}, not a tensor")
        if loss.ndim != 0:
            raise BadLoss(f"the loss has shape {tuple(loss.shape)}, not that of a scalar")
        if not loss.requires_grad:
            raise BadLoss("the loss has no gradient")

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
        self.guard.remember(values=True)
        if self.best.observe(step, value) or best_weights is None:
            return copy.deepcopy(self.backbone.state_dict())
        return best_weights


def count_parameters(backbone: Backbone, objective: nn.Module | None) -> Parameters:
    """Trainable parameters by owner."""

    def count(module: nn.Module | None) -> int:
        if module is None:
            return 0
        return sum(p.numel() for p in module.parameters() if p.requires_grad)

    return Parameters(
        trunk=count(backbone.trunk), head=count(backbone.head), objective=count(objective)
    )
