"""What a method needs of a protocol, its data and the machine, in words."""

from __future__ import annotations

from harness.method.method import Method


def needs_of(method: Method) -> tuple[str, ...]:
    """The declarations of a method that a protocol, its data or the machine may not meet.

    The composition of its batches comes first; a method that is not trained has none.
    """
    known = {"known": "known labels", "none": "no labels"}
    said = (
        method.batch if method.trained else "",
        known.get(method.labels, "") if method.trained or method.readout else "",
        "two views" if method.views == 2 else "",
        f"{method.members} backbones" if method.members > 1 else "",
        "a closed set" if method.setting == "closed-set" else "",
        "graded relevance" if method.relevance == "graded" else "",
        "pretrained weights" if method.weights == "pretrained" else "",
        *method.requires,
    )
    return tuple(filter(None, said))
