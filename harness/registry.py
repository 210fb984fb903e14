"""Loading plugins, strictly: nothing is skipped in silence and nothing is preferred by luck."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import pluggy

from harness import API, hookspecs
from harness.errors import UserError, nearest, unknown
from harness.extension import BackboneSource, DatasetSource, Executor, Metric
from harness.method import Method
from harness.plugin_source import package_root, source_digest

PROJECT = "bench"
CORE_DISTRIBUTION = "metric-learning-bench"

LISTING_HOOKS: Mapping[str, type[Any]] = {
    "bench_methods": Method,
    "bench_datasets": DatasetSource,
    "bench_backbones": BackboneSource,
    "bench_metrics": Metric,
    "bench_executors": Executor,
}

T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from: its name, distribution, version, and the code it is.

    `asked_for`: whether it is a file that a person named with `--plugin`.
    """

    plugin: str
    distribution: str
    version: str
    root: Path | None
    asked_for: bool = False

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    @cached_property
    def source(self) -> str:
        """sha256 over the plugin's Python files, first 12 digits.

        It stands in a run's identity beside the version, so that an edited plugin that kept its
        version number is not mistaken for the one whose results are stored.
        """
        return source_digest(self.root)


@dataclass(frozen=True)
class Registered(Generic[T]):
    """Something a plugin listed, and the plugin it came from."""

    item: T
    origin: Origin

    @property
    def distribution(self) -> str:
        """Name of the distribution it came from."""
        return self.origin.distribution

    @property
    def version(self) -> str:
        """Version of that distribution."""
        return self.origin.version


@dataclass(frozen=True)
class RegisteredMethod(Registered[Method]):
    """A method and the plugin it came from."""

    @property
    def method(self) -> Method:
        """The method itself."""
        return self.item


@dataclass
class Registry:
    """Everything that plugins offer, by name, and a line for each thing that is wrong."""

    methods: dict[str, RegisteredMethod] = field(default_factory=dict)
    datasets: dict[str, Registered[DatasetSource]] = field(default_factory=dict)
    backbones: dict[str, Registered[BackboneSource]] = field(default_factory=dict)
    metrics: dict[str, Registered[Metric]] = field(default_factory=dict)
    executors: dict[str, Registered[Executor]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(PROJECT))

    def method(self, name: str) -> RegisteredMethod:
        """Look a method up; UserError with nearest name and what failed to load, if unknown."""
        return self._look_up("method", name, self.methods)

    def dataset(self, name: str) -> Registered[DatasetSource]:
        """Look a dataset up, the one that `NAME+CORRUPTION` is made from; UserError if unknown."""
        return self._look_up("dataset", name.partition("+")[0], self.datasets)

    def backbone(self, name: str) -> Registered[BackboneSource]:
        """Look a backbone up, or the one that SOURCE:NAME names; UserError if unknown."""
        source, colon, rest = name.partition(":")
        registered = self._look_up("backbone", source if colon else name, self.backbones)
        if not colon:
            return registered
        if registered.item.member is None:
            raise UserError(f"backbone '{name}': '{source}' is one network, not a library of them")
        return Registered(registered.item.member(rest), registered.origin)

    def executor(self, name: str) -> Registered[Executor]:
        """Look an executor up; UserError with the nearest name if unknown."""
        return self._look_up("executor", name, self.executors)

    def report(self, origin: Origin, what: str) -> None:
        """Note what is wrong with a plugin; UserError if a person asked for it by `--plugin`."""
        line = f"plugin '{origin.plugin}' ({origin}): {what}"
        if origin.asked_for:
            raise UserError(line)
        self.problems.append(line)

    def _look_up(self, kind: str, name: str, known: Mapping[str, T]) -> T:
        if name in known:
            return known[name]
        error = unknown(kind, name, known)
        broken = "".join(f"; note: {problem}" for problem in self.problems)
        raise UserError(f"{error}{broken}")


def load_registry(plugin_files: Sequence[Path] = ()) -> Registry:
    """Import every plugin and collect what it lists.

    A plugin that is broken adds a line to `problems`; a file named in `plugin_files` was asked
    for by name, so a broken one raises UserError.
    """
    registry = Registry()
    registry.manager.add_hookspecs(hookspecs)
    for origin, plugin in _installed(registry):
        _register(registry, origin, plugin)
    for path in plugin_files:
        _register(registry, _file_origin(path), _import_file(path))
    _collect(registry)
    return registry


def _installed(registry: Registry) -> Iterable[tuple[Origin, Any]]:
    """Import the entry points, in the order of distribution and name."""
    from harness import builtin

    core = Origin("core", CORE_DISTRIBUTION, core_version(), Path(builtin.__file__).parent)
    yield core, builtin
    found: dict[str, list[tuple[Origin, metadata.EntryPoint]]] = {}
    for entry in _entry_points():
        dist = entry.dist
        assert dist is not None
        root = package_root(entry.value.partition(":")[0])
        origin = Origin(entry.name, dist.name, dist.version, root)
        found.setdefault(entry.name, []).append((origin, entry))
    for name, claims in sorted(found.items(), key=lambda item: item[1][0][0].distribution):
        if len(claims) > 1:
            owners = " and ".join(str(origin) for origin, _ in claims)
            registry.problems.append(
                f"two plugins are named '{name}': {owners}; neither is loaded (uninstall one)"
            )
            continue
        origin, entry = claims[0]
        try:
            plugin = entry.load()
        except (Exception, SystemExit) as error:
            registry.report(origin, f"failed to import: {one_line(error)}")
        else:
            yield origin, plugin


def _entry_points() -> list[metadata.EntryPoint]:
    """Entry points of the group, each once even if its folder is twice on the path."""
    unique: dict[tuple[str, str, str], metadata.EntryPoint] = {}
    for entry in metadata.entry_points(group=PROJECT):
        assert entry.dist is not None
        unique.setdefault((entry.dist.name, entry.name, entry.value), entry)
    return sorted(unique.values(), key=lambda e: (e.dist.name if e.dist else "", e.name))


def core_version() -> str:
    """Version of the installed core."""
    try:
        return metadata.version(CORE_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0+unknown"


def _file_origin(path: Path) -> Origin:
    return Origin(path.stem, f"file:{path.name}", "0", path, asked_for=True)


def _import_file(path: Path) -> ModuleType:
    """Import a plugin file; UserError if it is none or fails."""
    if not path.is_file():
        raise UserError(f"--plugin {path}: no such file")
    spec = importlib.util.spec_from_file_location(f"bench_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"--plugin {path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise UserError(f"--plugin {path}: failed to import: {one_line(error)}") from error
    return module


def _register(registry: Registry, origin: Origin, plugin: Any) -> None:
    """Hand one plugin to pluggy, after checking what pluggy lets pass."""
    manager = registry.manager
    key = f"{origin.distribution}:{origin.plugin}"
    loaded = key in registry.origins or manager.is_registered(plugin)
    fault = "is loaded already" if loaded else _fault(manager, plugin)
    if fault is not None:
        registry.report(origin, fault)
        return
    try:
        manager.register(plugin, name=key)
    except pluggy.PluginValidationError as error:
        # pluggy before 1.7 keeps the hooks that it read before the one at fault.
        if manager.is_registered(plugin):
            manager.unregister(plugin)
        registry.report(origin, one_line(error))
        return
    registry.origins[key] = origin


def _fault(manager: pluggy.PluginManager, plugin: Any) -> str | None:
    """What pluggy would pass over in silence: an unknown hook, one without the mark, or none."""
    if (wanted := getattr(plugin, "BENCH_API", API)) != API:
        return f"is written for API {wanted!r} of the benchmark; this one has API {API}"
    known = [name for name in vars(hookspecs) if name.startswith("bench_")]
    allowed = f"(allowed: {', '.join(known)})"
    found = False
    for name in dir(plugin):
        if manager.parse_hookimpl_opts(plugin, name) is not None:
            if name not in known:
                return f"unknown hook '{name}'{nearest(name, known)} {allowed}"
            found = True
        elif name in known and not _is_import(name, inspect.getattr_static(plugin, name, None)):
            return f"{name} lacks the mark @harness.hookimpl"
    return None if found else f"implements no hook {allowed}"


def _is_import(name: str, value: object) -> bool:
    """Whether a plugin has a hook's name because it imported a package or the specification."""
    return inspect.ismodule(value) or value is getattr(hookspecs, name)


def _collect(registry: Registry) -> None:
    for hook, kind in LISTING_HOOKS.items():
        named: dict[str, list[Registered[Any]]] = {}
        for implementation in getattr(registry.manager.hook, hook).get_hookimpls():
            origin = registry.origins[implementation.plugin_name]
            for item in _listed(registry, hook, kind, implementation.function, origin):
                wrap = RegisteredMethod if kind is Method else Registered
                named.setdefault(item.name, []).append(wrap(item, origin))
        _keep_unambiguous(registry, hook.removeprefix("bench_"), named)


def _listed(
    registry: Registry, hook: str, kind: type[Any], function: Any, origin: Origin
) -> list[Any]:
    try:
        items = list(function())
    except (Exception, SystemExit) as error:
        registry.report(origin, f"{hook} raised {one_line(error)}")
        return []
    good = []
    for item in items:
        if not isinstance(item, kind):
            wrong = f"must list {kind.__name__} objects, not {type(item).__name__}"
            registry.report(origin, f"{hook} {wrong}")
        elif not isinstance(item.name, str):
            registry.report(origin, f"{hook}: the name {item.name!r} is not a text")
        else:
            good.append(item)
    return good


def _keep_unambiguous(registry: Registry, what: str, named: dict[str, list[Any]]) -> None:
    target: dict[str, Any] = getattr(registry, what)
    for name, claims in named.items():
        if len(claims) == 1:
            target[name] = claims[0]
            continue
        owners = " and ".join(str(claim.origin) for claim in claims)
        registry.problems.append(
            f"two {what} are named '{name}': by {owners}; neither is used (rename or uninstall one)"
        )


def one_line(error: BaseException) -> str:
    """An error's type and text, whatever lines its text has."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
