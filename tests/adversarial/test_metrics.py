"""Metrics of plugins that give no number, lie about it, or would be taken for another's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness import Metric, registry, sandbox
from harness.execution.scores import _extra
from harness.registry import Origin, Registry, load_registry
from harness.registry.declarations import COLUMNS, Refused, encoded, from_data

PLUGIN = """
import decimal, fractions, os, signal, sys, threading, time
import numpy as np
import torch
from harness import Metric, hookimpl

def zeroes(embeddings, labels):
    embeddings[:], labels[:] = 0, 0
    return 0.5

def counts(seen=[]):
    seen.append(1)
    return len(seen) / 2

def thread():
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return 0.5

@hookimpl
def bench_metrics():
    return [
        Metric(name=name, compute=compute, summary="s", low=0.0, high=1.0)
        for name, compute in METRICS.items()
    ]

METRICS = {
"""
WRONG = {
    "a-text": "'0.5'",
    "bytes": "b'0.5'",
    "a-truth": "True",
    "a-truth-of-numpy": "np.bool_(True)",
    "a-truth-of-torch": "torch.tensor(True)",
    "complex": "0.5 + 0j",
    "complex-of-numpy": "np.complex64(0.5 + 3j)",
    "complex-in-an-array": "np.array(0.5 + 3j)",
    "a-list": "[0.5]",
    "an-array": "np.array([0.5, 0.5])",
    "nothing": "None",
    "nan": "decimal.Decimal('nan')",
    "signalling-nan": "decimal.Decimal('sNaN')",
    "too-large-for-half": "np.float16(np.inf)",
    "too-large-for-any": "10 ** 400",
    "above": "1.5",
    "below": "-0.5",
    "of-other-arguments": "zeroes(e)",
    "exits-well": "os._exit(0)",
    "leaves": "sys.exit(0)",
    "is-killed": "signal.raise_signal(signal.SIGKILL)",
    "closes-all": "os.closerange(0, 100)",
}
RIGHT = {
    "whole": ("1", 1.0),
    "half": ("np.float16(0.1)", float(np.float16(0.1))),
    "an-array-without-axes": ("np.array(0.25)", 0.25),
    "a-tensor": ("torch.tensor(0.25)", 0.25),
    "a-decimal": ("decimal.Decimal('0.25')", 0.25),
    "a-fraction": ("fractions.Fraction(1, 4)", 0.25),
    "above-by-rounding": ("np.float32(1.0000001)", float(np.float32(1.0000001))),
    "zeroes": ("zeroes(e, l)", 0.5),
    "counts": ("counts()", 0.5),
    "leaves-a-thread": ("thread()", 0.5),
}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    path = tmp_path_factory.mktemp("metrics") / "measures.py"
    given = WRONG | {name: what for name, (what, _) in RIGHT.items()}
    made = [f"    {name!r}: lambda e, l: {what},\n" for name, what in given.items()]
    path.write_text(f"{PLUGIN}{''.join(made)}}}\n")
    sandbox.choose(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_entry_points", list)
        yield load_registry([path])
    sandbox.choose(None)


def value_of(offered: Registry, name: str) -> float | None:
    embeddings, labels = np.ones((4, 2), np.float32), np.arange(4)
    found = _extra(offered.metrics[name].item, embeddings, labels)
    assert (embeddings.min(), labels.max()) == (1.0, 3)
    return found


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_number_within_its_bounds_is_missing_and_said(
    name: str, offered: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert value_of(offered, name) is None
    assert f"metric '{name}'" in caplog.text


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_a_number_of_any_kind_is_taken_each_time_alike(
    name: str, offered: Registry
) -> None:
    found = [value_of(offered, name) for _ in range(2)]
    assert found == [RIGHT[name][1]] * 2


@pytest.mark.parametrize(
    "bounds",
    [
        {"low": "0"},
        {"low": [0.0]},
        {"high": True},
        {"high": 10**400},
        {"high": float("inf")},
        {"low": float("nan")},
        {"low": 1.0, "high": 0.0},
        {"low": 1.0, "high": 1.0},
    ],
)
def test_bounds_that_are_none_are_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"metric 'mine': (low|high)"):
        Metric(name="mine", compute=lambda _e, _l: 0.5, summary="s", **bounds)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        *("R@16", "TAR@FAR 0.01", "MAP@R in x", "accuracy_mine", "Recall_at_16", "R-PRECISION"),
        *("ｍａｐ_at_r", "Ｒ@1", "ﬁ\nne", "--help", "-1", "...", "a=b", "runs", "Method"),  # noqa: RUF001
        *sorted(COLUMNS),
    ],
)
def test_a_name_that_could_be_taken_for_another_is_refused(name: str) -> None:
    data = encoded(Metric(name=name, compute=lambda _e, _l: 0.5, summary="s"), Metric)
    with pytest.raises(Refused, match="bench_metrics: "):
        from_data(data, "bench_metrics", Origin("p", "d", "1", None))


def test_what_is_no_function_is_refused_where_it_is_listed() -> None:
    made = Metric(name="mine", compute="0.5", summary="s")  # type: ignore[arg-type]
    with pytest.raises(Refused, match="compute is a str, not a function"):
        encoded(made, Metric)


def test_two_metrics_whose_names_differ_by_case_alone_are_none(tmp_path: Path) -> None:
    path = tmp_path / "alike.py"
    path.write_text(
        "from harness import Metric, hookimpl\n@hookimpl\ndef bench_metrics():\n    return "
        "[Metric(name=n, compute=print, summary='s') for n in ('Mine', 'mine', 'other')]\n"
    )
    found = load_registry([path])
    assert "other" in found.metrics
    assert not {"Mine", "mine"} & set(found.metrics)
    assert any("two metrics are named 'Mine'" in problem for problem in found.problems)
