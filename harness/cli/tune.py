"""`bench tune`: the hyperparameter search alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    DEFAULT_PROTOCOL,
    DEFAULT_STORE,
    AddressOption,
    DatasetOption,
    DeviceOption,
    ExecutorOption,
    FormatOption,
    MemoryLimitOption,
    MethodsOption,
    PluginOption,
    ProtocolOption,
    StoreOption,
    ThreadsOption,
    TimeLimitOption,
    WorkersOption,
    WorkersPerGpuOption,
)
from harness.cli.preparing import check_names, prepare, report_problems, say_waiting
from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.search import Tuned
    from harness.table import Cell, Table


def tune(  # noqa: PLR0913 - one argument an option
    *,
    methods: MethodsOption,
    protocol: ProtocolOption = DEFAULT_PROTOCOL,
    dataset: DatasetOption = None,
    trials: Annotated[
        int | None,
        typer.Option(
            help="Another number than the protocol's, which is then unlocked.",
            min=1,
            show_default=False,
        ),
    ] = None,
    device: DeviceOption = "auto",
    threads: ThreadsOption = 1,
    executor: ExecutorOption = "local",
    workers: WorkersOption = "auto",
    workers_per_gpu: WorkersPerGpuOption = 1,
    address: AddressOption = None,
    time_limit: TimeLimitOption = None,
    memory_limit: MemoryLimitOption = None,
    plugin: PluginOption = None,
    store: StoreOption = DEFAULT_STORE,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Search every method's hyperparameters by the protocol; `bench run` then uses what is found.

    Each trial trains all folds and is valued by validation alone. What the store holds already is
    not run again.
    """
    from harness.cli import quantities
    from harness.protocol import load_protocol
    from harness.registry import load_registry

    overrides = [] if trials is None else [f"search.trials={trials}"]
    rules = load_protocol(protocol, dataset=dataset, overrides=overrides)
    if rules.search.trials == 0:
        raise UserError(
            f"protocol '{rules.name}' has no search: every method runs at its defaults "
            "(--trials N searches all the same)"
        )
    count = quantities.workers(workers)
    longest = quantities.seconds("--time-limit", time_limit) if time_limit else None
    largest = quantities.size("--memory-limit", memory_limit) if memory_limit else None
    registry = load_registry(plugin or ())
    names = [name.strip() for name in methods.split(",") if name.strip()]
    report_problems(registry)
    check_names(registry, rules, names)
    place = registry.executor(executor).item

    from harness.cli.searching import search_for
    from harness.execution.executor import Settings
    from harness.execution.machine import choose_device
    from harness.execution.plan import choose_entrants
    from harness.store import Store
    from harness.table import render

    entrants = choose_entrants(registry, names)
    chosen = choose_device(device, here=not place.remote)
    bench, plan = prepare(registry, rules, entrants, seeds=1, device=chosen)
    settings = Settings(
        workers=count,
        threads=threads,
        workers_per_gpu=workers_per_gpu,
        time_limit=longest,
        memory_limit=largest,
        address=address,
    )
    with Store.open(store, create=True) as opened:
        opened.require_writable()
        with opened.sole_writer(waiting=say_waiting):
            tuned = search_for(plan, bench, opened, place, settings)
    typer.echo(render(_table(rules.name, tuned), format), nl=False)


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
