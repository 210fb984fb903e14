"""What a protocol for a person's data should have other than its base, and why, in a line each."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.dataset import Dataset
from harness.data.formats.trees import Tree, open_tree
from harness.data.own.files import tree_of_images
from harness.data.own.folders import images_of
from harness.data.own.loading import DEFAULT_SIZE, is_folder
from harness.data.splits import make_split
from harness.errors import UserError, counted
from harness.protocol.model import Rules
from harness.reading import SUFFIXES, Reading, suffix_of

_LOOKED_AT = 100
_SMALLEST = 16
_PASSES = 10
"""Passes over the training part that training should make at least."""
_LONGER = 10
"""Times the base's steps that it may take for them."""


@dataclass(frozen=True)
class ChosenProtocol:
    """What was chosen: the sections' values that change, and the reasons."""

    changes: Mapping[str, Mapping[str, Any]]
    reasons: tuple[str, ...]


def fitting_size(path: Path, reading: Reading, rules: Rules) -> tuple[int | None, str]:
    """To which side image files should be brought, and why; None for data that stay as they are.

    As asked, or as the augmentation crops, or 64: all further commands then need no option.
    """
    if reading.size is not None:
        return reading.size, f"Size: {reading.size}, as asked."
    side = _median_side(path, reading)
    if side is None:
        return None, "Size: the data are arrays, and stay as they are."
    if rules.augmentation.kind == "crop":
        size = rules.augmentation.resize
        return size, f"Size: {size}, to which the augmentation resizes."
    own = max(_SMALLEST, 8 * math.ceil(side / 8))
    why = f"Size: {DEFAULT_SIZE}; the images' shorter side is {side} (median)"
    if own < DEFAULT_SIZE:
        quicker = (DEFAULT_SIZE / own) ** 2
        return DEFAULT_SIZE, f"{why}: --size {own} would do, and is {quicker:.0f} times quicker."
    return DEFAULT_SIZE, f"{why}: --size N keeps more of them, and is slower."


def _median_side(path: Path, reading: Reading) -> int | None:
    """The median shorter side of some image files, from their headers; None without any."""
    tree: Tree
    if is_folder(path):
        tree = open_tree([path])
        names = images_of(tree.names)
    elif suffix_of(path) in SUFFIXES:
        found = tree_of_images(path, reading)
        if found is None:
            return None
        tree, names = found
    else:
        return None
    sides = list(_sides(tree, names[:: max(1, len(names) // _LOOKED_AT)]))
    return int(np.median(sides)) if sides else None


def _sides(tree: Tree, names: list[str]) -> Iterator[int]:
    from PIL import Image

    for name in names:
        try:
            for _, content in tree.stream([name]):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    with Image.open(io.BytesIO(content)) as image:
                        yield min(image.size)
        except (UserError, OSError, SyntaxError, ValueError):
            continue  # decoding names it


def choose(dataset: Dataset, rules: Rules, base: str) -> ChosenProtocol:
    """Choose backbone, batches and budget for data that are split by the rules.

    Batches no larger than the training part and its classes allow; steps for ten passes over it,
    where the base's are fewer, up to ten times as many.
    """
    reasons, changes = [_of_backbone(dataset, rules, base)], dict[str, dict[str, Any]]()
    if not dataset.is_images:
        changes["backbone"] = {"name": "mlp", "weights": "random"}
    split = make_split(dataset, rules.split, fold=0, seed=0)
    counts = np.unique(dataset.labels[split.train], return_counts=True)[1]
    batch, each, why = _batch(counts, rules)
    reasons.append(f"Batch: {batch} samples, {each} of a class where a method asks for that{why}.")
    training = rules.training
    steps, why = _steps(len(split.train), batch, rules)
    reasons.append(f"Budget: {counted(steps, 'step')}, {why}.")
    epoch = min(steps, max(1, math.ceil(len(split.train) / batch)))
    reasons.append(
        f"Epoch: {counted(epoch, 'step')}, about one pass, for methods that begin each anew."
    )
    changes["training"] = {
        "steps": steps, "steps_per_epoch": epoch, "batch_size": batch, "samples_per_class": each,
    }  # fmt: skip
    every = max(1, round(rules.selection.every * steps / training.steps))
    if every != rules.selection.every:
        changes["selection"] = {"every": every}
        reasons.append(f"Selection: every {every} steps, as often in all as the base.")
    return ChosenProtocol(changes, tuple(reasons))


def _of_backbone(dataset: Dataset, rules: Rules, base: str) -> str:
    if not dataset.is_images:
        return "Backbone: mlp, because the data are vectors."
    start = rules.backbone.weights
    if start == "random":
        return (
            f"Backbone: {rules.backbone.name} from random weights, as {base} has it; --base "
            "reality-check-lite starts from weights of ImageNet."
        )
    return f"Backbone: {rules.backbone.name} from weights of {start}, as {base} has it."


def _batch(counts: np.ndarray, rules: Rules) -> tuple[int, int, str]:
    """Size of a batch, samples of a class in it, and why where they are not the base's."""
    batch, each = rules.training.batch_size, rules.training.samples_per_class
    usual = int(np.median(counts))
    fewer = each if usual >= each else max(2, usual)
    room = min(int(counts.sum()), len(counts) * fewer)
    largest = room if room < batch else batch
    # Pairs need an even size.
    unit = math.lcm(2, fewer)
    fitting = max(2 * fewer, largest - largest % unit)
    if (fitting, fewer) == (batch, each):
        return batch, each, f", as the base has it ({len(counts)} training classes)"
    return fitting, fewer, (
        f" (the base has {batch} and {each}): {len(counts)} training classes, {usual} samples in "
        "the median one"
    )  # fmt: skip


def _steps(samples: int, batch: int, rules: Rules) -> tuple[int, str]:
    steps = rules.training.steps
    passes = steps * batch / samples
    if passes >= _PASSES:
        return steps, f"as the base has it: {passes:,.0f} passes over {samples:,} training samples"
    wanted = min(_LONGER * steps, math.ceil(_PASSES * samples / batch))
    wanted = _rounded(wanted) if wanted < _LONGER * steps else wanted
    now = wanted * batch / samples
    return wanted, (
        f"{now:,.1f} passes over {samples:,} training samples; the base's {steps:,} would make "
        f"{passes:,.1f}"
    )


def _rounded(steps: int) -> int:
    """Up to two digits."""
    unit = int(10 ** max(0, len(str(steps)) - 2))
    return math.ceil(steps / unit) * unit
