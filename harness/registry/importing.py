"""Importing a plugin and reading what it lists; in a process of its own, never in a session's."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from importlib.machinery import ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any
from zipimport import zipimporter

import pluggy

from harness import API, hookspecs
from harness.errors import UserError, nearest, one_line
from harness.hookspecs import BackboneSource, DatasetSource, Executor, Metric
from harness.method import Method
from harness.registry.files import SourceFile, is_foreign, sha256_of
from harness.registry.origin import Origin

PROJECT = "bench"

LISTING_HOOKS: Mapping[str, type[Any]] = {
    "bench_methods": Method,
    "bench_datasets": DatasetSource,
    "bench_backbones": BackboneSource,
    "bench_metrics": Metric,
    "bench_executors": Executor,
}
OBSERVING_HOOKS = ("bench_run_started", "bench_run_finished")


class Broken(Exception):
    """What is wrong with a plugin, in one line; `importing`: whether it could not be imported."""

    def __init__(self, line: str, *, importing: bool = False) -> None:
        super().__init__(line)
        self.importing = importing


@dataclass
class Loaded:
    """A plugin in this process: what it lists by hook and name, and the hooks that it observes."""

    manager: pluggy.PluginManager
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def observes(self) -> tuple[str, ...]:
        """The observing hooks that it implements."""
        hooks = self.manager.hook
        return tuple(name for name in OBSERVING_HOOKS if getattr(hooks, name).get_hookimpls())


_loaded: dict[tuple[Any, ...], Loaded] = {}


def load(origin: Origin) -> Loaded:
    """Import a plugin and list what it offers, once in a process.

    Only code that its origin knows is run: raises UserError where a file changed since the session
    began. Raises Broken where it cannot be imported or registered.
    """
    which = (origin.key, origin.root, origin.files)
    if which not in _loaded:
        if origin.files is not None:
            _watch.expect(origin)
        _loaded[which] = read(import_entry(origin))
    return _loaded[which]


def import_entry(origin: Origin) -> Any:
    """Import what an entry point names, or a plugin file; raises Broken if it fails."""
    try:
        if origin.entry:
            return metadata.EntryPoint(origin.plugin, origin.entry, PROJECT).load()
        return _import_file(origin)
    except (UserError, Broken):
        raise
    except BaseException as error:
        raise Broken(f"failed to import: {one_line(error)}", importing=True) from error


def _import_file(origin: Origin) -> ModuleType:
    assert origin.root is not None
    spec = importlib.util.spec_from_file_location(origin.module, origin.root)
    if spec is None or spec.loader is None:
        raise Broken("not a Python file", importing=True)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def read(plugin: Any) -> Loaded:
    """Hand a plugin to pluggy, after checking what pluggy lets pass, and call its listing hooks."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    fault = _fault(manager, plugin)
    if fault is not None:
        raise Broken(fault)
    try:
        manager.register(plugin)
    except pluggy.PluginValidationError as error:
        raise Broken(one_line(error)) from error
    loaded = Loaded(manager)
    for hook, kind in LISTING_HOOKS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            found = _listed(hook, kind, implementation.function, loaded.problems)
            loaded.listed.setdefault(hook, {}).update(found)
    return loaded


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


def _listed(
    hook: str, kind: type[Any], function: Callable[[], Any], problems: list[str]
) -> dict[str, Any]:
    try:
        items = list(function())
    except BaseException as error:
        problems.append(f"{hook} raised {one_line(error)}")
        return {}
    good: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, kind):
            problems.append(f"{hook} must list {kind.__name__} objects, not {type(item).__name__}")
        elif not isinstance(item.name, str):
            problems.append(f"{hook}: the name {item.name!r} is not a text")
        elif item.name in good:
            problems.append(f"{hook} lists '{item.name}' twice; the first is used")
        else:
            good[item.name] = item
    return good


class _ImportWatch:
    """Sees which foreign files run, and what was in them: taken before, so that none can lie.

    `confined`: whether a file that no origin knows is refused.
    """

    def __init__(self) -> None:
        self.ran: dict[str, SourceFile] = {}
        self.confined = False
        self._expected: dict[str, str] = {}

    def install(self) -> None:
        """From now on, look at every module before it runs."""
        if SourceFileLoader.get_code is not _get_code:
            SourceFileLoader.get_code = _get_code  # type: ignore[assignment, method-assign]
            ExtensionFileLoader.create_module = _create_module  # type: ignore[method-assign]
            SourcelessFileLoader.get_code = _get_bytecode  # type: ignore[method-assign]
            zipimporter.get_code = _get_code_of_archive  # type: ignore[method-assign]

    def expect(self, origin: Origin) -> None:
        """Run no file of a plugin that is not as its origin says."""
        self.install()
        for file in origin.all_files:
            if _content_digest(file.path) != file.sha256:
                raise _changed(file.path)
            self._expected[file.path] = file.sha256

    def looks_at(self, path: str) -> bool:
        """Whether a file is one that is looked at before it runs."""
        return path in self._expected or is_foreign(path)

    def see(self, name: str, path: str, digest: str) -> None:
        """Note a file that is about to run; UserError if it is not what was expected."""
        self.ran.setdefault(path, SourceFile(_place(name, path), path, digest))
        if self._expected.get(path, digest) != digest:
            raise _changed(path)
        if self.confined and path not in self._expected:
            raise UserError(
                f"{path} is imported by a name that is made while running, so that the run's id "
                "does not see it: import it by a statement"
            )


_watch = _ImportWatch()
_own_get_code = SourceFileLoader.get_code
_own_create_module = ExtensionFileLoader.create_module
_own_get_bytecode = SourcelessFileLoader.get_code
_own_get_code_of_archive = zipimporter.get_code


def watch() -> dict[str, SourceFile]:
    """See every foreign file that is imported from now on; the result grows with them."""
    _watch.install()
    return _watch.ran


def confine() -> None:
    """Refuse, from now on, to run foreign code that the origins of the plugins do not know."""
    _watch.install()
    _watch.confined = True


def _changed(path: str) -> UserError:
    return UserError(f"{path} changed since the session began; start it again")


def _content_digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def _place(name: str, path: str) -> str:
    return f"{name} {Path(path).name}"


def _get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
    path = os.path.abspath(self.get_filename(fullname))
    if not _watch.looks_at(path):
        return _own_get_code(self, fullname)
    content = self.get_data(path)
    digest = hashlib.sha256(content).hexdigest()
    _watch.see(fullname, path, digest)
    # Compiled from the very bytes that were digested, whatever lies in __pycache__.
    return _compiled.get((path, digest)) or _compile(content, path)


_compiled: dict[tuple[str, str], CodeType] = {}


def _compile(content: bytes, path: str) -> CodeType:
    return compile(content, path, "exec", dont_inherit=True)


def compile_ahead(files: Iterable[tuple[str, str]]) -> None:
    """Compile modules of plugins, by path and sha256, for the processes forked from this one.

    Nothing of them runs. What cannot be compiled is said where it is imported.
    """
    for path, digest in files:
        if not path.endswith(".py") or (path, digest) in _compiled:
            continue
        with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            content = Path(path).read_bytes()
            if hashlib.sha256(content).hexdigest() == digest:
                _compiled[path, digest] = _compile(content, path)


def _create_module(self: ExtensionFileLoader, spec: Any) -> ModuleType:
    _see_file(spec.name, self.path)
    return _own_create_module(self, spec)


def _get_bytecode(self: SourcelessFileLoader, fullname: str) -> CodeType | None:
    _see_file(fullname, self.get_filename(fullname))
    return _own_get_bytecode(self, fullname)


def _get_code_of_archive(self: zipimporter, fullname: str) -> CodeType:
    _see_file(fullname, self.archive)
    return _own_get_code_of_archive(self, fullname)


def _see_file(name: str, path: str) -> None:
    """Note that a file that is not source is about to run, if it is one that is looked at."""
    path = os.path.abspath(path)
    if _watch.looks_at(path):
        _watch.see(name, path, sha256_of(Path(path)))


@dataclass(frozen=True)
class Reference:
    """A function of something that a plugin lists, to be called where the plugin may be imported.

    `hook` and `name` say which thing, `steps` lead from it to the function: attributes,
    "weights=NAME" among the weights of a backbone, "member=NAME" among those of a library.
    """

    origin: Origin
    hook: str
    name: str
    steps: tuple[str, ...]

    def __call__(self, *arguments: Any) -> Any:
        """Import the plugin, if this process has not yet, and call the function."""
        return self.resolve()(*arguments)

    def resolve(self) -> Any:
        """The function itself."""
        found = item(self.origin, self.hook, self.name)
        for step in self.steps:
            what, equals, which = step.partition("=")
            if not equals:
                found = getattr(found, step)
            else:
                found = found.weights_named(which) if what == "weights" else found.member(which)
        return found


def item(origin: Origin, hook: str, name: str) -> Any:
    """What a plugin lists by that name; it is imported, if this process has not yet.

    Raises UserError where it is not listed any more or cannot be imported.
    """
    try:
        listed = load(origin).listed.get(hook, {})
    except Broken as broken:
        raise UserError(f"plugin '{origin.plugin}' ({origin}): {broken}") from broken
    if name not in listed:
        raise UserError(f"plugin '{origin.plugin}' ({origin}): lists no '{name}' in this process")
    return listed[name]
