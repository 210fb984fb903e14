"""`bench list`: what there is, by kind."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from harness.cli.options import Format, FormatOption, PluginOption, StoreOption
from harness.cli.saying import say, show
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.registry import Registered, Registry
    from harness.table import Cell, Column, Table

_PIPED = 140  # characters of a line that a pipe takes, where COLUMNS does not say

Kind = Literal["methods", "protocols", "datasets", "backbones", "metrics", "executors", "runs"]


def listing(
    kind: Annotated[Kind, typer.Argument(help="What to list.")] = "methods",
    *,
    format: FormatOption = "table",  # noqa: A002 - named as its option
    plugin: PluginOption = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """List methods, protocols, datasets, backbones, metrics, executors, or a store's runs."""
    from harness.table import Column, Table

    if kind == "runs":
        rows, columns = _runs(store, Column)
        print_table(Table(columns=columns, rows=rows), format)
        return
    from harness.registry import load_registry

    registry = load_registry(plugin or ())
    rows, columns = _protocols(Column) if kind == "protocols" else _of(registry, kind, Column)
    print_table(Table(columns=columns, rows=rows), format)
    for problem in registry.problems:
        say(f"bench: {problem}", err=True)


def print_table(table: Table, format: Format) -> None:  # noqa: A002 - named as its option
    """Write a table; for reading no wider than the terminal, or than COLUMNS says of a pipe."""
    from harness.table import to_text

    if format == "table" and not sys.stdout.isatty():
        say(to_text(table, get_terminal_size((_PIPED, 24)).columns), nl=False)
    else:
        show(table, format)


def _of(
    registry: Registry, kind: Kind, column: type[Column]
) -> tuple[list[dict[str, Cell]], list[Column]]:
    if kind == "methods":
        return _methods(registry, column)
    if kind == "metrics":
        return _metrics(registry, column)
    offered: Mapping[str, Registered[Any]] = getattr(registry, kind)
    rows: list[dict[str, Cell]] = [
        {"name": name, "summary": offer.item.summary, "from": str(offer.origin)}
        for name, offer in offered.items()
    ]
    return rows, [
        column(key="name", title="name", priority=0),
        column(key="summary", title="summary", priority=0, wraps=True, least=40),
        column(key="from", title="from", priority=1),
    ]


def _methods(
    registry: Registry, column: type[Column]
) -> tuple[list[dict[str, Cell]], list[Column]]:

    rows: list[dict[str, Cell]] = []
    for name, registered in registry.methods.items():
        method = registered.method
        space = ", ".join(f"{key} {bounds}" for key, bounds in method.space.items())
        rows.append(
            {
                "method": name,
                "family": method.family,
                "needs": ", ".join(method.needs),
                "parameters": "none" if method.parameters == "0" else method.parameters,
                "reference": method.reference,
                "space": space,
                "summary": method.summary,
                "from": str(registered.origin),
            }
        )
    return rows, [
        column(key="method", title="method", priority=0),
        column(key="family", title="family", priority=2),
        column(key="needs", title="needs", priority=1, wraps=True, least=13),
        column(key="parameters", title="extra parameters", priority=4, wraps=True),
        column(key="reference", title="reference", priority=3, wraps=True, least=24),
        column(key="space", title="hyperparameters", priority=6, wraps=True),
        column(key="summary", title="summary", priority=0, wraps=True, least=28),
        column(key="from", title="from", priority=5),
    ]


def _runs(store: Path, column: type[Column]) -> tuple[list[dict[str, Cell]], list[Column]]:
    from harness.store import Store

    with Store.open(store) as opened:
        rows: list[dict[str, Cell]] = [
            {**vars(held), "unlocked": ", ".join(held.unlocked)} for held in opened.held()
        ]
    return rows, [
        column(key="run_id", title="run", priority=0),
        column(key="method", title="method", priority=0),
        column(key="protocol", title="protocol", priority=2),
        column(key="unlocked", title="unlocked", priority=2),
        column(key="dataset", title="dataset", priority=2),
        column(key="seed", title="seed", align="right", priority=1),
        column(key="fold", title="fold", align="right", priority=1),
        column(key="trial", title="trial", align="right", priority=3),
        column(key="state", title="state", priority=0),
        column(key="finished", title="finished", priority=3),
    ]


def _metrics(
    registry: Registry, column: type[Column]
) -> tuple[list[dict[str, Cell]], list[Column]]:
    from harness.metrics import FAMILIES, METRICS, metric_facts

    facts = [(metric, metric.summary, "core") for metric in (*METRICS.values(), *FAMILIES)]
    facts += [
        (metric_facts(name, {name: offer.item}), offer.item.summary, str(offer.origin))
        for name, offer in registry.metrics.items()
    ]
    rows: list[dict[str, Cell]] = [
        {
            "name": metric.name,
            "title": metric.title,
            "kind": metric.kind,
            "better": metric.better,
            "bounds": metric.bounds,
            "margin": metric.margin,
            "summary": summary,
            "from": origin,
        }
        for metric, summary, origin in facts
    ]
    return rows, [
        column(key="name", title="name", priority=0),
        column(key="title", title="title", priority=1),
        column(key="kind", title="kind", priority=2),
        column(key="better", title="better", priority=1),
        column(key="bounds", title="bounds", priority=2),
        column(key="margin", title="margin", priority=3),
        column(key="summary", title="summary", priority=0, wraps=True, least=28),
        column(key="from", title="from", priority=4),
    ]


def _protocols(column: type[Column]) -> tuple[list[dict[str, Cell]], list[Column]]:
    from harness.protocol import load_protocol, published_names

    rows: list[dict[str, Cell]] = []
    for name in published_names():
        protocol = load_protocol(name)
        rows.append(
            {
                "name": name,
                "datasets": ", ".join(protocol.datasets),
                "replicates": protocol.replicates,
                "summary": protocol.summary,
                "digest": protocol.digest[:12],
            }
        )
    return rows, [
        column(key="name", title="name", priority=0),
        column(key="datasets", title="datasets", priority=1, wraps=True, least=20),
        column(key="replicates", title="replicates", align="right", priority=2),
        column(key="summary", title="summary", priority=0, wraps=True, least=28),
        column(key="digest", title="digest", priority=3),
    ]
