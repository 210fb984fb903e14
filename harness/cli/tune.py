"""`bench tune`: the hyperparameter search alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import BenchmarkOptions, FormatOption, grouped
from harness.cli.saying import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.search import Tuned
    from harness.table import Cell, Table


@grouped
def tune(
    what: BenchmarkOptions,
    *,
    trials: Annotated[
        int | None,
        typer.Option(help="Another number than the protocol's, which is then unlocked.", min=1),
    ] = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Search every method's hyperparameters by the protocol; `bench run` then uses what is found.

    Each trial trains all folds and is valued by validation alone. What the store holds already is
    not run again.
    """

    overrides = [] if trials is None else [f"search.trials={trials}"]
    benchmark = what.benchmark(seeds=1, overrides=overrides)
    session = benchmark.tune(what.store)
    session.watch()
    show(_table(benchmark.protocol.name, session.tuned), format)


def _table(protocol: str, tuned: Sequence[Tuned]) -> Table:
    from harness.table import Column, Table

    return Table(
        title=f"{protocol}: the best of each search, by the mean validation value over the folds",
        columns=[
            Column(key="method", title="method", priority=0),
            Column(key="value", title="validation", align="right", priority=0, digits=3),
            Column(key="hyperparameters", title="hyperparameters", priority=0, wraps=True),
            Column(key="trial", title="trial", align="right", priority=1),
            Column(key="failed", title="failed", align="right", priority=1),
            Column(key="bound", title="on a bound", priority=1),
            Column(key="seconds", title="seconds", align="right", priority=2, digits=0),
            Column(key="search", title="search", align="right", priority=3),
        ],
        rows=[_row(one) for one in tuned],
    )


def _row(one: Tuned) -> dict[str, Cell]:
    entrant, facts = one.entrant, one.entrant.searched
    point = ", ".join(f"{name}={_short(value)}" for name, value in entrant.hyperparameters.items())
    if facts is None:
        return {"method": entrant.name, "hyperparameters": f"{point} (no trial succeeded)"}
    return {
        "method": entrant.name,
        "value": facts.value,
        "hyperparameters": point,
        "trial": f"{facts.best_trial + 1} of {facts.trials}",
        "failed": facts.failed,
        "bound": ", ".join(facts.on_bound),
        "seconds": facts.seconds,
        "search": facts.search,
    }


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
