"""CUB, Cars196, SOP, In-Shop and iNaturalist: small files of the true formats."""

from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from harness.data.dataset import TEST, TRAIN
from harness.data.families import (
    adience,
    cars,
    colorectal,
    cub,
    entry_of,
    food,
    image_sets,
    in_shop,
    inaturalist,
    load_entry,
    omniglot,
    sop,
    verdicts,
    yale,
)
from harness.data.formats.trees import open_tree
from harness.data.home import sources_folder
from harness.data.sources import find
from harness.data.sources.adding import add_files
from harness.errors import UserError

ENTRIES = image_sets.ENTRIES


def cub_files(encode) -> dict[str, bytes]:
    """Four classes of two images; the boxes cut each to the two pixels that differ."""
    names = [f"00{c}.Bird_{c}/Bird_{c}_{i}.jpg" for c in (1, 2, 3, 4) for i in (1, 2)]
    lists = {
        "images": [f"{n} {name}" for n, name in enumerate(names, start=1)],
        "image_class_labels": [f"{n} {1 + (n - 1) // 2}" for n in range(1, 9)],
        "classes": [f"{c} 00{c}.Bird_{c}" for c in (1, 2, 3, 4)],
        "train_test_split": [f"{n} {n % 2}" for n in range(1, 9)],
        "bounding_boxes": [f"{n} 1.0 2.0 3.0 2.0" for n in range(1, 9)],
    }
    files = {f"CUB_200_2011/{key}.txt": "\n".join(lines).encode() for key, lines in lists.items()}
    images = {f"CUB_200_2011/images/{name}": encode(n) for n, name in enumerate(names)}
    return {**files, **images}


def test_cub_by_class_trains_on_the_first_half_of_the_classes(tmp_path: Path, encode, pack):
    index = cub.by_class(open_tree([pack(tmp_path / "CUB_200_2011.tgz", cub_files(encode))]))

    assert index.class_names == ("Bird 1", "Bird 2", "Bird 3", "Bird 4")
    assert index.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert index.parts is not None
    assert index.parts.tolist() == [TRAIN] * 4 + [TEST] * 4
    assert index.names[0] == "CUB_200_2011/images/001.Bird_1/Bird_1_1.jpg"
    assert index.boxes is None


def test_cub_by_image_has_the_parts_of_its_own_file(tmp_path: Path, encode, pack):
    index = cub.by_image_boxed(open_tree([pack(tmp_path / "CUB_200_2011.tgz", cub_files(encode))]))

    assert index.parts is not None
    assert index.parts.tolist() == [TRAIN, TEST] * 4
    assert index.boxes is not None
    assert index.boxes[0] == (1, 2, 4, 4)


def test_the_four_test_sets_of_cub_are_four_datasets(tmp_path: Path, encode, pack):
    add_files(entry_of("cub200"), [write(tmp_path / "mine", cub_files(encode))])
    names = ["cub200-64", "cub200-boxes-64", "cub200-images-64", "cub200-images-boxes-64"]

    loaded = [load_entry(entry_of(name)) for name in names]

    assert len({dataset.digest for dataset in loaded}) == 4
    assert {dataset.inputs.shape for dataset in loaded} == {(8, 3, 64, 64)}
    np.testing.assert_array_equal(loaded[0].inputs, loaded[2].inputs)


def test_a_missing_image_is_counted_and_named(tmp_path: Path, encode, pack):
    files = cub_files(encode)
    del files["CUB_200_2011/images/002.Bird_2/Bird_2_1.jpg"]

    with pytest.raises(UserError, match=r"lacks 1 of 8 images .*images/002\.Bird_2/Bird_2_1\.jpg"):
        cub.by_class(open_tree([pack(tmp_path / "CUB_200_2011.tgz", files)]))


def test_a_missing_list_is_named(tmp_path: Path, encode, pack):
    files = cub_files(encode)
    del files["CUB_200_2011/classes.txt"]

    with pytest.raises(UserError, match=r"holds no classes\.txt"):
        cub.by_class(open_tree([pack(tmp_path / "CUB_200_2011.tgz", files)]))


def cars_mat() -> bytes:
    fields = ["relative_im_path", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "test"]
    rows = np.zeros((1, 4), dtype=[(name, object) for name in fields])
    for number in range(4):
        values = (f"car_ims/00000{number + 1}.jpg", 1, 2, 5, 4, number // 2 + 1, number % 2)
        rows[0, number] = values
    stream = io.BytesIO()
    names = np.array([["AM General Hummer SUV 2000", "Acura RL Sedan 2012"]], dtype=object)
    savemat(stream, {"annotations": rows, "class_names": names})
    return stream.getvalue()


def test_cars_come_from_a_matlab_table(tmp_path: Path, encode, pack):
    images = {f"car_ims/00000{number}.jpg": encode(number) for number in (1, 2, 3, 4)}
    annotations = tmp_path / "cars_annos.mat"
    annotations.write_bytes(cars_mat())
    tree = open_tree([pack(tmp_path / "car_ims.tgz", images), annotations])

    halves, given = cars.by_class(tree), cars.by_image_boxed(tree)

    assert halves.class_names == ("AM General Hummer SUV 2000", "Acura RL Sedan 2012")
    assert halves.labels.tolist() == [0, 0, 1, 1]
    assert halves.parts is not None
    assert halves.parts.tolist() == [TRAIN, TRAIN, TEST, TEST]
    assert given.parts is not None
    assert given.parts.tolist() == [TRAIN, TEST, TRAIN, TEST]
    assert given.boxes is not None
    assert given.boxes[0] == (0, 1, 5, 4)


KIT = "Spyker C8 Coupe 2009", "Volvo 240 Sedan 1993"


def matlab(variables: dict[str, object]) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables)
    return stream.getvalue()


def kit_table(classes: list[int], *, labelled: bool = True) -> bytes:
    """A table of the development kit: its images are numbered in each part, and in no order."""
    fields = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", *["class"] * labelled, "fname"]
    rows = np.zeros((1, len(classes)), dtype=[(name, object) for name in fields])
    for place, label in enumerate(classes):
        rows[0, place] = (1, 2, 5, 4, *[label] * labelled, f"0000{place + 1}.jpg")
    return matlab({"annotations": rows})


def kit(encode, *, inside: str = "") -> dict[str, bytes]:
    """The files of the kit: three images to train, two to test."""
    parts = {"train": 3, "test": 2}
    images = {
        f"cars_{part}{inside and f'/cars_{part}'}/0000{number + 1}.jpg": encode(10 * count + number)
        for part, count in parts.items()
        for number in range(count)
    }
    return {
        **images,
        "devkit/cars_meta.mat": matlab({"class_names": np.array([KIT], dtype=object)}),
        "devkit/cars_train_annos.mat": kit_table([2, 1, 2]),
        "devkit/cars_test_annos.mat": kit_table([1, 2], labelled=False),
        "cars_test_annos_withlabels.mat": kit_table([1, 2]),
    }


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_cars_come_from_the_development_kit_as_well(tmp_path: Path, encode):
    tree = open_tree([write(tmp_path / "stanford_cars", kit(encode))])

    halves, given = cars.by_class(tree), cars.by_image_boxed(tree)

    assert halves.class_names == KIT
    assert halves.names == (
        *(f"cars_train/0000{number}.jpg" for number in (1, 2, 3)),
        *(f"cars_test/0000{number}.jpg" for number in (1, 2)),
    )
    assert halves.labels.tolist() == given.labels.tolist() == [1, 0, 1, 0, 1]
    assert halves.parts is not None
    assert halves.parts.tolist() == [TEST, TRAIN, TEST, TRAIN, TEST]
    assert given.parts is not None
    assert given.parts.tolist() == [TRAIN] * 3 + [TEST] * 2
    assert given.boxes == ((0, 1, 5, 4),) * 5


def test_the_kit_is_read_from_its_archives(tmp_path: Path, encode, pack):
    files = kit(encode)
    archives = [
        pack(
            tmp_path / f"{name}.tgz",
            {path: content for path, content in files.items() if path.startswith(folder)},
        )
        for name, folder in {
            "cars_train": "cars_train/",
            "cars_test": "cars_test/",
            "car_devkit": "devkit/",
        }.items()
    ]
    table = write(tmp_path, {"cars_test_annos_withlabels.mat": kit_table([1, 2])})

    index = cars.by_class(open_tree([*archives, table / "cars_test_annos_withlabels.mat"]))

    assert index.labels.tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("inside", ["", "again"], ids=["plain", "a folder in a folder"])
def test_a_folder_of_the_kit_is_added_and_read(tmp_path: Path, encode, inside: str):
    entry = entry_of("cars196-64")
    (added,) = add_files(entry, [write(tmp_path / "mine", kit(encode, inside=inside))])

    assert added.file.name == "stanford_cars"
    assert find(entry)[1] == []
    dataset = load_entry(entry)
    assert dataset.inputs.shape == (5, 3, 64, 64)
    assert verdicts(entry) == {"stanford_cars": "unpacked"}


def test_a_kit_without_the_labels_of_its_test_part_says_so(tmp_path: Path, encode):
    files = kit(encode)
    del files["cars_test_annos_withlabels.mat"]

    with pytest.raises(UserError, match=r"holds no cars_test_annos_withlabels\.mat"):
        cars.by_class(open_tree([write(tmp_path / "mine", files)]))


def test_a_table_without_classes_is_named_with_what_it_lacks(tmp_path: Path, encode):
    files = kit(encode)
    files["cars_test_annos_withlabels.mat"] = files["devkit/cars_test_annos.mat"]

    with pytest.raises(UserError, match=r"cars_test_annos_withlabels\.mat lacks class"):
        cars.by_class(open_tree([write(tmp_path / "mine", files)]))


def test_what_was_begun_says_what_is_missing_of_it(tmp_path: Path):
    entry = entry_of("cars196")
    assert [file.name for file in find(entry)[1]] == ["car_ims.tgz", "cars_annos.mat"]

    place = sources_folder("cars196") / "cars_train.tgz"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"")

    at_hand, missing = find(entry)
    assert list(at_hand) == ["cars_train.tgz"]
    assert [file.name for file in missing] == [
        "cars_test.tgz",
        "car_devkit.tgz",
        "cars_test_annos_withlabels.mat",
    ]


def test_a_damaged_matlab_table_is_one_line(tmp_path: Path):
    path = tmp_path / "cars_annos.mat"
    path.write_bytes(b"MATLAB 5.0" + bytes(200))

    with pytest.raises(UserError, match=r"cars_annos\.mat is damaged") as caught:
        cars.by_class(open_tree([path]))

    assert "\n" not in str(caught.value)


def test_sop_has_the_parts_of_its_two_lists(tmp_path: Path, encode, pack):
    head = "image_id class_id super_class_id path\n"
    files = {
        "S/Ebay_train.txt": (
            head + "1 1 1 chair_final/1_0.JPG\n2 1 1 chair_final/1_1.JPG\n"
        ).encode(),
        "S/Ebay_test.txt": (
            head + "3 9 2 sofa_final/9_0.JPG\n4 10 2 sofa_final/10_0.JPG\n"
        ).encode(),
        **{f"S/{name}_0.JPG": encode(1) for name in ("chair_final/1", "sofa_final/9")},
        **{f"S/{name}.JPG": encode(1) for name in ("chair_final/1_1", "sofa_final/10_0")},
    }

    index = sop.ebay_lists(open_tree([pack(tmp_path / "Stanford_Online_Products.zip", files)]))

    assert index.class_names == ("product 1", "product 9", "product 10")
    assert index.labels.tolist() == [0, 0, 1, 2]
    assert index.parts is not None
    assert index.parts.tolist() == [TRAIN, TRAIN, TEST, TEST]
    assert index.attributes["group"].names == ("chair", "sofa")
    assert index.hierarchy == "group"


def test_in_shop_keeps_who_asks_and_who_answers(tmp_path: Path, encode, pack):
    names = [f"img/WOMEN/Tees/id_0000000{n}/0{n}_front.jpg" for n in (1, 2, 3)]
    listed = tmp_path / "list_eval_partition.txt"
    roles = ("train", "query", "gallery")
    rows = [
        f"{name}   id_{n // 2}   {role}"
        for n, (name, role) in enumerate(zip(names, roles, strict=True))
    ]
    listed.write_text("3\nimage_name item_id evaluation_status\n" + "\n".join(rows))
    archive = pack(tmp_path / "img.zip", {name: encode(0) for name in names})

    index = in_shop.by_item(open_tree([archive, listed]))

    assert index.parts is not None
    assert index.parts.tolist() == [TRAIN, TEST, TEST]
    assert index.labels.tolist() == [0, 0, 1]
    role = index.attributes["role"]
    assert [role.names[code] for code in role.values] == list(roles)
    assert index.attributes["clothing"].names == ("WOMEN/Tees",)


@pytest.fixture
def inat(tmp_path: Path, encode, pack):
    names = [f"train_val2018/Aves/{species}/{n}.jpg" for species in (7, 9) for n in (1, 2)]
    tables = {}
    for part, chosen in (("train", names[::2]), ("val", names[1::2])):
        tables[part] = tmp_path / f"{part}2018.json"
        tables[part].write_text(
            json.dumps(
                {
                    "images": [{"id": name, "file_name": name} for name in chosen],
                    "annotations": [
                        {"image_id": name, "category_id": int(name.split("/")[2])}
                        for name in chosen
                    ],
                }
            )
        )
    lists = {
        "Inat_dataset_splits/Inaturalist_train_set1.txt": "\n".join(names[:2]).encode(),
        "Inat_dataset_splits/Inaturalist_test_set1.txt": "\n".join(names[2:]).encode(),
    }
    images = pack(tmp_path / "train_val2018.tar.gz", {name: encode(0) for name in names})
    splits = pack(tmp_path / "Inat_dataset_splits.zip", lists)
    return open_tree([images, *tables.values(), splits])


def test_inaturalist_is_split_by_species_or_by_image(inat):
    by_class, by_image = inaturalist.by_class(inat), inaturalist.by_image(inat)

    assert by_class.labels.tolist() == by_image.labels.tolist() == [0, 0, 1, 1]
    assert by_class.class_names == ("species 7", "species 9")
    assert by_class.parts is not None
    assert by_class.parts.tolist() == [TRAIN, TRAIN, TEST, TEST]
    assert by_image.parts is not None
    assert by_image.parts.tolist() == [TRAIN, TEST, TRAIN, TEST]


def test_omniglot_has_a_class_for_each_character(tmp_path: Path, encode, pack):
    paths = [
        pack(
            tmp_path / f"images_{part}.zip",
            {
                f"images_{part}/{name}/character0{c}/0{c}_0{d}.png": encode(c)
                for c in (1, 2)
                for d in (1, 2)
            },
        )
        for part, name in (("background", "Greek"), ("evaluation", "Tengwar"))
    ]

    index = omniglot.by_alphabet(open_tree(paths))

    assert index.channels == 1
    assert index.class_names[0] == "Greek character01"
    assert np.bincount(index.labels).tolist() == [2, 2, 2, 2]
    assert index.parts is not None
    assert index.parts.tolist() == [TRAIN] * 4 + [TEST] * 4
    assert index.attributes["drawer"].names == ("01", "02")


def test_food_11_has_the_class_in_the_name(tmp_path: Path, encode, pack):
    names = ["training/0_1.jpg", "training/10_7.jpg", "validation/3_0.jpg", "evaluation/6_2.jpg"]

    index = food.by_folder(open_tree([pack(tmp_path / "Food-11.zip", dict.fromkeys(names, b""))]))

    shown = {
        name: index.class_names[code] for name, code in zip(index.names, index.labels, strict=True)
    }
    assert shown["training/10_7.jpg"] == "Vegetable/Fruit"
    assert shown["evaluation/6_2.jpg"] == "Noodles/Pasta"
    assert index.parts is not None
    assert sorted(index.parts.tolist()) == [0, 0, 1, 2]
    with pytest.raises(UserError, match=r"training/11_0\.jpg is of no class of Food-11"):
        food.by_folder(open_tree([pack(tmp_path / "b.zip", {"training/11_0.jpg": b""})]))


def test_colorectal_has_eight_tissues(tmp_path: Path, pack):
    tissues = ("TUMOR", "STROMA", "COMPLEX", "LYMPHO", "DEBRIS", "MUCOSA", "ADIPOSE", "EMPTY")
    names = [f"K/0{n}_{tissue}/{n}_Row_1.tif" for n, tissue in enumerate(tissues, start=1)]

    index = colorectal.by_tissue(open_tree([pack(tmp_path / "K.zip", dict.fromkeys(names, b""))]))

    assert index.class_names[0] == "01_TUMOR"
    assert index.labels.tolist() == [*range(8)]
    with pytest.raises(UserError, match="holds 3 of the 8 tissues"):
        colorectal.by_tissue(open_tree([pack(tmp_path / "3.zip", dict.fromkeys(names[:3], b""))]))


@pytest.mark.parametrize(
    ("stated", "group"),
    [
        *[("(0, 2)", 0), ("(25, 32)", 4), ("(60, 100)", 7), ("2", 0)],
        *[("35", None), ("None", None), ("23", None), ("55", None)],
        *[("(8, 23)", 2), ("(38, 48)", 5), ("(27, 32)", 4)],
    ],
)
def test_adience_states_ages_in_several_ways(stated: str, group: int | None):
    assert adience.age_group(stated) == group


def test_adience_keeps_its_folds(tmp_path: Path, pack):
    header = "user_id\toriginal_image\tface_id\tage\tgender\tx\n"
    paths, images = [], {}
    for number in range(5):
        path = tmp_path / f"fold_{number}_data.txt"
        path.write_text(
            header + f"p{number}\ta.jpg\t{number}\t(0, 2)\tf\t1\np\tb.jpg\t1\tNone\t\t1\n"
        )
        paths.append(path)
        images[f"aligned/p{number}/landmark_aligned_face.{number}.a.jpg"] = b""

    index = adience.by_age(open_tree([pack(tmp_path / "aligned.tar.gz", images), *paths]))

    assert len(index.names) == 5
    assert index.attributes["fold"].values.tolist() == [0, 1, 2, 3, 4]
    assert index.attributes["person"].names == ("p0", "p1", "p2", "p3", "p4")


def test_yale_faces_have_person_and_condition_in_their_names(tmp_path: Path, pack):
    names = ["yalefaces/subject01.happy", "yalefaces/subject01.wink.gif", "yalefaces/Readme.txt"]
    more = ["yalefaces/subject02.gif.centerlight", "yalefaces/subject02.sad.pgm"]
    tree = open_tree([pack(tmp_path / "yalefaces.tar", dict.fromkeys([*names, *more], b""))])

    index = yale.by_person(tree)

    assert index.labels.tolist() == [0, 0, 1, 1]
    condition = index.attributes["condition"]
    assert [condition.names[c] for c in condition.values] == ["happy", "wink", "centerlight", "sad"]


def test_every_entry_names_a_function_that_exists():
    from importlib import import_module

    for entry in ENTRIES:
        assert isinstance(entry.read, partial)
        module, function = entry.read.keywords["module"], entry.read.keywords["function"]
        assert callable(getattr(import_module(module), function))


def test_names_are_unique_and_variants_have_an_original():
    names = [entry.name for entry in ENTRIES]

    assert len(set(names)) == len(names)
    assert {entry.variant_of for entry in ENTRIES} - {""} <= set(names)
