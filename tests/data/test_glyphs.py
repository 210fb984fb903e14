import json
import lzma
import unicodedata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harness.data import embedded
from harness.data.embedded import (
    FACES,
    GlyphArrays,
    build_glyphs,
    decode,
    encode,
    load_distinct_glyphs,
    load_glyphs,
)
from harness.errors import UserError

DIGEST = "ed4e88532b8585a4d885cc8bc3ebcb17a1b0af425ed23b39afe4b161f9f428f9"
CLASSES = 515
DISTINCT_CLASSES = 501
DISTINCT_DIGEST = "1db8f2f53105f01ce3ecb3e0a7539975417a2e4ff29bb54b712483c023a4cfaf"


@pytest.fixture(scope="module")
def dataset():
    return load_glyphs()


@pytest.fixture(scope="module")
def shipped():
    return decode(Path(str(embedded._data_file())).read_bytes())


@pytest.fixture(scope="module")
def rebuilt(shipped):
    """What the installed fonts give, where they and the renderer are those of the data file."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("fontTools")
    there, here = json.loads(shipped.built_with), build_glyphs.environment()
    if there != here:
        pytest.skip(f"the data file was built with {there}, here is {here}")
    return build_glyphs.build()


def attributes_of(dataset, class_name, face):
    sample = dataset.class_names.index(class_name) * len(FACES) + face
    return {
        name: attribute.names[attribute.values[sample]]
        for name, attribute in dataset.attributes.items()
    }


def test_every_character_comes_in_every_face(dataset):
    assert dataset.inputs.shape == (CLASSES * len(FACES), 1, 28, 28)
    assert dataset.inputs.dtype == np.uint8
    assert len(dataset.class_names) == CLASSES
    assert dataset.labels.tolist() == [label for label in range(CLASSES) for _ in FACES]


def test_the_digest_of_glyphs_is_pinned(dataset):
    assert dataset.digest == DIGEST


def test_the_data_file_is_under_a_megabyte_with_its_licences_beside_it():
    data = Path(str(embedded._data_file()))

    assert data.stat().st_size < 1_000_000
    assert "Bitstream Vera" in (data.parent / "LICENSE_DEJAVU").read_text()
    assert "SIL OPEN FONT LICENSE" in (data.parent / "LICENSE_STIX").read_text()


def test_classes_are_letters_and_digits_in_the_order_of_their_code_points(dataset, shipped):
    assert all(a < b for a, b in pairwise(shipped.code_points))
    for code, name in zip(shipped.code_points, dataset.class_names, strict=True):
        assert unicodedata.category(chr(code)) in build_glyphs.LETTERS_AND_DIGITS
        assert name == f"U+{code:04X} {unicodedata.name(chr(code))}"


@pytest.mark.parametrize(
    ("class_name", "face", "expected"),
    [
        (
            "U+0041 LATIN CAPITAL LETTER A",
            0,
            {"family": "DejaVu Sans", "weight": "regular", "slant": "upright", "script": "Latin"},
        ),
        (
            "U+0416 CYRILLIC CAPITAL LETTER ZHE",
            11,
            {"family": "DejaVu Serif", "weight": "bold", "slant": "slanted", "script": "Cyrillic"},
        ),
        (
            "U+0037 DIGIT SEVEN",
            14,
            {"family": "STIX General", "weight": "bold", "slant": "upright", "script": "Digit"},
        ),
    ],
)
def test_attributes_describe_the_sample(dataset, class_name, face, expected):
    assert attributes_of(dataset, class_name, face) == expected


def test_scripts_are_four_also_where_a_name_begins_with_something_else(dataset):
    assert dataset.attributes["script"].names == ("Cyrillic", "Digit", "Greek", "Latin")
    assert attributes_of(dataset, "U+00B5 MICRO SIGN", 0)["script"] == "Greek"
    assert attributes_of(dataset, "U+00AA FEMININE ORDINAL INDICATOR", 0)["script"] == "Latin"


def test_bold_faces_carry_more_ink(dataset):
    weight = dataset.attributes["weight"]
    ink = dataset.inputs.mean(axis=(1, 2, 3))

    means = {name: ink[weight.values == code].mean() for code, name in enumerate(weight.names)}

    assert means["bold"] > 1.2 * means["regular"]


def test_no_two_classes_look_alike(shipped):
    distances = build_glyphs.ink_distances(shipped.images)
    np.fill_diagonal(distances, np.inf)

    assert distances.min() >= build_glyphs.LOOK_ALIKE


@pytest.mark.parametrize("look_alike", ["\u0391", "\u03a5", "\u0410", "\u043e"])
def test_a_look_alike_of_a_latin_letter_is_no_class(shipped, look_alike):
    assert ord(look_alike) not in shipped.code_points


def test_no_glyph_is_blank_or_reaches_the_border(shipped):
    assert shipped.images.max(axis=(2, 3)).min() >= 128
    assert shipped.images[..., [0, -1], :].max() == 0
    assert shipped.images[..., [0, -1]].max() == 0


def test_relative_size_is_kept_so_that_a_capital_is_taller(dataset, shipped):
    heights = {
        chr(code): (images.max(axis=(0, 2)) > 0).sum()
        for code, images in zip(shipped.code_points, shipped.images, strict=True)
    }

    assert all(heights[letter.upper()] > heights[letter] for letter in "cosvxz")


def test_a_damaged_data_file_is_a_one_line_error(tmp_path):
    copy = tmp_path / "glyphs.npy.xz"
    content = bytearray(Path(str(embedded._data_file())).read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)

    with pytest.raises(UserError, match=r"glyphs\.npy\.xz is damaged .*; reinstall") as raised:
        embedded._read(copy)

    assert "\n" not in str(raised.value)


def test_a_missing_data_file_is_a_one_line_error(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*No such file.*; reinstall") as raised:
        embedded._read(tmp_path / "glyphs.npy.xz")

    assert "\n" not in str(raised.value)


def test_what_is_packed_comes_back():
    arrays = GlyphArrays(
        code_points=np.array([65, 66], dtype=np.int32),
        images=np.arange(2 * 16 * 4, dtype=np.uint8).reshape(2, 16, 2, 2),
        built_with="{}",
    )

    again = decode(encode(arrays))

    assert again.code_points.tolist() == [65, 66]
    assert np.array_equal(again.images, arrays.images)
    assert again.built_with == "{}"


def test_a_rebuild_gives_the_shipped_classes_and_images(shipped, rebuilt):
    assert rebuilt.code_points.tolist() == shipped.code_points.tolist()
    assert np.array_equal(rebuilt.images, shipped.images)


def test_a_rebuild_gives_the_shipped_bytes(rebuilt):
    shipped, again = Path(str(embedded._data_file())).read_bytes(), encode(rebuilt)

    assert lzma.decompress(again) == lzma.decompress(shipped)
    if again != shipped:
        pytest.skip("this liblzma packs the same content into other bytes")


def test_the_second_version_holds_no_image_twice(dataset):
    clean = load_distinct_glyphs()
    images = clean.inputs.reshape(len(clean.inputs), -1)
    assert len(np.unique(images, axis=0)) == len(images)
    assert len(np.unique(dataset.inputs.reshape(len(dataset.inputs), -1), axis=0)) == 8240 - 48


def test_the_second_version_only_drops_whole_classes(dataset):
    clean = load_distinct_glyphs()
    assert (len(clean.class_names), clean.digest) == (DISTINCT_CLASSES, DISTINCT_DIGEST)
    kept = [dataset.class_names.index(name) for name in clean.class_names]
    same = dataset.inputs.reshape(CLASSES, len(FACES), 28, 28)[kept]
    assert np.array_equal(clean.inputs.reshape(same.shape), same)
    assert clean.labels.tolist() == [label for label in range(len(kept)) for _ in FACES]
    scripts = dataset.attributes["script"].values.reshape(CLASSES, -1)[kept]
    assert np.array_equal(clean.attributes["script"].values.reshape(scripts.shape), scripts)
    assert "U+041A CYRILLIC CAPITAL LETTER KA" not in clean.class_names
    assert "U+004B LATIN CAPITAL LETTER K" in clean.class_names
