"""Which sample a test embedding is of."""

import numpy as np
import pytest

from harness.data.dataset import Attribute, Dataset
from harness.figures.embedded import place_test


def dataset() -> Dataset:
    labels = np.array([2, 0, 1, 2, 1, 0])
    return Dataset(
        name="toy",
        inputs=np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1),
        labels=labels,
        class_names=("a", "b", "c"),
        source="",
        licence="",
        attributes={"side": Attribute(values=np.array([0, 0, 0, 1, 1, 1]), names=("l", "r"))},
    )


def test_the_last_classes_are_the_test_part_in_the_order_of_the_dataset() -> None:
    part = place_test(np.array([1, 0, 1, 0]), dataset(), dataset().digest)
    images = part.images([0, 1, 2, 3])
    assert images is not None
    assert images.ravel().tolist() == [0, 2, 3, 4]
    assert part.class_names == ("b", "c")
    assert part.describe(2) == "c, r"


def test_recorded_positions_are_believed_before_any_rule() -> None:
    """Classes a and c, in an order that the last classes of the dataset do not have."""
    positions = np.array([3, 5, 0])
    part = place_test(np.array([1, 0, 1]), dataset(), dataset().digest, positions)
    images = part.images([2, 0])
    assert images is not None
    assert images.ravel().tolist() == [0, 3]
    assert part.class_names == ("a", "c")
    assert part.describe(1) == "a, r"


@pytest.mark.parametrize("positions", [[3, 0, 5], [3, 5, 6], [3, 5, -6]])
def test_positions_with_other_labels_or_outside_the_dataset_show_nothing(
    positions: list[int],
) -> None:
    part = place_test(np.array([1, 0, 1]), dataset(), dataset().digest, np.array(positions))
    assert part.images([0]) is None
    assert part.missing == "the test samples are not where the run says they are"


def test_labels_that_are_not_those_of_the_dataset_are_not_believed() -> None:
    part = place_test(np.array([0, 1, 0, 1]), dataset(), dataset().digest)
    assert part.images([0]) is None
    assert part.missing == "the test samples are not the dataset's last classes"
    assert part.class_names == ("class 0", "class 1")


def test_another_version_of_the_dataset_shows_nothing() -> None:
    part = place_test(np.array([1, 0, 1, 0]), dataset(), "other")
    assert (part.images([0]), part.missing) == (
        None,
        "the dataset at hand is not the one of the records",
    )


def test_no_dataset_is_said_in_its_words() -> None:
    assert place_test(np.array([0]), "unknown dataset 'toy'", "d").missing == (
        "unknown dataset 'toy'"
    )


def test_feature_vectors_have_names_and_no_images() -> None:
    vectors = Dataset(
        name="v",
        inputs=np.zeros((2, 3), np.float32),
        labels=np.array([0, 1]),
        class_names=("a", "b"),
        source="",
        licence="",
    )
    part = place_test(np.array([0, 1]), vectors, vectors.digest)
    assert (part.images([0]), part.class_names) == (None, ("a", "b"))
    assert "not images" in part.missing
