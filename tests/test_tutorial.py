"""docs/tutorial-own-data.md, from a folder of images to the gate, run on tiny images."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("bench_methods", reason="the tutorial compares methods of plugins/")

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tutorial-own-data.md"
SHELL = ["bash", "-euo", "pipefail", "-c"]
SHORTER = {"--base reality-check-small": "--base smoke"}
# Two models of toy images may be any better or worse than each other; one board is itself.
GATES: Mapping[str, set[int]] = {"gate --embeddings": {0, 1, 5}, "gate --store": {0}}


def blocks() -> list[tuple[str, str]]:
    found = re.findall(r"^```(bash|python)\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M)
    return [(language, text) for language, text in found]


def draw(path: Path, kind: int, number: int) -> None:
    random = np.random.default_rng([kind, number])
    pixels = random.integers(0, 90, (16, 16, 3), dtype=np.uint8)
    pixels[kind % 8 * 2 : kind % 8 * 2 + 2, :, kind // 8] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_every_command_of_the_tutorial_works_in_its_order(tmp_path: Path) -> None:
    for kind in range(12):
        for number in range(6):
            draw(tmp_path / "photos" / f"kind{kind:02d}" / f"{number}.png", kind, number)
    for kind in range(12, 24):
        for number in range(4):
            draw(tmp_path / "later" / f"kind{kind}" / f"{number}.png", kind, number)
    draw(tmp_path / "incoming" / "unknown.png", 13, 9)
    environment = {**os.environ, "BENCH_DATA": str(tmp_path / "home"), "NO_COLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    said = []
    for language, text in blocks():
        for long, short in SHORTER.items():
            text = text.replace(long, short)  # noqa: PLW2901 - the same block at toy size
        program = (
            ["bash", "-euo", "pipefail", "-c"] if language == "bash" else [sys.executable, "-c"]
        )
        ended = subprocess.run(
            [*program, text], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        allowed = next((codes for gate, codes in GATES.items() if gate in text), {0})
        assert ended.returncode in allowed, f"{text}\n{ended.stdout}{ended.stderr}"
        assert "Traceback" not in ended.stderr, ended.stderr
        said.append(ended.stdout)
    told = "".join(said)
    assert "unknown.png is most like kind" in told
    assert "(3, 64, 64)" in told
    assert all(gate in PAGE.read_text("utf-8") for gate in (*GATES, *SHORTER))
    assert {"ours.html", "model.safetensors", "model.pt2", "later.npz"} <= set(os.listdir(tmp_path))
