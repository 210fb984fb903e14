"""Adience: aligned faces, and five lists of them with ages."""

from __future__ import annotations

import re

import numpy as np

from harness.data.formats.trees import Tree
from harness.data.sources.index import ImageIndex, coded, present, text_lines
from harness.errors import UserError

AGES = ((0, 2), (4, 6), (8, 13), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100))
_FOLDS = tuple(f"fold_{number}_data.txt" for number in range(5))
_FIELDS = ("user_id", "original_image", "face_id", "age", "gender")


def by_age(tree: Tree) -> ImageIndex:
    """Faces by age group; a face whose stated age begins in no group is left out.

    The lists state ages as groups, as single years and in a few other ranges.
    """
    rows, folds = [], []
    for number, lines in enumerate(text_lines(tree, *_FOLDS)):
        header = lines[0].split("\t")
        if not set(_FIELDS) <= set(header):
            raise UserError(f"{tree.where}: {_FOLDS[number]} lacks a column of {_FIELDS}")
        for line in lines[1:]:
            row = dict(zip(header, line.split("\t"), strict=False))
            if age_group(row["age"]) is not None:
                rows.append(row)
                folds.append(str(number))
    index = ImageIndex(
        names=tuple(
            f"{row['user_id']}/landmark_aligned_face.{row['face_id']}.{row['original_image']}"
            for row in rows
        ),
        labels=np.array([age_group(row["age"]) for row in rows], dtype=np.int64),
        class_names=tuple(f"{first} to {last}" for first, last in AGES),
        attributes={
            "fold": coded(folds),
            "gender": coded(row["gender"] or "u" for row in rows),
            "person": coded(row["user_id"] for row in rows),
        },
    )
    return present(index, tree)


def age_group(stated: str) -> int | None:
    """The group that the first number of a stated age lies in, or None."""
    number = re.search(r"\d+", stated)
    if number is None:
        return None
    age = int(number[0])
    return next((code for code, (low, high) in enumerate(AGES) if low <= age <= high), None)
