"""A shared dataset is the same data, mapped and not copied, and leaves nothing behind."""

from __future__ import annotations

import mmap
import os

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.errors import UserError
from harness.execution.shared_dataset import shared


def base_of(array):
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


def test_it_opens_as_the_same_data(tiny_dataset):
    with shared(tiny_dataset) as there:
        opened = there.open()
        assert opened.digest == tiny_dataset.digest
        fresh = Dataset(**{name: getattr(opened, name) for name in opened.__dataclass_fields__})
        assert fresh.digest == tiny_dataset.digest


def test_its_arrays_are_mapped_and_read_only(tiny_dataset):
    with shared(tiny_dataset) as there:
        opened = there.open()
        assert isinstance(base_of(opened.inputs), mmap.mmap)
        with pytest.raises(ValueError, match="read-only"):
            opened.inputs[0] = 0


def test_what_was_opened_outlives_the_file(tiny_dataset):
    with shared(tiny_dataset) as there:
        opened = there.open()
    assert not there.file.exists()
    np.testing.assert_array_equal(opened.inputs, tiny_dataset.inputs)


def test_nobody_can_write_to_it(tiny_dataset):
    """A method's process belongs to the same user, and finds it where the workers do."""
    with shared(tiny_dataset) as there:
        opened = there.open()
        with pytest.raises(PermissionError), there.file.open("r+b", buffering=0) as file:
            file.write(bytes(1000))
        with pytest.raises(PermissionError):
            os.truncate(there.file, 0)
        assert opened.measure_digest() == tiny_dataset.digest


def test_a_dataset_that_cannot_be_sent_is_one_line(tiny_dataset):
    class Closed(Dataset):
        pass

    fields = {name: getattr(tiny_dataset, name) for name in tiny_dataset.__dataclass_fields__}
    with (
        pytest.raises(UserError, match=r"dataset 'tiny' cannot be shared .* use --workers 1"),
        shared(Closed(**fields)),
    ):
        pass
