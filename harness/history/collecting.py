"""Boards over time: from a folder of published ones, the history of git, or a store."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.record import Record
from harness.results.publication import Publication, load_publication, parse_publication
from harness.results.source import StoreSource
from harness.store import Store

_UNIT = "\x1f"


@dataclass(frozen=True)
class Snapshot:
    """The Records of a board as it stood: `label` is a commit, file or store, `when` ISO 8601."""

    label: str
    when: str
    records: tuple[Record, ...]

    @classmethod
    def of(cls, label: str, publication: Publication, when: str | None = None) -> Snapshot:
        """A published board, by when its last run finished if nothing else is said."""
        return cls(label, when or publication.measured, tuple(publication.records()))


@dataclass(frozen=True)
class Collected:
    """Snapshots, oldest first, and sentences on the files that are none."""

    snapshots: tuple[Snapshot, ...]
    notes: tuple[str, ...]


def from_folder(path: Path) -> Collected:
    """Every publication in a folder (or that one file), by when its last run finished."""
    files = [path] if path.is_file() else sorted(path.rglob("*.json"))
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    found: list[Snapshot] = []
    notes: list[str] = []
    for file in files:
        try:
            publication = load_publication(file)
        except UserError as error:
            notes.append(f"left out: {error}")
            continue
        label = file.name if path.is_file() else file.relative_to(path).as_posix()
        found.append(Snapshot.of(label, publication))
    ordered = sorted(found, key=lambda snapshot: (snapshot.when, snapshot.label))
    return Collected(_distinct(ordered), tuple(notes))


def from_store(path: Path) -> Collected:
    """What a store holds now, a snapshot for each protocol and dataset."""
    with Store.open(path) as store:
        source = StoreSource(store)
        held = [tuple(source.records(scope)) for scope in source.scopes()]
    return Collected(
        tuple(
            Snapshot(path.name, max(record.finished for record in records), records)
            for records in held
            if records
        ),
        (),
    )


def in_git(path: Path) -> bool:
    """Whether git has a history of a path."""
    try:
        return bool(_git(path, "log", "-1", "--format=%H", "--", _name(path)).strip())
    except UserError:
        return False


def from_git(path: Path) -> Collected:
    """Every version of every publication under a path that git knows, and what stands there now."""
    found: list[Snapshot] = []
    notes: list[str] = []
    for commit, when, file in _versions(path):
        try:
            text = _git(path, "show", f"{commit}:{file}")
            publication = parse_publication(text, f"{commit[:10]}:{file}")
        except UserError as error:
            notes.append(f"left out: {error}")
        else:
            found.append(Snapshot.of(commit[:10], publication, when))
    if path.exists():
        now = from_folder(path)
        known = [snapshot.records for snapshot in found]
        found += [snapshot for snapshot in now.snapshots if snapshot.records not in known]
        notes += now.notes
    return Collected(_distinct(found), tuple(dict.fromkeys(notes)))


def _versions(path: Path) -> Iterator[tuple[str, str, str]]:
    """Commit, date and file of each version, oldest first."""
    listed = _git(
        path,
        "log",
        "--reverse",
        "--diff-filter=AMR",
        "--name-only",
        f"--format={_UNIT}%H{_UNIT}%cI",
        "--",
        _name(path),
    )
    commit = when = ""
    for line in listed.splitlines():
        if line.startswith(_UNIT):
            _, commit, when = line.split(_UNIT)
        elif line.endswith(".json"):
            yield commit, when, line


def _name(path: Path) -> str:
    return path.name if path.is_file() or not path.exists() else "."


_OF_A_HOOK = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_NAMESPACE",
    }
)
"""What git sets for its hooks: it would be asked of the hook's repository, not of the path's."""


def _git(path: Path, *arguments: str) -> str:
    folder = path if path.is_dir() else path.parent
    try:
        done = subprocess.run(  # noqa: S603 - git itself, and arguments that are no shell's
            ["git", "-c", "core.quotePath=false", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env={name: value for name, value in os.environ.items() if name not in _OF_A_HOOK},
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: git cannot be asked: {error}") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise UserError(f"{path}: git: {said[-1] if said else 'failed'}")
    return done.stdout


def _distinct(snapshots: list[Snapshot]) -> tuple[Snapshot, ...]:
    """Leave out what only repeats the snapshot before of the same board."""
    last: dict[tuple[str, str], tuple[Record, ...]] = {}
    kept = []
    for snapshot in snapshots:
        identity = snapshot.records[0].identity
        board = (identity.protocol, identity.dataset)
        if last.get(board) != snapshot.records:
            kept.append(snapshot)
        last[board] = snapshot.records
    return tuple(kept)
