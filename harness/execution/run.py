"""One run, from its seed to its Record. What goes wrong becomes a reason, here and only here."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.apart import Died
from harness.apart.memory import NothingShared
from harness.artifacts import Arrays, RunArray
from harness.data.augmentation import middle_window, scored_windows
from harness.data.dataset import Dataset, DatasetChanged
from harness.data.parts import Vault
from harness.data.splits import Split, make_split, part_digest, roles_of
from harness.execution.executor import Bench
from harness.execution.learning import Learnt, Student, learn
from harness.execution.machine import PeakMemory
from harness.execution.plan import PlannedRun
from harness.execution.scores import score_part
from harness.method import Method
from harness.models import given_standardisation, starting_trunk
from harness.models.backbone import Backbone, MeanOfViews, Trunk, build_backbone, weights_digest
from harness.protocol import Protocol
from harness.protocol.model import CLOSED_SETS
from harness.record import Audit, Reason, Record, State
from harness.registry import Reference
from harness.scoring import map_at_r
from harness.training import Clock, PluginFailed, Task, Unsupported, reason_of, spent_on
from harness.training.embedding import Counts, ReadBackbone, embed_part
from harness.training.loop import count_parameters


def open_vault(bench: Bench, split: Split) -> Vault:
    """The dataset cut by a split, with its inputs as the protocol and the trunk's weights say."""
    rules = bench.protocol
    source = bench.registry.backbone(rules.backbone.name).item
    weights = source.weights_named(rules.backbone.weights)
    return Vault(
        bench.dataset,
        split,
        bench.device,
        raw=rules.quirks is not None and rules.quirks.raw_training_inputs,
        window=middle_window(rules.augmentation),
        label_sets=rules.label_sets,
        given=None if weights is None else given_standardisation(weights, bench.dataset),
    )


def start_backbone(bench: Bench, *, fold: int, seed: int, members: int = 1) -> Backbone:
    """Build the protocol's backbone on the CPU, with the weights that it starts from."""
    rules = bench.protocol
    source = bench.registry.backbone(rules.backbone.name).item
    build: Callable[[tuple[int, ...]], Trunk]
    if isinstance(source.build, Reference):
        from harness.apart.trunk import TrunkApart

        build = partial(TrunkApart, source, rules.backbone)
    else:
        build = starting_trunk(source, source.weights_named(rules.backbone.weights))
    return build_backbone(
        build,
        rules.backbone,
        trunk_inputs(bench),
        fold=fold,
        seed=seed,
        members=members,
    )


def trunk_inputs(bench: Bench) -> tuple[int, ...]:
    """The shape of one input of the trunk."""
    rules = bench.protocol
    weights = bench.registry.backbone(rules.backbone.name).item.weights_named(
        rules.backbone.weights
    )
    shape = middle_window(rules.augmentation).shape(tuple(bench.dataset.inputs.shape[1:]))
    return shape if weights is None else (len(weights.mean), *shape[1:])


def require_supported(method: Method, protocol: Protocol, dataset: Dataset) -> None:
    """Raise Unsupported for a method that needs what the protocol, the data or the machine lack."""
    for module, remedy in method.requires.items():
        if find_spec(module.partition(".")[0]) is None:
            raise Unsupported(f"needs {module}, which is not installed: {remedy}")
    if method.setting == "closed-set" and protocol.split.kind not in CLOSED_SETS:
        raise Unsupported("needs a closed-set split; this protocol's test classes are new")
    if method.weights == "pretrained" and protocol.backbone.weights == "random":
        raise Unsupported("needs pretrained weights; this protocol trains from random ones")
    if method.label_sets == "attributes" and protocol.label_sets is None:
        raise Unsupported("needs label sets beside the class; this protocol gives none")
    if protocol.backbone.embedding_size % method.members:
        raise Unsupported(
            f"needs an embedding size that {method.members} members can share, "
            f"not {protocol.backbone.embedding_size}"
        )
    if method.trained:
        _require_batches(method, protocol, dataset)


def _require_batches(method: Method, protocol: Protocol, dataset: Dataset) -> None:
    if method.batch not in protocol.training.compositions:
        admitted = ", ".join(protocol.training.compositions)
        raise Unsupported(f"needs {method.batch} batches; this protocol admits {admitted}")
    if method.batch == "clusters" and protocol.split.labelled_fraction < 1:
        raise Unsupported("needs clusters of labelled samples; this protocol hides labels")
    if method.views == 2 and not dataset.is_images:
        raise Unsupported("needs two augmented views; feature vectors are not augmented")
    if method.relevance == "graded" and dataset.hierarchy is None:
        raise Unsupported(f"needs graded relevance; {dataset.name} names no groups of classes")


ATTEMPTS = 2
"""How often a run is tried whose process ends."""


def execute(run: PlannedRun, bench: Bench) -> tuple[Record, Arrays | None]:
    """Train and score one run; return its Record and the arrays to store beside it.

    Never raises for what a plugin does: that is a failed Record with its reason. Raises
    NothingShared where the machine lets no plugin have a process, DatasetChanged where the file
    of the dataset was written to meanwhile.
    """
    for attempt in range(1, ATTEMPTS + 1):
        course = Attempt(run, bench)
        try:
            with spent_on(course.clock):
                course.begin()
                learnt = course.learnt
                if course.student is not None:
                    learnt = learn(course.student, course.fields)
                arrays = course.score(learnt)
        except (KeyboardInterrupt, NothingShared, DatasetChanged):
            raise
        except Died as death:
            if attempt == ATTEMPTS:
                message = f"{death}, at each of {ATTEMPTS} attempts"
                return course.failed(PluginFailed(Reason(kind="died", message=message))), None
        except BaseException as error:
            return course.failed(error), None
        else:
            return course.done(), arrays
        finally:
            gc.collect()
    raise AssertionError("the last attempt returns")


class Attempt:
    """One attempt at a run: what is known of it so far, which becomes its Record.

    `together`: how many runs it was trained together with, itself among them. `student`: what is
    to learn, once the run has begun; None where nothing is.
    """

    def __init__(self, run: PlannedRun, bench: Bench, *, together: int = 1) -> None:
        self.run = run
        self.clock = Clock()
        self.fields: dict[str, Any] = {}
        self.student: Student | None = None
        self._bench = bench
        bench.fence()
        self._together = together
        self._started = datetime.now(UTC)
        self._method = run.entrant.registered.method
        rules = bench.protocol
        self._rules = rules if run.identity.trial is None else rules.of_a_trial()

    def begin(self) -> None:
        """Cut the dataset and build the network, as it starts."""
        bench, identity, method = self._bench, self.run.identity, self._method
        require_supported(method, bench.protocol, bench.dataset)
        self._memory = PeakMemory(bench.device)
        split = make_split(bench.dataset, self._rules.split, fold=identity.fold, seed=identity.seed)
        self._vault = open_vault(bench, split)
        self.backbone = start_backbone(
            bench, fold=identity.fold, seed=identity.seed, members=method.members
        )
        self.fields["init_digest"] = weights_digest(self.backbone)
        self.backbone.to(bench.device)
        self.learnt = Learnt(Counts(), count_parameters(self.backbone))
        if method.trained or method.readout:
            part = self._vault.train(only_known=method.labels == "all")
            entrant = self.run.entrant
            task = Task(self._rules, method, entrant.hyperparameters, identity.seed, identity.fold)
            positions = hashlib.sha256(part.positions.tobytes()).hexdigest()
            key = f"{identity.dataset_digest} {positions}"
            threads = torch.get_num_threads()
            self.student = Student(task, self.backbone, self._vault, part, threads, key)

    def score(self, learnt: Learnt) -> Arrays:
        """Judge what was learnt; the arrays to store beside the Record."""
        bench, identity, rules = self._bench, self.run.identity, self._rules
        backbone, vault, method = self.backbone, self._vault, self._method
        reader = backbone if learnt.readout is None else ReadBackbone(backbone, learnt.readout)
        self.fields["validation"] = _validation(learnt, reader, vault, rules, method)
        if identity.trial is not None:  # a trial never sees the test part
            self.fields["audit"] = self._audit(learnt)
            return {}
        arrays = _embedded(reader, vault, rules)
        arrays |= roles_of(bench.dataset, arrays[RunArray.TEST_POSITIONS], rules.scoring)
        tested = arrays[RunArray.TEST_POSITIONS], arrays[RunArray.TEST_LABELS]
        self.fields["test_digest"] = part_digest(*tested)
        rule = rules.scoring_for(method.comparison)
        scores, by_query = score_part(arrays, rule, metrics=bench.metrics, seed=identity.seed)
        self.fields["scores"] = scores
        self.fields["audit"] = self._audit(learnt)
        if learnt.trained is not None:
            arrays[RunArray.LOSSES] = learnt.trained.losses.numpy()
        if bench.keep_weights:
            from harness.embedder.keeping import kept

            arrays |= kept(identity, method, reader, vault, bench)
        bench.dataset.require_unchanged()
        return {**arrays, **by_query}

    def _audit(self, learnt: Learnt) -> Audit:
        """What the run cost until now; of the processor, a plugin's trunk included."""
        trunks = (one for one in self.backbone.modules() if isinstance(one, Trunk))
        processor = self.clock.processor_seconds + sum(one.processor_seconds for one in trunks)
        return learnt.audit(self.clock.seconds, processor, self._memory.bytes())

    def done(self) -> Record:
        """The Record of a run that was scored."""
        return self._record("done", **self.fields)

    def failed(self, error: BaseException) -> Record:
        """The Record of a run that was not, with its reason."""
        reason = reason_of(error)
        state: State = "skipped" if reason.kind == "unsupported" else "failed"
        return self._record(state, **{**self.fields, "reason": reason})

    def _record(self, state: State, **fields: Any) -> Record:
        return self._bench.record(
            self.run, state=state, started=self._started, together=self._together, **fields
        )


def _embedded(reader: nn.Module, vault: Vault, rules: Protocol) -> dict[str, npt.NDArray[Any]]:
    """Everything that scores are made of: embeddings and labels of the test part.

    With a gallery of training samples, or classifiers, also those of the labelled training part,
    and the labels are the dataset's own.
    """
    test = vault.test()
    batches = rules.quirks.test_batches if rules.quirks else 0
    reader, standardise = _viewing(reader, vault, rules)
    arrays: dict[str, npt.NDArray[Any]] = {
        RunArray.TEST_EMBEDDINGS: embed_part(reader, test, standardise, training_batches=batches),
        RunArray.TEST_LABELS: test.labels.cpu().numpy(),
        RunArray.TEST_POSITIONS: test.positions,
    }
    if rules.scoring.reads_training_part:
        known = vault.train(only_known=True)
        embeddings = embed_part(reader, known, standardise, training_batches=batches)
        arrays |= {
            RunArray.TEST_LABELS: test.codes.cpu().numpy(),
            RunArray.TRAIN_EMBEDDINGS: embeddings,
            RunArray.TRAIN_LABELS: known.codes.cpu().numpy(),
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
