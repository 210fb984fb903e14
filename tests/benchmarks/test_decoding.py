"""Decoding a dataset to its cache, beside what the decoder alone takes; and a cache of 20 GB.

Run with `pytest tests/benchmarks/test_decoding.py -s`. Both sides decode the same files on as many
threads within one run; processor seconds are of all threads.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.data import dataset as in_memory
from harness.data.dataset import map_array
from harness.data.decoding import decode_once
from harness.data.own.folders import folder_index
from harness.data.parts import LazyInputs

SIZE = 256
# BENCH_IMAGES=120053 is the size of SOP.
IMAGES = int(os.environ.get("BENCH_IMAGES", "2400"))
DIFFERENT = 240
ROUNDS = 3
SLOWER = 1.5
STATUS = Path("/proc/self/status")
GIGABYTE = 1 << 30

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell")


def held(name: str) -> int:
    """A line of the process's memory, in bytes."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


@contextmanager
def watched() -> Iterator[Callable[[], int]]:
    """Most anonymous memory beyond what was held before, looked at every 20 ms."""
    before, most, done = held("RssAnon"), [0], threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], held("RssAnon") - before)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield lambda: most[0]
    finally:
        done.set()
        thread.join()


@pytest.fixture(scope="module")
def pictures(
    tmp_path_factory: pytest.TempPathFactory, write_pictures: Callable[..., Path]
) -> list[Path]:
    """JPEGs of 500x375 in class folders: some hundred different ones, linked over and over."""
    folder = tmp_path_factory.mktemp("pictures")
    files = sorted(write_pictures(folder, classes=12, each=DIFFERENT // 12).rglob("*.jpg"))
    for number in range(DIFFERENT, IMAGES):
        like = files[number % DIFFERENT]
        os.link(like, like.with_name(f"{number:06d}.jpg"))
    return sorted(folder.rglob("*.jpg"))


def decode_alone(path: Path) -> int:
    """What Pillow takes to read one file, decode it and bring it to size."""
    from PIL import Image

    with Image.open(path) as image:
        rgb = image.convert("RGB")
    scale = SIZE / min(rgb.size)
    wide, high = (int(side * scale) for side in rgb.size)
    left, top = (wide - SIZE) // 2, (high - SIZE) // 2
    resized = rgb.resize((wide, high), Image.Resampling.BILINEAR)
    return len(np.asarray(resized.crop((left, top, left + SIZE, top + SIZE))))


@pytest.mark.benchmark(group="decoding")
def test_a_cache_is_written_at_the_speed_of_the_decoder(
    benchmark, pictures: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Target: up to 1.5 times what the decoder alone takes, digests and writing included."""
    monkeypatch.setattr(in_memory, "IN_MEMORY_BYTES", 0)
    alone, ours, memory = [], [], []
    folder = pictures[0].parents[1]

    def pair() -> None:
        alone.append(_seconds(lambda: _all_alone(pictures)))
        monkeypatch.setenv("BENCH_DATA", str(tmp_path / f"home{len(ours)}"))
        with watched() as most:
            ours.append(
                _seconds(lambda: decode_once("pictures", [folder], folder_index, size=SIZE))
            )
            memory.append(most())

    benchmark.pedantic(pair, rounds=ROUNDS)
    ratios = [mine[0] / theirs[0] for mine, theirs in zip(ours, alone, strict=True)]
    clock = [mine[1] / theirs[1] for mine, theirs in zip(ours, alone, strict=True)]
    print(  # noqa: T201
        f"\n{len(pictures)} JPEGs to {SIZE} pixels: {statistics.median(ratios):.2f} times the "
        f"processor seconds of the decoder alone ({min(ratios):.2f} to {max(ratios):.2f}), "
        f"{statistics.median(clock):.2f} times its seconds; "
        f"{len(pictures) / statistics.median(s for s, _ in ours):.0f} images a processor second; "
        f"{max(memory) / 1e6:.0f} MB of memory; load {os.getloadavg()[0]:.1f}"
    )
    assert statistics.median(ratios) <= SLOWER
    assert max(memory) < 200e6


@pytest.mark.benchmark(group="decoding")
def test_random_batches_of_a_cache_of_20_gb(benchmark, tmp_path: Path) -> None:
    """From a sparse file, so that what is measured is not the disk. Target: 2 GB, by far."""
    shape = (20 * GIGABYTE // (3 * SIZE * SIZE), 3, SIZE, SIZE)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    with (tmp_path / "images.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 20 * GIGABYTE)
    array = map_array(tmp_path / "images.npy")
    inputs = LazyInputs(array, np.arange(len(array)), torch.device("cpu"))
    draw = np.random.default_rng(0)

    def read() -> None:
        inputs[torch.from_numpy(draw.integers(0, len(array), 32))]

    with watched() as most:
        benchmark.pedantic(read, rounds=200, warmup_rounds=5)
        print(  # noqa: T201
            f"\n200 batches of 32 from {array.nbytes / GIGABYTE:.0f} GB: {most() / 1e6:.0f} MB of "
            f"memory, {1000 * benchmark.stats.stats.median:.1f} ms a batch"
        )
        assert most() < 100e6


def _all_alone(pictures: list[Path]) -> None:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for _ in pool.map(decode_alone, pictures):
            pass


def _seconds(function: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds of one call, of all threads, and seconds on the wall."""
    began, since = time.process_time(), time.perf_counter()
    function()
    return time.process_time() - began, time.perf_counter() - since
