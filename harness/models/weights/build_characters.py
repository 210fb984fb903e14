"""Pretrain the strided ConvNet on characters that the glyphs datasets lack: `characters`.

`python -m harness.models.weights.build_characters [--output PATH]` needs matplotlib and fonttools,
and a quarter of an hour of one core. The same fonts, Pillow, FreeType, torch and processor give
the same file.

Classes are the letters, digits, symbols and punctuation that at least four of the sixteen faces
draw, and that are no letter or digit of all faces: those are what `glyphs` is made of. A character
that looks like one of `glyphs`, or has an image of another, is left out, so that no class of the
benchmark is seen here under another name. Training is plain: softmax cross-entropy, Adam, a cosine
schedule, random affine changes of the images.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from harness.data.augmentation import augment, draw_changes
from harness.data.embedded import FACES, load_glyphs
from harness.data.embedded.build_glyphs import (
    LETTERS_AND_DIGITS,
    LOOK_ALIKE,
    covered_by_all,
    draw,
    drawn_by,
    load_fonts,
)
from harness.models import CHARACTERS_MEAN, CHARACTERS_STD
from harness.models.convnet import StridedConvNet
from harness.protocol.rules import AffineAugmentation, ScheduleRule

CATEGORIES = (
    LETTERS_AND_DIGITS
    | {"Nl", "No", "Lm", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
    | {"Sm", "Sc", "Sk", "So"}
)
LEAST_FACES = 4
STEPS, BATCH, RATE = 16_000, 128, 1e-2
SCHEDULE = ScheduleRule(shape="cosine", warmup=0.1, final=0.0)
CHANGES = AffineAugmentation(shift=0.08, rotation=8.0, scale=0.08, flip=False)

Images = npt.NDArray[np.uint8]


def drawn_beside_glyphs() -> dict[int, list[int]]:
    """Code points that glyphs does not choose from, with the places of the faces that draw them."""
    drawn = [drawn_by(face, CATEGORIES) for face in FACES]
    codes = sorted(set.union(*drawn) - set(covered_by_all()))
    return {code: [face for face, own in enumerate(drawn) if code in own] for code in codes}


def characters(codes: Mapping[int, Sequence[int]]) -> tuple[Images, npt.NDArray[np.int64]]:
    """The images, uint8 (N, 28, 28), and the class of each, int64 (N,), of those that may be used.

    `codes`: the places in FACES of those that draw a code point.
    """
    fonts = load_fonts()
    known = np.asarray(load_glyphs().inputs, dtype=np.uint8).reshape(-1, len(FACES), 28, 28)
    seen = {image.tobytes() for image in known.reshape(-1, 28, 28)}
    images: list[Images] = []
    classes: list[int] = []
    for code, faces in codes.items():
        try:
            found = [draw(chr(code), fonts[FACES[place].file]) for place in faces]
        except ValueError:
            continue
        own = {image.tobytes() for image in found}
        if (
            len(faces) < LEAST_FACES
            or own & seen
            or _resembles(np.stack(found), known[:, list(faces)])
        ):
            continue
        seen |= own
        classes += [classes[-1] + 1 if classes else 0] * len(found)
        images += found
    return np.stack(images), np.array(classes)


def _resembles(images: Images, known: Images) -> bool:
    """Whether a character (F, 28, 28) looks like one of (C, F, 28, 28), as build_glyphs says it."""
    apart = [
        cdist(one.reshape(1, -1) / 255, others.reshape(len(others), -1) / 255, "cityblock")[0]
        for one, others in zip(images, known.swapaxes(0, 1), strict=True)
    ]
    return bool(np.median(apart, axis=0).min() < LOOK_ALIKE)


def pretrain(images: Images, classes: npt.NDArray[np.int64]) -> dict[str, Tensor]:
    """The trunk's weights after training a softmax over all classes."""
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    inputs, labels = torch.from_numpy(images)[:, None], torch.from_numpy(classes)
    trunk = StridedConvNet(1)
    network = nn.Sequential(trunk, nn.Linear(trunk.feature_size, int(labels.max()) + 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * SCHEDULE.share(step, STEPS)
        chosen = torch.randint(len(inputs), (BATCH,), generator=draws)
        changed = augment(inputs[chosen].float(), draw_changes(BATCH, draws, CHANGES), CHANGES)
        logits = network((changed - CHARACTERS_MEAN) / CHARACTERS_STD)
        loss = nn.functional.cross_entropy(logits, labels[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step % 500 == 0:
            print(f"step {step}: loss {loss.item():.3f}", flush=True)  # noqa: T201
    return {name: value.contiguous() for name, value in trunk.state_dict().items()}


def main() -> None:
    """Write the file."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "characters.safetensors"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    images, classes = characters(drawn_beside_glyphs())
    print(f"{len(images)} images of {classes.max() + 1} characters")  # noqa: T201
    print(f"mean {images.mean():.2f}, standard deviation {images.std():.2f}")  # noqa: T201
    save_file(pretrain(images, classes), options.output)


if __name__ == "__main__":
    main()
