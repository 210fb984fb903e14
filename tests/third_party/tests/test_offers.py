"""Acme's dataset, trunk, metric and journal keep what the benchmark's manual asks of them."""

import json

import numpy as np
import pytest
import torch

from acme_metric_losses.journal import note
from acme_metric_losses.linear import LinearTrunk
from acme_metric_losses.uniformity import uniformity
from acme_metric_losses.waves import load_waves


def test_waves_are_the_same_each_time():
    assert load_waves().digest == load_waves().digest


def test_the_trunk_is_as_wide_as_it_says():
    trunk = LinearTrunk((1, 4, 4))
    assert trunk(torch.zeros(3, 1, 4, 4)).shape == (3, trunk.feature_size)


def test_a_collapsed_embedding_is_the_least_uniform():
    labels = np.arange(4)
    assert uniformity(np.ones((4, 2), dtype=np.float32), labels) == pytest.approx(0, abs=1e-5)
    assert uniformity(np.float32([[1, 0], [0, 1], [-1, 0], [0, -1]]), labels) < -2


def test_the_journal_is_written_only_where_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("ACME_JOURNAL", raising=False)
    note("started", run="a")
    monkeypatch.setenv("ACME_JOURNAL", str(tmp_path / "journal"))
    note("finished", run="a")
    assert json.loads((tmp_path / "journal").read_text()) == {"event": "finished", "run": "a"}
