"""Readouts, clusters and ensembles in whole runs: what is learnt, scored, counted and refused."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from harness import Objective
from harness.data.embedded import load_digits
from harness.data.parts import Vault
from harness.data.splits import make_split
from harness.execution.run import execute
from harness.method.objective import Clusters, Readout
from harness.models.backbone import build_backbone
from harness.models.convnet import build_convnet

SIZE = 64


class Reads(Objective):
    """Ends in a readout; by default the features as they are."""

    def finish(self, view, embed):
        return Readout("features", torch.eye(SIZE))


@pytest.fixture
def read_out(run_method, make_method):
    """Run a method that trains nothing and ends in the readout of an objective class."""
    return lambda objective: run_method(make_method(objective, trained=False, readout=True))


@pytest.fixture
def embeddings(bench, planned):
    """The test embeddings of a method's run."""
    return lambda method: torch.from_numpy(execute(planned(method), bench)[1]["test_embeddings"])


@pytest.fixture
def initial_features(bench):
    """Features of the test part under the initial weights of fold 0 and seed 0."""
    rules, data = bench.protocol, bench.dataset
    vault = Vault(data, make_split(data, rules.split, fold=0, seed=0), bench.device)
    backbone = build_backbone(build_convnet, rules.backbone, (1, 8, 8), fold=0, seed=0).eval()
    with torch.no_grad():
        return backbone.trunk(vault.standardise(vault.test().inputs))


def test_the_identity_on_features_scores_the_features(embeddings, make_method, initial_features):
    method = make_method(Reads, trained=False, readout=True)
    torch.testing.assert_close(embeddings(method), normalize(initial_features))


def test_a_method_that_trains_reads_out_the_selected_weights(
    embeddings, make_method, spread, spread_objective
):
    class TrainsAndReads(spread_objective):
        def finish(self, view, embed):
            return Readout("embeddings", torch.eye(SIZE))

    trained = embeddings(make_method(TrainsAndReads, readout=True))
    torch.testing.assert_close(trained, embeddings(spread))


def test_a_narrower_readout_gives_narrower_embeddings(embeddings, make_method):
    class Narrow(Objective):
        def finish(self, view, embed):
            return Readout("embeddings", torch.eye(3, SIZE))

    assert embeddings(make_method(Narrow, trained=False, readout=True)).shape[1] == 3


def test_a_readout_alone_costs_what_it_reads_and_no_step(read_out):
    class Spends(Reads):
        def finish(self, view, embed):
            embed.features(view.inputs(torch.arange(7)))
            return super().finish(view, embed)

    record = read_out(Spends)
    audit = record.audit
    assert (record.state, record.selected, record.batches_digest) == ("done", None, None)
    assert (audit.steps, audit.images_read, audit.images_embedded) == (0, 7, 7)
    assert 0 < audit.preparation_seconds == audit.training_seconds < audit.seconds
    assert record.samples.training > 0


@pytest.mark.parametrize("declared", [{"trained": False}, {}], ids=["alone", "after training"])
@pytest.mark.parametrize(
    ("readout", "why"),
    [
        (Readout("features", torch.ones(SIZE + 1, SIZE)), "has shape (65, 64), not (1..64, 64)"),
        (Readout("features", torch.full((2, SIZE), torch.nan)), "values that are not finite"),
        (torch.eye(SIZE), "finish returned Tensor, not a Readout"),
    ],
)
def test_a_bad_readout_fails_the_run(
    run_method, make_method, spread_objective, declared, readout, why
):
    class Ends(spread_objective):
        def finish(self, view, embed):
            return readout

    record = run_method(make_method(Ends, readout=True, **declared))
    assert (record.state, record.reason.kind, record.scores) == ("failed", "bad-loss", None)
    assert why in record.reason.message


@pytest.mark.parametrize("declared", [{"trained": False}, {}], ids=["alone", "after training"])
def test_asking_for_test_data_in_finish_fails_the_run(
    run_method, make_method, spread_objective, declared
):
    class Peeks(spread_objective):
        def finish(self, view, embed):
            load_digits()

    record = run_method(make_method(Peeks, readout=True, **declared))
    assert (record.state, record.reason.kind) == ("failed", "sealed")


@pytest.mark.parametrize("declared", [{"trained": False}, {}], ids=["alone", "after training"])
@pytest.mark.parametrize("of", [lambda w: w, lambda w: w.data], ids=["in place", "through data"])
def test_weights_changed_in_finish_are_found(
    run_method, make_method, spread_objective, declared, of
):
    class Scales(spread_objective):
        def finish(self, view, embed):
            of(embed._backbone.head.weight).mul_(1.5)
            return Readout("features", torch.eye(SIZE))

    record = run_method(make_method(Scales, readout=True, **declared))
    assert (record.state, record.reason.kind) == ("failed", "tampered")


def test_a_method_that_declared_no_readout_is_not_asked_for_one(
    run_method, make_method, spread_objective
):
    class Unasked(spread_objective):
        def finish(self, view, embed):
            raise AssertionError("finish was called")

    assert run_method(make_method(Unasked)).state == "done"


@pytest.fixture
def clustering(spread_objective, notes):
    """An objective of six clusters in a row, of which another comes first each epoch."""

    class Clustering(spread_objective):
        def begin_epoch(self, epoch, view, embed):
            self.epoch = epoch
            self.assignment = torch.arange(len(view)) % 6

        def clusters(self):
            neighbours = (torch.arange(6)[:, None] + torch.arange(1, 6)) % 6
            return Clusters(self.assignment, neighbours, torch.eye(6)[self.epoch])

        def forward(self, batch, embed):
            notes(self.assignment[batch.indices].tolist())
            return embed(batch.inputs)[:, 0].mean()

    return Clustering


def test_batches_are_drawn_from_the_clusters_of_their_epoch(
    run_method, make_method, clustering, notes
):
    record = run_method(make_method(clustering, batch="clusters"))
    assert record.state == "done"
    assert notes.read() == [[0, 0, 1, 1, 2, 2, 3, 3]] * 2 + [[1, 1, 2, 2, 3, 3, 4, 4]] * 2


def test_a_run_of_clusters_is_reproducible_and_has_its_digest(run_method, make_method, clustering):
    first, second = (run_method(make_method(clustering, batch="clusters")) for _ in range(2))
    other = run_method(make_method(clustering, batch="clusters"), seed=1)
    assert first.batches_digest == second.batches_digest != other.batches_digest
    assert first.scores == second.scores


@pytest.mark.parametrize("weights", [torch.zeros(6), torch.full((6,), torch.nan)])
def test_clusters_that_cannot_be_drawn_from_fail_the_run(
    run_method, make_method, clustering, weights
):
    class Weightless(clustering):
        def clusters(self):
            return Clusters(self.assignment, torch.empty((6, 0), dtype=torch.long), weights)

    record = run_method(make_method(Weightless, batch="clusters"))
    assert (record.state, record.reason.kind) == ("failed", "crashed")
    assert "cluster weights must be finite" in record.reason.message
    assert record.batches_digest is None


def test_an_ensemble_is_counted_member_by_member(run_method, make_method, spread_objective):
    record = run_method(make_method(spread_objective, members=2))
    audit, trunk = record.audit, 9 * 16 + 2 * 16 + 9 * 16 * 32 + 2 * 32 + 9 * 32 * 64 + 2 * 64
    assert (audit.steps, audit.images_embedded, audit.backward_passes) == (4, 64, 4)
    assert (audit.parameters.trunk, audit.parameters.head) == (2 * trunk, 2 * (64 * 32 + 32))
    assert record.declared.members == 2


def test_an_ensemble_shares_the_batches_but_not_the_weights_of_a_single_model(
    run_method, make_method, spread_objective, spread
):
    alone, ensemble = run_method(spread), run_method(make_method(spread_objective, members=2))
    assert ensemble.batches_digest == alone.batches_digest
    assert ensemble.init_digest != alone.init_digest
