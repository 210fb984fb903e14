from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from harness.data.dataset import TEST, TRAIN, VALIDATION
from harness.data.own import load_path
from harness.errors import UserError
from harness.reading import Reading

pytestmark = pytest.mark.usefixtures("home")


def write(root: Path, encode, *names: str) -> Path:
    for seed, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(seed))
    return root


def test_the_folder_of_an_image_is_its_class(tmp_path: Path, encode):
    folder = write(tmp_path / "mine", encode, "dog/1.png", "dog/2.png", "cat/1.png", "cat/n.txt")
    (folder / "cat/n.txt").write_text("notes")

    dataset = load_path(folder, size=8)

    assert dataset.name == "mine"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.tolist() == [0, 1, 1]
    assert dataset.inputs.shape == (3, 3, 8, 8)
    assert dataset.parts is None


def test_an_archive_of_folders_is_a_folder_of_them(tmp_path: Path, encode):
    folder = write(tmp_path / "mine", encode, "dog/1.png", "cat/1.png", "cat/2.png")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, Path("around") / path.relative_to(folder))

    packed, unpacked = load_path(tmp_path / "mine.zip", size=8), load_path(folder, size=8)

    np.testing.assert_array_equal(packed.inputs, unpacked.inputs)
    assert packed.class_names == unpacked.class_names


def test_folders_train_val_and_test_are_its_parts(tmp_path: Path, encode):
    names = [
        f"{part}/{kind}/{n}.png" for part in ("train", "Val", "test") for kind in "ab" for n in "12"
    ]

    dataset = load_path(write(tmp_path / "split", encode, *names))

    assert dataset.class_names == ("a", "b")
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [VALIDATION] * 4 + [TEST] * 4 + [TRAIN] * 4


def test_folders_in_folders_are_classes_of_their_own(tmp_path: Path, encode):
    dataset = load_path(
        write(tmp_path / "deep", encode, "cat/tabby/1.png", "cat/1.png", "dog/1.png")
    )

    assert dataset.class_names == ("cat", "cat/tabby", "dog")


def test_names_need_not_be_ascii(tmp_path: Path, encode):
    dataset = load_path(write(tmp_path / "Bücher", encode, "犬/é1.png", "Vögel/ß 2.png"))

    assert dataset.class_names == ("Vögel", "犬")


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], "holds no images"),
        (["a.png", "cat/b.png"], "a.png lies in no class's folder"),
        (["cat/a.png", "cat/b.png"], "all 2 samples are of one class"),
    ],
)
def test_a_folder_without_classes_is_refused(tmp_path: Path, encode, names, complaint):
    (tmp_path / "mine").mkdir()

    with pytest.raises(UserError, match=complaint):
        load_path(write(tmp_path / "mine", encode, *names))


def test_a_class_without_images_is_refused(tmp_path: Path, encode):
    folder = write(tmp_path / "mine", encode, "cat/a.png", "dog/b.png")
    (folder / "newt").mkdir()

    with pytest.raises(UserError, match="class folder newt holds no images"):
        load_path(folder)


def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"--data .*nowhere: no such file or folder"):
        load_path(tmp_path / "nowhere")
    (tmp_path / "notes.doc").write_text("x")
    with pytest.raises(UserError, match=r"neither a folder nor one of \.csv, \.npy, \.npz"):
        load_path(tmp_path / "notes.doc")


def layout(root: Path, encode, *folders: str, classes: str = "ab") -> Path:
    return write(root, encode, *(f"{one}/{kind}/{n}.png" for one in folders for kind in classes
                                 for n in "12"))  # fmt: skip


@pytest.mark.parametrize("test", ["test", "eval", "Evaluation", "testing", "test_set", "val2017"])
@pytest.mark.parametrize("train", ["train", "Train", "training", "train_images", "train2017"])
def test_a_part_is_known_by_any_of_its_names(tmp_path: Path, encode, train: str, test: str):
    dataset = load_path(layout(tmp_path / "mine", encode, train, test), size=8)

    assert dataset.class_names == ("a", "b")
    assert dataset.parts is not None
    assert sorted(dataset.parts.tolist()) == [TRAIN] * 4 + [TEST] * 4


def test_query_and_gallery_are_the_test_part_in_two_roles(tmp_path: Path, encode):
    dataset = load_path(layout(tmp_path / "m", encode, "train", "query", "gallery"), size=8)

    assert dataset.class_names == ("a", "b")
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TEST] * 8 + [TRAIN] * 4
    assert dataset.attributes["role"].names == ("gallery", "none", "query")


def test_eval_beside_test_is_the_validation_part(tmp_path: Path, encode):
    dataset = load_path(layout(tmp_path / "m", encode, "train", "eval", "test"), size=8)

    assert dataset.parts is not None
    assert dataset.parts.tolist() == [VALIDATION] * 4 + [TEST] * 4 + [TRAIN] * 4
    assert "its part 'eval' is the validation part" in dataset.notes


@pytest.mark.parametrize(
    ("folders", "note"),
    [
        (["train", "training", "test"], "train, training are taken as one, the training part"),
        (["train", "val", "dev", "test"], "dev, val are taken as one, the validation part"),
        (["train", "val", "dev"], "dev, val are taken as one, the test part"),
        (["train", "test", "test2"], "test, test2 are taken as one, the test part"),
        (["query", "probe", "gallery"], "probe, query are taken as one, the test part"),
    ],
)
def test_several_names_of_one_part_are_told(tmp_path: Path, encode, folders, note: str):
    dataset = load_path(layout(tmp_path / "m", encode, *folders), size=8)
    assert f"its parts {note}" in dataset.notes


@pytest.mark.parametrize(
    ("folders", "note"),
    [
        (["test", "query", "gallery"], "its part 'test' is neither query nor gallery: not tested"),
        (["gallery", "test"], "its part 'gallery' is tested like any test part, each sample "),
        (["query"], "its part 'query' is tested like any test part, each sample against all oth"),
    ],
)
def test_what_searches_what_is_told_where_names_leave_it_open(tmp_path, encode, folders, note):
    dataset = load_path(layout(tmp_path / "m", encode, "train", *folders), size=8)
    assert [one for one in dataset.notes if one.startswith(note)], dataset.notes


@pytest.mark.parametrize("folders", [["query", "gallery"], ["test"], ["val", "probe", "gallery"]])
def test_nothing_is_said_where_they_do_not(tmp_path, encode, folders):
    dataset = load_path(layout(tmp_path / "m", encode, "train", *folders), size=8)
    assert not [one for one in dataset.notes if "tested" in one]


def test_parts_that_differ_are_not_called_one(tmp_path: Path, encode):
    dataset = load_path(layout(tmp_path / "m", encode, "train", "val", "query", "gallery"), size=8)
    assert not [note for note in dataset.notes if "as one" in note]


def test_parts_below_the_classes_are_parts(tmp_path: Path, encode):
    dataset = load_path(layout(tmp_path / "m", encode, "cat", "dog", classes=["train", "test"]),
                        size=8)  # fmt: skip

    assert dataset.class_names == ("cat", "dog")
    assert dataset.parts is not None
    assert dataset.parts.tolist() == [TEST, TEST, TRAIN, TRAIN] * 2


def test_a_stray_folder_beside_parts_is_left_out_and_told(tmp_path: Path, encode):
    dataset = load_path(layout(tmp_path / "m", encode, "train", "test", "old"), size=8)

    assert len(dataset) == 8
    assert dataset.class_names == ("a", "b")
    assert any("folder old (4 images) left out" in note for note in dataset.notes)


def test_a_single_part_beside_others_is_asked_for(tmp_path: Path, encode):
    with pytest.raises(UserError, match=r"is train a part or a class, beside old\? Put all"):
        load_path(layout(tmp_path / "m", encode, "train", "old"))
    with pytest.raises(UserError, match="beside tarin; did you mean 'train'\\? Put all"):
        load_path(layout(tmp_path / "n", encode, "tarin", "test"))


def test_a_class_may_have_the_name_of_a_part(tmp_path: Path, encode):
    dataset = load_path(write(tmp_path / "m", encode, "train/1.png", "car/1.png", "bus/1.png"))

    assert dataset.class_names == ("bus", "car", "train")
    assert "folder train is taken for a class, not for a part" in dataset.notes


def test_parts_without_classes_are_refused(tmp_path: Path, encode):
    with pytest.raises(UserError, match="images lie directly in test, train: a folder for each"):
        load_path(write(tmp_path / "m", encode, "train/1.png", "test/1.png", "test/2.png"))


def test_files_of_other_kinds_are_counted_and_named(tmp_path: Path, encode):
    folder = write(tmp_path / "m", encode, "a/1.png", "b/1.png")
    for name in ("a/2.avif", "a/3.heic", "b/2.heic", "notes.txt"):
        (folder / name).write_bytes(b"x")

    assert load_path(folder).notes == (
        "4 files left out, 3 of them images of kinds that are not read: 2 .heic, 1 .avif, 1 .txt",
    )


def test_a_class_of_other_kinds_alone_is_refused(tmp_path: Path, encode):
    folder = write(tmp_path / "m", encode, "a/1.png", "b/1.png", "c/1.png")
    (folder / "c/1.png").rename(folder / "c/1.jp2")

    with pytest.raises(UserError, match=r"folder c holds no images that are read: 1 \.jp2"):
        load_path(folder)


def test_links_that_lead_nowhere_are_one_line_or_left_out(tmp_path: Path, encode):
    folder = write(tmp_path / "m", encode, "a/1.png", "b/1.png")
    (folder / "a/2.png").symlink_to("nowhere.png")

    with pytest.raises(UserError, match=r"1 link to nowhere: a/2\.png: --skip-unreadable"):
        load_path(folder)
    found = load_path(folder, Reading(skip_unreadable=True))
    assert len(found) == 2
    assert "1 link to nowhere left out" in found.notes[0]


def test_a_link_round_and_round_is_one_line(tmp_path: Path, encode):
    folder = write(tmp_path / "m", encode, "a/1.png", "b/1.png")
    (folder / "a/again").symlink_to(folder, target_is_directory=True)

    with pytest.raises(UserError, match="again: is a link to a folder that it lies in"):
        load_path(folder)


def test_the_folder_one_stands_in_has_a_name(tmp_path: Path, encode, monkeypatch):
    monkeypatch.chdir(write(tmp_path / "mine", encode, "a/1.png", "b/1.png"))

    assert load_path(Path()).name == "mine"


def test_all_that_cannot_be_read_is_named_at_once_or_left_out(tmp_path: Path, encode):
    folder = write(tmp_path / "m", encode, "a/1.png", "a/2.png", "b/1.png", "b/2.png", "c/1.png")
    for name in ("a/2.png", "b/1.png", "c/1.png"):
        (folder / name).write_bytes(b"no image")

    with pytest.raises(UserError, match="3 of 5 images cannot be read: --skip") as caught:
        load_path(folder)
    assert all(name in str(caught.value) for name in ("a/2.png", "b/1.png", "c/1.png"))
    for _ in range(2):  # decoded, and opened again
        found = load_path(folder, Reading(skip_unreadable=True), size=8)
        assert found.class_names == ("a", "b")
        assert found.inputs.shape == (2, 3, 8, 8)
        assert found.notes[0].startswith("3 images that cannot be read left out: a/2.png")
        assert found.notes[1] == "without another image, left out: 1 class"
    with pytest.raises(UserError, match="3 of 5 images cannot be read"):
        load_path(folder)
    whole = write(tmp_path / "n", encode, "a/1.png", "b/0.png", "b/2.png")
    images = load_path(whole, size=8).inputs
    np.testing.assert_array_equal(found.inputs[0], images[0])


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path: Path, encode, mode: str):
    from PIL import Image

    folder = write(tmp_path / "m", encode, "b/1.png")
    (folder / "a").mkdir()
    clear = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    image = clear.convert(mode) if mode != "P" else clear.convert("RGBA").quantize(4)
    image.save(folder / "a/1.png")

    assert (load_path(folder, size=8).inputs[0] == 255).all()


def test_images_stand_upright(tmp_path: Path, encode):
    from PIL import Image

    folder = write(tmp_path / "m", encode, "b/1.png")
    (folder / "a").mkdir()
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[0] = 255
    turned = Image.fromarray(pixels)
    tags = turned.getexif()
    tags[0x0112] = 3
    turned.save(folder / "a/1.png", exif=tags)

    image = load_path(folder, size=8).inputs[0]
    assert (image[:, -1] == 255).all()
    assert (image[:, :-1] == 0).all()


def test_classes_that_differ_in_little_are_told(tmp_path: Path, encode):
    dataset = load_path(write(tmp_path / "m", encode, "c3/1.png", "c3 /1.png", "d/1.png"))

    assert "'c3', 'c3 ' are classes of their own, though they differ in little" in dataset.notes


def test_what_is_left_out_is_counted_for_the_record(home: Path, tmp_path: Path, encode) -> None:
    for number, name in enumerate(["train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png",
                                   "old/a/3.png"]):  # fmt: skip
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(number))
    (tmp_path / "mine/train/a/photo.heic").write_bytes(b"x")
    (tmp_path / "mine/train/b/broken.png").write_bytes(b"x")
    (tmp_path / "mine/train/notes.txt").write_bytes(b"not an image")
    (tmp_path / "mine/test/a/gone.png").symlink_to(tmp_path / "nowhere.png")
    found = load_path(tmp_path / "mine", Reading(skip_unreadable=True))
    again = load_path(tmp_path / "mine", Reading(skip_unreadable=True))  # from what was decoded
    assert len(found) == 4
    assert found.left_out == again.left_out == 4  # old/, .heic, what is broken, and the link


def damaged(path: Path, encode, compression: int) -> None:
    """A .zip of four images, one byte of one of them turned over."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for number, name in enumerate(["a/1.png", "a/2.png", "b/1.png", "b/2.png"]):
            archive.writestr(name, encode(number))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("a/2.png")
    content[member.header_offset + 30 + len("a/2.png") + 20] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_a_damaged_member_of_an_archive_is_one_line_and_can_be_left_out(
    home: Path, tmp_path: Path, encode, compression: int
) -> None:
    damaged(tmp_path / "mine.zip", encode, compression)
    with pytest.raises(UserError, match=r"1 of 4 images .*a/2\.png is damaged") as one:
        load_path(tmp_path / "mine.zip")
    assert "\n" not in str(one.value)
    found = load_path(tmp_path / "mine.zip", Reading(skip_unreadable=True))
    assert (len(found), found.left_out) == (3, 1)
