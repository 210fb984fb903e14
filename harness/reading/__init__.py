"""Reading the files that people have: which column is what, by one list of names everywhere.

A table or a file of arrays becomes a `Source`; what is doubtful is refused by name, with the option
that settles it. Labels are texts as they are written. No pickle is ever opened.
"""

from harness.reading.embeddings import Embeddings, codes_of, read_embeddings
from harness.reading.encodings import suffix_of
from harness.reading.labels import Labels, read_groups, read_labels
from harness.reading.opening import SUFFIXES, open_source
from harness.reading.options import Reading
from harness.reading.rows import other_labels, other_rows

__all__ = [
    "SUFFIXES",
    "Embeddings",
    "Labels",
    "Reading",
    "codes_of",
    "open_source",
    "other_labels",
    "other_rows",
    "read_embeddings",
    "read_groups",
    "read_labels",
    "suffix_of",
]
