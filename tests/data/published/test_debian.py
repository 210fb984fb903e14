"""Debian's Packages index: paragraphs, folded duplicates, sections, debtags, compressed or not."""

import gzip
import lzma
from dataclasses import replace

import numpy as np
import pytest

from harness.data.families import entry_of
from harness.data.families.debian import FACETS, as_dataset, few_of_each, read_index
from harness.errors import UserError

INDEX = """\
Package: one
Description: strategy game
Tag: game::strategy, role::program,
 implemented-in::{c,c++}
Section: games

Package: two
Description:  strategy   game
Tag: interface::x11
Section: games

Package: three
Description: a library
Section: contrib/libs
Tag: role::shared-lib

Package: four
Description: transitional package
Section: games

Package: five
Description: transitional package
Section: libs

Package: six
Section: libs
"""


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "deb.example_dists_x_main_binary-amd64_Packages"
    path.write_text(INDEX, encoding="utf-8")
    return path


def test_texts_are_folded_and_what_stands_in_two_sections_is_left_out(index):
    texts = read_index(index)
    assert [(one.text, one.label) for one in texts] == [
        ("strategy game", "games"),
        ("a library", "libs"),
    ]
    assert texts[0].tags == {
        "game::strategy", "role::program", "implemented-in::c", "implemented-in::c++",
        "interface::x11",
    }  # fmt: skip


def test_by_source_the_class_is_what_a_package_is_built_from(tmp_path):
    path = tmp_path / "Packages"
    path.write_text(
        "Package: tool\nDescription: a tool\n\n"
        "Package: tool-doc\nSource: tool\nDescription: a tool (manual)\n\n"
        "Package: tool-data\nSource: tool (1.2-3)\nDescription: a tool (data)\n\n"
        "Package: empty\nSource: tool\n\n"
        "Package: dummy1\nSource: one\nDescription: transitional package\n\n"
        "Package: dummy2\nSource: two\nDescription: transitional package\n",
        encoding="utf-8",
    )
    texts = [(one.text, one.label) for one in read_index(path, "source")]
    assert texts == [("a tool", "tool"), ("a tool (manual)", "tool"), ("a tool (data)", "tool")]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, "lz4"], ids=["gz", "xz", "lz4"])
def test_compressed_indices_are_the_same(pack, index, tmp_path):
    if pack == "lz4":
        pack = pytest.importorskip("lz4.frame").compress
    ending = {gzip.compress: ".gz", lzma.compress: ".xz"}.get(pack, ".lz4")
    packed = tmp_path / f"other_Packages{ending}"
    packed.write_bytes(pack(INDEX.encode()))
    assert read_index(packed) == read_index(index)
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"Packages\.\w+: .*"):
        read_index(packed)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "lists no package"),
        (b"Package: a\n\nPackage: b\n", "no Description and Section"),
        ("Package: ä\n".encode("latin-1"), "not UTF-8 at byte 9"),
    ],
)
def test_what_is_no_index_is_refused_in_a_line(content, said, tmp_path):
    path = tmp_path / "Packages"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        read_index(path)


def test_facets_become_attributes_and_one_without_tags_none(index, tmp_path, monkeypatch):
    pytest.importorskip("all_minilm_l6_v2")
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    dataset = as_dataset("toy", read_index(index))
    assert dataset.inputs.shape == (2, 384)
    assert np.allclose(np.linalg.norm(dataset.inputs, axis=1), 1, atol=1e-6)
    assert dataset.class_names == ("games", "libs")
    assert set(dataset.attributes) == set(FACETS) - {"use"}
    role = dataset.attributes["role"]
    assert [role.names[code] for code in role.values] == ["program", "shared-lib"]
    made_in = dataset.attributes["implemented-in"]
    assert [made_in.names[code] for code in made_in.values] == ["several", "unknown"]
    again = as_dataset("toy", read_index(index))
    assert again.digest == dataset.digest == dataset.measure_digest()
    assert np.array_equal(again.inputs, dataset.inputs)
    assert len(list((tmp_path / "home" / "features").iterdir())) == 1


def test_few_of_each_is_the_same_whatever_the_order(index):
    texts = read_index(index)
    many = [
        type(texts[0])(f"{one.text} {number}", one.label, one.tags)
        for number in range(130)
        for one in texts
        if one.label == "games" or number < 19
    ]
    chosen = few_of_each(many, 20, 100)
    assert len(chosen) == 100
    assert {one.label for one in chosen} == {"games"}
    assert few_of_each(many[::-1], 20, 100) == chosen


def test_an_index_of_any_archive_is_known_by_its_name(index):
    (file,) = entry_of("debian-packages").files
    assert file.is_named(index.name)
    assert file.is_named("Packages")
    assert not file.is_named("Packages.old")
    assert file.place_in(index.parent) == index


def test_of_several_indices_that_of_the_archive_is_taken_not_that_of_its_updates(index):
    (file,) = entry_of("debian-packages").files
    updates = index.with_name("deb.example_dists_x-updates_main_binary-amd64_Packages")
    earlier = index.with_name("deb.example_dists_a-security_main_binary-amd64_Packages")
    for other in (updates, earlier):
        other.write_text(INDEX.partition("\n\n")[0], encoding="utf-8")
    assert file.place_in(index.parent) == index


def test_the_digest_is_of_the_texts_not_of_how_a_processor_rounds_their_features(
    index, tmp_path, monkeypatch
):
    pytest.importorskip("all_minilm_l6_v2")
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    texts = read_index(index)
    dataset = as_dataset("toy", texts)
    rounded = replace(dataset, inputs=dataset.inputs + np.float32(1e-7))
    assert rounded.digest == dataset.digest
    other = [replace(texts[0], text="another game"), *texts[1:]]
    assert as_dataset("toy", other).digest != dataset.digest
