"""Render the glyphs dataset from the fonts that matplotlib ships.

`python -m harness.data.embedded.build_glyphs [--output PATH]` needs matplotlib and fonttools.
The same Pillow, FreeType and fonts give the same file; the file names all three.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import unicodedata
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness.data.embedded import FACES, Face, GlyphArrays, encode

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

SIDE = 28
# The largest size at which every glyph of every face leaves the outermost ring of pixels empty.
FONT_SIZE = 18
BASELINE = 20
# Drawn eight times larger and averaged down: at 18 pixels FreeType's hinting would move strokes
# and accents to whole pixels and so make some characters look more alike than they are.
OVERSAMPLING = 8
# In pixels of full ink, in the median face: what is one shape in half of the faces has labels that
# no method could tell apart there. (A mean lets one odd face speak for fifteen: it would keep Greek
# Upsilon beside Y, identical in twelve faces, and drop letters whose dot is small in every face.)
# The limit lies in the widest gap: Cyrillic and Greek Gamma differ by 2.1, the next pair by 2.9.
LOOK_ALIKE = 2.5
LETTERS_AND_DIGITS = frozenset({"Lu", "Ll", "Lt", "Lo", "Nd"})


def build() -> GlyphArrays:
    """Render every character that all faces draw, without look-alikes of an earlier one."""
    code_points = covered_by_all()
    images = render(code_points)
    kept = distinct(images)
    return GlyphArrays(
        code_points=np.array([code_points[index] for index in kept], dtype=np.int32),
        images=images[kept],
        built_with=json.dumps(environment(), sort_keys=True),
    )


def environment() -> dict[str, str]:
    """Name what decides the rendering: Pillow, its FreeType and the sha256 over the fonts."""
    import PIL
    from PIL import features

    digest = hashlib.sha256()
    for face in FACES:
        digest.update(font_path(face.file).read_bytes())
    return {
        "fonts": digest.hexdigest(),
        "freetype": str(features.version("freetype2")),
        "pillow": PIL.__version__,
    }


def covered_by_all() -> list[int]:
    """Return the code points, ascending, of the letters and digits that every face draws."""
    return sorted(set.intersection(*(drawn_by(face, LETTERS_AND_DIGITS) for face in FACES)))


def render(code_points: list[int]) -> npt.NDArray[np.uint8]:
    """Draw each character in each face: uint8 of shape (characters, faces, 28, 28).

    All share one font size and one baseline, so that c and C differ; ink is centred sideways.
    """
    fonts = load_fonts().values()
    return np.stack([np.stack([draw(chr(code), font) for font in fonts]) for code in code_points])


def distinct(images: npt.NDArray[np.uint8]) -> list[int]:
    """Return the characters, in order, that look like no earlier one that was kept."""
    distances = ink_distances(images)
    kept: list[int] = []
    for index in range(len(images)):
        if not kept or distances[index, kept].min() >= LOOK_ALIKE:
            kept.append(index)
    return kept


def ink_distances(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return how far apart characters are: the sum over pixels of |difference| / 255, median face.

    `images`: uint8 of shape (characters, faces, 28, 28). Returns float64 (characters, characters).
    """
    from scipy.spatial.distance import cdist

    characters, faces = images.shape[:2]
    flat = images.reshape(characters, faces, -1).swapaxes(0, 1) / 255
    return np.asarray(np.median([cdist(face, face, "cityblock") for face in flat], axis=0))


def font_path(file: str) -> Path:
    """Where matplotlib has the font of a face."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{file}.ttf"


def drawn_by(face: Face, categories: Collection[str]) -> set[int]:
    """The code points of some Unicode categories for which a face's font has an outline."""
    from fontTools.ttLib import TTFont

    font = TTFont(font_path(face.file))
    outlines = font["glyf"]
    return {
        code
        for code, name in font.getBestCmap().items()
        if unicodedata.category(chr(code)) in categories
        and name != ".notdef"
        and outlines[name].numberOfContours != 0
    }


def load_fonts() -> dict[str, FreeTypeFont]:
    """The font of each face, by its file, at the size at which glyphs are drawn."""
    from PIL import ImageFont

    # The basic engine: Raqm is in some builds of Pillow and not in others.
    return {
        face.file: ImageFont.truetype(
            font_path(face.file), FONT_SIZE * OVERSAMPLING, layout_engine=ImageFont.Layout.BASIC
        )
        for face in FACES
    }


def draw(character: str, font: FreeTypeFont) -> npt.NDArray[np.uint8]:
    """One character, uint8 (28, 28); ValueError where it does not fit."""
    from PIL import Image, ImageDraw

    side, baseline = SIDE * OVERSAMPLING, BASELINE * OVERSAMPLING
    left, top, right, bottom = font.getbbox(character, anchor="ls")
    start = (side - (right - left)) // 2
    if start < 0 or baseline + top < 0 or baseline + bottom > side:
        raise ValueError(f"{character!r} does not fit {SIDE}x{SIDE} at size {FONT_SIZE}")
    canvas = Image.new("L", (side, side))
    ImageDraw.Draw(canvas).text((start - left, baseline), character, 255, font, anchor="ls")
    return np.asarray(canvas.reduce(OVERSAMPLING))


def main() -> None:
    """Write the data file and print what has to be pinned."""
    default = Path(__file__).parent / "glyphs_data" / "glyphs.npy.xz"
    parser = argparse.ArgumentParser(description="Render the glyphs dataset.")
    parser.add_argument("--output", type=Path, default=default)
    output: Path = parser.parse_args().output
    arrays = build()
    compressed = encode(arrays)
    output.write_bytes(compressed)
    print(  # noqa: T201 - a command's answer
        f"{output}: {len(arrays.code_points)} classes x {len(FACES)} faces, "
        f"{len(compressed)} bytes\nGLYPHS_SHA256 = {hashlib.sha256(compressed).hexdigest()!r}"
    )


if __name__ == "__main__":
    main()
