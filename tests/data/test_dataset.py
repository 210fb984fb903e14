"""`Dataset`: what it refuses, and what its digest stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Attribute, Dataset


def images(count: int = 6) -> np.ndarray:
    return np.arange(count * 2 * 3 * 3, dtype=np.uint8).reshape(count, 2, 3, 3)


def colour() -> Attribute:
    return Attribute(values=np.array([0, 1, 2, 0, 1, 2]), names=("red", "green", "blue"))


def dataset(**given: Any) -> Dataset:
    """Six images of two classes in three colours."""
    fields = {
        "name": "toy",
        "inputs": images(),
        "labels": np.array([0, 0, 0, 1, 1, 1]),
        "class_names": ("cat", "dog"),
        "source": "made up",
        "licence": "MIT",
        "attributes": {"colour": colour()},
    }
    return Dataset(**{**fields, **given})


def test_images_are_told_from_feature_vectors() -> None:
    vectors = np.zeros((6, 4), dtype=np.float32)
    assert (dataset().is_images, dataset(inputs=vectors).is_images) == (True, False)


def test_its_length_is_the_number_of_samples() -> None:
    assert len(dataset()) == 6


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (images().astype(np.float32), r"float32 \(6, 2, 3, 3\)"),
        (images()[:, 0], r"uint8 \(6, 3, 3\)"),
        (np.zeros((6, 4)), r"float64 \(6, 4\)"),
        (np.zeros(6, dtype=np.float32), r"float32 \(6,\)"),
    ],
)
def test_inputs_of_another_kind_are_refused(inputs: np.ndarray, found: str) -> None:
    with pytest.raises(ValueError, match=rf"dataset toy: inputs must be .*, not {found}"):
        dataset(inputs=inputs)


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (np.array([0, 0, 0, 1, 1, 1], dtype=np.int32), r"must be int64 \(6,\), not int32 \(6,\)"),
        (np.array([0, 0, 1, 1, 1]), r"must be int64 \(6,\), not int64 \(5,\)"),
        (np.array([[0], [0], [0], [1], [1], [1]]), r"must be int64 \(6,\), not int64 \(6, 1\)"),
        (np.array([0, 0, 0, 1, 1, 2]), r"must lie in 0\.\.1"),
        (np.array([-1, 0, 0, 1, 1, 1]), r"must lie in 0\.\.1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: np.ndarray, wrong: str) -> None:
    with pytest.raises(ValueError, match=f"dataset toy: labels {wrong}"):
        dataset(labels=labels)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (np.array([0, 1, 2]), r"must be int64 \(6,\), not int64 \(3,\)"),
        (np.zeros(6), r"must be int64 \(6,\), not float64 \(6,\)"),
        (np.array([0, 1, 2, 0, 1, 3]), r"must lie in 0\.\.2"),
    ],
)
def test_attributes_that_do_not_fit_are_refused(values: np.ndarray, wrong: str) -> None:
    attribute = Attribute(values=values, names=("red", "green", "blue"))
    with pytest.raises(ValueError, match=f"dataset toy: attribute colour {wrong}"):
        dataset(attributes={"colour": attribute})


def test_a_hierarchy_that_is_no_attribute_is_refused() -> None:
    with pytest.raises(ValueError, match="dataset toy: hierarchy names no attribute: kind"):
        dataset(hierarchy="kind")


def test_a_hierarchy_that_parts_a_class_is_refused() -> None:
    with pytest.raises(ValueError, match="dataset toy: attribute colour differs within a class"):
        dataset(hierarchy="colour")


def test_a_hierarchy_may_put_all_classes_into_one_group() -> None:
    kind = Attribute(values=np.zeros(6, dtype=np.int64), names=("animal",))
    assert dataset(attributes={"kind": kind}, hierarchy="kind").hierarchy == "kind"


@pytest.mark.parametrize(
    "array",
    [lambda d: d.inputs, lambda d: d.labels, lambda d: d.attributes["colour"].values],
    ids=["inputs", "labels", "attribute"],
)
def test_its_arrays_cannot_be_written_to(array: Callable[[Dataset], np.ndarray]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        array(dataset())[0] = 0


def changed(array: np.ndarray, place: Any, value: int) -> np.ndarray:
    copy = array.copy()
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"inputs": changed(images(), (5, 1, 2, 2), 0)}, id="one pixel"),
        pytest.param({"inputs": images().reshape(6, 1, 6, 3)}, id="shape"),
        pytest.param({"inputs": np.zeros((6, 4), dtype=np.float32)}, id="kind"),
        pytest.param({"labels": np.array([0, 0, 1, 1, 1, 1])}, id="one label"),
        pytest.param({"class_names": ("cat", "wolf")}, id="class name"),
        pytest.param({"class_names": ("cat", "dog", "cow")}, id="class without samples"),
        pytest.param({"attributes": {}}, id="no attribute"),
        pytest.param({"attributes": {"color": colour()}}, id="attribute's name"),
        pytest.param(
            {
                "attributes": {
                    "colour": Attribute(values=colour().values, names=("red", "green", "cyan"))
                }
            },
            id="code's name",
        ),
        pytest.param(
            {"attributes": {"colour": Attribute(values=np.zeros(6, int), names=colour().names)}},
            id="attribute's values",
        ),
    ],
)
def test_other_data_have_another_digest(other: dict[str, Any]) -> None:
    assert dataset(**other).digest != dataset().digest


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"licence": "CC0", "source": "elsewhere"}, id="words about it"),
        pytest.param({"inputs": np.asfortranarray(images())}, id="layout in memory"),
        pytest.param({"labels": np.array([0, 0, 0, 1, 1, 1], dtype="<i8")}, id="byte order"),
    ],
)
def test_the_same_data_have_the_same_digest(other: dict[str, Any]) -> None:
    assert dataset(**other).digest == dataset().digest


def test_a_hierarchy_is_data() -> None:
    kind = {"kind": Attribute(values=np.array([0, 0, 0, 1, 1, 1]), names=("pet", "guard"))}
    one, other = dataset(attributes=kind), dataset(attributes=kind, hierarchy="kind")
    assert one.digest != other.digest


def test_the_order_of_attributes_is_not_data() -> None:
    size = Attribute(values=np.zeros(6, dtype=np.int64), names=("small",))
    one = dataset(attributes={"colour": colour(), "size": size})
    other = dataset(attributes={"size": size, "colour": colour()})
    assert one.digest == other.digest


def test_the_digest_is_pinned() -> None:
    assert dataset().digest == "c706dfbe78417c021dd430cb2cdd30856e4a95fd0ab207d2a07f13982375f739"
