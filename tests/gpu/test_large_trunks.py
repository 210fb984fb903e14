"""ImageNet trunks at 224 pixels: milliseconds a step, and how long steps wait for their batches."""

from __future__ import annotations

import re

import numpy as np
import pytest

from harness.protocol import protocols_folder
from harness.store import Store


@pytest.fixture(scope="module")
def photos(bench):
    """Noise of the size of photographs: 32 classes of 16."""
    draw = np.random.default_rng(0)
    classes, each, side = (8, 8, 64) if bench.toy else (32, 16, 256)
    path = bench.folder / "photos.npz"
    images = draw.integers(0, 255, (classes * each, 3, side, side), np.uint8)
    np.savez(path, inputs=images, labels=np.repeat(np.arange(classes), each))
    return path


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("trunk", ["resnet50", "bn-inception"])
def test_steps(bench, photos, trunk, precision):
    if bench.toy:  # a large trunk takes a CPU half a minute a step
        if trunk != "resnet50":
            pytest.skip("one trunk is enough of a toy")
        trunk = "convnet-small"
    protocol = bench.folder / f"{trunk}-{precision}.toml"
    text = (protocols_folder() / "smoke.toml").read_text()
    steps, crop = (2, 32) if bench.toy else (60, 224)
    text = re.sub(r'name = "convnet-small"', f'name = "{trunk}"\nprecision = "{precision}"', text)
    text = re.sub(r"(?m)^steps = 6$", f"steps = {steps}", text)
    text = re.sub(r"(?m)^every = 3$", f"every = {steps}", text)
    text = re.sub(r'^name = "smoke"', f'name = "{trunk}-{precision}"', text, flags=re.MULTILINE)
    crops = f'[augmentation]\nkind = "crop"\nresize = {crop * 8 // 7}\ncrop = {crop}\n'
    crops += "area = [0.16, 1.0]\naspect = [0.75, 1.333]\nflip = true\n\n[selection]"
    text = re.sub(r"\[augmentation\].*?\[selection\]", crops, text, flags=re.DOTALL)
    protocol.write_text(text)
    store = bench.folder / protocol.stem
    bench.run(
        "run", "--protocol", protocol, "--data", photos, "--methods", "triplet", "--seeds", "1",
        "--workers", "1", "--store", store,
    )  # fmt: skip
    with Store.open(store) as opened:
        found = list(opened.records())
    assert [one.state for one in found] == ["done"] * len(found), found[0].reason
    audit = found[-1].audit
    bench.row(
        f"{trunk}, {precision}, {crop} px, batch 32",
        f"{1000 * audit.training_seconds / audit.steps:.0f} ms a step, "
        f"{100 * (audit.input_share or 0):.0f} % waiting for batches, "
        f"{(audit.peak_memory_bytes or 0) / 2**30:.1f} GiB",
        "waiting 10 %",
    )
