"""The loop: the same for every method, and the only place where weights are changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from harness.apart.objective import ObjectiveApart
from harness.data.parts import Part, Vault
from harness.method.objective import Batch, Readout
from harness.models.backbone import Backbone
from harness.record import Parameters
from harness.scoring import map_at_r
from harness.training import BadLoss, Diverged, Task
from harness.training.batching import Batches, BatchSource
from harness.training.embedding import Counts, embed_part
from harness.training.optimizers import backbone_optimizers, clear_gradients, take_step

LARGEST_LOSS = torch.finfo(torch.float32).max


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
    loop = Loop(task, backbone, vault, part, batches, objective)
    loop.begin()
    optimizers = backbone_optimizers(loop.rules.optimizers, backbone)
    while not loop.over:
        began = time.perf_counter()
        for step in loop.steps_of_a_round():
            clear_gradients(optimizers)
            loop.note_loss(step, objective.step(loop.batch(step)))
            take_step(optimizers, step, loop.rules.training.steps)
        loop.require_learning()
        loop.seconds += time.perf_counter() - began
        loop.validate()
    return loop.finish()


class Loop:
    """One training in progress, but for the passes and the optimizer, which several may share.

    `step`: how many are taken. `seconds`: of all but validation, `preparation` and
    `input_seconds` among them.
    """

    def __init__(
        self,
        task: Task,
        backbone: Backbone,
        vault: Vault,
        part: Part,
        batches: Batches,
        objective: ObjectiveApart,
    ) -> None:
        self.task = task
        self.rules = task.protocol
        self.backbone = backbone
        self.objective = objective
        self.best = BestStep(self.rules.selection.patience, self.rules.selection.start)
        self.step = 0
        self.seconds = 0.0
        self.preparation = 0.0
        self.input_seconds = 0.0
        self._source = BatchSource(task, part, batches, vault.prepare)
        self._validation = vault.validation()
        self._standardise = vault.standardise
        self._best_weights: dict[str, Tensor] | None = None
        self._losses: list[float] = []

    @property
    def over(self) -> bool:
        """Whether all steps are taken, or patience ran out."""
        return self.step >= self.rules.training.steps or self.best.exhausted

    def begin(self) -> None:
        """Have the Objective prepare, and validate the initial weights."""
        began = time.perf_counter()
        self.backbone.eval()
        self.objective.prepare()
        self.backbone.train()
        self.preparation = time.perf_counter() - began
        self.seconds += self.preparation
        self.validate()

    def steps_of_a_round(self) -> Iterator[int]:
        """Every step until the next validation, an epoch begun where one begins."""
        training = self.rules.training
        until = min(training.steps, self.step + self.rules.selection.every)
        while self.step < until:
            if self.step % training.steps_per_epoch == 0:
                self._begin_epoch()
            yield self.step
            self.step += 1

    def _begin_epoch(self) -> None:
        epoch = self.step // self.rules.training.steps_per_epoch
        self.backbone.eval()
        if self.task.method.batch == "clusters":
            clusters = self.objective.begin_epoch_of_clusters(epoch)
            self._source.redraw(self.step, clusters)
        else:
            self.objective.begin_epoch(epoch)
        self.backbone.train()

    def batch(self, step: int) -> Batch:
        """The batch of a step; each is asked for once, in order."""
        began = time.perf_counter()
        batch = self._source(step)
        self.input_seconds += time.perf_counter() - began
        return batch

    def note_loss(self, step: int, loss: float) -> None:
        """Note the loss of a step; raises Diverged if it is not finite as float32."""
        if not abs(loss) <= LARGEST_LOSS:
            raise Diverged(f"the loss is {loss} at step {step}")
        self._losses.append(loss)

    def require_learning(self) -> None:
        """Raise BadLoss where no gradient ever came."""
        if self.objective.embed.counts.backward_passes == 0:
            raise BadLoss(f"no gradient reached the backbone in {self.step} steps")

    def validate(self) -> None:
        """Judge the weights as they are, and keep them if none before were better."""
        embeddings = embed_part(self.backbone, self._validation, self._standardise)
        value = map_at_r(
            embeddings,
            self._validation.labels.cpu().numpy(),
            distance=self.task.distance,
        )
        if self.best.observe(self.step, value) or self._best_weights is None:
            state = self.backbone.state_dict()
            self._best_weights = {name: values.clone() for name, values in state.items()}

    def finish(self) -> Trained:
        """Put the selected weights back, and have the Objective give its readout, if it has one."""
        assert self._best_weights is not None, "a loop begins before it ends"
        self.backbone.load_state_dict(self._best_weights)
        readout = None
        if self.task.method.readout:
            self.backbone.eval()
            readout = self.objective.finish()
            self.backbone.train()
        return Trained(
            selection=self.best,
            stopped_early=self.step < self.rules.training.steps,
            losses=torch.tensor(self._losses, dtype=torch.float32),
            counts=self.objective.embed.counts,
            steps=self.step,
            seconds=self.seconds,
            preparation=self.preparation,
            input_seconds=self.input_seconds,
            parameters=count_parameters(self.backbone, self.objective.count_parameters()),
            batches_digest=self._source.digest,
            readout=readout,
        )


def count_parameters(backbone: Backbone, objective: int = 0) -> Parameters:
    """Trainable parameters by owner; `objective`: how many the method says that it has."""

    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters() if p.requires_grad)

    return Parameters(trunk=count(backbone.trunk), head=count(backbone.head), objective=objective)
