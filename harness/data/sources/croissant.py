"""A published dataset as Croissant metadata (MLCommons, format 1.0): what it is, and its files."""

from __future__ import annotations

import mimetypes
from typing import Any

from harness.data.sources import PublishedDataset, PublishedFile
from harness.errors import UserError

VERSION = "http://mlcommons.org/croissant/1.0"
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "md5": "cr:md5",
}


def croissant(entry: PublishedDataset) -> dict[str, Any]:
    """The metadata as JSON-LD: a name, a licence, a source, and each file with what is known of it.

    A file without an address has its own name as `contentUrl`: a person gets it, from `url`. The
    samples are not described. Raises UserError where the digest of a file is not known, which the
    format asks for.
    """
    unknown = [file.name for file in entry.files if not file.md5]
    if unknown:
        raise UserError(
            f"dataset '{entry.name}': Croissant needs the digest of every file, and of "
            f"{', '.join(unknown)} none is known"
        )
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": entry.name,
        "description": entry.summary,
        "license": entry.licence,
        "url": entry.source,
        "distribution": [_file(file) for file in entry.files],
    }


def _file(file: PublishedFile) -> dict[str, str]:
    kind, packed = mimetypes.guess_type(file.name)
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.url or file.name,
        "encodingFormat": f"application/{packed}" if packed else kind or "application/octet-stream",
        "md5": file.md5,
    }
