"""A head that a method learns from corrections, by the same training as every run."""

from __future__ import annotations

import gc
import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.data import numpy_stream
from harness.data.splits import Split
from harness.execution.executor import Bench
from harness.execution.learning import Student, learn
from harness.execution.plan import Entrant
from harness.execution.run import open_vault, require_supported, start_backbone
from harness.training import Task, Unsupported
from harness.training.embedding import ReadBackbone, embed_part

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

_FEWEST = 4


def embedded_after(
    entrant: Entrant, bench: Bench, corrected: Int64, *, validating: float, seed: int, turn: int
) -> tuple[Float32, int | None]:
    """Train from the initial weights on what was corrected, and embed every text: (N, d).

    Also which step was kept: 0 is the head as it starts, None a method that does not train.

    The method's code runs apart. `validating`: share of each class's corrections that choose the
    step. A method that learns from unlabelled samples too has the other texts, without labels.
    Raises whatever ends a run.
    """
    rules, method = bench.protocol, entrant.registered.method
    require_supported(method, rules, bench.dataset)
    validation = validation_part(bench.dataset.labels, corrected, validating, seed=seed, turn=turn)
    every = np.arange(len(bench.dataset))
    train = np.setdiff1d(every, validation)
    split = Split(train, validation, every, np.isin(train, corrected))
    vault = open_vault(bench, split)
    backbone = start_backbone(bench, fold=0, seed=seed, members=method.members)
    backbone.to(bench.device)
    reader: torch.nn.Module = backbone
    fields: dict[str, Any] = {}
    if method.trained or method.readout:
        part = vault.train(only_known=method.labels == "all")
        task = Task(rules, method, entrant.hyperparameters, seed, 0)
        facts = hashlib.sha256(part.positions.tobytes() + corrected.tobytes()).hexdigest()
        key = f"{bench.dataset.digest} {facts}"
        learnt = learn(Student(task, backbone, vault, part, torch.get_num_threads(), key), fields)
        if learnt.readout is not None:
            reader = ReadBackbone(backbone, learnt.readout)
    embeddings = embed_part(reader, vault.test(), vault.standardise)
    gc.collect()
    selected = fields.get("selected")
    return embeddings, None if selected is None else selected.step


def validation_part(
    labels: Int64, corrected: Int64, share: float, *, seed: int, turn: int
) -> Int64:
    """That share of the corrections of each class that has four: two at least, leaving two.

    Unsupported where fewer than two classes have as many.
    """
    draw = numpy_stream(seed, "validation of corrections", turn)
    chosen, classes = [np.empty(0, dtype=np.int64)], 0
    for label in np.unique(labels[corrected]):
        members = corrected[labels[corrected] == label]
        if len(members) >= _FEWEST:
            count = min(len(members) - 2, max(2, round(share * len(members))))
            chosen.append(draw.choice(members, size=count, replace=False))
            classes += 1
    if classes < 2:
        raise Unsupported(
            f"needs two classes with {_FEWEST} corrections each to choose a step by; "
            f"{len(corrected)} corrections make {classes}"
        )
    return np.sort(np.concatenate(chosen))
