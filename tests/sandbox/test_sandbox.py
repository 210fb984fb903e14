"""What a plugin's process may open and reach: tried from inside, with the sandbox and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import sandbox
from harness.apart.helping import ObserverApart
from harness.apart.trunk import TrunkApart
from harness.errors import UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, make_plan
from harness.execution.run import execute
from harness.protocol import load_protocol
from harness.record import Record
from harness.registry import Registry, load_registry
from harness.testing import make_record
from harness.training import PluginFailed

needs_a_sandbox = pytest.mark.skipif(bool(sandbox.lacking()), reason=sandbox.lacking() or "there")

PLUGIN = """
import ctypes, os, resource, shutil, signal, socket, subprocess, tempfile, threading
from harness import Method, Metric, Objective, hookimpl

SECRET = {secret!r}
FOLDER = os.path.dirname(SECRET)
PARENT = os.getppid()
LIBC = ctypes.CDLL(None, use_errno=True)
ACTS = []


def act(function):
    ACTS.append(function)
    return function


def call(number, *arguments):
    if LIBC.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


@act
def reads_a_file():
    open(SECRET).read()

@act
def reads_it_by_another_way():
    open("/proc/self/root" + SECRET).read()

@act
def reads_it_through_a_link():
    link = os.path.join(tempfile.mkdtemp(), "link")
    os.symlink(SECRET, link)
    open(link).read()

@act
def reads_it_by_a_hard_link():
    link = os.path.join(tempfile.mkdtemp(), "link")
    os.link(SECRET, link)
    open(link).read()

@act
def reads_it_by_another_program():
    subprocess.run(["cat", SECRET], check=True, capture_output=True)

@act
def reads_it_in_a_thread():
    read = []
    thread = threading.Thread(target=lambda: read.append(open(SECRET).read()))
    hook, threading.excepthook = threading.excepthook, lambda *a: None
    thread.start()
    thread.join()
    threading.excepthook = hook
    if not read:
        raise OSError

@act
def reads_it_in_a_child():
    pid = os.fork()
    if pid == 0:
        try:
            open(SECRET).read()
            os._exit(0)
        except OSError:
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise OSError

@act
def lists_a_folder():
    os.listdir(FOLDER)

@act
def writes_beside_it():
    open(os.path.join(FOLDER, "written"), "w").close()

@act
def appends_to_it():
    open(SECRET, "a").close()

@act
def appends_to_itself():
    open(__file__, "a").close()

@act
def appends_to_the_core():
    import harness
    open(harness.__file__, "a").close()

@act
def opens_the_memory_of_its_parent():
    open(f"/proc/{{PARENT}}/mem", "rb").close()

@act
def reads_the_memory_of_its_parent():
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    if LIBC.process_vm_readv(PARENT, vector, 1, vector, 1, 0) < 0:
        raise OSError

@act
def reads_the_environment_of_its_parent():
    open(f"/proc/{{PARENT}}/environ", "rb").read()

@act
def takes_a_descriptor_of_its_parent():
    call(438, os.pidfd_open(PARENT), 1, 0)

@act
def signals_its_parent():
    os.kill(PARENT, 0)

@act
def signals_its_parent_by_a_descriptor():
    signal.pidfd_send_signal(os.pidfd_open(PARENT), 0)

@act
def limits_its_parent():
    resource.prlimit(PARENT, resource.RLIMIT_CPU)

@act
def holds_its_parent_up():
    os.setpriority(os.PRIO_PROCESS, PARENT, os.getpriority(os.PRIO_PROCESS, PARENT))

def moves_its_parent_to_one_processor():
    before = os.sched_getaffinity(os.getppid())
    os.sched_setaffinity(os.getppid(), {{min(before)}})
    moved = os.sched_getaffinity(os.getppid()) != before
    os.sched_setaffinity(os.getppid(), before)
    if not moved:
        raise OSError

if len(os.sched_getaffinity(0)) > 1:
    act(moves_its_parent_to_one_processor)

@act
def opens_a_socket_of_the_network():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()

@act
def opens_a_socket_with_a_path():
    socket.socket(socket.AF_UNIX).close()

@act
def shares_memory_by_name():
    name = "/dev/shm/bench-test-" + str(os.getpid())
    open(name, "w").close()
    os.unlink(name)

@act
def shares_memory_by_number():
    number = LIBC.shmget(0, 4096, 0o600)
    if number < 0:
        raise OSError
    LIBC.shmctl(number, 0, None)


def found_open():
    found = []
    for one in ACTS:
        try:
            one()
        except (OSError, subprocess.CalledProcessError):
            continue
        found.append(one.__name__)
    return found


def works_inside():
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("kept while it runs")
    assert os.path.expanduser("~").startswith(tempfile.gettempdir())
    subprocess.run(["true"], check=True)
    socket.socketpair()
    here = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {{here}})
    assert os.sched_getaffinity(0) == {{here}}
    import sklearn.linear_model, xml.dom.minidom
    os.makedirs(os.path.expanduser("~/closed"))
    open(os.path.expanduser("~/closed/file"), "w").close()
    os.chmod(os.path.expanduser("~/closed"), 0)


class Tries(Objective):
    def forward(self, batch, embed):
        if batch.step == 1:
            found = found_open()
            if found:
                closed = {{one.__name__ for one in ACTS}} - {{*found}}
                raise ValueError(f"closed: {{' '.join(closed)}}; open: {{' '.join(found)}}")
            works_inside()
        return embed(batch.inputs).square().sum()


class Stumbles(Objective):
    def forward(self, batch, embed):
        open(SECRET)


class SharesMemory(Objective):
    def forward(self, batch, embed):
        batch.inputs.share_memory_()


class LosesTheCause(Objective):
    def forward(self, batch, embed):
        try:
            open(SECRET)
        except OSError as error:
            raise ValueError("no settings") from error


class Fails(Objective):
    def forward(self, batch, embed):
        raise ValueError("no settings")


def metric(embeddings, labels):
    return float(len(found_open()))


@hookimpl
def bench_methods():
    return [
        Method(name=name, build=lambda h, c, kind=kind: kind(), summary="s", reference="none")
        for name, kind in (
            ("tries", Tries),
            ("stumbles", Stumbles),
            ("shares-memory", SharesMemory),
            ("loses-the-cause", LosesTheCause),
            ("fails", Fails),
        )
    ]


@hookimpl
def bench_metrics():
    return [Metric(name="openings", compute=metric, higher_is_better=False, summary="s")]


@hookimpl
def bench_run_finished(record):
    raise ValueError(" ".join(found_open()) or "all closed")
"""
SHORT = ["training.steps=2", "training.batch_size=8", "selection.every=2"]


class Yard:
    """A plugin that tries everything, and a file that is none of its business."""

    def __init__(self, folder: Path, dataset: Any) -> None:
        (folder / "elsewhere").mkdir()
        self.secret = folder / "elsewhere" / "secret"
        self.secret.write_text("test labels")
        path = folder / "tries.py"
        path.write_text(PLUGIN.format(secret=str(self.secret)))
        self.registry = load_registry([path])
        self.dataset = dataset

    def run(self, name: str, *, fenced: bool, registry: Registry | None = None) -> Record:
        registry = registry or self.registry
        protocol = load_protocol("smoke", overrides=SHORT)
        bench = Bench(registry, protocol, self.dataset, torch.device("cpu"), sandbox=fenced)
        registered = registry.method(name)
        entrant = Entrant(registered, registered.method.defaults(), "default")
        plan = make_plan(protocol, self.dataset.digest, [entrant], seeds=1)
        return execute(plan.runs[0], bench)[0]


@pytest.fixture(scope="module", autouse=True)
def _nothing_else_installed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.registry._entry_points", list)
        yield


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, tiny_dataset: Any) -> Yard:
    return Yard(tmp_path_factory.mktemp("yard"), tiny_dataset)


@pytest.fixture(autouse=True)
def _chosen() -> Any:
    yield
    sandbox.choose(None)


@needs_a_sandbox
def test_a_method_in_the_sandbox_opens_nothing_and_reaches_nobody(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of its own: in the system's are the folders of runs beside this one.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    record = yard.run("tries", fenced=True)
    assert record.state == "done", record.reason
    assert record.environment["sandbox"].startswith("landlock ")
    assert record.scores is not None
    assert record.scores.extra["openings"] == 0.0
    assert not list(tmp_path.glob("bench-*"))


def test_without_it_every_one_of_these_is_open(yard: Yard) -> None:
    record = yard.run("tries", fenced=False)
    assert record.reason is not None
    assert record.environment["sandbox"] == "none"
    found = record.reason.message.partition("; open: ")[0].removeprefix("ValueError: closed: ")
    # A system may be closed further, or have no such call.
    assert {*found.split()} <= {"takes_a_descriptor_of_its_parent", *_MEMORY_OF_ITS_PARENT}


_MEMORY_OF_ITS_PARENT = {
    "opens_the_memory_of_its_parent",
    "reads_the_memory_of_its_parent",
    "reads_the_environment_of_its_parent",
}


@needs_a_sandbox
@pytest.mark.parametrize(
    ("name", "told"),
    [("stumbles", True), ("shares-memory", True), ("loses-the-cause", True), ("fails", False)],
)
def test_who_stumbles_over_it_is_told(yard: Yard, name: str, told: bool) -> None:
    record = yard.run(name, fenced=True)
    assert record.reason is not None
    assert record.reason.kind == "crashed"
    closed = record.reason.message.endswith("(closed by the sandbox; --no-sandbox runs without)")
    assert closed == told


MAPPED = """
import importlib.util, sys
from pathlib import Path
from harness import Method, Objective, hookimpl

PACKAGE = {package!r}


class Finder:
    # As setuptools makes one for an editable install: its folder is on no path.
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "mapped":
            return None
        places = [PACKAGE]
        return importlib.util.spec_from_file_location(
            name, PACKAGE + "/__init__.py", submodule_search_locations=places
        )


sys.meta_path.append(Finder)
import mapped.late


class Imports(Objective):
    def forward(self, batch, embed):
        assert [path.name for path in Path(PACKAGE).glob("data/*.txt")] == ["words.txt"]
        return embed(batch.inputs).square().sum() * mapped.late.FACTOR


@hookimpl
def bench_methods():
    return [Method(name="tries", build=lambda h, c: Imports(), summary="s", reference="none")]
"""


@needs_a_sandbox
def test_a_package_whose_folder_is_on_no_path_is_found_inside(yard: Yard, tmp_path: Path) -> None:
    package = tmp_path / "source" / "named_otherwise"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "late.py").write_text("FACTOR = 2.0")
    (package / "data" / "words.txt").touch()
    path = tmp_path / "plugin" / "imports.py"
    path.parent.mkdir()
    path.write_text(MAPPED.format(package=str(package)))
    record = yard.run("tries", fenced=True, registry=load_registry([path]))
    assert record.state == "done", record.reason


@pytest.mark.parametrize(("asked", "said"), [(True, "all closed"), (None, "reads_a_file")])
@needs_a_sandbox
def test_an_observer_is_in_it_where_it_is_asked_for(
    yard: Yard, caplog: pytest.LogCaptureFixture, asked: bool | None, said: str
) -> None:
    sandbox.choose(asked)
    (origin,) = yard.registry.observers
    observer = ObserverApart(origin)
    observer.tell("bench_run_finished", make_record())
    observer.end()
    assert f"ValueError: {said}" in caplog.text


IMPORTED = """
import os
from harness import hookimpl, loss_method
{act}
@hookimpl
def bench_methods():
    return [loss_method("writes", lambda: None, summary="s", reference="unpublished")]
"""


@needs_a_sandbox
@pytest.mark.parametrize(
    "act",
    [
        "open({path!r}, 'w').close()",
        "os.kill(os.getppid(), 0)",
        "__import__('socket').socket()",
        "open(f'/proc/{{os.getppid()}}/mem')",
    ],
)
def test_what_a_plugin_does_when_it_is_imported_is_inside_too(tmp_path: Path, act: str) -> None:
    path, written = tmp_path / "writes.py", tmp_path / "written"
    path.write_text(IMPORTED.format(act=act.format(path=str(written))))
    with pytest.raises(UserError, match="PermissionError"):
        load_registry([path])
    assert not written.exists()
    sandbox.choose(False)
    assert "writes" in load_registry([path]).methods


@needs_a_sandbox
def test_a_trunk_is_inside_too(tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "trunk.py"
    secret.write_text("x")
    path.write_text(TRUNK.format(secret=str(secret)))
    rule = load_protocol("smoke", overrides=["backbone.name=reads"]).backbone
    source = load_registry([path]).backbone("reads").item
    with pytest.raises(PluginFailed, match="PermissionError"):
        TrunkApart(source, rule, (1, 8, 8))
    sandbox.choose(False)
    assert TrunkApart(source, rule, (1, 8, 8)).feature_size == 4


TRUNK = """
from harness import BackboneSource, Trunk, hookimpl

class Reads(Trunk):
    feature_size = 4

def build(shape):
    open({secret!r}).close()
    return Reads()

@hookimpl
def bench_backbones():
    return [BackboneSource(name="reads", build=build, summary="s")]
"""


def test_where_the_system_has_none_it_is_said_and_refused_if_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "lacking", lambda: "this system has no Landlock")
    sandbox.choose(None)
    assert (sandbox.in_force(), sandbox.described()) == (False, "none")
    assert sandbox.absent() == "plugins run without a sandbox: this system has no Landlock"
    sandbox.choose(False)
    assert (sandbox.in_force(), sandbox.absent()) == (False, "")
    sandbox.choose(True)
    for ask in (sandbox.require, sandbox.in_force):
        with pytest.raises(UserError, match="--sandbox: this system has no Landlock"):
            ask()


def test_on_a_card_it_must_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "lacking", str)
    sandbox.choose(None, card=True)
    assert not sandbox.in_force()
    assert "not tried with cards" in sandbox.absent()
    sandbox.choose(True, card=True)
    assert sandbox.in_force()


@needs_a_sandbox
def test_it_is_not_entered_where_another_thread_would_stay_outside() -> None:
    import threading

    stop = threading.Event()
    threading.Thread(target=stop.wait, daemon=True).start()
    fence = sandbox.listing_fence()
    try:
        with pytest.raises(RuntimeError, match="second thread"):
            fence.enter()
    finally:
        fence.remove()
        stop.set()


def test_what_a_process_left_is_removed_whatever_it_did_to_it() -> None:
    fence = sandbox.listing_fence()
    inner = Path(fence.folder) / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").touch()
    (inner / "link").symlink_to("/etc")
    inner.chmod(0)
    inner.parent.chmod(0)
    fence.remove()
    assert not Path(fence.folder).exists()
    assert Path("/etc").exists()
