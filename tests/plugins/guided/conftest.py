"""A teacher in training on a small closed set."""

from dataclasses import replace

import pytest
import torch
from bench_methods.guided.gemini_training import GeminiRule, GeminiTraining

from harness.testing import ToyView, toy_batch, toy_context


@pytest.fixture
def training():
    """Build a teacher's training on a toy set of 8 classes of 4 vectors."""

    def training(*, normalized=True, steps=10, **rule):
        torch.manual_seed(0)
        given = {"beta": 0.005, "margin": 1.0, "constraint_vectors": False, **rule}
        context = replace(toy_context(normalized=normalized), steps=steps)
        return GeminiTraining(GeminiRule(**given), context, ToyView(toy_batch()))

    return training
