"""A figure as the bytes of a file, the same each time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Text as text in PDF and SVG; no `$` of a name read as mathematics; no random ids.
STYLE: Any = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "bench figure",
    "text.parse_math": False,
}
_UNDATED = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}


def as_file(figure: Figure, form: str) -> bytes:
    """The figure as `pdf`, `svg` or `png` (300 dpi); the same figure gives the same bytes."""
    from matplotlib import rc_context

    stream = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(
            stream, format=form, dpi=300, bbox_inches="tight", metadata=_UNDATED.get(form)
        )
    return stream.getvalue()
