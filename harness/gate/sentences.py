"""A line of the gate in words."""

from __future__ import annotations

from harness.gate.decision import Decision, Difference
from harness.metrics import title_of


def line_sentence(subject: str, metric: str, difference: Difference, decision: Decision) -> str:
    """What was found of one method and metric, and what the gate makes of it."""
    title = title_of(metric)
    return f"{subject}: {title} {change(difference, decision)}: {decision.sentence}"


def change(difference: Difference, decision: Decision) -> str:
    """From what to what, by how much, and over how many of what."""
    text = (
        f"{number(difference.baseline)} -> {number(difference.candidate)}, "
        f"by {signed(difference.mean)}"
    )
    if decision.low is None or decision.high is None:
        return text
    ends = f" [{signed(decision.low)}, {signed(decision.high)}]"
    return f"{text}{ends} over {difference.units} {difference.basis}"


def number(value: float) -> str:
    """A score with four decimals; what is larger than scores are, with four digits."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.0f}"


def signed(value: float) -> str:
    """The same with its sign; nothing is `+0.0000`, never `-0.0000`."""
    text = number(abs(value))
    return f"{'-' if value < 0 and float(text.replace(',', '')) else '+'}{text}"
