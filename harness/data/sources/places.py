"""Finding the files of a dataset: among those that were added, then where packages put them."""

from __future__ import annotations

from pathlib import Path

from harness.data.home import sources_folder
from harness.data.sources.entry import Entry, Files, SourceFile
from harness.errors import UserError


def find(entry: Entry) -> tuple[dict[str, Path], list[SourceFile]]:
    """Return the files that are at hand, by name, and those that are missing.

    They are of the layout that is complete; where none is, of the first that anything is there of.
    """
    found = [_of_layout(entry, layout) for layout in entry.layouts]
    complete = [one for one in found if not one[1]]
    begun = [one for one in found if one[0]]
    return (complete or begun or found)[0]


def _of_layout(
    entry: Entry, layout: tuple[SourceFile, ...]
) -> tuple[dict[str, Path], list[SourceFile]]:
    at_hand: dict[str, Path] = {}
    missing = []
    for file in layout:
        place = _place(entry, file)
        if place is None:
            missing.append(file)
        else:
            at_hand[file.name] = place
    return at_hand, missing


def require_files(entry: Entry) -> Files:
    """Return every file of a dataset; UserError that says how to get what is missing."""
    at_hand, missing = find(entry)
    if missing:
        raise UserError(f"dataset '{entry.name}' is not at hand: {how_to_get(entry, missing)}")
    return at_hand


def how_to_get(entry: Entry, missing: list[SourceFile]) -> str:
    """Name the missing files and the ways to get them, in one line."""
    names = ", ".join(file.name for file in missing)
    ways = []
    if all(file.url for file in missing):
        ways.append(f"`bench data add {entry.name}` downloads")
    else:
        ways.append(f"`bench data add {entry.name} FILE...` takes the files you have")
    if entry.obtain:
        ways.append(entry.obtain)
    return f"{names} missing; {'; '.join(ways)}"


def _place(entry: Entry, file: SourceFile) -> Path | None:
    for folder in (sources_folder(entry.family), *entry.folders):
        place = file.place_in(folder)
        if place is not None:
            return place
    return None
