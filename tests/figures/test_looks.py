"""One run's embedding, looked at beside the others'."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.figures.panels import Common, Look, counted, look_at
from harness.record import Record

Run = Callable[..., Record]
Blobs = Callable[..., dict[str, np.ndarray]]


@pytest.fixture
def common() -> Common:
    labels = np.repeat(np.arange(6), 8)
    return Common(labels=labels, asked=np.arange(48), points=None, distance="cosine")


def test_labels_are_counted_from_0_whatever_codes_the_dataset_has() -> None:
    assert counted(np.array([7, 3, 3, 9])).tolist() == [1, 0, 0, 2]


def test_the_datasets_own_codes_show_the_same_as_labels_from_0(
    run: Run, arrays: Blobs, common: Common
) -> None:
    plain = arrays(0.1)
    coded = {**plain, "test_labels": 10 + 5 * plain["test_labels"]}
    first, second = (look_at((run("a", 0, 0.5), found), common) for found in (plain, coded))
    assert isinstance(first, Look)
    assert isinstance(second, Look)
    assert np.array_equal(first.means, second.means)
    assert np.array_equal(first.scores, second.scores)


def test_runs_on_other_samples_of_the_same_classes_are_told_apart_by_position(
    run: Run, arrays: Blobs, common: Common
) -> None:
    found = {**arrays(0.1), "test_positions": np.arange(48)}
    same, other = (replace(common, positions=np.arange(48) + shift) for shift in (0, 1))
    assert isinstance(look_at((run("a", 0, 0.5), found), same), Look)
    assert look_at((run("a", 0, 0.5), found), other) == (
        "it was tested on other samples than the first method of the board"
    )
