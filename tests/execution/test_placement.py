"""Workers fill the cores without fighting over them, and go round the GPUs."""

from __future__ import annotations

import pytest
import torch

from harness.errors import UserError
from harness.execution.executor import Settings, place_workers
from harness.execution.machine import choose_device

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def eight_cores_three_gpus(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)


@pytest.mark.parametrize(
    ("settings", "runs", "workers", "threads"),
    [
        (Settings(workers=None), 100, 8, 1),
        (Settings(workers=None, threads=3), 100, 2, 4),
        (Settings(workers=None, threads=16), 100, 1, 16),
        (Settings(workers=None), 3, 3, 2),
        (Settings(workers=2), 100, 2, 4),
        (Settings(workers=20), 100, 20, 1),
        (Settings(workers=5), 0, 1, 8),
    ],
)
def test_workers_on_the_processor(settings, runs, workers, threads):
    placement = place_workers(CPU, settings, runs=runs)
    assert placement.devices == ("cpu",) * workers
    assert placement.library_threads == threads


@pytest.mark.parametrize(
    ("device", "settings", "devices"),
    [
        ("cuda", Settings(workers=None), ("cuda:0", "cuda:1", "cuda:2")),
        ("cuda", Settings(workers=4), ("cuda:0", "cuda:1", "cuda:2", "cuda:0")),
        ("cuda", Settings(workers=None, workers_per_gpu=2), ("cuda:0", "cuda:1", "cuda:2") * 2),
        ("cuda:1", Settings(workers=None, workers_per_gpu=2), ("cuda:1", "cuda:1")),
    ],
)
def test_workers_on_gpus(device, settings, devices):
    assert place_workers(torch.device(device), settings, runs=100).devices == devices


def test_a_device_of_other_machines_is_not_looked_for_here(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    assert choose_device("cuda", here=False) == torch.device("cuda")
    with pytest.raises(UserError, match="torch sees 0 CUDA devices here"):
        choose_device("cuda")
