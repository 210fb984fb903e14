"""The sets of images that papers use: their files, and the test sets made of each.

The values of `md5` are those that the libraries in docs/datasets.md check.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.data.sources import Files, PublishedDataset, PublishedFile

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.data.formats.trees import Tree
    from harness.data.sources.index import ImageIndex

LARGE, SMALL = 256, 64


@dataclass(frozen=True)
class Variant:
    """One way to read the images of a family: what it adds to the name, and its index.

    `function`: of the family's module, from a `Tree` to an `ImageIndex`; imported when needed.
    """

    ending: str
    function: str
    summary: str


def image_entries(  # noqa: PLR0913 - a row of the table
    name: str,
    module: str,
    *,
    variants: Sequence[Variant],
    files: tuple[PublishedFile, ...],
    source: str,
    licence: str,
    obtain: str,
    other_layouts: tuple[tuple[PublishedFile, ...], ...] = (),
    sizes: Sequence[int] = (LARGE, SMALL),
) -> tuple[PublishedDataset, ...]:
    """List the variants of a family at each size; the first size has no ending of its own."""
    entries = []
    for variant in variants:
        for size in sizes:
            ending = "" if size == sizes[0] else f"-{size}"
            full = f"{name}{variant.ending}{ending}"
            entries.append(
                PublishedDataset(
                    name=full,
                    family=name,
                    summary=f"{variant.summary}; {size}x{size}",
                    source=source,
                    licence=licence,
                    files=files,
                    read=partial(_read, module=module, function=variant.function, size=size),
                    other_layouts=other_layouts,
                    obtain=obtain,
                    variant_of="" if full == name else name,
                )
            )
    return tuple(entries)


def _read(
    entry: PublishedDataset, files: Files, *, module: str, function: str, size: int
) -> Dataset:
    from importlib import import_module

    from harness.data.decoding import image_dataset

    read_index: Callable[[Tree], ImageIndex] = getattr(import_module(module), function)
    return image_dataset(
        entry.name,
        list(files.values()),
        read_index,
        size=size,
        source=entry.source,
        licence=entry.licence,
    )


_HERE = "harness.data.families"
_HALVES = "its first half of classes to train, the others to test"
_GIVEN = "each class split by image as it was published"

CUB = image_entries(
    "cub200",
    f"{_HERE}.cub",
    variants=(
        Variant("", "by_class", f"200 birds, 11,788 whole images; {_HALVES}"),
        Variant("-boxes", "by_class_boxed", f"200 birds, cut to their boxes; {_HALVES}"),
        Variant("-images", "by_image", f"200 birds, whole images; {_GIVEN}"),
        Variant("-images-boxes", "by_image_boxed", f"200 birds, cut to their boxes; {_GIVEN}"),
    ),
    files=(
        PublishedFile(
            name="CUB_200_2011.tgz",
            md5="97eceeb196236b17998738112f37df78",
            url="https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",
            folder_of="image_class_labels.txt",
        ),
    ),
    source="Wah et al. 2011, Caltech-UCSD Birds-200-2011, https://data.caltech.edu/records/65de6-vp158",
    licence="research only; images belong to their owners",
    obtain="",
)

CARS = image_entries(
    "cars196",
    f"{_HERE}.cars",
    variants=(
        Variant("", "by_class", f"196 cars, 16,185 whole images; {_HALVES}"),
        Variant("-boxes", "by_class_boxed", f"196 cars, cut to their boxes; {_HALVES}"),
        Variant("-images", "by_image", f"196 cars, whole images; {_GIVEN}"),
        Variant("-images-boxes", "by_image_boxed", f"196 cars, cut to their boxes; {_GIVEN}"),
    ),
    files=(
        PublishedFile(
            name="car_ims.tgz",
            md5="d5c8f0aa497503f355e17dc7886c3f14",
            folder_of="car_ims/000001.jpg",
        ),
        PublishedFile(name="cars_annos.mat", md5="b407c6086d669747186bd1d764ff9dbc"),
    ),
    other_layouts=(
        (
            PublishedFile(name="cars_train.tgz", md5="065e5b463ae28d29e77c1b4b166cfe61"),
            PublishedFile(name="cars_test.tgz", md5="4ce7ebf6a94d07f1952d94dd34c4d501"),
            PublishedFile(name="car_devkit.tgz", md5="c3b158d763b6e2245038c8ad08e45376"),
            PublishedFile(
                name="cars_test_annos_withlabels.mat", md5="b0a2b23655a3edd16d84508592a98d10"
            ),
        ),
        (PublishedFile(name="stanford_cars", folder_of="cars_train_annos.mat"),),
    ),
    source="Krause et al. 2013, https://ai.stanford.edu/~jkrause/cars/car_dataset.html",
    licence="research only (as ImageNet's)",
    obtain="the publisher's links are dead; a folder of cars_train, cars_test and devkit will do",
)

SOP = image_entries(
    "sop",
    f"{_HERE}.sop",
    variants=(
        Variant(
            "",
            "ebay_lists",
            "22,634 products in 12 groups, 120,053 images; the lists Ebay_train and Ebay_test",
        ),
    ),
    files=(
        PublishedFile(
            name="Stanford_Online_Products.zip",
            md5="7f73d41a2f44250d4779881525aea32e",
            folder_of="Ebay_train.txt",
        ),
    ),
    source="Song et al. 2016, https://cvgl.stanford.edu/projects/lifted_struct/",
    licence="none stated; images belong to eBay sellers",
    obtain="the publisher's links change: see its page",
)

IN_SHOP = image_entries(
    "in-shop",
    f"{_HERE}.in_shop",
    variants=(
        Variant("", "by_item", "7,982 clothes, 52,712 images; attribute role: query or gallery"),
    ),
    files=(
        PublishedFile(name="img.zip", folder_of="img/WOMEN"),
        PublishedFile(name="list_eval_partition.txt"),
    ),
    source="Liu et al. 2016, DeepFashion, https://mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html",
    licence="research only, by agreement",
    obtain="its page gives them to those who sign its agreement",
)

INATURALIST = image_entries(
    "inat2018",
    f"{_HERE}.inaturalist",
    variants=(
        Variant("", "by_class", "8,142 species, some to train and others to test (Smooth-AP)"),
        Variant("-images", "by_image", "8,142 species; train2018 and val2018 as published"),
    ),
    files=(
        PublishedFile(
            name="train_val2018.tar.gz",
            md5="b1c6952ce38f31868cc50ea72d066cc3",
            url="https://ml-inat-competition-datasets.s3.amazonaws.com/2018/train_val2018.tar.gz",
            folder_of="train_val2018/Aves",
        ),
        PublishedFile(
            name="train2018.json.tar.gz",
            url="https://ml-inat-competition-datasets.s3.amazonaws.com/2018/train2018.json.tar.gz",
        ),
        PublishedFile(
            name="val2018.json.tar.gz",
            url="https://ml-inat-competition-datasets.s3.amazonaws.com/2018/val2018.json.tar.gz",
        ),
        PublishedFile(name="Inat_dataset_splits.zip", folder_of="Inaturalist_train_set1.txt"),
    ),
    source="Van Horn et al. 2018, https://github.com/visipedia/inat_comp",
    licence="non-commercial research; images as their photographers license them",
    obtain="the class lists are those of https://github.com/Andrew-Brown1/Smooth_AP",
)

OMNIGLOT = image_entries(
    "omniglot",
    f"{_HERE}.omniglot",
    variants=(
        Variant(
            "",
            "by_alphabet",
            "1,623 characters of 50 alphabets, 20 drawings each; background to train, evaluation "
            "to test",
        ),
    ),
    files=tuple(
        PublishedFile(
            name=f"{part}.zip",
            md5=md5,
            url=f"https://raw.githubusercontent.com/brendenlake/omniglot/master/python/{part}.zip",
            folder_of=part,
        )
        for part, md5 in (
            ("images_background", "68d2efa1b9178cc56df9314c21c6e718"),
            ("images_evaluation", "6b91aef0f799c5bb55b94e3f2daec811"),
        )
    ),
    source="Lake et al. 2015, https://github.com/brendenlake/omniglot",
    licence="MIT",
    obtain="",
    sizes=(28, 105),
)

FOOD = image_entries(
    "food11",
    f"{_HERE}.food",
    variants=(Variant("", "by_folder", "11 kinds of food; training, validation and evaluation"),),
    files=(PublishedFile(name="Food-11.zip", folder_of="evaluation"),),
    source="Singla et al. 2016, Food-11, EPFL Multimedia Signal Processing Group",
    licence="none stated",
    obtain="the publisher's link is dead",
    sizes=(128, 64),
)

COLORECTAL = image_entries(
    "colorectal",
    f"{_HERE}.colorectal",
    variants=(Variant("", "by_tissue", "8 textures of tissue, 5,000 images; not split"),),
    files=(
        PublishedFile(
            name="Kather_texture_2016_image_tiles_5000.zip",
            md5="0ddbebfc56344752028fda72602aaade",
            url="https://zenodo.org/records/53169/files/Kather_texture_2016_image_tiles_5000.zip",
            folder_of="01_TUMOR",
        ),
    ),
    source="Kather et al. 2016, https://zenodo.org/records/53169",
    licence="CC BY 4.0",
    obtain="",
    sizes=(128, 64),
)

ADIENCE = image_entries(
    "adience",
    f"{_HERE}.adience",
    variants=(
        Variant("", "by_age", "8 ages of faces; attributes fold (its five), gender and person"),
    ),
    files=(
        PublishedFile(name="aligned.tar.gz", folder_of="aligned"),
        *(PublishedFile(name=f"fold_{number}_data.txt") for number in range(5)),
    ),
    source="Eidinger et al. 2014, https://talhassner.github.io/home/projects/Adience/Adience-data.html",
    licence="research only, by registration; images under Creative Commons",
    obtain="its page gives them to those who register",
    sizes=(160, 64),
)

YALE = image_entries(
    "yale-faces",
    f"{_HERE}.yale",
    variants=(Variant("", "by_person", "15 people, 11 images each; attribute condition"),),
    files=(PublishedFile(name="yalefaces.tar", folder_of="subject01.normal"),),
    source="Belhumeur et al. 1997, The Yale Face Database",
    licence="research only",
    obtain="the publisher's link is dead",
    sizes=(160, 64),
)

ENTRIES: tuple[PublishedDataset, ...] = (
    *CUB,
    *CARS,
    *SOP,
    *IN_SHOP,
    *INATURALIST,
    *OMNIGLOT,
    *FOOD,
    *COLORECTAL,
    *ADIENCE,
    *YALE,
)
