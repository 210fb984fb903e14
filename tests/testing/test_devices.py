"""The pretended device refuses what CUDA refuses, computes what the CPU computes, sees stalls."""

import numpy as np
import pytest
import torch
from torch import nn

from harness import loss_method
from harness.testing.checks import it_stays_on_one_device
from harness.testing.devices import WrongDevice, pretended_device

REFUSED = {
    "a sum of two devices": lambda x: x + torch.ones(3),
    "a product of two devices": lambda x: x @ torch.ones(3, 2),
    "a concatenation of two devices": lambda x: torch.cat([x, torch.ones(4, 3)]),
    "an index from the device into the CPU": lambda x: torch.ones(4)[(x[:, 0] > 0)],
    "a write of CPU values by index": lambda x: x.index_put_((x[:, 0] > 0,), torch.ones(2, 3)),
    "a draw from the CPU's generator": lambda x: torch.rand(
        2, device=x.device, generator=torch.Generator()
    ),
    "numpy without a move": lambda x: x.numpy(),
    "np.asarray without a move": np.asarray,
    "a mask of the other device": lambda x: torch.where(torch.ones(4, 3) > 0, x, x),
    "a step in place": lambda x: torch.ones(4, 3).add_(x),
}
ALLOWED = {
    "a scalar tensor of the CPU": lambda x: x * torch.tensor(2.0),
    "an index from the CPU": lambda x: x[torch.tensor([0, 1])],
    "a list as an index": lambda x: x[[0, 1]],
    "a constant made there": lambda x: x + torch.tensor([1.0, 2.0, 3.0], device=x.device),
    "a new tensor like it": lambda x: x + x.new_tensor([1.0, 2.0, 3.0]),
    "a move and back": lambda x: x.cpu().numpy().sum(),
    "a copy across": lambda x: torch.zeros(4, 3).copy_(x),
}


@pytest.fixture
def pretended():
    with pretended_device() as device:
        yield device


@pytest.mark.parametrize("operation", REFUSED.values(), ids=REFUSED)
def test_what_cuda_refuses_is_refused(operation, pretended):
    x = torch.randn(4, 3).to(pretended.device)
    with pytest.raises(WrongDevice):
        operation(x)


@pytest.mark.parametrize("operation", ALLOWED.values(), ids=ALLOWED)
def test_what_cuda_allows_is_allowed(operation, pretended):
    operation(torch.randn(4, 3).to(pretended.device))


def test_training_there_gives_what_the_cpu_gives():
    def train(device):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
        inputs = torch.randn(16, 3).to(device)
        model.to(device)
        optimizer = torch.optim.Adam(model.parameters(), 0.1)
        for _ in range(3):
            optimizer.zero_grad()
            model(inputs).square().sum().backward()
            optimizer.step()
        return [values.cpu() for values in model.state_dict().values()]

    with pretended_device() as pretended:
        there = train(pretended.device)
    assert all(map(torch.equal, there, train("cpu")))


def test_a_value_that_is_read_is_a_stall_at_its_line(pretended):
    x = torch.randn(4, 3).to(pretended.device)
    x.sum()
    assert not pretended.stalls
    assert float(x.sum()) == x.sum().item()
    assert len(pretended.stalls) == 2
    assert all("test_devices.py:" in stall for stall in pretended.stalls)


class _Planted(nn.Module):
    def __init__(self, fault):
        super().__init__()
        self.fault = fault
        self.loose = torch.ones(8)
        self.register_buffer("held", torch.ones(8))

    def forward(self, embeddings, labels):
        weight = self.loose if self.fault else self.held
        return (embeddings * weight).square().sum(dim=1).sub(1).square().mean() + embeddings.mean()


@pytest.mark.parametrize("fault", [True, False])
def test_a_planted_tensor_on_the_cpu_is_named_with_its_line(fault):
    planted = loss_method(
        "planted", lambda: _Planted(fault), summary="a fault", reference="unpublished"
    )
    if not fault:
        it_stays_on_one_device(planted)
        return
    with pytest.raises(AssertionError, match=r"planted: mul: .*\(8,\).*test_devices\.py:\d+"):
        it_stays_on_one_device(planted)
