"""CIFAR-10 and CIFAR-100: the binary version, which is records of bytes.

The Python version of the files is pickles, which could run any code; it is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.data.sources.entry import Entry, Files, SourceFile

if TYPE_CHECKING:
    from harness.data.dataset import Dataset


def read_ten(entry: Entry, files: Files) -> Dataset:
    """Read CIFAR-10: inputs uint8 (60000, 3, 32, 32)."""
    from harness.data.families.cifar_records import TEN, read_records

    return read_records(entry, list(files.values()), TEN)


def read_hundred(entry: Entry, files: Files) -> Dataset:
    """Read CIFAR-100 with its fine labels; attribute coarse."""
    from harness.data.families.cifar_records import HUNDRED, read_records

    return read_records(entry, list(files.values()), HUNDRED)


def _entry(classes: int, md5: str) -> Entry:
    return Entry(
        name=f"cifar{classes}",
        family=f"cifar{classes}",
        summary=f"{classes} kinds of objects; 32x32 RGB, 50,000 to train and 10,000 to test",
        source="Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="none stated",
        files=(
            SourceFile(
                name=f"cifar-{classes}-binary.tar.gz",
                md5=md5,
                url=f"https://www.cs.toronto.edu/~kriz/cifar-{classes}-binary.tar.gz",
                folder_of="test_batch.bin" if classes == 10 else "test.bin",
            ),
        ),
        read=read_ten if classes == 10 else read_hundred,
        obtain="only the binary version is read, for the Python version is pickles",
    )


ENTRIES = (
    _entry(10, "c32a1d4ab5d03f1284b67883e8d87530"),
    _entry(100, "03b5dce01913d631647c71ecec9e9cb8"),
)
