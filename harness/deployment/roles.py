"""Who plays which part: gallery, calibration or query, and which classes are enrolled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.data.streams import numpy_stream
from harness.deployment.nearest import Int64
from harness.errors import UserError

_GALLERY, _CALIBRATION = 0.4, 0.2


@dataclass(frozen=True, eq=False)
class Roles:
    """Places in the test part, int64 and ascending each; no sample has two roles.

    `gallery` and `calibration` hold samples of the enrolled classes alone; `queries` of all.
    `enrolled`: the classes that the gallery knows, ascending.
    """

    gallery: Int64
    calibration: Int64
    queries: Int64
    enrolled: Int64


def draw_roles(labels: Int64, *, enrolled: float, seed: int) -> Roles:
    """Draw the enrolled classes, and who of the test part is what: 40, 20 and 40 %.

    `labels`: int64 (N,). The draw depends on nothing but the labels, the share of classes and the
    seed, so that every method has the same. At least one class is enrolled and one is not.
    UserError if there are fewer than two classes, or a role has no sample.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        raise UserError("a deployment needs two test classes: one to enrol and one that is not")
    count = min(len(classes) - 1, max(1, round(enrolled * len(classes))))
    known = np.sort(numpy_stream(seed, "enrolled classes").permutation(classes)[:count])
    order = numpy_stream(seed, "deployment roles").permutation(len(labels))
    first, second = round(_GALLERY * len(labels)), round((_GALLERY + _CALIBRATION) * len(labels))
    gallery, calibration, queries = (np.sort(part) for part in np.split(order, [first, second]))
    roles = Roles(
        gallery=gallery[np.isin(labels[gallery], known)],
        calibration=calibration[np.isin(labels[calibration], known)],
        queries=queries,
        enrolled=known,
    )
    for name, places in (("gallery", roles.gallery), ("calibration", roles.calibration)):
        if not len(places):
            raise UserError(f"a test part of {len(labels)} leaves no sample for the {name}")
    return roles
