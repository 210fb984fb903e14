"""Plugins: what they offer, as data, loaded strictly: nothing is skipped in silence.

A session never imports a plugin. Each is imported by a child, which says what it declares as data;
its functions are references that import it where they are called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from harness import hookspecs
from harness.errors import UserError, one_line, plain, unknown
from harness.hookspecs import BackboneSource, DatasetSource, Executor, Metric
from harness.registry.asking import Failed, ask, ask_all
from harness.registry.declarations import (
    LONGEST_LINE,
    MOST_ITEMS,
    Refused,
    from_data,
    member_from_data,
)
from harness.registry.files import SourceFile, files_of, find_root, is_foreign
from harness.registry.importing import (
    LISTING_HOOKS,
    OBSERVING_HOOKS,
    PROJECT,
    Reference,
    confine,
    item,
    read,
)
from harness.registry.origin import Origin, Registered, RegisteredMethod

__all__ = [
    "CORE_DISTRIBUTION",
    "LISTING_HOOKS",
    "PROJECT",
    "Origin",
    "Reference",
    "Registered",
    "RegisteredMethod",
    "Registry",
    "confine",
    "core_registry",
    "core_version",
    "item",
    "load_registry",
    "one_line",
]


CORE_DISTRIBUTION = "metric-learning-bench"
_MEMBER = "harness.registry.child:member"

T = TypeVar("T")


@dataclass
class Registry:
    """Everything that plugins offer, by name, and a line for each thing that is wrong.

    `observers`: the plugins that implement observing hooks; `manager` holds the observers that the
    program itself registers.
    """

    methods: dict[str, RegisteredMethod] = field(default_factory=dict)
    datasets: dict[str, Registered[DatasetSource]] = field(default_factory=dict)
    backbones: dict[str, Registered[BackboneSource]] = field(default_factory=dict)
    metrics: dict[str, Registered[Metric]] = field(default_factory=dict)
    executors: dict[str, Registered[Executor]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    observers: list[Origin] = field(default_factory=list)

    @cached_property
    def manager(self) -> pluggy.PluginManager:
        """The hooks that observe runs."""
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(hookspecs)
        return manager

    def method(self, name: str) -> RegisteredMethod:
        """Look a method up; UserError with nearest name and what failed to load, if unknown."""
        return self._look_up("method", name, self.methods)

    def require_methods(self, names: Iterable[str]) -> None:
        """Raise UserError with every name that is no method's."""
        missing = [name for name in names if name not in self.methods]
        if missing:
            raise self._unknown("method", missing, self.methods)

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
        if isinstance(registered.item.member, Reference):
            said = ask(registered.origin, _MEMBER, closed=True, name=source, rest=rest)
            try:
                return member_from_data(said["backbone"], source, rest, registered.origin)
            except Refused as refused:
                raise UserError(f"({registered.origin}) {refused}") from None
        return Registered(registered.item.member(rest), registered.origin)

    def executor(self, name: str) -> Registered[Executor]:
        """Look an executor up; UserError with the nearest name if unknown."""
        return self._look_up("executor", name, self.executors)

    def report(self, origin: Origin, what: str) -> None:
        """Note what is wrong with a plugin; UserError if a person asked for it by `--plugin`."""
        line = f"plugin '{plain(origin.plugin, 60)}' ({origin}): {what}"
        if origin.asked_for:
            raise UserError(line)
        self.problems.append(line)

    def _look_up(self, kind: str, name: str, known: Mapping[str, T]) -> T:
        if name in known:
            return known[name]
        raise self._unknown(kind, name, known)

    def _unknown(self, kind: str, name: str | list[str], known: Iterable[str]) -> UserError:
        broken = "".join(f"; note: {problem}" for problem in self.problems)
        return UserError(f"{unknown(kind, name, known)}{broken}")


def load_registry(plugin_files: Sequence[Path] = ()) -> Registry:
    """Have every plugin imported by a child of its own, and collect what it declares.

    A plugin that is broken adds a line to `problems`; a file named in `plugin_files` was asked
    for by name, so a broken one raises UserError.
    """
    registry = core_registry()
    origins = [*_installed(registry), *(_file_origin(path) for path in plugin_files)]
    chosen = list(_once(registry, origins))
    offers: list[tuple[str, Registered[Any]]] = []
    for origin, said in zip(chosen, ask_all(chosen), strict=True):
        offers += _declared(registry, origin, said)
    _keep_unambiguous(registry, offers)
    return registry


def core_registry() -> Registry:
    """What the core itself offers, and no plugin."""
    from harness import builtin

    registry = Registry()
    root = Path(builtin.__file__).parent
    core = Origin("core", CORE_DISTRIBUTION, core_version(), root)
    registry.origins[core.key] = core
    for hook, items in read(builtin).listed.items():
        wrap = RegisteredMethod if hook == "bench_methods" else Registered
        _offered(registry, hook).update({n: wrap(item, core) for n, item in items.items()})
    return registry


def _offered(registry: Registry, hook: str) -> dict[str, Any]:
    found: dict[str, Any] = getattr(registry, hook.removeprefix("bench_"))
    return found


def _installed(registry: Registry) -> Iterator[Origin]:
    """The entry points, in the order of distribution and name; of one name there is none."""
    found: dict[str, list[Origin]] = {}
    for entry in _entry_points():
        assert entry.dist is not None
        root = find_root(entry.value.partition(":")[0].strip())
        origin = Origin(
            plugin=entry.name,
            distribution=entry.dist.name,
            version=entry.dist.version,
            root=None if root is None else root.path.absolute(),
            entry=entry.value,
            module="" if root is None else root.name,
        )
        found.setdefault(entry.name, []).append(origin)
    for name, claims in sorted(found.items(), key=lambda item: item[1][0].distribution):
        if len(claims) > 1:
            owners = " and ".join(str(origin) for origin in claims)
            registry.problems.append(
                f"two plugins are named '{name}': {owners}; neither is loaded (uninstall one)"
            )
            continue
        yield claims[0]


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
    if path.is_dir():
        raise UserError(f"--plugin {path}: is a folder: give a FILE.py, or install the project")
    if not path.is_file():
        raise UserError(f"--plugin {path}: no such file")
    if path.suffix != ".py":
        raise UserError(f"--plugin {path}: not a Python file")
    return Origin(
        plugin=path.stem,
        distribution=f"file:{path.name}",
        version="0",
        root=path.absolute(),
        asked_for=True,
        module=f"bench_plugin_{path.stem}",
    )


def _once(registry: Registry, origins: Sequence[Origin]) -> Iterator[Origin]:
    """Each plugin once; its own files are digested before any of them runs."""
    roots = set[tuple[str, str]]()
    for origin in origins:
        same = (str(origin.root), origin.entry)
        if origin.key in registry.origins or (origin.root is not None and same in roots):
            registry.report(origin, "is loaded already")
            continue
        roots.add(same)
        registry.origins[origin.key] = origin
        yield replace(origin, files=files_of(origin.root))


def _declared(
    registry: Registry, origin: Origin, said: Mapping[str, Any] | Failed
) -> Iterator[tuple[str, Registered[Any]]]:
    """What a plugin offers, by hook; what is wrong with it is reported."""
    if isinstance(said, Failed):
        del registry.origins[origin.key]
        if origin.asked_for and said.importing:
            raise UserError(f"--plugin {origin.root}: {said.line}")
        registry.report(origin, said.line)
        return
    origin = _as_imported(origin, said)
    registry.origins[origin.key] = origin
    if set(_texts(said, "observes")) & set(OBSERVING_HOOKS):
        registry.observers.append(origin)
    for problem in _texts(said, "problems"):
        registry.report(origin, plain(problem, LONGEST_LINE))
    for hook in LISTING_HOOKS:
        for data in _listed(said, hook):
            try:
                if not isinstance(data, dict):
                    raise Refused(f"{hook}: {type(data).__name__} is no declaration")
                yield hook, from_data(data, hook, origin)
            except Refused as refused:
                registry.report(origin, str(refused))


def _as_imported(origin: Origin, said: Mapping[str, Any]) -> Origin:
    """The origin with the foreign files that were imported beside its own, and where from."""
    own = {file.path for file in origin.files or ()}
    ran = []
    for file in _listed(said, "files"):
        if isinstance(file, list) and len(file) == len(_FILE) and all(map(_is_text, file)):
            found = SourceFile(*file)
            if found.path not in own and is_foreign(found.path):
                ran.append(found)
    return replace(origin, files=(*(origin.files or ()), *ran), path=_texts(said, "path") or None)


_FILE = ("place", "path", "sha256")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _texts(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(filter(_is_text, _listed(said, key)))


def _listed(said: Mapping[str, Any], key: str) -> list[Any]:
    found = said.get(key)
    return found[: 10 * MOST_ITEMS] if isinstance(found, list) else []


def _keep_unambiguous(registry: Registry, offers: Sequence[tuple[str, Registered[Any]]]) -> None:
    for hook in LISTING_HOOKS:
        what, target = hook.removeprefix("bench_"), _offered(registry, hook)
        named = {name.casefold(): [offer] for name, offer in target.items()}
        for offered_by, offer in offers:
            if offered_by == hook:
                named.setdefault(offer.item.name.casefold(), []).append(offer)
        target.clear()
        for claims in named.values():
            name = claims[0].item.name
            if len(claims) == 1:
                target[name] = claims[0]
                continue
            owners = " and ".join(str(claim.origin) for claim in claims)
            registry.problems.append(
                f"two {what} are named '{name}': by {owners}; neither is used "
                "(rename or uninstall one)"
            )
