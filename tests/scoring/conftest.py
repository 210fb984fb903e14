"""An oracle for retrieval scores: float64 distances, every order of the ties, plain averages."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

Expected = Callable[[list[float], list[int]], dict[str, float]]


def scores_of(relevance: np.ndarray) -> dict[str, float]:
    ranks = np.arange(1, len(relevance) + 1)
    relevant = int(relevance.sum())
    precision = np.cumsum(relevance) / ranks
    return {
        "precision_at_1": float(relevance[0]),
        "r_precision": float(relevance[:relevant].mean()),
        "map_at_r": float((precision * relevance)[:relevant].sum() / relevant),
        "map": float((precision * relevance).sum() / relevant),
        "mrr": float(1 / (1 + np.argmax(relevance))),
        **{f"recall_at_{k}": float(relevance[:k].any()) for k in (1, 2, 4, 8)},
    }


def expected_scores(distances: list[float], relevance: list[int]) -> dict[str, float]:
    groups: dict[float, list[int]] = {}
    for distance, relevant in zip(distances, relevance, strict=True):
        groups.setdefault(distance, []).append(relevant)
    orders = [set(itertools.permutations(groups[distance])) for distance in sorted(groups)]
    every = [
        scores_of(np.array(list(itertools.chain(*order)), dtype=float))
        for order in itertools.product(*orders)
    ]
    return {name: float(np.mean([scores[name] for scores in every])) for name in every[0]}


@pytest.fixture
def oracle() -> Expected:
    return expected_scores
