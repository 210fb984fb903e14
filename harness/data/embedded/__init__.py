"""Datasets that need no download: shipped in this package or in scikit-learn."""

from __future__ import annotations

import hashlib
import io
import lzma
import unicodedata
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness.data.dataset import Attribute, Dataset, require_open
from harness.errors import UserError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


GLYPHS_SHA256 = "64fcc53be1a470bdcf3ff218945fdb0ba4a308ed79fa8ea0c9fc93232e593bb1"


@dataclass(frozen=True)
class Face:
    """One typeface: its font file (without `.ttf`) and what is known about its design."""

    file: str
    family: str
    weight: str
    slant: str


# The order is the order of the samples within a class.
FACES = (
    Face("DejaVuSans", "DejaVu Sans", "regular", "upright"),
    Face("DejaVuSans-Oblique", "DejaVu Sans", "regular", "slanted"),
    Face("DejaVuSans-Bold", "DejaVu Sans", "bold", "upright"),
    Face("DejaVuSans-BoldOblique", "DejaVu Sans", "bold", "slanted"),
    Face("DejaVuSansMono", "DejaVu Sans Mono", "regular", "upright"),
    Face("DejaVuSansMono-Oblique", "DejaVu Sans Mono", "regular", "slanted"),
    Face("DejaVuSansMono-Bold", "DejaVu Sans Mono", "bold", "upright"),
    Face("DejaVuSansMono-BoldOblique", "DejaVu Sans Mono", "bold", "slanted"),
    Face("DejaVuSerif", "DejaVu Serif", "regular", "upright"),
    Face("DejaVuSerif-Italic", "DejaVu Serif", "regular", "slanted"),
    Face("DejaVuSerif-Bold", "DejaVu Serif", "bold", "upright"),
    Face("DejaVuSerif-BoldItalic", "DejaVu Serif", "bold", "slanted"),
    Face("STIXGeneral", "STIX General", "regular", "upright"),
    Face("STIXGeneralItalic", "STIX General", "regular", "slanted"),
    Face("STIXGeneralBol", "STIX General", "bold", "upright"),
    Face("STIXGeneralBolIta", "STIX General", "bold", "slanted"),
)

# Characters whose Unicode name does not begin with the script they are of.
_SCRIPT_OF_NAME = {"Feminine": "Latin", "Masculine": "Latin", "Micro": "Greek"}


@dataclass(frozen=True, kw_only=True, eq=False)
class GlyphArrays:
    """What the data file holds.

    `code_points`: int32 of shape (classes,), ascending.
    `images`: uint8 of shape (classes, faces, 28, 28), ink 255 on ground 0.
    `built_with`: one line of JSON that names what rendered the images.
    """

    code_points: npt.NDArray[np.int32]
    images: npt.NDArray[np.uint8]
    built_with: str


def load_glyphs() -> Dataset:
    """Load the embedded characters: inputs uint8 (classes * 16, 1, 28, 28), ordered by class.

    Classes are in the order of their code points; attributes are family, weight, slant and
    script. Raises UserError where the installed data file is missing or damaged.
    """
    return _dataset("glyphs", _read(_data_file()))


def load_distinct_glyphs() -> Dataset:
    """Load the characters of which no image is an image of another class, pixel by pixel.

    Of characters that any face draws alike (U+004B and U+041A, K) the first is kept, so that every
    image is of one class only and no test image is in a training part. As `load_glyphs` otherwise.
    """
    arrays = _read(_data_file())
    kept = _distinct(arrays.images)
    chosen = replace(arrays, code_points=arrays.code_points[kept], images=arrays.images[kept])
    return _dataset("glyphs-2", chosen)


def _distinct(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Classes none of whose images is one of an earlier class that is kept."""
    seen: set[bytes] = set()
    kept = []
    for index, faces in enumerate(images):
        drawn = {image.tobytes() for image in faces}
        if not drawn & seen:
            seen |= drawn
            kept.append(index)
    return np.array(kept, dtype=np.int64)


def _dataset(name: str, arrays: GlyphArrays) -> Dataset:
    classes, faces = arrays.images.shape[:2]
    names = [unicodedata.name(chr(code)) for code in arrays.code_points]
    return Dataset(
        name=name,
        inputs=arrays.images.reshape(classes * faces, 1, *arrays.images.shape[2:]),
        labels=np.repeat(np.arange(classes, dtype=np.int64), faces),
        class_names=tuple(
            f"U+{code:04X} {name}" for code, name in zip(arrays.code_points, names, strict=True)
        ),
        source="rendered from the DejaVu 2.37 and STIX 1.0 fonts that matplotlib ships",
        licence="Bitstream Vera and Arev (DejaVu); SIL Open Font License 1.1 (STIX)",
        attributes={
            "family": _attribute([face.family for face in FACES] * classes),
            "weight": _attribute([face.weight for face in FACES] * classes),
            "slant": _attribute([face.slant for face in FACES] * classes),
            "script": _attribute([_script(name) for name in names for _ in range(faces)]),
        },
        hierarchy="script",
    )


def _data_file() -> Traversable:
    return files("harness.data.embedded") / "glyphs_data" / "glyphs.npy.xz"


_REMEDY = "reinstall metric-learning-bench"


def _read(path: Traversable) -> GlyphArrays:
    try:
        compressed = path.read_bytes()
    except OSError as error:
        raise UserError(f"glyphs: cannot read {path} ({error.strerror}); {_REMEDY}") from error
    found = hashlib.sha256(compressed).hexdigest()
    if found != GLYPHS_SHA256:
        raise UserError(
            f"glyphs: {path} is damaged (sha256 {found[:12]}..., "
            f"expected {GLYPHS_SHA256[:12]}...); {_REMEDY}"
        )
    return decode(compressed)


def encode(arrays: GlyphArrays) -> bytes:
    """Pack three .npy arrays (code points, images, note) under xz; same arrays, same bytes."""
    # Not .npz: a zip entry carries fields (time, system) that are no part of the data.
    stream = io.BytesIO()
    note = np.frombuffer(arrays.built_with.encode(), dtype=np.uint8)
    for array in (arrays.code_points.astype("<i4"), arrays.images, note):
        np.save(stream, array, allow_pickle=False)
    return lzma.compress(stream.getvalue())


def decode(compressed: bytes) -> GlyphArrays:
    """Unpack what `encode` packed; SealedTestSet while an objective is alive."""
    require_open("the embedded characters were")
    stream = io.BytesIO(lzma.decompress(compressed))
    code_points, images, note = (np.load(stream, allow_pickle=False) for _ in range(3))
    return GlyphArrays(
        code_points=code_points.astype(np.int32),
        images=images,
        built_with=note.tobytes().decode(),
    )


def _attribute(values: list[str]) -> Attribute:
    names, codes = np.unique(values, return_inverse=True)
    return Attribute(values=codes.astype(np.int64), names=tuple(str(name) for name in names))


def _script(name: str) -> str:
    first = name.split(maxsplit=1)[0].capitalize()
    return _SCRIPT_OF_NAME.get(first, first)


_LARGEST_VALUE = 16


def load_digits() -> Dataset:
    """Load scikit-learn's digits: 10 classes, inputs uint8 (1797, 1, 8, 8).

    Grey values 0..16 become 0..255, rounded to the nearest whole number.
    """
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise UserError("dataset 'digits': scikit-learn, which brings it, is not installed")
    # The file alone: to import its package takes ten times as long.
    file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    table = np.loadtxt(file, delimiter=",")
    images, labels = table[:, :-1].reshape(-1, 1, 8, 8), table[:, -1].astype(np.int64)
    inputs = np.rint(images * (255 / _LARGEST_VALUE)).astype(np.uint8)
    return Dataset(
        name="digits",
        inputs=inputs,
        labels=labels,
        class_names=tuple(map(str, range(10))),
        source="Alpaydin and Kaynak 1998, UCI Optical Recognition of Handwritten Digits, test",
        licence="CC BY 4.0",
    )
