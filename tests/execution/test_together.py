"""Runs that are trained together: each as it would be alone, whatever becomes of the others."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from harness import Method, Objective
from harness.data import stream_seed
from harness.execution.cohort import told_together, why_alone
from harness.execution.executor import Bench, Finished, Work, execute_inline
from harness.execution.plan import Entrant, make_plan
from harness.execution.reproducing import Reproduction
from harness.execution.session import RunEnded, outstanding, run_plan
from harness.method.objective import Clusters, Readout
from harness.models.stacked import Stack
from harness.protocol import load_protocol
from harness.registry import Origin, RegisteredMethod, core_registry
from harness.results import load_board
from harness.settings import Settings
from harness.store import Store

# Of float32 added up in another order, over four steps of Adam. What k-means finds is left out:
# the last digit of one embedding may send it elsewhere.
EMBEDDINGS, SCORES = 1e-3, 1e-3
CLUSTERED = {"nmi", "ami", "ari", "pairwise_f1"}
RUNS = ((0, 0), (0, 1), (1, 0))
"""Seed and fold of those that are together."""
ALL = len(RUNS)
LAST = RUNS[-1:]
SHORT = [
    "training.steps=4",
    "training.steps_per_epoch=2",
    "training.batch_size=8",
    "training.samples_per_class=2",
    "selection.every=2",
]


def plan_of(bench, *methods, seeds=2):
    origin = Origin("tests", "tests", "0", None)
    entrants = []
    for method in methods:
        registered = RegisteredMethod(method, origin)
        bench.registry.methods[method.name] = registered
        entrants.append(Entrant(registered, method.defaults(), "default"))
    return make_plan(bench.protocol, bench.dataset.digest, entrants, seeds=seeds)


def ended(bench, method, together, *, only=RUNS):
    """What comes of a method's runs by seed and fold, in groups of so many."""
    plan = plan_of(bench, method)
    runs = [run for run in plan.runs if (run.identity.seed, run.identity.fold) in only]
    work = Work(runs=runs, bench=bench, settings=Settings(together=together))
    return {
        (one.run.identity.seed, one.run.identity.fold): one
        for one in execute_inline(work)
        if isinstance(one, Finished)
    }


def require_same(alone, together):
    """But for the last digits; the record of a run together says so and the other does not."""
    for key, expected in alone.items():
        one, mine, theirs = together[key], together[key].record, expected.record
        assert mine.state == theirs.state == "done", mine.reason
        gap = np.abs(one.arrays["test_embeddings"] - expected.arrays["test_embeddings"]).max()
        assert gap < EMBEDDINGS
        for name in theirs.scores.values.keys() - CLUSTERED:
            gap = abs(mine.scores.values[name] - theirs.scores.values[name])
            assert gap <= SCORES, name
        for fact in ("init_digest", "batches_digest", "test_digest", "samples"):
            assert getattr(mine, fact) == getattr(theirs, fact)
        assert mine.selected.step == theirs.selected.step
        for count in ("steps", "images_embedded", "images_read", "images_drawn",
                      "backward_passes", "zero_gradients", "parameters"):  # fmt: skip
            assert getattr(mine.audit, count) == getattr(theirs.audit, count), count
        assert mine.environment == {**theirs.environment, "together": str(ALL)}


def spread(embeddings, labels):
    distances = (embeddings[:, None] - embeddings[None, :]).square().sum(-1)
    same = labels[:, None] == labels[None, :]
    return distances[same].mean() - distances[~same].mean()


class Plain(Objective):
    def forward(self, batch, embed):
        return spread(embed(batch.inputs), batch.labels)


class Proxies(Objective):
    """Parameters of its own, drawn from its own stream, trained beside the network's."""

    def __init__(self):
        super().__init__()
        self.centres = torch.nn.Parameter(torch.randn(12, 64))

    def forward(self, batch, embed):
        return (embed(batch.inputs) - self.centres[batch.labels]).square().sum(1).mean()


@pytest.fixture(scope="module")
def bench(tiny_dataset, short_protocol):
    """Of the module: what is alone is run once."""
    return Bench(core_registry(), short_protocol, tiny_dataset, torch.device("cpu"))


TOY = Method(name="toy", build=lambda *_: Plain(), summary="s", reference="none")


@pytest.fixture(scope="module")
def alone(bench):
    """The last run of Plain, by itself."""
    return ended(bench, TOY, 1, only=LAST)


@dataclass
class Group:
    """What came of all runs of Plain together, how long it took, and the passes of the stack."""

    found: dict
    seconds: float
    passes: list


@pytest.fixture(scope="module")
def group(bench):
    passes, plain = [], Stack.outputs

    def counted(stack, inputs):
        passes.append(tuple(inputs.shape))
        return plain(stack, inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stack, "outputs", counted)
        began = time.perf_counter()
        found = ended(bench, TOY, ALL)
        return Group(found, time.perf_counter() - began, passes)


class OfOutputs(Objective):
    def forward(self, batch, embed):
        outputs = embed.outputs(batch.inputs)
        lengths = outputs.features.square().mean() + outputs.linear.square().mean()
        return spread(outputs.embeddings, batch.labels) + 0.01 * lengths


class TwoPasses(Objective):
    """The second is of another view and number of images, and both go back."""

    def forward(self, batch, embed):
        half = embed(batch.second[::2])
        return spread(embed(batch.inputs), batch.labels) + spread(half, batch.labels[::2])


class Unlike(Objective):
    """Runs ask for different things: their own generators decide how many passes, and of what."""

    def forward(self, batch, embed):
        loss = spread(embed(batch.inputs), batch.labels)
        if torch.rand(()) < 0.5:
            loss = loss + spread(embed(batch.inputs), batch.labels)
        if torch.rand(()) < 0.5:
            with torch.no_grad():
                embed(batch.inputs[:3])
        return loss


class SometimesNothing(Objective):
    """In some steps of some runs no gradient comes back, or one of noughts."""

    def __init__(self):
        super().__init__()
        self.own = torch.nn.Parameter(torch.zeros(()))

    def forward(self, batch, embed):
        kind = int(torch.randint(3, ())) if batch.step else 0
        if kind == 0:
            return spread(embed(batch.inputs), batch.labels) + self.own
        embeddings = embed(batch.inputs)
        return (0 * embeddings).sum() + self.own if kind == 1 else self.own.square()


class Adversarial(Objective):
    """Gradients of the inputs are asked back, and used for a second pass."""

    def forward(self, batch, embed):
        inputs = batch.inputs.clone().requires_grad_()
        loss = spread(embed(inputs), batch.labels)
        return loss + 0.1 * spread(embed(batch.inputs.flip(3)), batch.labels)


class Prepares(Plain):
    """Embeds the training part before training and at each epoch, and ends in a readout."""

    def prepare(self, view, embed):
        self.mean = embed(view.inputs(torch.arange(len(view)))).mean(0).detach()

    def begin_epoch(self, epoch, view, embed):
        embed(view.inputs(torch.arange(5)))

    def finish(self, view, embed):
        return Readout("embeddings", torch.eye(64) * (1 + self.mean))


class Clustered(Plain):
    def clusters(self):
        return Clusters(torch.arange(18) % 6, torch.arange(6)[:, None].roll(1, 0), torch.ones(6))


KINDS = {
    "proxies": (Proxies, {}),
    "outputs": (OfOutputs, {}),
    "two-passes": (TwoPasses, {"views": 2}),
    "unlike": (Unlike, {}),
    "sometimes-nothing": (SometimesNothing, {}),
    "adversarial": (Adversarial, {}),
    "prepares": (Prepares, {"readout": True}),
    "clusters": (Clustered, {"batch": "clusters"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_run_is_as_it_is_alone(bench, make_method, name):
    objective, declared = KINDS[name]
    method = make_method(objective, name, **declared)
    together = ended(bench, method, ALL)
    require_same(ended(bench, method, 1, only=LAST), together)


def test_what_all_ask_for_is_one_pass(group, alone):
    assert group.passes == [(ALL, 8, 1, 8, 8)] * 4
    require_same(alone, group.found)


def test_what_a_network_refuses_is_refused_to_each(bench, make_method):
    class Wrong(Objective):
        def forward(self, batch, embed):
            return embed(batch.inputs[:, :, :1, :1].expand(-1, 7, -1, -1)).sum()

    for one in ended(bench, make_method(Wrong), ALL).values():
        assert (one.record.state, one.record.reason.kind) == ("failed", "crashed")


def misbehaving(act, *, step=1):
    """A method that does something at a step of seed 0, fold 1, and is Plain otherwise."""

    class Misbehaves(Plain):
        def __init__(self):
            super().__init__()
            self.guilty = torch.initial_seed() == stream_seed(0, "method", "toy", 1)

        def forward(self, batch, embed):
            loss = super().forward(batch, embed)
            return act(loss) if self.guilty and batch.step == step else loss

    return Misbehaves


def raises(_loss):
    raise RuntimeError("of its own accord")


def dies(_loss):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        (raises, "crashed", "of its own accord"),
        (lambda loss: loss * torch.nan, "diverged", "the loss is nan at step 1"),
        (lambda _loss: torch.ones(3), "bad-loss", "not that of a scalar"),
        (dies, "died", "ended by SIGKILL, as the system does when memory runs out, at each of 2"),
    ],
    ids=["raises", "diverges", "gives no scalar", "dies"],
)
def test_a_run_that_fails_leaves_the_others_as_they_are(
    bench, make_method, alone, act, kind, message
):
    found = ended(bench, make_method(misbehaving(act)), ALL)
    failed = found.pop((0, 1)).record
    assert (failed.state, failed.reason.kind) == ("failed", kind)
    assert message in failed.reason.message
    require_same(alone, found)


def test_a_run_that_died_by_chance_is_trained_again_alone(bench, make_method, tmp_path):
    trap = tmp_path / "trap"
    trap.touch()

    def dies_once(loss):
        if trap.exists():
            trap.unlink()
            dies(loss)
        return loss

    found = ended(bench, make_method(misbehaving(dies_once)), ALL)
    again = found[0, 1].record
    assert again.state == "done"
    assert "together" not in again.environment
    assert found[0, 0].record.environment["together"] == str(ALL)


def test_what_goes_wrong_for_all_at_once_costs_no_run(bench, make_method, monkeypatch, caplog):
    def lacking(*_):
        raise torch.OutOfMemoryError("for so many at a time")

    monkeypatch.setattr(Stack, "return_gradients", lacking)
    found = ended(bench, make_method(Plain), ALL)
    assert {one.record.state for one in found.values()} == {"done"}
    assert all("together" not in one.record.environment for one in found.values())
    assert "for so many at a time" in caplog.text


def test_each_run_stops_when_its_own_patience_ends(bench, make_method):
    changes = [*SHORT, "training.steps=12", "selection.patience=1"]
    patient = replace(bench, protocol=load_protocol("smoke", overrides=changes))
    method = make_method(Plain)
    runs = ((0, 0), (0, 1), (1, 1))
    alone, together = (ended(patient, method, size, only=runs) for size in (1, ALL))
    steps = {key: one.record.audit.steps for key, one in alone.items()}
    assert len(set(steps.values())) > 1
    require_same(alone, together)


def test_a_run_is_charged_its_share_of_the_time(group):
    audits = [one.record.audit for one in group.found.values()]
    assert sum(audit.seconds for audit in audits) < group.seconds
    for audit in audits:
        assert 0 < audit.preparation_seconds < audit.training_seconds < audit.seconds
        assert 0 < audit.input_seconds < audit.training_seconds


class TestWhichRuns:
    """Which runs are together, in what order, and what is said of the others."""

    def grouped(self, bench, *methods, together, seeds=2):
        plan = plan_of(bench, *methods, seeds=seeds)
        settings = Settings(together=together)
        work = Work(runs=plan.runs, bench=bench, settings=settings)
        return [
            [(r.entrant.name, r.identity.seed, r.identity.fold) for r in runs]
            for runs in work.groups
        ]

    def test_seeds_and_folds_of_a_method_where_the_first_of_them_stands(self, bench, make_method):
        a, b = make_method(Plain, "a"), make_method(Plain, "b")
        assert self.grouped(bench, a, b, together=3) == [
            [("a", 0, 0), ("a", 0, 1), ("a", 1, 0)],
            [("b", 0, 0), ("b", 0, 1), ("b", 1, 0)],
            [("a", 1, 1)],
            [("b", 1, 1)],
        ]

    def test_every_run_is_alone_unless_it_is_asked_for(self, bench, make_method):
        groups = self.grouped(bench, make_method(Plain), together=1)
        assert [len(group) for group in groups] == [1] * 4

    def test_what_cannot_share_is_alone_and_said_so_in_one_line(self, bench, make_method):
        methods = [
            make_method(Plain, "shares"),
            make_method(Plain, "many", members=2),
            make_method(Plain, "none", trained=False),
        ]
        groups = self.grouped(bench, *methods, together=4)
        assert [len(group) for group in groups] == [4] + [1] * 8
        plan = plan_of(bench, *methods)
        said = told_together(plan.runs, bench, Settings(together=4))
        assert said == (
            "trained together (--together): up to 4 runs of shares at a time; many alone: each run "
            "trains several backbones; none alone: nothing is trained"
        )
        assert told_together(plan.runs, bench, Settings()) == ""

    def test_a_trunk_that_draws_or_is_large_is_alone(self, bench, make_method):
        rules = load_protocol("smoke", overrides=[*SHORT, 'backbone.name="resnet18-cifar"'])
        assert "not one of the small" in why_alone(replace(bench, protocol=rules))(
            make_method(Plain)
        )


def test_a_session_goes_on_from_where_it_was_stopped(bench, make_method, tmp_path):
    plan = plan_of(bench, make_method(Plain))
    settings = Settings(together=4)
    with Store.open(tmp_path / "store", create=True) as store:
        for event in run_plan(plan, bench, store, settings=settings):
            if isinstance(event, RunEnded) and event.run is plan.runs[1]:
                break
        assert outstanding(plan, store) == list(plan.runs[2:])
        list(run_plan(plan, bench, store, settings=settings))
        assert outstanding(plan, store) == []
        (note,) = (n for n in load_board(store).notes if "together" in n)
    assert note == (
        "4 of 4 runs, of toy, were trained together with others, up to 4 in one process: alone, "
        "their last digits differ"
    )


def test_an_audit_of_a_run_together_allows_for_its_last_digits(group, alone):
    then, now = group.found[LAST[0]].record, alone[LAST[0]].record
    found = Reproduction(then, now, same_embeddings=False)
    assert found.facts == {"together": (str(ALL), "none")}
    assert found.holds(0.02) == (max(map(abs, found.differences.values())) <= 0.02)
