"""Whole runs on the device: every method, against the CPU, twice alike, and many at a time."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from harness.store import Store

FEW = ("triplet", "softmax", "lda", "vicreg")
MANY = ("contrastive", "triplet", "multi-similarity", "softmax", "proxy-nca", "ntxent")
# Six steps of Adam turn another order of additions into another third digit.
TOLERANCE = 0.05
WORKERS = (1, 4, 8, 12)
SMOKE_WORKERS = 12


def records(folder):
    with Store.open(folder) as store:
        return {
            (one.identity.method, one.identity.seed, one.identity.fold): one
            for one in store.records()
        }


@pytest.fixture(scope="module")
def smoke(bench):
    """Every method on smoke: on the device, and once more."""
    words = ["run", "--protocol", "smoke", "--seeds", "1", "--methods"]
    chosen = ",".join(FEW) if bench.toy else bench.methods
    place = [] if bench.toy else ["--workers-per-gpu", str(SMOKE_WORKERS)]
    stores = {}
    for name in ("first", "again"):
        stores[name] = bench.folder / name
        seconds = bench.run(*words, chosen, "--store", stores[name], *place)
        bench.row(f"smoke, {chosen} methods, {name} time", f"{seconds:.0f} s")
    return stores


def test_every_method_runs_as_on_the_cpu(bench, smoke):
    here = bench.folder / "here"
    chosen = ",".join(FEW) if bench.toy else bench.methods
    bench.run(
        "run", "--protocol", "smoke", "--seeds", "1", "--methods", chosen, "--store", here,
        device="cpu",
    )  # fmt: skip
    cpu, there = records(here), records(smoke["first"])
    assert {key: one.state for key, one in cpu.items()} == {
        key: one.state for key, one in there.items()
    }
    gaps = {
        key: abs(one.scores.values["map_at_r"] - there[key].scores.values["map_at_r"])
        for key, one in cpu.items()
        if one.scores
    }
    starts = {key for key, one in cpu.items() if one.init_digest != there[key].init_digest}
    batches = {
        key
        for key, one in cpu.items()
        if one.declared.composition != "clusters"
        and one.batches_digest != there[key].batches_digest
    }
    bench.row(
        "runs with the CPU's initial weights and batches",
        f"{len(cpu) - len(starts | batches)} of {len(cpu)}",
        "all",
    )
    bench.row(
        "MAP@R against the CPU after six steps: median and largest difference",
        f"{statistics.median(gaps.values()):.4f}, {max(gaps.values()):.4f}",
        f"{TOLERANCE}",
    )
    assert not starts | batches
    assert max(gaps.values()) <= TOLERANCE, sorted(gaps.items(), key=lambda kv: -kv[1])[:5]


def test_twice_on_the_device_is_the_same_bit_for_bit(bench, smoke):
    first, again = records(smoke["first"]), records(smoke["again"])
    other = []
    with Store.open(smoke["first"]) as one, Store.open(smoke["again"]) as two:
        for key, record in first.items():
            if record.state != "done":
                continue
            a, b = one.arrays(record), two.arrays(again[key])
            if not np.array_equal(a["test_embeddings"], b["test_embeddings"]):
                other.append(key[0])
    done = sum(record.state == "done" for record in first.values())
    bench.row(
        "runs that came out the same to the last bit", f"{done - len(other)} of {done}", "all"
    )
    assert not other, sorted(set(other))


def test_how_many_workers_are_best(bench):
    """The small ConvNet leaves a card idle: how many runs at a time fill it."""
    steps = "20" if bench.toy else "300"
    methods = ",".join(FEW if bench.toy else MANY)
    seconds = {}
    for workers in WORKERS[:2] if bench.toy else WORKERS:
        words = ["--workers", str(workers)] if bench.toy else ["--workers-per-gpu", str(workers)]
        seconds[workers] = bench.run(
            "run", "--protocol", "reality-check-small", "--dataset", "digits", "--seeds", "1",
            "--methods", methods, "--set", f"training.steps={steps}", *words,
            "--store", bench.folder / f"workers-{workers}",
        )  # fmt: skip
    peak = max(
        one.audit.peak_memory_bytes or 0
        for one in records(bench.folder / f"workers-{next(iter(seconds))}").values()
        if one.audit
    )
    best = min(seconds, key=seconds.__getitem__)
    listed = ", ".join(f"{count}: {took:.0f} s" for count, took in seconds.items())
    bench.row("small ConvNet, 300 steps, runs at a time", listed, f"best {best}")
    bench.row("largest peak of the allocator, small ConvNet", f"{peak / 2**20:.0f} MiB")


def test_ten_replicates_together_take_the_time_of_two(bench):
    """The loop's seconds, of which a run together has its share: no start of CUDA, no scoring."""
    steps, runs = ("4", 4) if bench.toy else ("300", 10)
    words = [
        "run", "--protocol", "reality-check-small", "--dataset", "digits", "--methods", "triplet",
        "--set", f"training.steps={steps}", "--set", "split.folds=2", "--workers", "1",
    ]  # fmt: skip
    stores = {size: bench.folder / f"together-{size}" for size in (1, runs)}
    bench.run(*words, "--seeds", "1", "--store", stores[1])
    bench.run(*words, "--seeds", str(runs // 2), "--together", str(runs), "--store", stores[runs])
    alone, together = (records(store) for store in stores.values())
    assert len(together) == runs
    assert {one.environment["together"] for one in together.values()} == {str(runs)}
    two, all_of_them = (
        sum(one.audit.training_seconds - one.audit.preparation_seconds for one in found.values())
        for found in (alone, together)
    )
    gaps = [
        abs(one.scores.values["map_at_r"] - together[key].scores.values["map_at_r"])
        for key, one in alone.items()
    ]
    bench.row(
        f"small ConvNet, {runs} replicates together, against 2 alone",
        f"{all_of_them:.1f} s against {two:.1f} s: {all_of_them / two:.1f} times",
        "1.0 times",
    )
    bench.row("MAP@R together against alone, largest difference", f"{max(gaps):.4f}", "")
