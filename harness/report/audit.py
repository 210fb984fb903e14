"""What the core counted of every run, and the digests that prove equal starts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from harness.figures.sources import Entry, Sources
from harness.record import Audit
from harness.report.board_table import NONE
from harness.report.markup import Markup
from harness.report.plain_table import plain_table


def audit(sources: Sources) -> Markup:
    """What the core counted, as means over the runs done."""
    header = [
        "method",
        "steps",
        "images",
        "passes",
        "of them zero",
        "training s",
        "of it input",
        "run s",
        "peak MB",
        "trunk",
        "head",
        "objective",
        "initial weights",
        "batches",
    ]
    return plain_table(
        "Means over the runs done; parameters are the trainable ones",
        header,
        map(_audited, sources.entries),
    )


def _audited(entry: Entry) -> list[str]:
    audits = [r.audit for r in entry.records if r.state == "done" and r.audit is not None]
    if not audits:
        return [entry.label, *[NONE] * 11, *_digests(entry)]
    numbers = [
        *(f"{fmean(vars(a)[name] for a in audits):,.0f}" for name in _COUNTS),
        _mean(a.training_seconds for a in audits),
        _input(audits),
        _mean(a.seconds for a in audits),
        _peak(audits),
        *(f"{fmean(getattr(a.parameters, n) for a in audits):,.0f}" for n in _PARTS),
    ]
    return [entry.label, *numbers, *_digests(entry)]


_COUNTS = ("steps", "images_embedded", "backward_passes", "zero_gradients")
_PARTS = ("trunk", "head", "objective")


def _digests(entry: Entry) -> list[str]:
    """The digests of the representative run: equal ones prove equal starts and equal batches."""
    record = entry.representative()
    found = (record.init_digest, record.batches_digest) if record else (None, None)
    return [(digest or NONE)[:8] for digest in found]


def _mean(seconds: Iterable[float]) -> str:
    return f"{fmean(seconds):,.1f}"


def _input(audits: Sequence[Audit]) -> str:
    """The mean share of the loop's time that its steps waited for their batches."""
    known = [a.input_share for a in audits if a.input_share is not None]
    return f"{fmean(known):.1%}" if known else NONE


def _peak(audits: Sequence[Audit]) -> str:
    known = [a.peak_memory_bytes for a in audits if a.peak_memory_bytes is not None]
    return f"{max(known) / 1e6:,.0f}" if known else NONE
