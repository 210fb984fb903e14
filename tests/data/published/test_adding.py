from __future__ import annotations

import errno
import gzip
import hashlib
import shutil
from pathlib import Path

import pytest

from harness.data.families import load_entry, verdicts
from harness.data.home import sources_folder
from harness.data.sources import PublishedDataset, PublishedFile, check_file, find, require_files
from harness.data.sources.adding import add_files
from harness.errors import UserError

CONTENTS = {"one.bin": b"\x01\x02", "two.bin": b"\x03\x04"}


def given(folder: Path, contents: dict[str, bytes]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def stored(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.is_file())


def test_files_are_taken_and_then_the_dataset_is_whole(home: Path, tmp_path: Path, make_entry):
    entry = make_entry(CONTENTS)

    added = add_files(entry, given(tmp_path / "mine", CONTENTS))

    assert [one.verdict for one in added] == ["as published", "as published"]
    assert stored(home) == ["one.bin", "two.bin"]
    assert load_entry(entry).inputs.ravel().tolist() == [1, 2, 3, 4]


def test_what_is_missing_is_named_with_the_way_to_get_it(tmp_path: Path, make_entry):
    entry = make_entry(CONTENTS, obtain="its page gives them")
    add_files(entry, given(tmp_path / "mine", CONTENTS)[:1])

    with pytest.raises(UserError, match=r"two\.bin missing; `bench data add toy FILE\.\.\.` takes"):
        require_files(entry)
    with pytest.raises(UserError, match="its page gives them"):
        require_files(entry)


def test_files_that_can_be_downloaded_say_so(make_entry):
    with pytest.raises(
        UserError, match=r"one\.bin, two\.bin missing; `bench data add toy` downloads"
    ):
        require_files(make_entry(CONTENTS, url="https://example.org"))


def test_a_wrong_digest_takes_none_of_the_files(home: Path, tmp_path: Path, make_entry):
    wrong = given(tmp_path / "mine", {**CONTENTS, "two.bin": b"\x03"})

    with pytest.raises(
        UserError, match=r"two\.bin: is not two\.bin as published \(1 bytes"
    ) as caught:
        add_files(make_entry(CONTENTS), wrong)

    assert "\n" not in str(caught.value)
    assert stored(home) == []


def test_a_disk_full_at_the_second_file_takes_none(
    home: Path, tmp_path: Path, make_entry, monkeypatch: pytest.MonkeyPatch
):
    copy, sources = shutil.copyfile, []

    def until_full(source: Path, target: Path):
        sources.append(source)
        if len(sources) == 2:
            target.write_bytes(b"\x03")
            raise OSError(errno.ENOSPC, "No space left on device")
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", until_full)

    with pytest.raises(UserError, match=r"cannot be written .No space left on device"):
        add_files(make_entry(CONTENTS), given(tmp_path / "mine", CONTENTS))

    assert len(sources) == 2
    assert list((home / "sources/toy").iterdir()) == []


def test_a_place_that_cannot_be_filled_takes_none(tmp_path: Path, make_entry):
    folder = sources_folder("toy")
    (folder / "two.bin").mkdir(parents=True)

    with pytest.raises(UserError, match="cannot be written"):
        add_files(make_entry(CONTENTS), given(tmp_path / "mine", CONTENTS))

    assert [path.name for path in folder.iterdir()] == ["two.bin"]


def test_a_file_of_another_name_is_refused(tmp_path: Path, make_entry):
    (strange,) = given(tmp_path / "mine", {"three.bin": b"\x01"})

    with pytest.raises(
        UserError, match=r"is no file of dataset 'toy' .its files: one.bin, two.bin"
    ):
        add_files(make_entry(CONTENTS), [strange])
    with pytest.raises(UserError, match="no such file or folder"):
        add_files(make_entry(CONTENTS), [tmp_path / "nowhere.bin"])


def test_one_file_twice_is_refused(home: Path, tmp_path: Path, make_entry):
    paths = given(tmp_path / "a", CONTENTS)[:1] + given(tmp_path / "b", CONTENTS)[:1]

    with pytest.raises(UserError, match="two of these files are the same one"):
        add_files(make_entry(CONTENTS), paths)
    assert stored(home) == []


def test_files_can_be_linked(home: Path, tmp_path: Path, make_entry):
    entry = make_entry(CONTENTS)

    added = add_files(entry, given(tmp_path / "mine", CONTENTS), link=True)

    assert all(one.path.is_symlink() for one in added)
    assert len(load_entry(entry)) == 4


def test_taking_what_is_there_already_changes_nothing(home: Path, tmp_path: Path, make_entry):
    entry = make_entry(CONTENTS)
    add_files(entry, given(tmp_path / "mine", CONTENTS))

    add_files(entry, list(require_files(entry).values()))

    assert stored(home) == ["one.bin", "two.bin"]
    assert len(load_entry(entry)) == 4


def test_an_unpacked_folder_stands_for_its_archive(tmp_path: Path):
    archive = PublishedFile(name="all.tgz", md5="0" * 32, folder_of="lists/images.txt")
    entry = PublishedDataset(
        name="toy",
        family="toy",
        summary="",
        source="tests",
        licence="MIT",
        files=(archive,),
        read=lambda *_: None,
    )
    (tmp_path / "mine/lists").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "mine/lists/images.txt").write_text("1 a.jpg")

    (added,) = add_files(entry, [tmp_path / "mine"])

    assert added.verdict == "unpacked"
    assert (require_files(entry)["all.tgz"] / "lists/images.txt").exists()
    with pytest.raises(UserError, match="is no file of dataset"):
        add_files(entry, [tmp_path / "other"])


def test_a_package_of_the_system_is_found_by_itself(tmp_path: Path, make_entry):
    given(tmp_path / "system", CONTENTS)

    entry = make_entry(CONTENTS, folders=(tmp_path / "system",))

    assert find(entry)[1] == []
    assert len(load_entry(entry)) == 4


@pytest.mark.parametrize(
    ("name", "content", "verdict"),
    [
        ("a.gz", gzip.compress(b"abc", mtime=0), "as published"),
        ("a.gz", gzip.compress(b"abc", compresslevel=1, mtime=9), "as published, compressed anew"),
        ("a", b"abc", "as published, compressed anew"),
    ],
)
def test_what_a_gz_file_holds_is_what_counts(tmp_path: Path, name, content, verdict):
    file = PublishedFile(
        name="a.gz",
        md5=hashlib.md5(gzip.compress(b"abc", mtime=0)).hexdigest(),
        content_sha256=hashlib.sha256(b"abc").hexdigest(),
    )
    (tmp_path / name).write_bytes(content)

    assert check_file(file, tmp_path / name) == verdict


@pytest.mark.parametrize(
    "content", [gzip.compress(b"abd", mtime=0), gzip.compress(b"abc", mtime=0)[:9], b"junk"]
)
def test_a_gz_file_that_holds_something_else_is_refused(tmp_path: Path, content: bytes):
    file = PublishedFile(
        name="a.gz", md5="0" * 32, content_sha256=hashlib.sha256(b"abc").hexdigest()
    )
    (tmp_path / "a.gz").write_bytes(content)

    with pytest.raises(UserError, match="half a download, or another version"):
        check_file(file, tmp_path / "a.gz")


def test_a_file_of_no_known_digest_says_so(tmp_path: Path):
    (tmp_path / "a.txt").write_text("x")

    assert check_file(PublishedFile(name="a.txt"), tmp_path / "a.txt") == "no digest known"


def test_every_file_gets_a_verdict(tmp_path: Path, make_entry):
    entry = make_entry(CONTENTS)
    add_files(entry, given(tmp_path / "mine", CONTENTS))

    assert verdicts(entry) == {"one.bin": "as published", "two.bin": "as published"}


def test_a_dataset_of_another_digest_is_refused(tmp_path: Path, make_entry):
    given(tmp_path / "system", CONTENTS)
    where = (tmp_path / "system",)
    digest = load_entry(make_entry(CONTENTS, folders=where)).digest

    assert len(load_entry(make_entry(CONTENTS, folders=where, digest=digest))) == 4
    with pytest.raises(UserError, match=r"is not the one that was published .digest .* `bench"):
        load_entry(make_entry(CONTENTS, folders=where, digest="0" * 64))


def test_a_dataset_without_samples_of_a_class_is_refused(tmp_path: Path, make_entry):
    given(tmp_path / "system", {"one.bin": b"\x01"})
    entry = make_entry({"one.bin": b"\x01"}, folders=(tmp_path / "system",))

    with pytest.raises(UserError, match=r"1 of 2 classes have no samples \(the first: b\)"):
        load_entry(entry)
