"""Whether the budget decides the order: every method at one budget and at twice that.

    python tests/benchmarks/measure_budget.py --seeds 1 --out budget -- --workers 16

Runs `bench run` twice into stores below --out (stopped, it goes on), the second time with twice the
protocol's steps and, to keep their number, half as frequent validations, and prints a table in
Markdown: MAP@R of each method at one and at two budgets, and at a quarter of the first, by
validation; then how many rows moved by less than .02 and Kendall's tau between the two orders.
Options after `--` go to `bench run`: `-- --workers 16 --device cpu`.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import kendalltau

from harness.errors import EXIT_RUNS_FAILED
from harness.protocol import Protocol, load_protocol
from harness.record import Record
from harness.store import Store
from harness.store.excerpts import excerpts_of

MOVED = 0.02


def run(protocol: Protocol, factor: int, store: Path, options: argparse.Namespace) -> None:
    """Let `bench run` make what the store lacks."""
    steps, every = protocol.training.steps * factor, protocol.selection.every * factor
    changed = [f"training.steps={steps}", f"selection.every={every}"] if factor > 1 else []
    command = [sys.executable, "-m", "harness.cli", "run", "--protocol", options.protocol]
    command += ["--methods", options.methods, "--seeds", str(options.seeds)]
    command += ["--dataset", protocol.dataset, "--store", str(store)]
    command += [text for change in changed for text in ("--set", change)]
    ended = subprocess.run([*command, *options.rest], check=False).returncode
    if ended not in {0, EXIT_RUNS_FAILED}:
        raise SystemExit(f"stopped: {store} keeps what was run")


def scored(store: Path) -> dict[str, list[Record]]:
    """The runs of each method, but for methods with a run that did not end in scores."""
    runs: dict[str, list[Record]] = {}
    with Store.open(store) as opened:
        for record in opened.records():
            runs.setdefault(record.identity.method, []).append(record)
    return {
        method: found
        for method, found in runs.items()
        if all(record.scores is not None for record in found)
    }


def map_at_r(records: Sequence[Record]) -> float:
    """Mean test MAP@R."""
    return mean([r.scores.values["map_at_r"] for r in records if r.scores is not None])


def mean(values: Sequence[float]) -> float:
    """The mean, not a number of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def report(once: dict[str, list[Record]], twice: dict[str, list[Record]]) -> str:
    """The table and what follows from it."""
    both = {name: (map_at_r(once[name]), map_at_r(twice[name])) for name in once if name in twice}
    names = sorted(both, key=lambda name: -both[name][0])
    lines = ["| method | by a quarter | one budget | two budgets | change | seconds |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name in names:
        first, second = both[name]
        seconds = mean([r.audit.seconds for r in once[name] if r.audit is not None])
        early = [run.by_a_quarter for run in excerpts_of(once[name])]
        quarter = mean([share for share in early if share is not None])
        lines.append(
            f"| {name} | {quarter:.0%} | {first:.3f} | {second:.3f} | {second - first:+.3f} | "
            f"{seconds:.1f} |"
        )
    near = sum(abs(second - first) < MOVED for first, second in both.values())
    tau = kendalltau(*zip(*both.values(), strict=True)).statistic
    lines += ["", f"{near} of {len(both)} rows moved by less than {MOVED}; Kendall's tau {tau:.3f}"]
    return "\n".join(lines)


def main() -> None:
    """Measure what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default="reality-check-small-4")
    parser.add_argument("--methods", default="all")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("budget"))
    parser.add_argument("rest", nargs="*")
    options = parser.parse_args()
    protocol = load_protocol(options.protocol)
    stores = [options.out / f"{factor}-budgets" for factor in (1, 2)]
    for factor, store in zip((1, 2), stores, strict=True):
        run(protocol, factor, store, options)
    once, twice = map(scored, stores)
    print(report(once, twice))  # noqa: T201


if __name__ == "__main__":
    main()
