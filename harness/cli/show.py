"""`bench show`: one method, protocol, dataset, metric or recorded run, in full."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import PluginOption, StoreOption
from harness.cli.saying import say, write
from harness.errors import unknown
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from harness.registry import Registry

Facts = dict[str, Any]


def show(
    name: Annotated[str, typer.Argument(help="A method, protocol, dataset, metric or run id.")],
    *,
    plugin: PluginOption = None,
    store: StoreOption = DEFAULT_STORE,
    json_: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    toml: Annotated[
        bool, typer.Option("--toml", help="Write a protocol's file, to begin your own with.")
    ] = False,
) -> None:
    """Show one thing in full: a method, a protocol, a dataset, a metric, a recorded run."""
    from harness.metrics import METRICS
    from harness.protocol import protocol_path, published_names
    from harness.registry import load_registry

    if toml:
        if name not in published_names():
            raise unknown("protocol", name, published_names())
        write(protocol_path(name).read_text(encoding="utf-8"))
        return
    registry = load_registry(plugin or ())
    for problem in registry.problems:
        say(f"bench: {problem}", err=True)
    facts = (
        _method(registry, name)
        or _protocol(name)
        or _dataset(registry, name)
        or _metric(registry, name)
        or _run(store, name)
    )
    if not facts:
        known = [*registry.methods, *published_names(), *registry.datasets, *METRICS]
        known += registry.metrics
        raise unknown("method, protocol, dataset, metric or run", name, known)
    if json_:
        write(json.dumps(facts, indent=2, ensure_ascii=False), nl=True)
    else:
        _print(facts)


def _print(facts: Facts, indent: int = 0) -> None:
    blank = " " * indent
    for key, value in facts.items():
        if isinstance(value, dict) and value:
            say(f"{blank}{key}:")
            _print(value, indent + 2)
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if "\n" in text:
            text = "\n" + textwrap.indent(text, blank + "  ")
        say(f"{blank}{key}:{text}" if "\n" in text else f"{blank}{key}: {text}")


def _method(registry: Registry, name: str) -> Facts | None:
    if name not in registry.methods:
        return None
    registered = registry.methods[name]
    method = registered.method
    facts = {
        "method": method.name,
        "summary": method.summary,
        "reference": method.reference,
        "family": method.family,
        "from": str(registered.origin),
        "source digest": registered.origin.source,
        "libraries": list(registered.libraries),
        "hyperparameters": {
            key: f"{bounds}, default {bounds.default}"
            + (", one for each label set" if key in method.per_label_set else "")
            for key, bounds in method.space.items()
        },
        "defaults from": method.defaults_from,
        "needs": {
            "batches": method.batch if method.trained else "none",
            "views": method.views,
            "labels": method.labels,
            "members": method.members,
            "setting": method.setting,
            "relevance": method.relevance,
            "label sets": method.label_sets,
            "weights": method.weights,
            "training": method.trained,
            "packages": dict(method.requires),
        },
        "readout": method.readout,
        "control": method.control,
        "extra parameters": "none" if method.parameters == "0" else method.parameters,
        "definition": registered.definition,
        "citation": method.citation.strip(),
    }
    return {key: value for key, value in facts.items() if value != ""}


def _protocol(name: str) -> Facts | None:
    from harness.protocol import load_protocol, published_names

    if name not in published_names() and not name.endswith(".toml"):
        return None
    return load_protocol(name).model_dump(mode="json")


def _dataset(registry: Registry, name: str) -> Facts | None:
    base, *corruptions = name.split("+")
    if base not in registry.datasets:
        return None
    from harness.data.corruptions import CORRUPTIONS
    from harness.data.loading import load_dataset

    dataset = load_dataset(registry, name)
    registered = registry.datasets[base]
    changes = (f"{one}: {CORRUPTIONS[one].summary}" for one in corruptions)
    return {
        "dataset": dataset.name,
        "summary": "; ".join((registered.item.summary, *changes)),
        "from": str(registered.origin),
        "samples": len(dataset),
        "classes": len(dataset.class_names),
        "inputs": f"{dataset.inputs.dtype} {list(dataset.inputs.shape[1:])}",
        "attributes": {key: list(value.names) for key, value in dataset.attributes.items()},
        "source": dataset.source,
        "licence": dataset.licence,
        "digest": dataset.digest,
    }


def _metric(registry: Registry, name: str) -> Facts | None:
    from harness.metrics import METRICS, known_metric, metric_facts

    title = name.casefold()
    named = next((one.name for one in METRICS.values() if one.title.casefold() == title), name)
    facts, origin = known_metric(named), "core"
    if facts is None and named in registry.metrics:
        offered = registry.metrics[named]
        facts = metric_facts(named, {named: offered.item})
        facts = dataclasses.replace(facts, summary=offered.item.summary)
        origin = str(offered.origin)
    if facts is None:
        return None
    return {
        "metric": facts.name,
        "title": facts.title,
        "kind": facts.kind,
        "summary": facts.summary,
        "better": facts.better,
        "bounds": facts.bounds or "none",
        "usual margin at a gate": facts.margin or "none",
        "from": origin,
    }


def _run(store: Path, name: str) -> Facts | None:
    from harness.store import Store

    if not Store.is_at(store):
        return None
    with Store.open(store) as opened:
        record = opened.find(name)
    return None if record is None else record.model_dump(mode="json")
