"""The decision: is a candidate shown to be no worse than a margin, or shown to be worse?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.statistics import ROUNDING, p_without_variance
from harness.statistics.intervals import student_quantile

Verdict = Literal["pass", "regression", "inconclusive"]
Basis = Literal["paired replicates", "unpaired replicates", "test classes"]

LEVEL = 0.05
POWER = 0.8
MOST_REPLICATES = 10_000
# Ends are sums of floats: a margin that is met exactly must not be missed by their rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A candidate's mean score against a baseline's, and how well their difference is known.

    `mean`: candidate - baseline over what they have in common. `units`: how many of `basis` were
    compared (unpaired: of the candidate). `standard_error` and `degrees` (of freedom, of its t)
    are None where there are too few to know.
    """

    baseline: float
    candidate: float
    mean: float
    standard_error: float | None
    degrees: float | None
    basis: Basis
    units: int


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A verdict and the sentence that explains it.

    `low`, `high`: the 90 % interval of the difference, each end a one-sided bound at 5 %.
    `detectable`: the smallest true difference that noise like this shows in four cases of five.
    All three are None where the noise is not known. `p_value`: one-sided, that it is worse by no
    more than the margin.
    """

    verdict: Verdict
    sentence: str
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    p_value: float | None = None


def decide(
    difference: Difference,
    margin: float,
    *,
    higher_is_better: bool = True,
    counted: bool = False,
    level: float = LEVEL,
) -> Decision:
    """Test for non-inferiority, and for its opposite, each one-sided at `level`.

    pass: the candidate is shown to be worse by no more than `margin`. regression: it is shown to
    be worse by more. inconclusive: neither. The bounds are Student's. Without any variance no noise
    was measured, and there are no bounds: no difference at all passes, and any other is judged by
    half of `p_without_variance` (harness/statistics); what is `counted` (a cost that is the same
    in every run) has no noise, and the difference itself decides. The detectable difference is
    (t(1 - level) + t(power)) standard errors (Bloom 1995). Raises ValueError for a negative margin.
    """
    if not (margin >= 0.0 and math.isfinite(margin)):
        raise ValueError(f"a margin is a number from 0 up, not {margin!r}")
    if difference.standard_error is None or difference.degrees is None:
        return _unknown(difference)
    silent = difference.standard_error <= ROUNDING * abs(difference.mean)
    if silent and not counted:
        return _silent(difference, margin, higher_is_better=higher_is_better, level=level)
    half = student_quantile(difference.degrees, 1.0 - level) * difference.standard_error
    low, high = difference.mean - half, difference.mean + half
    detectable = detectable_difference(difference.standard_error, difference.degrees, level=level)
    best, worst = (-high, -low) if higher_is_better else (low, high)
    verdict: Verdict = "inconclusive"
    if worst <= margin + _ROUNDING:
        verdict = "pass"
    elif best > margin + _ROUNDING:
        verdict = "regression"
    return Decision(
        verdict=verdict,
        sentence=_sentence(verdict, margin, detectable) + _remedy(verdict, difference, margin),
        low=low,
        high=high,
        detectable=detectable,
        p_value=_p_worse(
            difference, (-difference.mean if higher_is_better else difference.mean) - margin
        ),
    )


def _silent(
    difference: Difference, margin: float, *, higher_is_better: bool, level: float
) -> Decision:
    """The verdict on differences that are all one number: none, or as many signs that agree."""
    if difference.mean == 0.0:
        return Decision(
            verdict="pass",
            sentence=f"{_sentence('pass', margin, 0.0)}; the same in each of them",
            p_value=1.0,
        )
    worse = -difference.mean if higher_is_better else difference.mean
    beyond = worse > margin + _ROUNDING
    p = float(p_without_variance(difference.mean, difference.units)) / 2.0
    what = "each class" if difference.basis == "test classes" else "each replicate"
    same = f"the same difference in {what}, so no noise was measured"
    verdict: Verdict = "inconclusive"
    where = "beyond" if beyond else "within"
    enough = math.ceil(-math.log2(level))
    sentence = f"{where} the margin of {margin:.4g}, but {same}; {enough} that agree would tell"
    if p <= level:
        verdict = "regression" if beyond else "pass"
        sentence = f"{_sentence(verdict, margin, 0.0)}; {same}"
    return Decision(
        verdict=verdict,
        sentence=sentence,
        p_value=p if beyond else 1.0 - p,
    )


def _p_worse(difference: Difference, beyond: float) -> float:
    from scipy.special import stdtr

    error, degrees = difference.standard_error, difference.degrees
    if not error or degrees is None:
        return 0.0 if beyond > _ROUNDING else 1.0
    return float(stdtr(degrees, -beyond / error))


def detectable_difference(
    standard_error: float, degrees: float, *, level: float = LEVEL, power: float = POWER
) -> float:
    """The smallest true difference that a one-sided test at `level` shows with `power`."""
    shares = 1.0 - level, power
    return sum(student_quantile(degrees, share) for share in shares) * standard_error


def replicates_needed(difference: Difference, margin: float) -> int | None:
    """How many replicates would let an equal candidate pass in four cases of five; None if none.

    Takes the noise as measured; None for a margin of zero or more than ten thousand.
    """
    error = difference.standard_error
    if error is None or margin <= 0.0:
        return None
    noise = error * math.sqrt(difference.units)
    paired = difference.basis == "paired replicates"
    # Within folds a replicate has several degrees of freedom; unpaired, each side has its own.
    each = (difference.degrees or 1.0) / max(1, difference.units - 1) if paired else 2.0
    for n in range(difference.units, MOST_REPLICATES):
        degrees = each * (n - 1)
        if degrees > 0 and detectable_difference(noise / math.sqrt(n), degrees) <= margin:
            return n
    return None


def _unknown(difference: Difference) -> Decision:
    count = f"one of {difference.basis}" if difference.units == 1 else f"no {difference.basis}"
    if difference.basis != "test classes":
        count = "one replicate" if difference.units == 1 else "too few replicates"
    return Decision(
        verdict="inconclusive",
        sentence=f"{count}, so the noise is not known and there is no interval",
    )


def _sentence(verdict: Verdict, margin: float, detectable: float) -> str:
    if verdict == "pass":
        return f"not worse by more than the margin of {margin:.4g}"
    if verdict == "regression":
        return f"worse by more than the margin of {margin:.4g}"
    return (
        f"neither shown to be within the margin of {margin:.4g} nor beyond it; noise like this "
        f"shows differences from {detectable:.4g}"
    )


def _remedy(verdict: Verdict, difference: Difference, margin: float) -> str:
    if verdict != "inconclusive" or difference.basis == "test classes":
        return ""
    needed = replicates_needed(difference, margin)
    if needed is None or needed <= difference.units:
        return ""
    return f"; about {needed} replicates would settle it for an equal candidate"
