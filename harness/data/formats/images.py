"""Encoded images to pixels: one size, grey or RGB, and one line for what is no picture."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from harness.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom excluded."""

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
OTHER_SUFFIXES = frozenset(
    {".apng", ".arw", ".avif", ".cr2", ".cr3", ".dcm", ".dng", ".eps", ".exr", ".hdr", ".heic"}
    | {".heif", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpf", ".jpx", ".jxl", ".jxr", ".nef"}
    | {".nii", ".orf", ".pbm", ".pcx", ".pnm", ".psd", ".raf", ".raw", ".rw2", ".svg", ".tga"}
)
"""Of images that are not read, so that they are told from other files."""


def decode_image(
    content: bytes,
    name: str,
    *,
    size: int,
    channels: int,
    box: Box | None = None,
    as_seen: bool = False,
) -> npt.NDArray[np.uint8]:
    """Decode an image to uint8 (channels, size, size).

    It is cut to `box`, resized (bilinear) so that its shorter side is `size`, and cut to the
    square in its middle. CMYK and palette images become RGB, transparency is dropped, 16 bits
    become the upper 8; orientation tags are not followed, as the field's loaders do not. `as_seen`:
    transparent pixels on white and turned as its tag says, as programs show it. Raises
    UserError naming the image where it is cut off, damaged, animated or 1 pixel wide.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.filterwarnings("ignore", message="Palette images with Transparency")
            with Image.open(io.BytesIO(content)) as opened:
                frames = getattr(opened, "n_frames", 1)
                if frames > 1:
                    raise UserError(f"{name}: is animated or has pages ({frames} images in one)")
                seen = _as_seen(opened) if as_seen else opened
                image = _in_mode(seen, "L" if channels == 1 else "RGB", name)
    except UserError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{name}: cannot be decoded ({_reason(error)})") from error
    except Image.DecompressionBombWarning as error:
        raise UserError(f"{name}: has too many pixels ({error})") from error
    if box is not None:
        image = image.crop(_inside(box, image, name))
    if min(image.size) < 2:
        raise UserError(f"{name}: is {image.width}x{image.height} pixels: no picture")
    pixels = np.asarray(_square(image, size))
    return np.ascontiguousarray(pixels.reshape(size, size, channels).transpose(2, 0, 1))


def _as_seen(image: Image) -> Image:
    """The image upright, and transparent pixels on white."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image) or image
    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return image
    coloured = image.convert("RGBA")
    white = Pillow.new("RGBA", coloured.size, (255, 255, 255, 255))
    return Pillow.alpha_composite(white, coloured).convert("RGB")


def _in_mode(image: Image, mode: str, name: str) -> Image:
    """The image in one mode; where Pillow would clip 16 bits to 8, the upper 8 are taken."""
    from PIL import Image as Pillow

    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise UserError(f"{name}: has values beyond 16 bits")
        image = Pillow.fromarray((values.astype(np.uint16) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise UserError(f"{name}: holds real numbers: no image of 8 or 16 bits")
    return image.convert(mode)


def _inside(box: Box, image: Image, name: str) -> Box:
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[2], image.width), min(box[3], image.height)
    if right <= left or bottom <= top:
        raise UserError(f"{name}: its box {box} lies outside of {image.width}x{image.height}")
    return left, top, right, bottom


def _square(image: Image, size: int) -> Image:
    from PIL.Image import Resampling

    width, height = image.size
    scale = size / min(width, height)
    wide, high = max(size, int(width * scale)), max(size, int(height * scale))
    if (wide, high) != image.size:
        image = image.resize((wide, high), Resampling.BILINEAR)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    return image.crop((left, top, left + size, top + size))


def _reason(error: Exception) -> str:
    # Pillow's text for what it does not know names an object in memory.
    text = " ".join(str(error).split())
    return "no image that Pillow knows" if "cannot identify" in text else text
