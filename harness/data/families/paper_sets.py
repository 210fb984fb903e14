"""The other sets of images that papers use: characters, food, tissue and faces.

The values of `md5` are those that the libraries in docs/datasets.md check.
"""

from __future__ import annotations

from harness.data.families.image_entries import Variant, image_entries
from harness.data.sources.entry import Entry, SourceFile

_HERE = "harness.data.families"

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
        SourceFile(
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
    files=(SourceFile(name="Food-11.zip", folder_of="evaluation"),),
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
        SourceFile(
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
        SourceFile(name="aligned.tar.gz", folder_of="aligned"),
        *(SourceFile(name=f"fold_{number}_data.txt") for number in range(5)),
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
    files=(SourceFile(name="yalefaces.tar", folder_of="subject01.normal"),),
    source="Belhumeur et al. 1997, The Yale Face Database",
    licence="research only",
    obtain="the publisher's link is dead",
    sizes=(160, 64),
)

ENTRIES: tuple[Entry, ...] = (*OMNIGLOT, *FOOD, *COLORECTAL, *ADIENCE, *YALE)
