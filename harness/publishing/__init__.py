"""Publications: leaderboards recorded for good, as JSON in results/. Nothing here knows torch."""

from harness.publishing.building import Published, build_publication
from harness.publishing.document import document_of, publication_text
from harness.publishing.loading import (
    is_publication,
    is_untouched,
    load_publication,
    parse_publication,
    publication_of,
)
from harness.publishing.model import PUBLICATION_FORMAT, Publication, PublishedMethod, PublishedRun
from harness.publishing.writing import results_path, write_publication

__all__ = [
    "PUBLICATION_FORMAT",
    "Publication",
    "Published",
    "PublishedMethod",
    "PublishedRun",
    "build_publication",
    "document_of",
    "is_publication",
    "is_untouched",
    "load_publication",
    "parse_publication",
    "publication_of",
    "publication_text",
    "results_path",
    "write_publication",
]
