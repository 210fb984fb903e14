"""A whole protocol file in sight, and the means to change one line of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

TOY = """\
format = 1
name = "toy"
summary = "for these tests"
replicates = 2

[split]
kind = "class-disjoint"
test_fraction = 0.5
folds = 4
fold_rule = "even"
labelled_fraction = 1.0

[backbone]
name = "mlp"
weights = "random"
freeze_batch_norm = false
embedding_size = 8
normalize = true

[optimizers.trunk]
name = "adam"
learning_rate = 1e-3
weight_decay = 0.0
momentum = 0.0

[optimizers.head]
name = "adam"
learning_rate = 1e-3
weight_decay = 0.0
momentum = 0.0

[optimizers.objective]
name = "adam"
learning_rate = 1e-2
weight_decay = 0.0
momentum = 0.0

[training]
steps = 10
steps_per_epoch = 5
batch_size = 8
samples_per_class = 4
compositions = ["balanced", "one-per-class"]

[augmentation]
shift = 0.0
rotation = 0.0
scale = 0.0
flip = false

[selection]
metric = "map_at_r"
every = 5
patience = 2

[search]
trials = 0
sampler = "tpe"
repeats = 1

[scoring]
gallery = "self"
distance = "cosine"
recall_at = [1, 2]
clustering_restarts = 1

[datasets.letters]

[datasets.numbers.split]
folds = 2
"""


@pytest.fixture
def toy() -> str:
    """A valid protocol file of two datasets, of which the second has two folds, not four."""
    return TOY


def change_line(key: str, value: str | None) -> str:
    """The toy file with another value at `section.key`, or without that line."""
    lines, section, changed = [], "", False
    for line in TOY.splitlines():
        if line.startswith("["):
            section = line.strip("[]") + "."
        if section + line.partition(" = ")[0] != key:
            lines.append(line)
            continue
        changed = True
        if value is not None:
            lines.append(f"{line.partition(' = ')[0]} = {value}")
    assert changed, f"the toy protocol has no line {key}"
    return "\n".join(lines)


@pytest.fixture
def change() -> Callable[[str, str | None], str]:
    """Change or drop one line of the toy file."""
    return change_line
