import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness.data.formats.trees import open_tree
from harness.errors import UserError

FILES = {"top/b.txt": b"two", "top/a.txt": b"one", "top/Vögel/ß.txt": b"three"}


def folder_of(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "tree"


def zip_of(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "tree.zip", "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    return tmp_path / "tree.zip"


def tar_of(tmp_path: Path, ending: str = ".tgz") -> Path:
    path = tmp_path / f"tree{ending}"
    with tarfile.open(path, "w" if ending == ".tar" else "w:gz") as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("make", [folder_of, zip_of, tar_of], ids=["folder", "zip", "tar"])
def test_a_folder_and_its_archives_hold_the_same(tmp_path: Path, make):
    tree = open_tree([make(tmp_path)])

    assert tree.names == sorted(FILES)
    assert dict(tree.stream(FILES)) == FILES
    assert dict(tree.stream(["top/a.txt"])) == {"top/a.txt": b"one"}


def test_hidden_files_are_no_part_of_a_folder(tmp_path: Path):
    folder = folder_of(tmp_path)
    (folder / ".DS_Store").write_bytes(b"x")

    assert open_tree([folder]).names == sorted(FILES)


def test_several_trees_are_read_as_one(tmp_path: Path):
    extra = tmp_path / "labels.txt"
    extra.write_bytes(b"labels")
    tree = open_tree([zip_of(tmp_path), extra])

    assert tree.names == sorted([*FILES, "labels.txt"])
    assert dict(tree.stream(tree.names)) == {**FILES, "labels.txt": b"labels"}


@pytest.mark.parametrize("make", [zip_of, tar_of], ids=["zip", "tar"])
def test_an_archive_that_is_cut_off_is_refused_in_one_line(tmp_path: Path, make):
    path = make(tmp_path)
    path.write_bytes(path.read_bytes()[:60])

    with pytest.raises(UserError, match="is cut off or damaged") as caught:
        _ = open_tree([path]).names

    assert "\n" not in str(caught.value)


def test_a_damaged_file_in_a_zip_is_named(tmp_path: Path):
    path = zip_of(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"three", b"thr33"))

    with pytest.raises(UserError, match=r"top/Vögel/ß\.txt is damaged"):
        dict(open_tree([path]).stream(FILES))
