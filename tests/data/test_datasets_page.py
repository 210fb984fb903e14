"""The page on datasets names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from harness.data.corruptions import CORRUPTIONS
from harness.data.families import catalogue

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> set[str]:
    """Every `name` in the first column of the tables under a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return {name for cell in rows for name in re.findall(r"`([^`]+)`", cell)}


def test_every_dataset_that_the_page_names_exists():
    for heading in ("What there is", "One name, several test sets"):
        assert first_cells(heading) <= set(catalogue())


def test_the_page_names_every_family_and_every_way_to_split_it():
    named = first_cells("What there is") | first_cells("One name, several test sets")
    sizes = re.compile(r"-(28|64|105|128|160|224|256)$")
    expected = {
        name
        for name, entry in catalogue().items()
        if entry.family != "medmnist" and not sizes.search(name)
    }

    assert expected <= named


def test_the_page_names_every_corruption():
    assert first_cells("Background variables") == set(CORRUPTIONS)


def test_every_link_of_the_page_is_defined():
    used = set(re.findall(r"\]\[([a-z-]+)\]", PAGE))
    defined = set(re.findall(r"^\[([a-z-]+)\]: https://", PAGE, flags=re.MULTILINE))

    assert used == defined
