"""Training GEMINI before the student's first step, and embedding the training part by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bench_methods.guided.gemini_loss import Triplets, gemini_loss
from bench_methods.guided.gemini_network import Gemini
from harness import Context, View

ON_THE_SPHERE, UNBOUNDED = 1e-3, 1e-2
"""Learning rates of Adam and of SGD."""
TRIPLETS = 640
"""Of each ordered pair of classes, at most: 10 epochs of 64 in the authors' code."""
CHUNK = 512


@dataclass(frozen=True)
class GeminiRule:
    """What the teacher is trained for: Eq. 5's beta and margin, and whether Eq. 6 replaces it."""

    beta: float
    margin: float
    constraint_vectors: bool


class GeminiTraining:
    """A teacher in training.

    Each step takes one ordered pair of classes, as the paper does, and a third as many triplets
    as the student's batch has images. The pairs come in random order, all before any again.
    Images of a triplet are drawn at random from their class, anchor and positive without
    replacement where it has two.
    """

    def __init__(self, rule: GeminiRule, context: Context, view: View) -> None:
        labels = view.labels
        if labels is None:
            raise RuntimeError("gemini chooses streams by the labels and needs them")
        if context.classes < 2:
            raise ValueError("gemini needs two classes to tell apart")
        self.rule = rule
        self.context = context
        self.view = view
        self.labels = labels
        self.members = [torch.nonzero(labels == c).flatten() for c in range(context.classes)]
        self.teacher = Gemini(context.input_shape, context.classes, context.embedding_size)
        self.teacher.to(context.device)
        constraints = torch.randn(context.classes, context.embedding_size)
        self.constraints = self._placed(constraints.to(context.device))

    def run(self) -> Tensor:
        """Train for the run's number of steps at most; return the targets, float32 (N, d)."""
        optimizer = self._optimizer()
        pairs = self._class_pairs()
        for _ in range(min(self.context.steps, self._enough())):
            optimizer.zero_grad(set_to_none=True)
            loss = self.loss(*next(pairs))
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return self.targets()

    def loss(self, label: int, other: int) -> Tensor:
        """Loss of a step's triplets: anchors and positives of one class, negatives of another."""
        count = self._triplets()
        anchors, positives = self._draw_two(label, count)
        inputs = self.view.inputs(torch.cat([anchors, positives]))
        local = self.teacher.local(inputs, label)
        embedded = self._placed(self.teacher.embed(local))
        triplets = Triplets(
            local_anchor=local[:count],
            local_positive=local[count:],
            anchor=embedded[:count],
            positive=embedded[count:],
            negative=self._negatives(other, count),
        )
        return gemini_loss(triplets, beta=self.rule.beta, margin=self.rule.margin)

    @torch.no_grad()
    def targets(self) -> Tensor:
        """The teacher's embeddings of the training part, float32 (N, d)."""
        targets = torch.empty(
            len(self.view), self.context.embedding_size, device=self.context.device
        )
        for label, members in enumerate(self.members):
            for some in torch.split(members, CHUNK):
                local = self.teacher.local(self.view.inputs(some), label)
                targets[some] = self._placed(self.teacher.embed(local))
        return targets

    def _optimizer(self) -> torch.optim.Optimizer:
        """Adam where embeddings are normalised; where nothing bounds them it scatters classes."""
        weights = self.teacher.parameters()
        if self.context.normalized:
            return torch.optim.Adam(weights, lr=ON_THE_SPHERE)
        return torch.optim.SGD(weights, lr=UNBOUNDED)

    def _triplets(self) -> int:
        """Triplets of a step."""
        return max(self.context.batch_size // 3, 1)

    def _enough(self) -> int:
        """Steps after which every ordered pair of classes has given its triplets."""
        pairs = self.context.classes * (self.context.classes - 1)
        return pairs * -(-TRIPLETS // self._triplets())

    def _negatives(self, label: int, count: int) -> Tensor:
        if self.rule.constraint_vectors:
            return self.constraints[label].expand(count, -1)
        inputs = self.view.inputs(self._draw_two(label, count)[0])
        return self._placed(self.teacher.embed(self.teacher.local(inputs, label)))

    def _placed(self, embeddings: Tensor) -> Tensor:
        """Embeddings where the protocol wants them: on the unit sphere, or as they are."""
        return nn.functional.normalize(embeddings) if self.context.normalized else embeddings

    def _draw_two(self, label: int, count: int) -> tuple[Tensor, Tensor]:
        """Two positions for each triplet: int64 (count,) each, different where a class has two."""
        members = self.members[label]
        chances = torch.rand(count, len(members))
        first, last = chances.argmax(dim=1), chances.argmin(dim=1)
        return members[first.to(members.device)], members[last.to(members.device)]

    def _class_pairs(self) -> Iterator[tuple[int, int]]:
        classes = self.context.classes
        while True:
            for number in torch.randperm(classes * (classes - 1)).tolist():
                label, other = divmod(number, classes - 1)
                yield label, other + (other >= label)
