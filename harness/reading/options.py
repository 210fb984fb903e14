"""`Reading`: what a person settles where a file leaves a doubt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """How files are read where they leave a doubt; the command line's options of these names.

    `label_column`: the column, or array, of labels. `columns`: those of the inputs: names, numbers
    and ranges (`d0-d63`) by commas, or `all`. `drop_missing`: leave out samples without a label.
    `text_labels`: take labels as they are written, whatever numbers they look like. `header`:
    whether the first line of a text table has the names; None: by its looks. `skip_unreadable`:
    leave out image files that cannot be read. `size`: side that encoded images are brought to.
    `encoder`: what embeds texts, by name, or a sentence-transformers folder or .zip.
    """

    label_column: str | None = None
    columns: str | None = None
    drop_missing: bool = False
    text_labels: bool = False
    header: bool | None = None
    skip_unreadable: bool = False
    size: int | None = None
    encoder: str | None = None


AS_IT_IS = Reading()
