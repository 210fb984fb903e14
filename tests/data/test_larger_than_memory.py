"""A cache larger than memory is trained from in little of it: sparse files stand for the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness import Method
from harness.data.dataset import Dataset, MappedArray, map_array
from harness.data.parts import LazyInputs, Vault
from harness.data.splits import Split
from harness.protocol import Protocol
from harness.protocol.rules import CropAugmentation
from harness.training import Task, embedding
from harness.training.batching import BatchSource
from harness.training.embedding import embed_part

STATUS = Path("/proc/self/status")
MEGABYTE = 1 << 20
SIDE = 256
IMAGE = 3 * SIDE * SIDE

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="this system does not tell")


def anonymous() -> int:
    """Bytes that the process holds of its own: what is mapped from files can be let go."""
    lines = STATUS.read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


def sparse(path: Path, images: int) -> MappedArray:
    """A .npy file of so many black images, which takes no room on the disk."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (images, 3, SIDE, SIDE)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + images * IMAGE)
    return map_array(path)


def test_batches_of_a_cache_of_20_gb_take_no_more_memory_than_one(tmp_path: Path) -> None:
    array = sparse(tmp_path / "images.npy", 20_000 * MEGABYTE // IMAGE)
    inputs = LazyInputs(array, np.arange(len(array)), torch.device("cpu"))
    draw, batches, size = np.random.default_rng(0), 24, 32
    before = anonymous()

    most = before
    for _ in range(batches):
        batch = inputs[torch.from_numpy(draw.integers(0, len(array), size))]
        most = max(most, anonymous())

    assert batch.shape == (size, 3, SIDE, SIDE)
    assert array.nbytes > 19_000 * MEGABYTE
    assert most - before < 4 * size * IMAGE < batches * size * IMAGE / 5


class Witness(nn.Module):
    """Means of channels for embeddings; notes the memory held while it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def forward(self, inputs: Tensor) -> Tensor:
        self.most = max(self.most, anonymous())
        return inputs.mean(dim=(2, 3))


@pytest.fixture
def cropping(short_protocol: Protocol) -> Protocol:
    """Four steps of eight crops."""
    crops = CropAugmentation(
        kind="crop", resize=SIDE, crop=224, area=(0.16, 1.0), aspect=(0.75, 1.33), flip=True
    )
    return short_protocol.model_copy(update={"augmentation": crops})


def test_measuring_training_and_embedding_take_a_fraction_of_the_cache(
    tmp_path: Path, cropping: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "EVALUATION_VALUES", 4 * IMAGE)
    array = sparse(tmp_path / "images.npy", 1200)
    labels = np.arange(len(array)) % 8
    dataset = Dataset(
        name="large",
        inputs=array,
        labels=labels,
        class_names=tuple("abcdefgh"),
        source="tests",
        licence="MIT",
    )
    train, rest = np.arange(600), np.arange(600, 1200)
    split = Split(train=train, validation=rest, test=rest, known=np.ones(600, dtype=np.bool_))
    method = Method(name="toy", build=lambda _p, _c: None, summary="s", reference="r")
    witness = Witness()
    before = anonymous()

    vault = Vault(dataset, split, torch.device("cpu"))
    part = vault.train(only_known=True)
    batches = np.random.default_rng(0).integers(0, 600, (4, 8))
    source = BatchSource(Task(cropping, method, {}, 0, 0), part, batches, vault.prepare)
    for step in range(len(batches)):
        witness(source(step).inputs)
    embeddings = embed_part(witness, vault.validation(), vault.standardise)

    assert embeddings.shape == (600, 3)
    assert witness.most - before < array.nbytes / 3
