"""`bench run`: the main job, from a protocol to a filling leaderboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    DEFAULT_PROTOCOL,
    DEFAULT_STORE,
    PluginOption,
    ProtocolOption,
    StoreOption,
)
from harness.errors import EXIT_RUNS_FAILED, UserError

if TYPE_CHECKING:
    from harness.execution.plan import Entrant, Plan
    from harness.execution.run import Bench
    from harness.protocol import Protocol
    from harness.registry import Registry
    from harness.store import Store


def run(  # noqa: PLR0913 - one argument an option
    *,
    methods: Annotated[
        str, typer.Option(help="Names separated by commas, or 'all'.", show_default=False)
    ],
    protocol: ProtocolOption = DEFAULT_PROTOCOL,
    dataset: Annotated[
        str | None, typer.Option(help="By default the protocol's first.", show_default=False)
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="How many replicates; by default all of the protocol's.",
            min=1,
            show_default=False,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    threads: Annotated[
        int,
        typer.Option(
            help="Processor threads that train. With one, results are the same on any number of "
            "cores; larger backbones want more.",
            min=1,
        ),
    ] = 1,
    plugin: PluginOption = None,
    store: StoreOption = DEFAULT_STORE,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Override a protocol value, as key.path=value: the protocol is then unlocked.",
            show_default=False,
        ),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Give a hyperparameter, as method.name=value; its row is marked.",
            show_default=False,
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run those again that failed before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan and its estimated time only.")
    ] = False,
) -> None:
    """Train and score methods by a protocol; what the store holds already is not run again."""
    from harness.protocol import load_protocol
    from harness.registry import load_registry

    rules = load_protocol(protocol, dataset=dataset, overrides=set_ or ())
    registry = load_registry(plugin or ())
    names = [name.strip() for name in methods.split(",") if name.strip()]
    _report(registry)
    # Names are checked before anything heavy is imported, so that a slip is answered at once.
    _check_names(registry, rules, names)

    from harness.execution.machine import set_threads
    from harness.execution.plan import choose_entrants

    entrants = choose_entrants(registry, names, with_ or ())
    bench, plan = _prepare(registry, rules, entrants, seeds=seeds, device=device)
    set_threads(threads)
    if dry_run:
        from harness.cli.dry_run import print_plan

        print_plan(plan, bench, store)
        return
    from harness.cli.watching import watch
    from harness.store import Store

    with Store.open(store, create=True) as opened:
        opened.require_writable()
        watch(plan, bench, opened, retry_failed=retry_failed)
        failed = _failed(plan, opened)
    if failed or ("all" in names and registry.problems):
        raise typer.Exit(EXIT_RUNS_FAILED)


def _report(registry: Registry) -> None:
    for problem in registry.problems:
        typer.echo(f"bench: {problem}", err=True)


def _check_names(registry: Registry, rules: Protocol, names: Sequence[str]) -> None:
    if not names:
        raise UserError("--methods: names no method (give names separated by commas, or 'all')")
    for name in names:
        if name != "all":
            registry.method(name)
    registry.dataset(rules.dataset)
    registry.backbone(rules.backbone.name)


def _prepare(
    registry: Registry,
    rules: Protocol,
    entrants: Sequence[Entrant],
    *,
    seeds: int | None,
    device: str,
) -> tuple[Bench, Plan]:
    """Load the data and plan the runs."""
    from harness.data.loading import load_dataset
    from harness.execution.machine import choose_device
    from harness.execution.plan import make_plan, trunk_code
    from harness.execution.run import Bench

    wanted = rules.replicates if seeds is None else seeds
    if wanted > rules.replicates:
        raise UserError(
            f"--seeds {wanted}: protocol '{rules.name}' has {rules.replicates} replicates "
            f"(allowed: 1..{rules.replicates})"
        )
    chosen = choose_device(device)
    dataset = load_dataset(registry, rules.dataset)
    bench = Bench(registry=registry, protocol=rules, dataset=dataset, device=chosen)
    trunk = trunk_code(registry, rules.backbone.name)
    return bench, make_plan(rules, dataset.digest, entrants, wanted, trunk=trunk)


def _failed(plan: Plan, store: Store) -> bool:
    """Whether any run of the plan ended without scores for a reason that is a fault."""
    states = store.run_states()
    return any(states.get(run.run_id) == "failed" for run in plan.runs)
