"""Stanford Online Products: two lists of images, their products and their groups."""

from __future__ import annotations

import numpy as np

from harness.data.dataset import TEST, TRAIN
from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded, present, text_lines
from harness.errors import UserError


def ebay_lists(tree: Tree) -> ImageIndex:
    """Products of Ebay_train.txt train, those of Ebay_test.txt test; attribute group.

    Samples are in the order of the lists; classes in that of their numbers.
    """
    trained, tested = (
        [line.split() for line in lines[1:]]
        for lines in text_lines(tree, "Ebay_train.txt", "Ebay_test.txt")
    )
    rows = trained + tested
    if any(len(row) != 4 for row in rows):
        raise UserError(f"{tree.where}: a line of its lists has not four fields")
    numbers, labels = np.unique([int(row[1]) for row in rows], return_inverse=True)
    index = ImageIndex(
        names=tuple(row[3] for row in rows),
        labels=labels.astype(np.int64),
        class_names=tuple(f"product {number}" for number in numbers),
        parts=np.repeat(np.array([TRAIN, TEST], dtype=np.int8), [len(trained), len(tested)]),
        attributes={"group": coded(row[3].partition("_final")[0] for row in rows)},
        hierarchy="group",
    )
    return present(index, tree)
