"""Whatever is wrong with an installed plugin is one line with its distribution and version.

And nothing else is lost by it: each test has a sound plugin installed beside the broken one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.registry import Registry, load_registry

Install = Callable[..., Path]

MARGIN = """
from harness import Float, hookimpl, loss_method

def build(margin):
    raise AssertionError("loading a plugin builds nothing")

sound = loss_method("{name}", build, margin=Float(0, 1, 0.1), summary="s", reference="r")

@hookimpl
def bench_methods():
    return [sound]
"""
ALLOWED = (
    "(allowed: bench_methods, bench_datasets, bench_backbones, bench_metrics, "
    "bench_executors, bench_run_started, bench_run_finished)"
)


def a_method(name: str) -> str:
    """A plugin that lists one method."""
    return MARGIN.format(name=name)


@pytest.fixture(autouse=True)
def sound(install: Install) -> Iterator[None]:
    """A plugin without a fault, which must survive whatever is installed beside it."""
    install(
        a_method("sound"), distribution="zenith", version="3.2", plugin="zenith", package="zenith"
    )
    yield
    assert "sound" in load_registry().methods


def only_problem() -> str:
    problems = load_registry().problems
    assert len(problems) == 1, problems
    assert "\n" not in problems[0]
    return problems[0]


def test_a_method_is_registered_with_its_distribution_and_version() -> None:
    found = load_registry().method("sound")
    assert (found.distribution, found.version) == ("zenith", "3.2")
    assert found.method.name == "sound"


def test_a_sound_plugin_is_no_problem() -> None:
    assert load_registry().problems == []


def test_the_core_comes_in_by_the_same_door() -> None:
    registry = load_registry()
    assert registry.dataset("glyphs").distribution == "metric-learning-bench"
    assert registry.backbone("convnet-small").distribution == "metric-learning-bench"


def test_an_unknown_hook_is_named_with_the_nearest(install: Install) -> None:
    install("from harness import hookimpl\n@hookimpl\ndef bench_metods():\n    return []\n")
    assert only_problem() == (
        "plugin 'acme-losses' (acme 1.0): unknown hook 'bench_metods'; "
        f"did you mean 'bench_methods'? {ALLOWED}"
    )


def test_a_hook_without_the_mark_is_named(install: Install) -> None:
    install("def bench_methods():\n    return []\n")
    assert only_problem() == (
        "plugin 'acme-losses' (acme 1.0): bench_methods lacks the mark @harness.hookimpl"
    )


def test_a_list_in_place_of_a_hook_is_named(install: Install) -> None:
    install("bench_methods = []\n")
    assert "bench_methods lacks the mark" in only_problem()


def test_a_plugin_without_a_hook_is_named(install: Install) -> None:
    install("def bench_method():\n    return []\n")
    assert only_problem() == f"plugin 'acme-losses' (acme 1.0): implements no hook {ALLOWED}"


def test_a_plugin_may_import_a_package_that_is_named_as_a_hook(
    install: Install,
) -> None:
    site = install("import bench_metrics\n" + a_method("mine"))
    (site / "bench_metrics.py").write_text("")
    assert load_registry().problems == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("raise SystemExit('needs a licence')", "SystemExit: needs a licence"),
        ("raise SystemExit", "SystemExit"),
    ],
)
def test_a_plugin_that_fails_to_import_is_named(source: str, wrong: str, install: Install) -> None:
    install(source)
    line = only_problem()
    assert line.startswith(f"plugin 'acme-losses' (acme 1.0): failed to import: {wrong}")


@pytest.mark.parametrize("target", ["acme_plugin:absent", "acme_plugin.absent", "not a module"])
def test_an_entry_point_that_leads_nowhere_is_named(target: str, install: Install) -> None:
    install("", target=target)
    assert only_problem().startswith("plugin 'acme-losses' (acme 1.0): failed to import: ")


def test_an_entry_point_may_name_an_object(install: Install) -> None:
    install(
        "from harness import hookimpl\n"
        "class Plugin:\n"
        "    @hookimpl\n"
        "    def bench_methods(self):\n"
        "        return []\n"
        "plugin = Plugin()\n",
        target="acme_plugin:plugin",
    )
    assert load_registry().problems == []


def test_a_hook_with_an_argument_that_nobody_gives_is_named(install: Install) -> None:
    install(
        "from harness import hookimpl\n@hookimpl\ndef bench_metrics():\n    return [1]\n"
        "@hookimpl\ndef bench_run_started(run):\n    pass\n"
    )
    line = only_problem()
    assert line.startswith("plugin 'acme-losses' (acme 1.0): PluginValidationError: ")
    assert "bench_run_started(run)" in line


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("raise ValueError('out of paper')", "raised ValueError: out of paper"),
        ("raise SystemExit(3)", "raised SystemExit: 3"),
        ("pass", "raised TypeError: 'NoneType' object is not iterable"),
        ("return ['triplet']", "must list Method objects, not str"),
    ],
)
def test_a_hook_that_fails_is_named(body: str, wrong: str, install: Install) -> None:
    install(f"from harness import hookimpl\n@hookimpl\ndef bench_methods():\n    {body}\n")
    assert only_problem() == f"plugin 'acme-losses' (acme 1.0): bench_methods {wrong}"


@pytest.mark.parametrize(
    ("hook", "kind"),
    [
        ("bench_datasets", "DatasetSource"),
        ("bench_backbones", "BackboneSource"),
        ("bench_metrics", "Metric"),
    ],
)
def test_every_listing_hook_checks_what_it_lists(hook: str, kind: str, install: Install) -> None:
    install(f"from harness import hookimpl\n@hookimpl\ndef {hook}():\n    return [3]\n")
    assert only_problem().endswith(f": {hook} must list {kind} objects, not int")


def test_a_name_that_is_no_text_is_named(install: Install) -> None:
    install(
        "from harness import hookimpl\nfrom harness.hookspecs import Metric\n"
        "@hookimpl\ndef bench_metrics():\n"
        "    return [Metric(name=['a'], compute=len, summary='s')]\n"
    )
    assert only_problem().endswith("(acme 1.0): bench_metrics: the name ['a'] is not a text")


@pytest.mark.parametrize(
    "name", ["map_at_r", "NMI", "r-precision", "seconds", "accuracy_loss", "AMI_gap", "recall_at_3"]
)
def test_a_metric_that_is_called_as_one_of_the_cores_is_refused(
    name: str, install: Install
) -> None:
    install(
        "from harness import hookimpl\nfrom harness.hookspecs import Metric\n"
        "@hookimpl\ndef bench_metrics():\n"
        f"    return [Metric(name={name!r}, compute=len, summary='s', higher_is_better=False)]\n"
    )
    wrong = f"bench_metrics: '{name}': boards have metrics or columns of that name; give it another"
    assert only_problem().endswith(wrong)


def test_what_else_a_hook_lists_is_kept(install: Install) -> None:
    install(a_method("mine").replace("return [sound]", "return [sound, 3]"))
    registry = load_registry()
    assert len(registry.problems) == 1
    assert registry.method("mine").distribution == "acme"


def two_distributions(install: Install, **same: str) -> Registry:
    """Two distributions that differ but in what is given."""
    for name, version in (("acme", "1.0"), ("bolt", "2.0")):
        own = {"plugin": name, "package": f"{name}_plugin", "source": a_method(name)} | same
        install(own.pop("source"), distribution=name, version=version, **own)
    return load_registry()


def test_two_plugins_of_one_name_are_both_left_out(install: Install) -> None:
    registry = two_distributions(install, plugin="losses")
    assert registry.problems == [
        "two plugins are named 'losses': acme 1.0 and bolt 2.0; neither is loaded (uninstall one)"
    ]
    assert not {"acme", "bolt"} & set(registry.methods)


def test_two_methods_of_one_name_are_both_left_out(install: Install) -> None:
    registry = two_distributions(install, source=a_method("ring"))
    assert registry.problems == [
        "two methods are named 'ring': by acme 1.0 and bolt 2.0; neither is used "
        "(rename or uninstall one)"
    ]
    assert "ring" not in registry.methods


def test_one_package_under_two_plugin_names_is_loaded_once(install: Install) -> None:
    site = install(a_method("mine"))
    entries = site / "acme-1.0.dist-info" / "entry_points.txt"
    entries.write_text(entries.read_text() + "again = acme_plugin\n")
    registry = load_registry()
    assert registry.problems == ["plugin 'again' (acme 1.0): is loaded already"]
    assert "mine" in registry.methods


def test_one_distribution_twice_on_the_path_is_no_conflict(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install(a_method("mine"))
    monkeypatch.syspath_prepend(f"{site}/../{site.name}")
    registry = load_registry()
    assert registry.problems == []
    assert "mine" in registry.methods


def test_of_two_versions_on_the_path_the_first_counts(install: Install) -> None:
    install(a_method("mine"), version="1.0")
    install(a_method("mine"), version="1.1")
    registry = load_registry()
    assert registry.problems == []
    assert registry.method("mine").version == "1.1"
