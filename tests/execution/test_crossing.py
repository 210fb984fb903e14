"""What goes to another process as bytes comes back as the same run, or as a clear line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from harness.errors import UserError
from harness.execution.crossing import pack, plugin_files, unpack
from harness.registry import RegisteredMethod, load_registry

PLUGIN = """
from harness import Method, hookimpl

@hookimpl
def bench_methods():
    return [Method(name="mine", build=print, summary="s", reference="r", trained=False)]
"""


@pytest.fixture
def there(bench, planned, spread):
    """A run of a method whose closure cannot be pickled, on a bench that knows it."""
    return planned(spread), bench


def test_a_run_arrives_with_its_identity_and_the_method_found_there(there):
    run, bench = there
    arrived = unpack(pack(run), bench.registry, bench.dataset)
    assert arrived.identity == run.identity
    assert arrived.entrant == run.entrant
    assert arrived.entrant.registered is bench.registry.methods["spread"]


def test_a_bench_takes_neither_its_data_nor_its_registry_along(there):
    _, bench = there
    packed = pack(bench)
    assert len(packed) < 10_000 < bench.dataset.inputs.nbytes + 10_000
    arrived = unpack(packed, bench.registry, bench.dataset)
    assert arrived.dataset is bench.dataset
    assert arrived.registry is bench.registry
    assert arrived.protocol == bench.protocol


def test_a_method_that_the_other_side_lacks_is_one_line(there):
    run, bench = there
    packed = pack(run)
    with pytest.raises(UserError, match="unknown method 'spread'"):
        unpack(packed, load_registry(), bench.dataset)


def test_a_method_whose_code_changed_meanwhile_is_refused(there):
    run, bench = there
    packed = pack(run)
    registered = bench.registry.methods["spread"]
    edited = dataclasses.replace(registered.origin, root=Path(__file__))
    bench.registry.methods["spread"] = RegisteredMethod(registered.method, edited)
    with pytest.raises(UserError, match="changed since the session began"):
        unpack(packed, bench.registry, bench.dataset)


def test_plugin_files_are_told_by_their_whole_path_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.py", "a.py"):
        Path(name).write_text(PLUGIN.replace('"mine"', f'"of-{name[0]}"'))
    registry = load_registry([Path("b.py"), Path("a.py")])
    assert plugin_files(registry) == (tmp_path / "b.py", tmp_path / "a.py")
