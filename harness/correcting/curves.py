"""The curves of an experiment as one plot: a score over corrections, a line for each method."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.correcting.experiment import CONTROLS, Corrected, by_method
from harness.correcting.results import curve, title_of_score
from harness.figures.drawing.chart import COLOURS, GREY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
"""Of each control, in the order of CONTROLS."""


def draw_curves(found: Corrected, metric: str) -> Figure:
    """Means over seeds, and a thin line for each seed; controls are grey, by their dashes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 3.4))
    axes = figure.add_subplot()
    colours, dashes = iter(COLOURS), dict(zip(CONTROLS, DASHES, strict=True))
    for name, own in by_method(found.courses).items():
        lines = [
            (course.corrections, values)
            for course in own.values()
            if (values := curve(course, metric)) is not None
        ]
        if not lines:
            continue
        colour = GREY if name in CONTROLS else next(colours, GREY)
        style = dashes.get(name, "-")
        for corrections, values in lines:
            axes.plot(corrections, values, ls=style, color=colour, lw=0.5, alpha=0.4)
        mean = [np.mean(each, axis=0) for each in zip(*lines, strict=True)]
        axes.plot(*mean, ls=style, color=colour, lw=1.6, label=name)
    axes.set_xlabel("texts corrected")
    axes.set_ylabel(f"{title_of_score(metric)} of texts never corrected")
    axes.legend(fontsize="small")
    return figure
