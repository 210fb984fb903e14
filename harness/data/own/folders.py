"""A folder of images, one folder a class; with train, val and test above or below them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from harness.data.dataset import Attribute, Dataset
from harness.data.decoding import OWN, image_dataset
from harness.data.formats.images import OTHER_SUFFIXES, SUFFIXES
from harness.data.formats.trees import Tree, is_hidden, walk
from harness.data.own.parts import NAMES, Parts, is_part, parts_of
from harness.data.sources.index import ImageIndex, coded
from harness.errors import UserError, counted, nearest
from harness.reading import SUFFIXES as TABLES
from harness.reading import suffix_of
from harness.reading.labels import odd_names
from harness.reading.names import listed

_NAMED = 10


def load_folder(path: Path, *, size: int, skip_unreadable: bool = False) -> Dataset:
    """Load a folder (or .zip, or .tar) of images: the folder an image lies in is its class.

    Folders named train, val, test, eval, query and gallery, above those of the classes or below
    them, are the dataset's own parts. UserError where there are no images, only one class, a class
    folder without any, or an image that cannot be read (unless `skip_unreadable`).
    """
    name = named_after(path)
    if path.is_dir():
        _require_sound(path, skip_unreadable=skip_unreadable)
    return image_dataset(
        name,
        [path],
        folder_index,
        size=size,
        source=f"a person's own images: {name}",
        licence="the owner's",
        how=replace(OWN, skip_unreadable=skip_unreadable),
    )


def named_after(path: Path) -> str:
    """What the data in a folder or archive are called."""
    name = path.name or path.resolve().name or "folder"
    return path.resolve().name if name == ".." else name


def images_of(names: Iterable[str]) -> list[str]:
    """The files that are images of kinds that are read, by their endings."""
    return [name for name in names if _is_image(name)]


def folder_index(tree: Tree) -> ImageIndex:
    """Index the images of a tree by the folder that they lie in."""
    twice = [name for name, count in Counter(tree.names).items() if count > 1]
    if twice:
        raise UserError(
            f"{tree.where}: holds {counted(len(twice), 'file')} twice: {listed(twice, _NAMED)}"
        )
    names = images_of(tree.names)
    others = [name for name in tree.names if not _is_image(name)]
    names, dangling = _divided(tree, names)
    if not names:
        held = f": it holds {_counted(others)}" if others else ""
        raise UserError(f"{tree.where}: holds no images (of {', '.join(sorted(SUFFIXES))}){held}")
    alone = [name for name in names if "/" not in name]
    if alone:
        tables = [name for name in others if "/" not in name and suffix_of(Path(name)) in TABLES]
        hint = f": does --data {tree.where / tables[0]} say which is what?" if tables else ""
        hint = hint or f": an image's folder is its class, as {tree.where}/CLASS/{alone[0]}"
        raise UserError(f"{tree.where}: {alone[0]} lies in no class's folder{hint}")
    # A single folder around all others, as archives have, says nothing.
    depth = _shared_depth(names)
    found = _arranged([(name, tuple(name.split("/")[depth:])) for name in names], tree.where)
    labels = coded(found.classes)
    _require_images(labels.names, others, depth, tree.where, split=found.parts is not None)
    parts: Parts | None = None
    attributes: dict[str, Attribute] = {}
    said: list[str] = []
    if found.parts is not None:
        parts, attributes, said = parts_of(found.parts, tree.where)
    notes = [*found.notes, *said]
    strange = sum(PurePosixPath(name).suffix.lower() in OTHER_SUFFIXES for name in others)
    if others:
        kinds = f", {strange} of them images of kinds that are not read" if strange else ""
        notes.append(f"{counted(len(others), 'file')} left out{kinds}: {_counted(others)}")
    if dangling:
        notes.append(f"{counted(len(dangling), 'link')} to nowhere left out: {listed(dangling)}")
    return ImageIndex(
        names=tuple(found.names),
        labels=labels.values,
        class_names=labels.names,
        parts=parts,
        attributes=attributes,
        notes=(*notes, *odd_names(labels.names)),
        left_out=len(names) - len(found.names) + strange + len(dangling),
    )


@dataclass(frozen=True)
class _Arranged:
    """Images, their classes and the names of their parts, if there are any."""

    names: list[str]
    classes: list[str]
    parts: list[str] | None
    notes: list[str]


def _arranged(images: list[tuple[str, tuple[str, ...]]], where: Path) -> _Arranged:
    """Find out what the folders mean: parts above classes, classes above parts, or classes."""
    names, steps = [name for name, _ in images], [step for _, step in images]
    tops = sorted({step[0] for step in steps})
    parted = [top for top in tops if is_part(top)]
    flat = [top for top in parted if any(step[0] == top and len(step) == 2 for step in steps)]
    if parted and set(parted) == set(flat) == set(tops):
        raise UserError(
            f"{where}: images lie directly in {listed(parted)}: a folder for each class is needed "
            "in them"
        )
    if len(parted) == len(tops) or (len(parted) > 1 and not flat):
        kept = [place for place, step in enumerate(steps) if step[0] in parted]
        strays = Counter(step[0] for step in steps if step[0] not in parted)
        if flat:
            raise UserError(f"{where}: images lie in {flat[0]} and in no class's folder there")
        return _Arranged(
            [names[place] for place in kept],
            ["/".join(steps[place][1:-1]) for place in kept],
            [steps[place][0] for place in kept],
            [
                f"folder {top} ({counted(count, 'image')}) left out: it is no part beside "
                f"{listed(parted)}"
                for top, count in sorted(strays.items())
            ],
        )
    if all(len(step) > 2 and is_part(step[1]) for step in steps):
        return _Arranged(
            names,
            ["/".join((step[0], *step[2:-1])) for step in steps],
            [step[1] for step in steps],
            ["the parts lie in the folders of the classes"],
        )
    nested = [top for top in parted if top not in flat]
    if nested:
        others = [top for top in tops if top not in parted]
        near = next(filter(None, (nearest(one, NAMES, likeness=0.7) for one in others)), "?")
        raise UserError(
            f"{where}: is {nested[0]} a part or a class, beside {listed(others)}{near} Put all "
            f"classes into parts (train, test), or rename {nested[0]}"
        )
    notes = [f"folder {top} is taken for a class, not for a part" for top in parted]
    notes += _doubled(steps)
    return _Arranged(names, ["/".join(step[:-1]) for step in steps], None, notes)


def _doubled(steps: Iterable[tuple[str, ...]]) -> list[str]:
    """Say where folders hold folders of the same names, which may be classes twice."""
    below: dict[str, set[str]] = {}
    for step in steps:
        below.setdefault(step[0], set()).add("/".join(step[1:-1]))
    first, *others = below.values()
    if not others or first == {""} or any(names != first for names in others):
        return []
    one = sorted(first)[0]
    tops = sorted(below)
    return [
        f"folders {listed(tops, 4)} hold folders of the same names: {tops[0]}/{one} and "
        f"{tops[1]}/{one} are classes of their own"
    ]


def _divided(tree: Tree, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of files that are there, and of links that lead nowhere."""
    if not tree.where.is_dir():
        return list(names), []
    dangling = {name for name in names if not (tree.where / name).exists()}
    return [name for name in names if name not in dangling], sorted(dangling)


def _require_sound(folder: Path, *, skip_unreadable: bool) -> None:
    """UserError for links that lead nowhere, or round and round."""
    dangling = [
        str((place / name).relative_to(folder))
        for place, files in walk(folder)
        for name in files
        if _is_image(name) and not (place / name).exists()
    ]
    if dangling and not skip_unreadable:
        raise UserError(
            f"{folder}: {counted(len(dangling), 'link')} to nowhere: {listed(dangling, _NAMED)}: "
            "--skip-unreadable leaves them out"
        )
    for place, _ in walk(folder):
        inside = [one for one in place.iterdir() if not is_hidden(one.name)]
        if place != folder and not inside:
            name = place.relative_to(folder).as_posix()
            raise UserError(f"{folder}: class folder {name} holds no images")


def _require_images(
    classes: Sequence[str], others: Iterable[str], depth: int, where: Path, *, split: bool
) -> None:
    """UserError for a class folder that holds files, and no image that is read."""
    steps_of = [name.split("/") for name in classes]
    known = {"/".join(steps[:end]) for steps in steps_of for end in range(1, len(steps) + 1)}
    others = list(others)
    for name in others:
        steps = name.split("/")[depth + int(split) : -1]
        folder = "/".join(steps)
        picture = PurePosixPath(name).suffix.lower() in OTHER_SUFFIXES
        if steps and folder not in known and (picture or not split):
            inside = [one for one in others if f"/{folder}/" in f"/{one}"]
            raise UserError(
                f"{where}: class folder {folder} holds no images that are read: {_counted(inside)}"
            )


def _counted(names: Iterable[str]) -> str:
    """Files by their endings: `3 .avif, 2 .txt`."""
    counts = Counter(PurePosixPath(name).suffix.lower() or "without ending" for name in names)
    shown = [f"{count} {ending}" for ending, count in counts.most_common(_NAMED)]
    return ", ".join(shown) + (" and others" if len(counts) > _NAMED else "")


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _shared_depth(names: list[str]) -> int:
    depth = 0
    while len({name.split("/")[depth] for name in names}) == 1 and all(
        name.count("/") > depth + 1 for name in names
    ):
        depth += 1
    return depth
