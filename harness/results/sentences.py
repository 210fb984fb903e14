"""Comparisons in words, first the verdict in one sentence, and as JSON documents."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from harness.metrics import title_of
from harness.results.comparison import SIGNS, Comparison, Power, power_to_see
from harness.results.telling import LEVEL
from harness.table import printable


def verdict_sentence(found: Comparison) -> str:
    """Who is better and by how much, or what it would take to tell."""
    first, second = _names(found)
    if found.verdict == "one replicate":
        return f"{first} and {second}: {found.too_few}, so no interval and no test"
    if found.same:
        return f"{first} and {second} score the same in every run: nothing tells them apart"
    if found.verdict == "undecided":
        return f"{first} and {second} are not distinguishable{_beside(found)}; {_to_see(found)}"
    if found.verdict == "second":
        return verdict_sentence(found.turned())
    return f"{first} is better than {second} by {_difference(found)}"


def comparison_text(found: Comparison) -> str:
    """The verdict and its grounds, one line each, ended by a newline."""
    shown = found.turned() if found.verdict == "second" else found
    return "\n".join([verdict_sentence(shown), *(f"  {line}" for line in _grounds(shown))]) + "\n"


def power_text(found: Comparison, power: Power) -> str:
    """How many replicates a difference takes, from what noise, and what can be seen today."""
    name = title_of(found.metric)
    first, second = _names(found)
    share = f"{100 * power.power:.0f} %"
    return (
        "\n".join(
            [
                f"to see {_plain(power.difference)} {name} between {first} and {second} with "
                f"{share} probability: {_count(power.alone)} for this pair alone, "
                f"{_count(power.corrected)} among {_pairs(power.family)}",
                f"  noise of a run's difference: {power.noise:.2g} as measured over "
                f"{power.replicates} replicates; planned with {power.at_most:.2g}, below which it "
                "truly is in four cases of five",
                f"  {power.replicates} replicates show {power.detectable:.2g} ({share}, this pair "
                "alone)",
            ]
        )
        + "\n"
    )


def comparison_document(found: Comparison) -> dict[str, Any]:
    """The comparison as plain data; what is not known is None."""
    board, difference = found.board, found.difference
    low, high = found.resampled or (None, None)
    return {
        "verdict": found.verdict,
        "sentence": verdict_sentence(found),
        "first": found.labels[0],
        "second": found.labels[1],
        "metric": found.metric,
        "higher_is_better": found.higher_is_better,
        "aggregate": board.aggregate,
        "protocol": board.protocol,
        "protocol_digest": board.protocol_digest,
        "dataset": board.dataset,
        "dataset_digest": board.dataset_digest,
        "unlocked": list(board.unlocked),
        "means": list(found.means),
        "replicates": found.replicates,
        "folds": found.folds,
        "left_out": list(found.left_out),
        "difference": dataclasses.asdict(difference.interval),
        "noise": difference.noise,
        "p_values": {
            "t": difference.p_value,
            "adjusted": found.adjusted,
            "sign_flip": found.sign_flip,
            "over_folds": found.over_folds,
        },
        "pairs_corrected_for": found.family,
        "looks": list(board.looks),
        "probability_of_improvement": found.improvement,
        "effect_size": found.effect,
        "bootstrap": {"low": low, "high": high, "levels": list(found.levels)},
        "power": None if found.power is None else power_document(found.power),
    }


def power_document(power: Power) -> dict[str, Any]:
    """The plan as plain data; None replicates are more than a million."""
    values = dataclasses.asdict(power)
    return {**values, "more": power.more}


def _beside(found: Comparison) -> str:
    """Where the pair alone would have passed, say what it fails by."""
    alone = found.difference.p_value
    if alone is None or alone > LEVEL or not _family(found):
        return ""
    return f" among {_family(found)}"


def _family(found: Comparison) -> str:
    """What shares the level: the pairs of the board, and its declared looks; empty for neither."""
    pairs = [_pairs(found.family)] if found.family > 1 else []
    looks = [f"{found.looks} looks"] if found.looks > 1 else []
    return " and ".join([*pairs, *looks])


def _to_see(found: Comparison) -> str:
    power = found.power
    if power is None:
        return "no noise was measured"
    size = _plain(power.difference)
    if power.noise == 0.0:
        return "they differ by the same in each replicate: without noise, as many signs must tell"
    if power.more is None:
        return f"no feasible number of replicates would show {size}"
    if power.more == 0:
        return f"these replicates would have shown {size}"
    return f"{power.more:,} more {_replicates(power.more)} would show {size}"


def _grounds(found: Comparison) -> Iterator[str]:
    name = title_of(found.metric)
    direction = "" if found.higher_is_better else ", lower is better"
    first, second = _names(found)
    yield (
        f"{name}{direction}: {first} {found.means[0]:.3f}, {second} {found.means[1]:.3f}; "
        f"{found.replicates} common {_replicates(found.replicates)}, {_folds(found)}"
    )
    if found.same:
        yield from _cautions(found)
        return
    if found.verdict == "undecided":
        shown = found.difference.interval.low is not None and _family(found)
        alone = "; the interval is of this pair alone" if shown else ""
        yield f"difference: {_difference(found)}{alone}{_of_this_size(found)}"
    yield from _tests(found)
    if found.resampled is not None:
        low, high = (_number(end, found) for end in found.resampled)
        yield f"for other {_listed(found.levels)} too: [{low}, {high}] (hierarchical bootstrap)"
    if found.replicates > 1 and found.improvement is not None:
        yield f"{first} is above {second} in {_pairings(found)}"
    yield from _cautions(found)


def _pairings(found: Comparison) -> str:
    """`75 % of the 4 pairings of their replicates`; few are no chance and no effect size yet."""
    assert found.improvement is not None
    share, count = f"{100 * found.improvement:.0f} %", found.replicates**2
    if found.replicates < SIGNS:
        return f"{share} of the {count} pairings of their replicates"
    size = f"; effect size {found.effect:.1f}" if found.effect is not None else ""
    return f"{share} of the {count} pairings of their replicates, the chance of a fresh one{size}"


def _of_this_size(found: Comparison) -> str:
    """What a difference larger than the one asked for would take, if it is as large as it looks."""
    power, mean = found.power, found.difference.interval.mean
    if power is None or power.noise == 0.0 or mean is None or abs(mean) <= power.difference:
        return ""
    plan = power_to_see(abs(mean), found.told, found.pairs, power.power)
    if plan is None or not plan.more:
        return ""
    return f"; {plan.more:,} more {_replicates(plan.more)} would show one of this size"


def _tests(found: Comparison) -> Iterator[str]:
    if found.adjusted is None or found.difference.p_value is None:
        return
    tests = [f"{_test(found)} {_p(found.difference.p_value)}"]
    if found.sign_flip is not None:
        tests.append(f"exact sign-flip test over replicates {_p(found.sign_flip)}")
    yield f"this pair alone: {', '.join(tests)}"
    if found.over_folds is not None:
        yield (
            f"for other training classes too: {_p(found.over_folds)}, over folds (its level is 5 % "
            "only if folds correlate by what they leave out)"
        )
    if found.family > 1:
        looks = f" and all {found.looks} looks" if found.looks > 1 else ""
        yield f"the verdict is over all {_pairs(found.family)} of the board{looks} together"


def _test(found: Comparison) -> str:
    """What the pair's own p-value is of: which units, or no noise to compare with."""
    if found.difference.noise == 0.0:
        return "no noise was measured, so signs alone"
    of_runs = found.told is not None and found.told.noise.folds > 1
    return "t-test within folds" if of_runs else "t-test over replicates"


def _cautions(found: Comparison) -> Iterator[str]:
    names = _names(found)
    for label, other, count in zip(names, names[::-1], found.left_out, strict=True):
        if count:
            yield f"left out: {count} {_replicates(count)} of {label} that {other} lacks"
    if found.members[0] != found.members[1]:
        yield "one of them is an ensemble; it is not to be ranked against a single model"
    if found.board.unlocked:
        yield f"unlocked protocol: {', '.join(found.board.unlocked)} not as published"


def _difference(found: Comparison) -> str:
    """`0.031 [0.024, 0.038] MAP@R, p = 0.002 (Holm), 10 replicates`."""
    interval = found.difference.interval
    assert interval.mean is not None
    assert found.adjusted is not None
    ends = ""  # differences without any variance have none
    if interval.low is not None and interval.high is not None:
        ends = f" [{_number(interval.low, found)}, {_number(interval.high, found)}]"
    corrected = f" among {_family(found)}" if _family(found) else ""
    name = title_of(found.metric)
    return (
        f"{_number(interval.mean, found)}{ends} {name}, "
        f"{_p(found.adjusted)}{corrected}, {found.replicates} {_replicates(found.replicates)}"
    )


def _number(value: float, found: Comparison) -> str:
    """With three decimals, or as many as show the interval's width."""
    interval = found.difference.interval
    width = (interval.high or 0.0) - (interval.low or 0.0)
    digits = 3 if width <= 0.0 else min(9, max(3, 1 - math.floor(math.log10(width))))
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _names(found: Comparison) -> tuple[str, str]:
    return printable(found.labels[0]), printable(found.labels[1])


def _folds(found: Comparison) -> str:
    if found.board.aggregate == "concatenated":
        return "folds joined"
    return f"mean of {found.folds} folds" if found.folds > 1 else "one fold"


def _plain(value: float) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".")


def _count(replicates: int | None) -> str:
    return "more than a million" if replicates is None else f"{replicates:,} replicates"


def _replicates(count: int) -> str:
    return "replicate" if count == 1 else "replicates"


def _pairs(family: int) -> str:
    return "1 pair" if family == 1 else f"{family:,} pairs"


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
