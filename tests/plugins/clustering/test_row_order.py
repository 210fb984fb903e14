"""The order of rows in a batch changes no loss."""

from dataclasses import replace

import pytest
import torch

from harness.testing import ToyRun, toy_batch


@pytest.mark.parametrize("name", ["magnet", "structured-clustering", "dreml"])
def test_the_order_of_rows_does_not_matter(named, name):
    run, batch = ToyRun(named[name]), toy_batch()
    order = torch.randperm(len(batch.inputs), generator=torch.Generator().manual_seed(1))
    shuffled = replace(
        batch,
        inputs=batch.inputs[order],
        labels=batch.labels[order],
        indices=batch.indices[order],
    )
    assert run.loss(batch=shuffled).item() == pytest.approx(run.loss(batch=batch).item(), rel=1e-4)
