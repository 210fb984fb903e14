"""Methods that would bend a number, or break what runs beside them: none is believed, none harms.

Each kind is run once, in the way of every run: from a plugin's file, in a process of its own. What
comes out is the score of the honest network that it trained, to the last bit, or a failed run with
its reason; and an honest method scores after all of them as it did before.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.protocol import load_protocol
from harness.record import Record
from harness.registry import load_registry

PLUGIN = '''
import ctypes, gc, os, signal, sys, threading, time
from harness import Method, Objective, hookimpl


class Base(Objective):
    def forward(self, batch, embed):
        embeddings = embed(batch.inputs)
        distances = (embeddings[:, None] - embeddings[None, :]).square().sum(-1)
        same = batch.labels[:, None] == batch.labels[None, :]
        return distances[same].mean() - distances[~same].mean()


KINDS = {}


def kind(**declared):
    def note(cls):
        name = cls.__name__.lower().replace("_", "-")
        KINDS[name] = Method(name=name, build=lambda h, c: cls(), summary="s",
                             reference="none", **declared)
        return cls
    return note


def per_batch(act, **declared):
    """A kind that does something in every forward pass, and is honest otherwise."""
    class Acts(Base):
        def forward(self, batch, embed):
            act(batch, embed)
            return super().forward(batch, embed)
    Acts.__name__ = act.__name__
    return kind(**declared)(Acts)


@kind()
class Honest(Base):
    pass


@per_batch
def hook_at_evaluation(batch, embed):
    embed._backbone.register_forward_hook(lambda m, i, o: o * 0 if not m.training else None)


@per_batch
def forward_of_the_instance(batch, embed):
    embed._backbone.forward = lambda x: x.flatten(1)[:, :64]


@per_batch
def hook_on_every_module(batch, embed):
    import torch
    torch.nn.modules.module.register_module_forward_hook(lambda m, i, o: None)


@per_batch
def patched_class(batch, embed):
    from harness.models.backbone import Backbone
    Backbone.forward = lambda self, x: x.flatten(1)[:, :64]


@per_batch
def looks_for_the_network(batch, embed):
    import torch
    found = [o for o in gc.get_objects() if type(o).__name__ in ("Backbone", "Vault", "Dataset")]
    assert not found, found


@per_batch
def wraps_a_layer(batch, embed):
    import torch
    embed._backbone.trunk = torch.nn.Sequential(embed._backbone.trunk)


@per_batch
def batch_norm_statistics(batch, embed):
    for name, buffer in embed._backbone.named_buffers():
        buffer.add_(1)


@per_batch
def weights_through_data(batch, embed):
    embed._backbone.head.weight.data.mul_(2)


@per_batch
def hook_on_optimizers(batch, embed):
    from torch.optim.optimizer import register_optimizer_step_post_hook
    register_optimizer_step_post_hook(lambda *a: None)


@kind()
class Rate_of_its_own(Base):
    def __init__(self):
        import torch
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, batch, embed):
        for found in [o for o in gc.get_objects() if type(o).__name__ == "Adam"]:
            for group in found.param_groups:
                group["lr"] = 10.0
        return self.scale * super().forward(batch, embed)


@per_batch
def mutated_protocol(batch, embed):
    for rules in [o for o in gc.get_objects() if type(o).__name__ == "Protocol"]:
        rules.training.__dict__["steps"] = 1000
        rules.selection.__dict__["every"] = 1


@kind()
class Backward_of_its_own(Base):
    def forward(self, batch, embed):
        super().forward(batch, embed).backward()
        return super().forward(batch, embed)


@per_batch
def gradients_out_of_turn(batch, embed):
    embed._channel.send("gradient", {"which": [0], "of_loss": True}, [batch.inputs], number=1)


@per_batch
def words_of_its_own(batch, embed):
    embed._channel.send("score", {"map_at_r": 1.0})


@per_batch
def frame_without_end(batch, embed):
    embed._channel._line.sendall(b"\\xff\\xff\\xff\\xff")


@per_batch
def answers_before_it_is_asked(batch, embed):
    embed._channel.send("done", value=0.5)


@per_batch
def counts_that_are_none(batch, embed):
    embed._channel.send("done", number=-1)


@kind()
class Gradients_that_are_not_finite(Base):
    def forward(self, batch, embed):
        import torch
        loss = super().forward(batch, embed)
        loss.register_hook(lambda gradient: gradient * float("nan"))
        return loss


@per_batch
def writes_to_what_others_share(batch, embed):
    import mmap
    for name in os.listdir("/proc/self/fd"):
        try:
            os.pwrite(int(name), bytes(1 << 20), 0)
        except OSError:
            pass
    for line in open("/proc/self/maps"):
        if "memfd" in line and "w" in line.split()[1] and line.split()[1].endswith("p"):
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            ctypes.memset(start, 0, min(end - start, 1 << 12))


@per_batch
def noise_on_the_line(batch, embed):
    embed._channel._line.sendall(b"\\x04\\x00\\x00\\x00" + bytes(16) + b"nope")


@kind()
class Declines_what_it_took(Base):
    def forward(self, batch, embed):
        send = embed._channel.send

        def lie(word, facts=None, *rest, **others):
            send(word, {**(facts or {}), **({"declined": True} if word == "done" else {})},
                 *rest, **others)

        if batch.step == 2:
            embed._channel.send = lie
        return super().forward(batch, embed)


@per_batch
def declines_what_nobody_offered(batch, embed):
    embed._channel.send("copy", {"declined": True})


@per_batch
def looks_and_declines(batch, embed):
    if embed._ahead is not None:
        assert len(embed._ahead.told.outputs) == 1
        batch.inputs.mul_(1)


@per_batch
def gradients_of_what_it_declined(batch, embed):
    if embed._ahead is not None:
        outputs = embed._ahead.told.outputs
        batch.inputs.mul_(1)
        embed._channel.send("embed", {"wanted": ["features"], **embed.decline()}, [batch.inputs])
        embed._channel.receive()
        facts = {"which": [0], "of_loss": True}
        embed._channel.send("gradient", facts, [outputs[0]], number=0)


@per_batch
def gives_back_what_it_was_not_lent(batch, embed):
    embed._channel._borrowed.returned.append(1 << 20)


@per_batch
def gives_back_what_it_still_reads(batch, embed):
    embed._channel._borrowed.returned.extend([*embed._channel._borrowed._held])


@per_batch
def array_beyond_the_memory(batch, embed):
    import json, struct
    place = ["float32", [1 << 50, 8], 0, False]
    frame = json.dumps(["embed", {"wanted": ["embeddings"]}, [place], []]).encode()
    embed._channel._line.sendall(struct.pack("<Iqd", len(frame), 1, 0.0) + frame)


@per_batch
def shrinks_the_memory(batch, embed):
    for name in os.listdir("/proc/self/fd"):
        try:
            os.ftruncate(int(name), 0)
        except OSError:
            pass


@kind(labels="none", batch="uniform")
class Labels_that_it_declared_not_to_see(Objective):
    def prepare(self, view, embed):
        part = view._part
        assert not bool((part.labels >= 0).any())
        assert part.groups is None and not len(part.positions)
        raise RuntimeError("nothing to read")


@per_batch
def patched_selection(batch, embed):
    import harness.scoring, harness.training.loop as loop, harness.execution.run as run
    loop.map_at_r = harness.scoring.map_at_r = lambda *a, **k: 1.0
    run.score_part = lambda *a, **k: (_ for _ in ()).throw(SystemExit)


@per_batch
def slow_clock(batch, embed):
    now = time.perf_counter()
    time.perf_counter = lambda: now
    time.sleep(0.05)
    for counts in [o for o in gc.get_objects() if type(o).__name__ == "Counts"]:
        counts.images_embedded = 0


@per_batch
def asks_for_test_data(batch, embed):
    from harness.data.embedded import load_digits
    try:
        load_digits()
    except BaseException:
        pass


@per_batch
def asks_for_what_test_data_are_made_of(batch, embed):
    from harness.data import embedded
    try:
        embedded._read(embedded._data_file())
    except BaseException:
        pass


@per_batch
def interrupts(batch, embed):
    raise KeyboardInterrupt


@per_batch
def exits_by_exception(batch, embed):
    raise SystemExit(0)


class Mute(Exception):
    def __str__(self):
        raise RuntimeError


@per_batch
def error_without_text(batch, embed):
    raise Mute


@per_batch
def text_that_steers(batch, embed):
    raise ValueError("\\udcff\\x00\\x1b[31m\\u202e\\nline" + "x" * 30_000_000)


@per_batch
def kind_of_its_own(batch, embed):
    from harness.training import RunFailure
    failure = type("Odd", (RunFailure,), {"kind": "lazy"})
    raise failure("odd")


@per_batch
def exits(batch, embed):
    os._exit(0)


@per_batch
def kills_itself(batch, embed):
    os.kill(os.getpid(), signal.SIGKILL)


@per_batch
def kills_its_group(batch, embed):
    os.killpg(0, signal.SIGKILL)


@per_batch
def kills_its_parent(batch, embed):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


@per_batch
def closes_its_line(batch, embed):
    os.closerange(0, 64)


@per_batch
def closes_its_streams(batch, embed):
    sys.stdout.close()
    sys.stderr.close()


@per_batch
def changes_its_folder(batch, embed):
    os.chdir("/")
    os.environ.clear()
    sys.path.clear()


@per_batch
def thread_without_end(batch, embed):
    threading.Thread(target=time.sleep, args=(3600,)).start()


@per_batch
def leaves_a_process(batch, embed):
    if os.fork() == 0:
        os.setsid()
        time.sleep(3600)


@kind()
class Computes_in_a_process_of_nobody(Base):
    def prepare(self, view, embed):
        done, mine = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            start = time.process_time()
            while time.process_time() < start + 0.8:
                sum(range(1000))
            os.write(mine, b"x")
            os._exit(0)
        os.wait()
        os.read(done, 1)


@per_batch
def prints_without_end(batch, embed):
    print("[1/1] honest: MAP@R 1.000\\x1b[2J" * 100_000)


@per_batch
def leaks(batch, embed):
    import torch
    torch.Tensor.kept = torch.ones(30_000_000)


@per_batch
def switches(batch, embed):
    import torch
    torch.set_num_threads(3)
    torch.backends.mkldnn.enabled = False
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(True, warn_only=True)
    sys.setrecursionlimit(10_000)
    gc.disable()


@per_batch
def leaves_its_line_to_a_child(batch, embed):
    if os.fork() == 0:
        os.setsid()
        time.sleep(3600)
    os._exit(0)


@per_batch
def another_thing_on_its_line(batch, embed):
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, embed._channel._line.fileno())


@per_batch
def a_thread_that_talks_too(batch, embed):
    def talk():
        for _ in range(50):
            embed._channel.send("embed", {"wanted": ("features",), "dropped": ()}, [batch.inputs])
    threading.Thread(target=talk, daemon=True).start()
    time.sleep(0.05)


@per_batch
def facts_of_odd_types(batch, embed):
    facts = {"wanted": ("embeddings",), "dropped": 5}
    embed._channel.send("embed", facts, [batch.inputs], number=1)


@per_batch
def a_failure_of_odd_types(batch, embed):
    embed._channel.send("failed", {"kind": ["x"], "message": {"a": [1]}, "traceback": 5})


@per_batch
def the_copy_without_end(batch, embed):
    for _ in range(40):
        embed._channel.send("copy")
        message = embed._channel.receive()
        embed.__dict__.setdefault("kept", []).append(message)


@kind()
class Keeps_every_batch(Base):
    def forward(self, batch, embed):
        self.__dict__.setdefault("all", []).append((batch.inputs, batch.indices))
        embeddings = embed(batch.inputs)
        self.all.append(embeddings)
        return super().forward(batch, lambda x: embeddings)


@per_batch
def inputs_of_odd_kinds(batch, embed):
    import torch
    for inputs in (batch.inputs.double(), batch.inputs[:0], batch.inputs[0], batch.inputs.long(),
                   torch.zeros(()), torch.zeros(1, 1, 1, 1, 1, 1, 1, 1), batch.inputs.to_sparse()):
        try:
            with torch.no_grad():
                embed(inputs)
        except (RuntimeError, ValueError, TypeError):
            pass


@per_batch
def inputs_that_are_not_finite(batch, embed):
    import torch
    with torch.no_grad():
        embed(batch.inputs * float("nan"))


@per_batch
def a_loss_larger_than_floats(batch, embed):
    embed._channel.send("done", value=1e300)


@per_batch
def a_number_beyond(batch, embed):
    facts = {"wanted": ("embeddings",), "dropped": ()}
    embed._channel.send("embed", facts, [batch.inputs], number=(1 << 63) - 1)


@per_batch
def a_word_of_megabytes(batch, embed):
    embed._channel.send("x" * (1 << 19))


@per_batch
def raises_the_limits(batch, embed):
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))


@per_batch
def many_images_at_a_time(batch, embed):
    import torch
    with torch.no_grad():
        embed(batch.inputs[:1].expand(100_000, *batch.inputs.shape[1:]))


@per_batch
def images_of_any_size(batch, embed):
    import torch
    embed(torch.zeros(1, batch.inputs.shape[1], 4000, 4000))


@kind()
class Graphs_without_end(Base):
    def forward(self, batch, embed):
        kept = [embed(batch.inputs * 1) for _ in range(1000)]
        return sum(one.square().sum() for one in kept)


@per_batch
def arrays_that_lie_in_one_place(batch, embed):
    import json, struct
    place = ["float32", [1 << 28], 0, False]
    frame = json.dumps(["gradient", {"which": [0]}, [place] * 4000, []]).encode()
    embed._channel._line.sendall(struct.pack("<Iqd", len(frame), 1, 0.0) + frame)


@per_batch
def a_patched_json(batch, embed):
    import json
    json.dumps = lambda *a, **k: "[]"
    json.loads = lambda *a, **k: 1/0


@per_batch
def a_patched_autograd(batch, embed):
    import torch
    torch.Tensor.backward = torch.autograd.backward = lambda *a, **k: None


@kind()
class Parameters_given_to_the_optimizer(Base):
    def __init__(self):
        import torch
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, batch, embed):
        import torch
        for found in [o for o in gc.get_objects() if type(o).__name__ == "Adam"]:
            found.add_param_group({"params": [torch.nn.Parameter(torch.ones(3))], "lr": 3.0})
        return self.scale * super().forward(batch, embed)


@per_batch
def words_of_validation(batch, embed):
    embed._channel.send("selected", {"step": 1, "map_at_r": 1.0})


@per_batch
def a_group_of_errors(batch, embed):
    raise BaseExceptionGroup("\x1b[2J", [KeyboardInterrupt("\x07"), SystemExit(0)])


class Hidden(type):
    @property
    def __name__(cls):
        raise RuntimeError


class Nameless(Exception, metaclass=Hidden):
    pass


@per_batch
def an_error_without_a_name(batch, embed):
    raise Nameless


@per_batch
def hooks_of_the_interpreter(batch, embed):
    import atexit
    atexit.register(os._exit, 0)
    sys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)
    sys.settrace(lambda *a: None)


@per_batch
def rings_an_alarm(batch, embed):
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    time.sleep(1)


@hookimpl
def bench_methods():
    return list(KINDS.values())
'''

HONEST = "scores as its network does"
OUTCOMES = {
    "hook-at-evaluation": HONEST,
    "forward-of-the-instance": HONEST,
    "hook-on-every-module": HONEST,
    "patched-class": HONEST,
    "looks-for-the-network": HONEST,
    "wraps-a-layer": "tampered",
    "batch-norm-statistics": "tampered",
    "weights-through-data": "tampered",
    "hook-on-optimizers": "tampered",
    "rate-of-its-own": "tampered",
    "mutated-protocol": HONEST,
    "backward-of-its-own": "tampered",
    "gradients-out-of-turn": "tampered",
    "words-of-its-own": "tampered",
    "frame-without-end": "tampered",
    "answers-before-it-is-asked": "died or crashed",  # by who is quicker
    "counts-that-are-none": "tampered",
    "gradients-that-are-not-finite": "diverged",
    "writes-to-what-others-share": HONEST,
    "noise-on-the-line": "tampered",
    "declines-what-it-took": "tampered",
    "declines-what-nobody-offered": "tampered",
    "looks-and-declines": HONEST,
    "gradients-of-what-it-declined": "tampered",
    "gives-back-what-it-was-not-lent": "tampered",
    "gives-back-what-it-still-reads": "done",  # it spoils its own batches alone
    "array-beyond-the-memory": "tampered",
    "shrinks-the-memory": HONEST,
    "labels-that-it-declared-not-to-see": "crashed",
    "patched-selection": HONEST,
    "slow-clock": HONEST,
    "asks-for-test-data": "sealed",
    "asks-for-what-test-data-are-made-of": "sealed",
    "interrupts": "crashed",
    "exits-by-exception": "crashed",
    "error-without-text": "crashed",
    "text-that-steers": "crashed",
    "kind-of-its-own": "crashed",
    "exits": "died",
    "kills-itself": "died",
    "kills-its-group": "died",
    "kills-its-parent": "died",
    "closes-its-line": "died",
    "closes-its-streams": HONEST,
    "changes-its-folder": HONEST,
    "thread-without-end": HONEST,
    "leaves-a-process": HONEST,
    "computes-in-a-process-of-nobody": HONEST,
    "prints-without-end": HONEST,
    "leaks": HONEST,
    "switches": "done",
    "leaves-its-line-to-a-child": "died",
    "another-thing-on-its-line": "died",
    "a-thread-that-talks-too": "died or tampered or crashed or bad-loss",  # by who is quicker
    "facts-of-odd-types": "tampered",
    "a-failure-of-odd-types": "crashed",
    "the-copy-without-end": "tampered",
    "keeps-every-batch": HONEST,
    "inputs-of-odd-kinds": HONEST,
    "inputs-that-are-not-finite": "diverged",
    "a-loss-larger-than-floats": "diverged",
    "a-number-beyond": "tampered",
    "a-word-of-megabytes": "tampered",
    "raises-the-limits": HONEST,
    "many-images-at-a-time": "out-of-memory",
    "images-of-any-size": "out-of-memory",
    "graphs-without-end": "out-of-memory",
    "arrays-that-lie-in-one-place": "out-of-memory",
    "a-patched-json": "tampered",
    "a-patched-autograd": "bad-loss",
    "parameters-given-to-the-optimizer": "tampered",
    "words-of-validation": "tampered",
    "a-group-of-errors": "crashed",
    "an-error-without-a-name": "died",
    "hooks-of-the-interpreter": HONEST,
    "rings-an-alarm": "died",
}
SHORT = [
    "training.steps=4",
    "training.steps_per_epoch=2",
    "training.batch_size=8",
    "training.samples_per_class=2",
    "selection.every=2",
    'training.compositions=["balanced", "uniform"]',
]


class Arena:
    """Runs the methods of the plugin one after the other on the tiny data."""

    def __init__(self, path: Path, dataset: Any) -> None:
        self._registry = load_registry([path])
        self._registry.metrics.clear()
        protocol = load_protocol("smoke", overrides=SHORT)
        # What is proved is proved without a sandbox, which not every system has.
        cpu = torch.device("cpu")
        self._bench = Bench(self._registry, protocol, dataset, cpu, sandbox=False)

    def run(self, name: str) -> Record:
        registered = self._registry.method(name)
        entrant = Entrant(registered, registered.method.defaults(), "default")
        digest = self._bench.dataset.digest
        plan = make_plan(self._bench.protocol, digest, [entrant], seeds=1)
        return execute(plan.runs[0], self._bench)[0]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory, tiny_dataset: Any) -> Arena:
    path = tmp_path_factory.mktemp("plugin") / "hostile.py"
    path.write_text(PLUGIN)
    return Arena(path, tiny_dataset)


@pytest.fixture(scope="module")
def honest(arena: Arena) -> Record:
    record = arena.run("honest")
    assert record.state == "done", record.reason
    return record


@pytest.mark.parametrize("name", OUTCOMES)
def test_nothing_is_believed_that_the_core_did_not_see(
    name: str, arena: Arena, honest: Record
) -> None:
    folder = os.getcwd()
    record = arena.run(name)
    outcome = OUTCOMES[name]
    if outcome in (HONEST, "done"):
        assert record.state == "done", record.reason
        assert record.audit is not None
        assert honest.audit is not None
        assert record.audit.images_embedded == honest.audit.images_embedded
        assert record.audit.steps == 4
    if outcome == HONEST:
        assert (record.scores, record.selected) == (honest.scores, honest.selected)
        assert record.test_digest == honest.test_digest
    elif outcome != "done":
        assert record.reason is not None
        assert record.state == "failed"
        assert record.reason.kind in outcome.split(" or "), record.reason.message
        assert len(record.reason.message) <= 500
        assert record.reason.message.isprintable()
    assert os.getcwd() == folder
    if name == "slow-clock":
        assert record.audit is not None
        assert record.audit.training_seconds > 4 * 0.05
    if name == "computes-in-a-process-of-nobody":
        assert record.audit is not None
        assert record.audit.processor_seconds is not None
        assert record.audit.processor_seconds > 0.8
    assert Record.model_validate_json(record.sealed()) == record


def test_who_runs_after_all_of_them_is_not_touched(arena: Arena, honest: Record) -> None:
    again = arena.run("honest")
    assert (again.scores, again.selected, again.init_digest, again.batches_digest) == (
        honest.scores,
        honest.selected,
        honest.init_digest,
        honest.batches_digest,
    )


def test_every_kind_of_the_plugin_is_tried(arena: Arena) -> None:
    assert set(arena._registry.methods) >= set(OUTCOMES)
    own = {n for n, m in arena._registry.methods.items() if m.distribution.startswith("file:")}
    assert own == {*OUTCOMES, "honest"}


def test_the_docs_say_how_many_were_tried() -> None:
    told = (Path(__file__).parents[2] / "docs" / "fairness.md").read_text()
    assert f"\n| {len(OUTCOMES)} | 0 | 0 |\n" in told
