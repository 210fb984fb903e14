"""Loading plugins, strictly: nothing is skipped in silence and nothing is preferred by luck."""

from __future__ import annotations

import hashlib
import importlib
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

from harness import hookspecs
from harness.errors import UserError, nearest, unknown
from harness.extension import BackboneSource, DatasetSource, Metric
from harness.method import Method

PROJECT = "bench"
CORE_DISTRIBUTION = "metric-learning-bench"

LISTING_HOOKS: Mapping[str, type] = {
    "bench_methods": Method,
    "bench_datasets": DatasetSource,
    "bench_backbones": BackboneSource,
    "bench_metrics": Metric,
}

T = TypeVar("T")


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from: its name, distribution, version, and the code it is."""

    plugin: str
    distribution: str
    version: str
    root: Path | None

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"

    @cached_property
    def source(self) -> str:
        """sha256 over the plugin's Python files, first 12 digits.

        It stands in a run's identity beside the version, so that an edited plugin that kept its
        version number is not mistaken for the one whose results are stored.
        """
        digest = hashlib.sha256()
        for path in _python_files(self.root):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:12]


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
    problems: list[str] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(PROJECT))

    def method(self, name: str) -> RegisteredMethod:
        """Look a method up; UserError with nearest name and what failed to load, if unknown."""
        return self._look_up("method", name, self.methods)

    def dataset(self, name: str) -> Registered[DatasetSource]:
        """Look a dataset up; UserError with the nearest name if unknown."""
        return self._look_up("dataset", name, self.datasets)

    def backbone(self, name: str) -> Registered[BackboneSource]:
        """Look a backbone up; UserError with the nearest name if unknown."""
        return self._look_up("backbone", name, self.backbones)

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
    for origin, plugin in _installed(registry.problems):
        _register(registry, origin, plugin)
    for path in plugin_files:
        before = len(registry.problems)
        origin = _file_origin(path)
        module = _import_file(path, registry.problems)
        if module is not None:
            _register(registry, origin, module)
        if len(registry.problems) > before:
            raise UserError(registry.problems[-1])
    _collect(registry)
    return registry


def _installed(problems: list[str]) -> Iterable[tuple[Origin, ModuleType]]:
    """Import the entry points, in the order of distribution and name."""
    from harness import builtin

    core = Origin("core", CORE_DISTRIBUTION, _core_version(), Path(builtin.__file__).parent)
    yield core, builtin
    found: dict[str, list[tuple[Origin, metadata.EntryPoint]]] = {}
    for entry in _entry_points():
        dist = entry.dist
        assert dist is not None
        origin = Origin(entry.name, dist.name, dist.version, _package_root(entry.module))
        found.setdefault(entry.name, []).append((origin, entry))
    for name, claims in sorted(found.items(), key=lambda item: item[1][0][0].distribution):
        if len(claims) > 1:
            owners = " and ".join(str(origin) for origin, _ in claims)
            problems.append(
                f"two plugins are named '{name}': {owners}; neither is loaded (uninstall one)"
            )
            continue
        origin, entry = claims[0]
        try:
            module = importlib.import_module(entry.module)
            plugin = entry.load() if entry.attr else module
        except (Exception, SystemExit) as error:
            problems.append(f"plugin '{name}' ({origin}) failed to import: {_one_line(error)}")
        else:
            yield origin, plugin


def _entry_points() -> list[metadata.EntryPoint]:
    """Entry points of the group, each once even if its folder is twice on the path."""
    unique: dict[tuple[str, str, str], metadata.EntryPoint] = {}
    for entry in metadata.entry_points(group=PROJECT):
        assert entry.dist is not None
        unique.setdefault((entry.dist.name, entry.name, entry.value), entry)
    return sorted(unique.values(), key=lambda e: (e.dist.name if e.dist else "", e.name))


def _core_version() -> str:
    try:
        return metadata.version(CORE_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0+unknown"


def _file_origin(path: Path) -> Origin:
    return Origin(path.stem, f"file:{path.name}", "0", path)


def _import_file(path: Path, problems: list[str]) -> ModuleType | None:
    if not path.is_file():
        problems.append(f"--plugin {path}: no such file")
        return None
    spec = importlib.util.spec_from_file_location(f"bench_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        problems.append(f"--plugin {path}: not a Python file")
        return None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        problems.append(f"plugin {path} failed to import: {_one_line(error)}")
        return None
    return module


def _register(registry: Registry, origin: Origin, plugin: Any) -> None:
    """Hand one plugin to pluggy, after checking what pluggy lets pass."""
    manager, problems = registry.manager, registry.problems
    known = [name for name in vars(hookspecs) if name.startswith("bench_")]
    for name, function in inspect.getmembers(plugin, callable):
        marked = manager.parse_hookimpl_opts(plugin, name) is not None
        if marked and name not in known:
            problems.append(
                f"plugin '{origin.plugin}' ({origin}): unknown hook '{name}'"
                f"{nearest(name, known)} (allowed: {', '.join(known)})"
            )
            return
        if name in known and not marked and function is not getattr(hookspecs, name):
            problems.append(
                f"plugin '{origin.plugin}' ({origin}): {name} lacks the mark @harness.hookimpl"
            )
            return
    key = f"{origin.distribution}:{origin.plugin}"
    try:
        manager.register(plugin, name=key)
    except (ValueError, pluggy.PluginValidationError) as error:
        problems.append(f"plugin '{origin.plugin}' ({origin}): {_one_line(error)}")
        return
    registry.origins[key] = origin


def _collect(registry: Registry) -> None:
    for hook, kind in LISTING_HOOKS.items():
        named: dict[str, list[Registered[Any]]] = {}
        for implementation in getattr(registry.manager.hook, hook).get_hookimpls():
            origin = registry.origins[implementation.plugin_name]
            for item in _listed(registry, hook, kind, implementation.function, origin):
                wrap = RegisteredMethod if kind is Method else Registered
                named.setdefault(item.name, []).append(wrap(item, origin))
        _keep_unambiguous(registry, hook.removeprefix("bench_"), named)


def _listed(registry: Registry, hook: str, kind: type, function: Any, origin: Origin) -> list[Any]:
    where = f"plugin '{origin.plugin}' ({origin}): {hook}"
    try:
        items = list(function())
    except (Exception, SystemExit) as error:
        registry.problems.append(f"{where} raised {_one_line(error)}")
        return []
    good = [item for item in items if isinstance(item, kind)]
    for item in items:
        if not isinstance(item, kind):
            registry.problems.append(
                f"{where} must list {kind.__name__} objects, not {type(item).__name__}"
            )
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


def _package_root(module: str) -> Path | None:
    """Folder or file of a module's top-level package, without importing it."""
    try:
        spec = importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin)
    return path.parent if path.name == "__init__.py" else path


def _python_files(root: Path | None) -> list[Path]:
    if root is None:
        return []
    return sorted(root.rglob("*.py")) if root.is_dir() else [root]


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
