import numpy as np
from sklearn.datasets import load_digits as load_from_sklearn

from harness.data.embedded import load_digits

DIGEST = "4ca8c82a7dbb484d3e7dab962c51f08fb00fa2953686092c1f975254c688da87"


def test_digits_are_small_grey_images_of_ten_classes():
    digits = load_digits()

    assert digits.inputs.shape == (1797, 1, 8, 8)
    assert digits.inputs.dtype == np.uint8
    assert digits.class_names == tuple("0123456789")
    assert np.bincount(digits.labels).min() > 170


def test_digits_keep_all_seventeen_grey_levels_over_the_whole_range():
    raw = load_from_sklearn().images

    scaled = load_digits().inputs[:, 0]

    assert np.abs(scaled - raw * 255 / 16).max() <= 0.5
    assert scaled.max() == 255
    assert len(np.unique(scaled)) == 17


def test_the_digest_of_digits_is_pinned():
    assert load_digits().digest == DIGEST
