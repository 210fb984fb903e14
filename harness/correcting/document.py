"""The experiment as a file: everything that was scored, with a digest of all that it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.artifacts import read_json
from harness.correcting.experiment import UNTRAINED, Corrected, Course, by_method
from harness.correcting.results import METRICS, area, areas, worth
from harness.errors import NotComparable, UserError
from harness.protocol.rules import CorrectingRule
from harness.record import Entered
from harness.results.publication import DIGEST, content_digest
from harness.statistics.pairs import PairedDifference

CORRECTED_FORMAT = 1


def correcting_document(found: Corrected) -> dict[str, Any]:
    """Everything as plain data: all scores of all turns, and the areas; None for what is not."""
    content = {"format": CORRECTED_FORMAT, **content_of(found)}
    return {**content, DIGEST: content_digest(content)}


def content_of(found: Corrected) -> dict[str, Any]:
    """All that a file says, but for its format and its digest."""
    methods = by_method(found.courses)
    plain = methods[UNTRAINED]
    return {
        "protocol": found.protocol,
        "protocol_digest": found.protocol_digest,
        "overrides": list(found.overrides),
        "dataset": found.dataset,
        "dataset_digest": found.dataset_digest,
        "texts": found.texts,
        "classes": found.classes,
        "terms": found.terms.model_dump(),
        "entered": [one.model_dump(mode="json") for one in found.entered],
        "environment": dict(found.environment),
        "courses": [
            {
                "method": one.method,
                "seed": one.seed,
                "corrections": list(one.corrections),
                "turns": [dict(turn) for turn in one.turns],
                "reason": one.reason or None,
            }
            for one in found.courses
        ],
        "areas": [
            {
                "method": name,
                "score": score,
                "area": dataclasses.asdict(areas(own, score)),
                "less_no_learning": _plain_difference(worth(own, plain, score)),
            }
            for name, own in methods.items()
            for score in _scores(own)
        ],
        "notes": list(found.notes),
    }


def _scores(own: Mapping[int, Course]) -> list[str]:
    names = [f"{part}{metric}" for part in ("", "seen_", "unseen_") for metric in METRICS]
    names += [f"{metric}_estimated" for metric in METRICS[:-1]]
    return [name for name in names if any(area(one, name) is not None for one in own.values())]


def _plain_difference(worth: PairedDifference | None) -> dict[str, Any] | None:
    if worth is None:
        return None
    return {**dataclasses.asdict(worth.interval), "p_value": worth.p_value}


def is_corrected(document: Mapping[str, Any]) -> bool:
    """Whether a document is one of `bench correct --out`."""
    return {"format", "courses", DIGEST} <= document.keys()


def read_corrected(path: Path) -> Corrected:
    """What a file of `bench correct --out` holds.

    UserError for a file that is none or of a later format, NotComparable for one that was changed.
    """
    document = read_json(path, maker="bench correct --out")
    if not isinstance(document, dict) or not is_corrected(document):
        raise UserError(f"{path}: is no file of `bench correct --out` of this version")
    number = document["format"]
    if type(number) is not int or not 1 <= number <= CORRECTED_FORMAT:
        raise UserError(f"{path}: has format {number!r}, this version reads {CORRECTED_FORMAT}")
    if content_digest(document) != document[DIGEST]:
        raise NotComparable(f"{path}: was changed after it was written (its digest differs)")
    return Corrected(
        protocol=document["protocol"],
        protocol_digest=document["protocol_digest"],
        overrides=tuple(document["overrides"]),
        dataset=document["dataset"],
        dataset_digest=document["dataset_digest"],
        texts=document["texts"],
        classes=document["classes"],
        terms=CorrectingRule.model_validate(document["terms"]),
        entered=tuple(Entered.model_validate(one) for one in document["entered"]),
        environment=document["environment"],
        courses=tuple(
            Course(
                method=one["method"],
                seed=one["seed"],
                corrections=tuple(one["corrections"]),
                turns=tuple(one["turns"]),
                reason=one["reason"] or "",
            )
            for one in document["courses"]
        ),
        notes=document["notes"],
    )
