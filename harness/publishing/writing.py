"""Writing a publication: whole or not at all, and never over runs that it would lose."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UserError
from harness.publishing.document import publication_text
from harness.publishing.loading import load_publication
from harness.publishing.model import Publication
from harness.store.artifacts import write_whole


def results_path(folder: Path, publication: Publication) -> Path:
    """Where a publication belongs: FOLDER/PROTOCOL/DATASET.json."""
    for name in (publication.protocol, publication.dataset):
        if "/" in name or "\\" in name or name.startswith("."):
            raise UserError(f"'{name}' cannot be the name of a file in {folder}")
    return folder / publication.protocol / f"{publication.dataset}.json"


def write_publication(publication: Publication, path: Path, *, replace: bool = False) -> bool:
    """Write a publication; return whether the file changed.

    Raises UserError, and leaves the file alone, if it is not an earlier state of the same runs,
    unless `replace` is given.
    """
    text = publication_text(publication)
    if path.exists():
        if not replace:
            _refuse_loss(publication, path)
        if path.is_file() and path.read_bytes() == text.encode():
            return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None
    return True


def _refuse_loss(publication: Publication, path: Path) -> None:
    try:
        before = load_publication(path)
    except UserError as error:
        raise UserError(f"{error}; nothing is written over it (--replace does)") from None
    kept = _done(publication)
    lost = _done(before) - kept
    if lost:
        raise UserError(
            f"{path}: {len(lost)} of its {len(_done(before))} runs are not in the store and would "
            "be lost; nothing is written over it (--replace does)"
        )


def _done(publication: Publication) -> set[str]:
    return {run.id for method in publication.methods for run in method.runs if run.state == "done"}
