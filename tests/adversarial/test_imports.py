"""Whatever a plugin does to the process that imports it, the session does not notice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.registry import Registered, Registry, asking, load_registry

Write = Callable[..., Path]

ENDS = {
    "exits": ("import os\nos._exit(0)\n", "its process exited with code 0"),
    "exits with a code": ("import os\nos._exit(7)\n", "its process exited with code 7"),
    "is killed": ("import os, signal\nos.kill(os.getpid(), 9)\n", "was ended by SIGKILL"),
    "crashes": ("import ctypes\nctypes.string_at(0)\n", "was ended by SIGSEGV"),
    "is interrupted": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "leaves": ("import sys\nsys.exit('no licence')\n", "SystemExit: no licence"),
    "raises what has no text": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd\n",
        "Odd: its text cannot be had",
    ),
    "raises surrogates": (
        "raise ValueError('\\udcff \\x1b[31m')\n",
        r"ValueError: \udcff \x1b[31m",
    ),
    "raises 30 MB": ("raise ValueError('y' * 30_000_000)\n", "yyy [...]"),
    "closes every stream": ("import os\nos.closerange(0, 256)\n", "failed to import: "),
    "answers for itself": (
        "import os\n[os.write(fd, b'[1]') for fd in range(3, 64) if _open(fd)]\nos._exit(0)\n",
        "failed to import: ",
    ),
}
OPEN = """
def _open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
"""


@pytest.mark.parametrize("kind", ENDS)
def test_an_import_that_ends_its_process_is_one_line(kind: str, plugin: Write) -> None:
    code, reason = ENDS[kind]
    path = plugin("import os\n" + OPEN + code)
    with pytest.raises(UserError) as raised:
        load_registry([path])
    line = str(raised.value)
    assert line.startswith(f"--plugin {path}: failed to import: ")
    assert reason in line
    assert len(line) < 1200
    assert line.isprintable()


def test_an_import_that_hangs_is_one_line(plugin: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.5)
    with pytest.raises(UserError, match=r"failed to import: it takes longer than 0\.5 s$"):
        load_registry([plugin("import time\ntime.sleep(3600)\n")])


def test_an_import_that_computes_without_end_is_one_line(
    plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SECONDS", 0.5)
    with pytest.raises(UserError, match=r"failed to import: it takes longer than 0\.5 s$"):
        load_registry([plugin("while True:\n    pass\n")])


@pytest.mark.parametrize(
    ("elapsed", "waited", "ended"),
    [(50, 0, False), (70, 0, True), (300, 250, False), (300, 200, True), (700, 690, True)],
)
def test_an_import_is_not_charged_for_time_that_others_had_the_processor_within_reason(
    elapsed: float, waited: float, ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "kept_waiting", lambda _: waited)
    assert bool(asking._too_long(os.getpid(), time.monotonic() - elapsed)) == ended


SPIN = """
import os, time
from harness.registry.asking import kept_waiting
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
print(kept_waiting(os.getpid()), flush=True)
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
print(kept_waiting(os.getpid()))
"""


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell")
def test_two_processes_on_one_processor_keep_each_other_waiting() -> None:
    spinning = [
        subprocess.Popen([sys.executable, "-c", SPIN], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [[float(line) for line in one.communicate()[0].split()] for one in spinning]
    assert all(after >= before for before, after in said)
    assert max(after - before for before, after in said) > 0.05


def test_a_declaration_without_end_is_one_line(
    plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="it declares more than"):
        load_registry([plugin(last="SUMMARY = 'y' * 2000\n" + LONG)])


LONG = """
@hookimpl
def bench_methods():
    return [loss_method("bad", lambda: None, summary=SUMMARY, reference="unpublished")]
"""

MEDDLES = """
import os, sys, warnings, threading, time, signal, random
print("printed")
print("printed", file=sys.stderr)
os.chdir("/")
os.environ["OMP_NUM_THREADS"] = "64"
os.umask(0o777)
sys.path.clear()
sys.setrecursionlimit(80)
signal.signal(signal.SIGINT, signal.SIG_IGN)
warnings.simplefilter("error")
import harness
harness.Method.point = None
import harness.registry
harness.registry.Registry.method = None
threading.Thread(target=lambda: time.sleep(3600)).start()
sys.path.extend({path!r})
"""


def test_what_a_plugin_does_to_its_process_is_gone_with_it(
    plugin: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    def state() -> tuple[object, ...]:
        mask = os.umask(0o022)
        os.umask(mask)
        own = (os.getcwd(), dict(os.environ), list(sys.path), mask)
        return (*own, sys.getrecursionlimit(), threading.active_count())

    before = state()
    registry = load_registry([plugin(MEDDLES.format(path=sys.path))])
    assert state() == before
    assert registry.method("bad").method.point({}) == {}
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("unfenced")
def test_a_session_never_imports_a_plugin(plugin: Write, tmp_path: Path) -> None:
    pid = str(tmp_path / "pid")
    path = plugin(f"import os, pathlib\npathlib.Path({pid!r}).write_text(str(os.getpid()))\n")
    load_registry([path])
    assert int((tmp_path / "pid").read_text()) != os.getpid()
    assert "bench_plugin_bad" not in sys.modules


def test_one_broken_plugin_takes_no_other_with_it(plugin: Write, install_two: None) -> None:
    registry = load_registry()
    assert "sound" in registry.methods
    assert len(registry.problems) == 1


SOUND = """
from harness import hookimpl, loss_method

@hookimpl
def bench_methods():
    return [loss_method("sound", lambda: None, summary="s", reference="r")]
"""


@pytest.fixture
def install_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two distributions: one that is sound, one that kills its process."""
    found: list[metadata.EntryPoint] = []
    for name, code in (("sound", SOUND), ("broken", "import os\nos._exit(0)\n")):
        (tmp_path / f"{name}_plugin.py").write_text(code)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bench]\n{name} = {name}_plugin\n")
        found += metadata.PathDistribution(info).entry_points
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("harness.registry._entry_points", lambda: found)


NAMES = {
    "long": "m-" + "x" * 300,
    "coloured": "\\x1b[31mred",
    "turned": "\\u202egnp",
    "a path": "../../etc",
    "two lines": "a\\nb",
    "markup": "<img src=x>",
    "empty": "",
    "a surrogate": "\\udcff",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_that_cannot_be_shown_is_refused(kind: str, plugin: Write) -> None:
    offer = (
        "from harness import Metric\n@hookimpl\ndef bench_metrics():\n"
        f'    return [Metric(name="{NAMES[kind]}", compute=len, summary="s")]\n'
    )
    with pytest.raises(UserError) as raised:
        load_registry([plugin(last=offer)])
    assert "bench_metrics: the name" in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300


def test_texts_are_cut_and_escaped(plugin: Write) -> None:
    evil = "\\x1b[31mred\\x1b[0m | cell |\\n## heading \\u202egnp " + "y" * 30_000_000
    code = LONG.replace(
        "summary=SUMMARY", f'summary="{evil[:60]}" + "y" * 3_000_000, family="\\x07"'
    )
    method = load_registry([plugin(last=code)]).method("bad").method
    assert len(method.summary) <= 500
    assert method.summary.isprintable()
    assert method.family == r"\x07"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("summary=3", "summary must be a str, not int"),
        ("summary=object()", "summary is a object"),
        ("members=True", "members must be a int, not bool"),
        ("requires=['x']", "requires must be a mapping, not tuple"),
        ("batch='none'", "batch 'none'"),
        ("space={'margin': 3}", "margin must be a Float, Int or Choice"),
    ],
)
def test_a_declaration_of_another_kind_is_one_line(change: str, wrong: str, plugin: Write) -> None:
    # What the class itself refuses is forced past it.
    code = f"""
from harness import Method
@hookimpl
def bench_methods():
    method = Method(name="bad", build=print, summary="s", reference="r")
    for name, value in dict({change}).items():
        object.__setattr__(method, name, value)
    return [method]
"""
    with pytest.raises(UserError) as raised:
        load_registry([plugin(last=code)])
    assert wrong in str(raised.value)


def test_functions_are_references_that_import_where_they_are_called(plugin: Write) -> None:
    registry: Registry = load_registry([plugin("import os\nPID = os.getpid()\n")])
    found: Registered[object] = registry.method("bad")
    assert type(registry.method("bad").method.build).__name__ == "Reference"
    assert found.origin.asked_for
