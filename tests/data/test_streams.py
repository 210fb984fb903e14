"""A random stream for each name, so that one more draw somewhere moves no other."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from harness.data import numpy_stream, stream_seed, torch_stream


def test_the_seed_of_a_stream_is_pinned() -> None:
    assert stream_seed(0, "weights", 0) == 8590455656027014515


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((1, "weights", 0), id="seed"),
        pytest.param((0, "batches", 0), id="name"),
        pytest.param((0, "weights", 1), id="fold"),
        pytest.param((0, "weights"), id="fewer"),
        pytest.param((0, "weights", 0, 0), id="more"),
        pytest.param((0, 0, "weights"), id="order"),
    ],
)
def test_another_name_is_another_stream(other: tuple[int, ...]) -> None:
    assert stream_seed(*other) != stream_seed(0, "weights", 0)


def test_words_do_not_run_into_one_another() -> None:
    assert stream_seed(0, "a", "bc") != stream_seed(0, "ab", "c")


def test_seeds_suit_every_generator() -> None:
    assert all(0 <= stream_seed(seed, "any") < 2**63 for seed in range(1000))


def test_seeds_do_not_collide() -> None:
    assert len({stream_seed(seed, name) for seed in range(1000) for name in ("a", "b")}) == 2000


def test_a_stream_does_not_depend_on_the_global_state() -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    one = (numpy_stream(0, "x").random(), torch.rand(1, generator=torch_stream(0, "x")).item())
    random.seed(2)
    np.random.seed(2)
    torch.manual_seed(2)
    assert one == (
        numpy_stream(0, "x").random(),
        torch.rand(1, generator=torch_stream(0, "x")).item(),
    )


def test_drawing_from_one_stream_moves_no_other() -> None:
    one, other = numpy_stream(0, "one"), numpy_stream(0, "other")
    one.random(100)
    assert other.random() == numpy_stream(0, "other").random()
