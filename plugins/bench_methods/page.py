"""The page of all methods, docs/methods.md: `python -m bench_methods.page > docs/methods.md`."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterable, Iterator, Mapping

from bench_methods import METHODS
from bench_methods.papers import Paper, papers
from harness import Method

FAMILIES: Mapping[str, str] = {
    "baseline": "Baselines and controls",
    "pair": "Pairs",
    "triplet": "Triplets",
    "tuple": "Tuples",
    "ranking": "Rankings",
    "classification": "Classification",
    "proxy": "Proxies and prototypes",
    "cluster": "Clusters",
    "covariance": "Covariance",
    "guided": "Guided",
    "generative": "Generative and semi-supervised",
    "ensemble": "Ensembles",
    "unsupervised": "Unsupervised",
    "linear": "Linear readouts",
    "multi-task": "Several label sets",
}

HEAD = """# Methods

{count} methods, by family. `bench show METHOD` gives the definition of each, its hyperparameters \
and its citation; `bench list methods` lists those that are installed. This page is written from \
the plugins by `python -m bench_methods.page > docs/methods.md`.

**Needs** is what a protocol, its data or the machine may lack; a run that lacks it is recorded as \
skipped, with the reason. It begins with how the batches are composed; a method without one is not \
trained. **Extra parameters** are those a method trains besides the backbone: `C` classes of the \
training part, `d` dimensions of the embedding, `F` of the trunk's features, `D` numbers in one \
input, `L` label sets beside the class and `V` values of these, and names of hyperparameters. They \
are trained, at the protocol's rate times the method's `objective_rate`, and then dropped: every \
row is tested by the backbone alone, or by a linear readout of it. **Defaults from** says where a \
method's default point is from: its paper, a library or public code, a published search on other \
data, `validation here` where any value was chosen on validation classes of the data that come \
with the benchmark, or by hand. A board without a search ranks defaults, and those tuned here have \
seen more of its data.
"""

PAPERS = """## The papers

Every method that these papers name, and the rows that stand for it; where there is none, why.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([HEAD.format(count=len(METHODS)), *_families(METHODS), PAPERS, *_papers()])


def _families(methods: Iterable[Method]) -> Iterator[str]:
    grouped: dict[str, list[Method]] = {family: [] for family in FAMILIES}
    for method in methods:
        grouped[method.family].append(method)
    for family, members in grouped.items():
        if members:
            yield f"## {FAMILIES[family]}\n"
            yield _table(
                ("method", "summary", "needs", "extra parameters", "defaults from", "reference"),
                map(_row, members),
            )


def _row(method: Method) -> tuple[str, ...]:
    parameters = "none" if method.parameters == "0" else f"`{method.parameters}`"
    return (
        f"`{method.name}`",
        _escaped(method.summary),
        _escaped(", ".join(method.needs)),
        parameters,
        method.defaults_from if method.space else "",
        _escaped(method.reference),
    )


def _papers() -> Iterator[str]:
    for paper in papers():
        yield f"### {_escaped(paper.title)}\n"
        yield _table(("named there", "rows", "note"), _mentions(paper))


def _mentions(paper: Paper) -> Iterator[tuple[str, ...]]:
    for mention in paper.methods:
        rows = ", ".join(f"`{row}`" for row in mention.rows) or "none"
        yield _escaped(mention.name), rows, _escaped(mention.note)


def _escaped(text: str) -> str:
    """`text` for Markdown, every character that could mean something escaped."""
    return re.sub(r"([\\`*_|\[\]~#$])", r"\\\1", html.escape(text, quote=False))


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(page())
