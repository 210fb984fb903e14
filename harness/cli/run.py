"""`bench run`: the main job, from a protocol to a filling leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    DEFAULT_PROTOCOL,
    DEFAULT_STORE,
    AddressOption,
    ColumnsOption,
    DatasetOption,
    DeviceOption,
    DropMissingOption,
    ExecutorOption,
    HeaderOption,
    LabelColumnOption,
    MemoryLimitOption,
    MethodsOption,
    PluginOption,
    ProtocolOption,
    StoreOption,
    TextLabelsOption,
    ThreadsOption,
    TimeLimitOption,
    WorkersOption,
    WorkersPerGpuOption,
)
from harness.cli.preparing import check_names, prepare, read_own, report_problems, say_waiting
from harness.errors import EXIT_RUNS_FAILED

if TYPE_CHECKING:
    from harness.execution.plan import Plan
    from harness.store import Store


def run(  # noqa: PLR0913 - one argument an option
    *,
    methods: MethodsOption,
    protocol: ProtocolOption = DEFAULT_PROTOCOL,
    dataset: DatasetOption = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own: a folder of class folders, or a CSV, Parquet, npz, npy or safetensors "
            "file; the protocol is then unlocked.",
            show_default=False,
        ),
    ] = None,
    label_column: LabelColumnOption = None,
    columns: ColumnsOption = None,
    drop_missing: DropMissingOption = False,
    text_labels: TextLabelsOption = False,
    header: HeaderOption = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="How many replicates; by default all of the protocol's.",
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
    track: Annotated[
        list[str] | None,
        typer.Option(
            "--track",
            help="Show runs elsewhere too: tensorboard:DIR or jsonl:FILE; may be repeated.",
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
    from harness.cli import quantities
    from harness.protocol import load_protocol
    from harness.reading.options import Reading
    from harness.registry import load_registry

    count = quantities.workers(workers)
    longest = quantities.seconds("--time-limit", time_limit) if time_limit else None
    largest = quantities.size("--memory-limit", memory_limit) if memory_limit else None
    reading = Reading(label_column, columns, drop_missing, text_labels, header)
    own = None if data is None else read_own(data, reading)
    overrides = [*(set_ or ()), *([] if own is None else [own.override])]
    rules = load_protocol(protocol, dataset=dataset, overrides=overrides)
    registry = load_registry(plugin or ())
    names = [name.strip() for name in methods.split(",") if name.strip()]
    report_problems(registry)
    # Names are checked before anything heavy is imported, so that a slip is answered at once.
    check_names(registry, rules, names, own=own is not None)
    place = registry.executor(executor).item

    from harness.execution.executor import Settings
    from harness.execution.machine import choose_device, set_threads
    from harness.execution.plan import choose_entrants

    entrants = choose_entrants(registry, names, with_ or ())
    # A dry run times a step on this machine, wherever the runs would go.
    chosen = choose_device(device, here=dry_run or not place.remote)
    bench, plan = prepare(registry, rules, entrants, seeds=seeds, device=chosen, own=own)
    set_threads(threads)
    settings = Settings(
        workers=count,
        threads=threads,
        workers_per_gpu=workers_per_gpu,
        time_limit=longest,
        memory_limit=largest,
        address=address,
    )
    if dry_run:
        from harness.cli.dry_run import print_plan

        print_plan(plan, bench, store, settings)
        return
    from harness.cli.searching import search_for
    from harness.cli.watching import watch
    from harness.search import tuned_plan
    from harness.store import Store
    from harness.trackers import tracking

    with Store.open(store, create=True) as opened:
        opened.require_writable()
        seen = tracking(track or (), registry, store=store, dataset=bench.dataset)
        with opened.sole_writer(waiting=say_waiting), seen:
            plan = tuned_plan(plan, search_for(plan, bench, opened, place, settings))
            watch(plan, bench, opened, place, settings, retry_failed=retry_failed)
        failed = _failed(plan, opened)
    if failed or ("all" in names and registry.problems):
        raise typer.Exit(EXIT_RUNS_FAILED)


def _failed(plan: Plan, store: Store) -> bool:
    """Whether any run of the plan ended without scores for a reason that is a fault."""
    states = store.run_states()
    return any(states.get(run.run_id) == "failed" for run in plan.runs)
