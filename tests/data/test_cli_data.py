"""`bench data`, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.data import add, listing, path, verify, weights
from harness.cli.data import croissant as print_croissant
from harness.data import families as module
from harness.data.families import catalogue
from harness.data.loading import shared_images
from harness.data.sources import PublishedDataset
from harness.data.sources.croissant import croissant
from harness.errors import UserError

CONTENTS = {"one.bin": bytes([1, 2, 3, 4])}


@pytest.fixture
def toy(home: Path, monkeypatch: pytest.MonkeyPatch) -> PublishedDataset:
    """The only published dataset: four samples of a byte each, from one file."""
    import hashlib

    import numpy as np

    from harness.data.dataset import Dataset
    from harness.data.sources import PublishedFile

    def read(entry: PublishedDataset, files) -> Dataset:
        values = np.frombuffer(files["one.bin"].read_bytes(), dtype=np.uint8)
        return Dataset(
            name="toy",
            inputs=values.reshape(-1, 1, 1, 1).copy(),
            labels=np.array([0, 1, 0, 1]),
            class_names=("a", "b"),
            source=entry.source,
            licence=entry.licence,
            parts=np.array([0, 0, 2, 2], dtype=np.int8),
        )

    digest = hashlib.md5(CONTENTS["one.bin"]).hexdigest()
    entry = PublishedDataset(
        name="toy",
        family="toy",
        summary="bytes",
        source="tests",
        licence="MIT",
        files=(PublishedFile(name="one.bin", md5=digest),),
        read=read,
        obtain="its page gives it",
    )
    monkeypatch.setattr(module, "catalogue", lambda: {"toy": entry})
    return entry


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    place = tmp_path / "mine" / "one.bin"
    place.parent.mkdir()
    place.write_bytes(CONTENTS["one.bin"])
    return place


def test_add_then_verify_then_path(toy: PublishedDataset, mine: Path, home: Path, capsys):
    add("toy", [mine], link=False)
    assert capsys.readouterr().out.splitlines()[-1] == "toy: complete"

    path("toy")
    assert capsys.readouterr().out == f"{home}/sources/toy/one.bin\n"

    verify("toy")
    out = capsys.readouterr().out
    assert "one.bin: as published" in out
    assert "toy: 4 samples, 2 classes, inputs uint8 [1, 1, 1]" in out
    assert "toy: no sample is in both the training and the test part" in out


def test_what_is_missing_is_one_line(toy: PublishedDataset):
    with pytest.raises(UserError, match=r"'toy' is not at hand: one\.bin missing; `bench data add"):
        verify("toy")
    with pytest.raises(UserError, match=r"'toy' is not complete: one\.bin missing; .*its page"):
        add("toy", None, link=False)


def test_an_unknown_name_has_a_nearest_one(toy: PublishedDataset):
    with pytest.raises(UserError, match="unknown published dataset 'toi'; did you mean 'toy'"):
        path("toi")


def test_the_list_says_what_is_at_hand(toy: PublishedDataset, mine: Path, capsys):
    listing(format="csv", all=False)
    assert "toy,0 of 1,by hand,bytes,MIT,tests" in capsys.readouterr().out

    add("toy", [mine], link=True)
    capsys.readouterr()
    listing(format="csv", all=False)

    assert "toy,here,by hand,bytes,MIT,tests" in capsys.readouterr().out


def test_the_list_is_shorter_without_variants(home: Path, capsys):
    module.catalogue.cache_clear()
    listing(format="csv", all=False)
    short = capsys.readouterr().out.splitlines()
    listing(format="csv", all=True)
    full = capsys.readouterr().out.splitlines()

    assert set(short) < set(full)
    assert not any(line.startswith("cub200-boxes") for line in short)
    assert any(line.startswith("cub200-boxes,") for line in full)


def test_equal_samples_in_two_parts_are_counted(toy: PublishedDataset, mine: Path):
    mine.write_bytes(bytes([1, 2, 2, 1]))
    dataset = toy.read(toy, {"one.bin": mine})

    assert list(shared_images(dataset)) == [
        "2 test samples equal a training sample, 2 of them under another class (the first: 2 and 1)"
    ]


def test_weights_are_listed_and_named_where_there_are_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights(None, format="csv")
    assert "resnet50,imagenet,no,https://" in capsys.readouterr().out
    with pytest.raises(UserError, match="backbone 'mlp': starts from random weights alone"):
        weights("mlp")


def test_croissant_metadata_name_the_files_and_their_digests(capsys) -> None:
    print_croissant("cub200")
    described = json.loads(capsys.readouterr().out)
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert described["@type"] == "sc:Dataset"
    (archive,) = described["distribution"]
    assert archive["@id"] == archive["name"] == "CUB_200_2011.tgz"
    assert archive["contentUrl"].startswith("https://")
    assert archive["md5"] == "97eceeb196236b17998738112f37df78"
    assert archive["encodingFormat"] == "application/gzip"


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.name)
def test_croissant_metadata_are_whole_or_refused(entry: PublishedDataset) -> None:
    if all(file.md5 for file in entry.files):
        assert all(croissant(entry)[key] for key in ("name", "description", "license", "url"))
    else:
        with pytest.raises(UserError, match=f"dataset '{entry.name}': Croissant needs the digest"):
            croissant(entry)


def test_what_comes_with_the_package_has_no_files_and_says_so() -> None:
    for command in (add, print_croissant, verify, path):
        with pytest.raises(UserError, match=r"'digits' comes with the package.*bench show digits"):
            command("digits")
