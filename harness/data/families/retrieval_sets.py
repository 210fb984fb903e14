"""The sets that retrieval is measured on: their files, and the test sets made of each.

The values of `md5` are those that the libraries in docs/datasets.md check.
"""

from __future__ import annotations

from harness.data.families.image_entries import Variant, image_entries
from harness.data.sources.entry import Entry, SourceFile

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
        SourceFile(
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
        SourceFile(
            name="car_ims.tgz",
            md5="d5c8f0aa497503f355e17dc7886c3f14",
            folder_of="car_ims/000001.jpg",
        ),
        SourceFile(name="cars_annos.mat", md5="b407c6086d669747186bd1d764ff9dbc"),
    ),
    other_layouts=(
        (
            SourceFile(name="cars_train.tgz", md5="065e5b463ae28d29e77c1b4b166cfe61"),
            SourceFile(name="cars_test.tgz", md5="4ce7ebf6a94d07f1952d94dd34c4d501"),
            SourceFile(name="car_devkit.tgz", md5="c3b158d763b6e2245038c8ad08e45376"),
            SourceFile(
                name="cars_test_annos_withlabels.mat", md5="b0a2b23655a3edd16d84508592a98d10"
            ),
        ),
        (SourceFile(name="stanford_cars", folder_of="cars_train_annos.mat"),),
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
        SourceFile(
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
        SourceFile(name="img.zip", folder_of="img/WOMEN"),
        SourceFile(name="list_eval_partition.txt"),
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
        SourceFile(
            name="train_val2018.tar.gz",
            md5="b1c6952ce38f31868cc50ea72d066cc3",
            url="https://ml-inat-competition-datasets.s3.amazonaws.com/2018/train_val2018.tar.gz",
            folder_of="train_val2018/Aves",
        ),
        SourceFile(
            name="train2018.json.tar.gz",
            url="https://ml-inat-competition-datasets.s3.amazonaws.com/2018/train2018.json.tar.gz",
        ),
        SourceFile(
            name="val2018.json.tar.gz",
            url="https://ml-inat-competition-datasets.s3.amazonaws.com/2018/val2018.json.tar.gz",
        ),
        SourceFile(name="Inat_dataset_splits.zip", folder_of="Inaturalist_train_set1.txt"),
    ),
    source="Van Horn et al. 2018, https://github.com/visipedia/inat_comp",
    licence="non-commercial research; images as their photographers license them",
    obtain="the class lists are those of https://github.com/Andrew-Brown1/Smooth_AP",
)

ENTRIES: tuple[Entry, ...] = (*CUB, *CARS, *SOP, *IN_SHOP, *INATURALIST)
