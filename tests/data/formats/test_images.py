import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.data.formats.images import decode_image
from harness.errors import UserError


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def decode(content: bytes, *, size: int = 4, channels: int = 3, **options: Any) -> np.ndarray:
    return decode_image(content, "a.png", size=size, channels=channels, **options)


def test_an_image_of_the_right_size_keeps_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)

    decoded = decode(saved(Image.fromarray(pixels)))

    np.testing.assert_array_equal(decoded, pixels.transpose(2, 0, 1))


def test_a_wide_image_is_cut_to_the_square_in_its_middle():
    pixels = np.tile(np.arange(8, dtype=np.uint8), (4, 1))

    decoded = decode(saved(Image.fromarray(pixels)), channels=1)

    np.testing.assert_array_equal(decoded[0, 0], [2, 3, 4, 5])


def test_the_shorter_side_is_resized_to_the_size():
    halves = np.zeros((8, 16), dtype=np.uint8)
    halves[4:] = 200

    decoded = decode(saved(Image.fromarray(halves)), channels=1)

    assert decoded.shape == (1, 4, 4)
    assert decoded[0, 0].max() < 30
    assert decoded[0, 3].min() > 170


def test_a_box_is_cut_out_first():
    pixels = np.zeros((10, 10), dtype=np.uint8)
    pixels[2:6, 5:9] = 77

    decoded = decode(saved(Image.fromarray(pixels)), channels=1, box=(5, 2, 9, 6))

    assert (decoded == 77).all()


def test_a_box_that_sticks_out_is_cut_at_the_edge():
    decoded = decode(saved(Image.new("L", (10, 10), 5)), channels=1, box=(6, 6, 99, 99))

    assert (decoded == 5).all()


def test_a_box_outside_of_the_image_is_refused():
    with pytest.raises(UserError, match=r"its box \(20, 0, 30, 9\) lies outside of 10x10"):
        decode(saved(Image.new("L", (10, 10))), box=(20, 0, 30, 9))


def test_a_cmyk_image_becomes_rgb():
    decoded = decode(saved(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF"))

    np.testing.assert_array_equal(decoded[:, 0, 0], [255, 0, 0])


def test_a_palette_image_becomes_rgb():
    image = Image.new("RGB", (4, 4), (10, 200, 30)).quantize(4)

    np.testing.assert_array_equal(decode(saved(image))[:, 0, 0], [10, 200, 30])


def test_the_transparency_of_a_palette_is_dropped():
    image = Image.new("RGB", (4, 4), (10, 200, 30)).quantize(4)

    decoded = decode(saved(image, transparency=bytes([0])))

    np.testing.assert_array_equal(decoded[:, 0, 0], [10, 200, 30])


def test_of_sixteen_bits_the_upper_eight_are_kept():
    values = np.array([[0x0000, 0x01FF], [0x8000, 0xFFFF]], dtype=np.uint16)

    decoded = decode(saved(Image.fromarray(values)), size=2, channels=1)

    np.testing.assert_array_equal(decoded[0], [[0, 1], [128, 255]])


def test_real_numbers_are_refused():
    image = Image.fromarray(np.ones((4, 4), dtype=np.float32))

    with pytest.raises(UserError, match=r"a\.png: holds real numbers"):
        decode(saved(image, "TIFF"))


def test_a_single_pixel_is_refused():
    with pytest.raises(UserError, match=r"a\.png: is 1x1 pixels: no picture"):
        decode(saved(Image.new("RGB", (1, 1))))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_an_animated_image_is_refused(kind: str):
    frames = [Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in (0, 90, 180)]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:])

    with pytest.raises(UserError, match=r"a\.png: is animated or has pages \(3 images in one\)"):
        decode(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_an_image_that_is_cut_off_is_refused(kind: str):
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = saved(Image.fromarray(pixels), kind)

    with pytest.raises(UserError, match=r"a\.png: cannot be decoded") as caught:
        decode(content[: len(content) // 2])

    assert "\n" not in str(caught.value)


def test_what_is_no_image_is_refused():
    with pytest.raises(UserError, match=r"a\.png: cannot be decoded \(no image that Pillow knows"):
        decode(b"<html>404</html>")


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)

    with pytest.raises(UserError, match="pixels"):
        decode(saved(Image.new("L", (4, 4))))
