"""Trunks, heads, ensembles and readouts train and embed on a device that is not the CPU's."""

import pytest
import torch

from harness import Readout
from harness.data.augmentation import augment, draw_changes
from harness.models import core_backbones
from harness.models.backbone import build_backbone
from harness.protocol.model import BackboneRule
from harness.protocol.rules import AffineAugmentation, CropAugmentation, JitterRule
from harness.testing.devices import pretended_device
from harness.training.embedding import ReadBackbone

RULE = BackboneRule(
    name="any", weights="random", freeze_batch_norm=False, embedding_size=8, normalize=True
)
VECTORS = {"mlp", "residual-mlp", "linear"}
SIDES = {"bn-inception": 96, "covnet-food11": 64, "covnet-colorectal": 64}
BUILT = {one.name: one for one in core_backbones() if one.member is None}


@pytest.mark.parametrize(
    ("name", "members"), [*((name, 1) for name in BUILT), ("convnet-small", 2)]
)
def test_a_trunk_computes_on_one_device_and_never_waits(name, members):
    side = SIDES.get(name, 32)
    shape = (6,) if name in VECTORS else (3, side, side)
    backbone = build_backbone(BUILT[name].build, RULE, shape, fold=0, seed=0, members=members)
    with pretended_device() as pretended:
        backbone.to(pretended.device).train()
        inputs = torch.randn(2, *shape).to(pretended.device)
        backbone(inputs).sum().backward()
        backbone.eval()
        embeddings = backbone(inputs)
        assert embeddings.device == pretended.device
        assert not pretended.stalls


def test_a_readout_made_on_the_cpu_reads_on_the_device():
    backbone = build_backbone(BUILT["mlp"].build, RULE, (6,), fold=0, seed=0, members=1)
    with pretended_device() as pretended:
        backbone.to(pretended.device)
        readout = Readout(of="embeddings", matrix=torch.eye(8)[:4], offset=torch.zeros(4))
        reader = ReadBackbone(backbone, readout)
        assert reader(torch.randn(2, 6).to(pretended.device)).device == pretended.device


AUGMENTATIONS = {
    "affine": AffineAugmentation(shift=0.1, rotation=10.0, scale=0.1, flip=True),
    "crop": CropAugmentation(
        kind="crop",
        resize=32,
        crop=24,
        area=(0.2, 1.0),
        aspect=(0.75, 1.33),
        flip=True,
        jitter=JitterRule(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    ),
}


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_augmentation_draws_on_the_cpu_and_computes_on_the_device(kind):
    rule = AUGMENTATIONS[kind]
    images = torch.rand(4, 3, 28, 28) * 255
    changes = draw_changes(4, torch.Generator().manual_seed(0), rule)
    here = augment(images, changes, rule)
    with pretended_device() as pretended:
        there = augment(images.to(pretended.device), changes.to(pretended.device), rule)
        assert not pretended.stalls
        assert torch.equal(there.cpu(), here)
