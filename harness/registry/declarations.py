"""What a plugin declares, as data: made where it is imported, checked where it is not.

What comes from a plugin's process is believed in nothing: types, names, lengths and characters are
checked here, and the classes that declarations are made of check the rest.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from harness.errors import one_line, plain
from harness.hookspecs import BackboneSource, DatasetSource, Executor, Metric, PretrainedWeights
from harness.method import Method
from harness.method.space import Choice, Float, Int
from harness.registry.importing import LISTING_HOOKS, Loaded, Reference
from harness.registry.origin import Origin, Registered, RegisteredMethod

LONGEST_NAME = 60
LONGEST_LINE = 500
LONGEST_TEXT = 10_000
MOST_ITEMS = 1_000
COLUMNS = frozenset(
    {"place", "method", "best", "ties", "ranks", "rank", "runs", "declared", "defaults"}
    | {"marks", "brief_marks", "backward_passes", "by_a_quarter", "search_seconds"}
)
"""What a board has beside metrics, under keys as those of metrics, which are their names."""
_IN_LINES = frozenset({"citation", "definition"})
_NAME = re.compile(r"\w[\w.+@-]*( [\w.+@-]+)*")

# The functions of each kind, which stay where the plugin is.
_FUNCTIONS: Mapping[type[Any], tuple[str, ...]] = {
    Method: ("build",),
    DatasetSource: ("load",),
    BackboneSource: ("build", "member"),
    PretrainedWeights: ("load", "require", "fetch"),
    Metric: ("compute",),
    Executor: ("execute",),
}
_RANGES = {kind.__name__: kind for kind in (Float, Int, Choice)}


class Refused(ValueError):
    """What a plugin declares that cannot be read; the message says where and what."""


def to_data(loaded: Loaded) -> dict[str, Any]:
    """Everything that a plugin lists, as lists, texts and numbers; what is not, as a problem."""
    data: dict[str, Any] = {"observes": list(loaded.observes), "problems": list(loaded.problems)}
    holders = _holders()
    for hook in LISTING_HOOKS:
        data[hook] = []
        for name, listed in loaded.listed.get(hook, {}).items():
            try:
                told = encoded(listed, LISTING_HOOKS[hook])
                if LISTING_HOOKS[hook] is Method:
                    told["definition"] = inspect.getdoc(holders.get(id(listed))) or ""
                data[hook].append(told)
            except BaseException as error:
                data["problems"].append(f"{hook}: {name[:LONGEST_NAME]!r}: {one_line(error)}")
    return data


def encoded(thing: Any, kind: type[Any]) -> dict[str, Any]:
    """The fields of a declaration, less its functions; of those only whether they are there."""
    functions = _FUNCTIONS[kind]
    fields = {field.name: getattr(thing, field.name) for field in dataclasses.fields(kind)}
    data = {name: _value(name, v) for name, v in fields.items() if name not in functions}
    for name in functions:
        data[name] = fields[name] is not None
        if data[name] and not callable(fields[name]):
            raise Refused(f"{name} is a {type(fields[name]).__name__}, not a function")
    if kind is Method:
        data["modules"] = sorted(defining_modules(thing.build))
    return data


def _value(name: str, value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Refused(f"{name} is {value}")
        return float(value)
    if type(value).__name__ in _RANGES and isinstance(value, _RANGES[type(value).__name__]):
        parts = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        return {"range": type(value).__name__} | {
            n: _value(f"{name}.{n}", v) for n, v in parts.items()
        }
    if isinstance(value, PretrainedWeights):
        return encoded(value, PretrainedWeights)
    if isinstance(value, Mapping):
        return {str(key): _value(f"{name}.{key}", one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_value(name, one) for one in value]
    raise Refused(f"{name} is a {type(value).__name__}, not a text or a number")


def _holders() -> dict[int, ModuleType]:
    """By the id of a value, the innermost of the imported modules that hold it under a name."""
    found: dict[int, ModuleType] = {}
    modules = [one for one in list(sys.modules.values()) if isinstance(one, ModuleType)]
    for module in sorted(modules, key=_depth, reverse=True):
        for value in list(vars(module).values()):
            found.setdefault(id(value), module)
    return found


def _depth(module: ModuleType) -> int:
    """How many packages a module lies in, by a name that a plugin may have changed."""
    return str(vars(module).get("__name__")).count(".")


def member_from_data(
    data: Mapping[str, Any], name: str, rest: str, origin: Origin
) -> Registered[BackboneSource]:
    """One backbone of a library of them; raises Refused if it is no good."""
    refer = functools.partial(_refer_member, origin, name, rest)
    try:
        return Registered(_decoded(data, BackboneSource, refer), origin)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise Refused(f"backbone '{name}:{rest}': {plain(str(error), LONGEST_LINE)}") from None


def _refer_member(origin: Origin, name: str, rest: str, *steps: str) -> Reference:
    return Reference(origin, "bench_backbones", name, (f"member={rest}", *steps))


def from_data(data: Mapping[str, Any], hook: str, origin: Origin) -> Registered[Any]:
    """One declaration of a plugin, its functions as references; raises Refused if it is no good."""
    kind = LISTING_HOOKS[hook]
    name = data.get("name")
    if not isinstance(name, str):
        raise Refused(f"{hook}: the name {plain(repr(name), LONGEST_NAME)} is not a text")
    shown = plain(name, LONGEST_NAME)
    if len(name) > LONGEST_NAME:
        raise Refused(
            f"{hook}: the name '{shown}' is {len(name)} characters long (allowed: {LONGEST_NAME})"
        )
    if not _NAME.fullmatch(name):
        raise Refused(
            f"{hook}: the name '{shown}' has characters that are not allowed "
            "(allowed: letters, digits, and . _ + - between them)"
        )
    more = {key: data[key] for key in ("modules", "definition") if key in data}
    fields = {key: value for key, value in data.items() if key not in more}
    try:
        item = _decoded(fields, kind, lambda *steps: Reference(origin, hook, name, steps))
        if isinstance(item, Metric) and _is_taken(item.name):
            raise Refused("boards have metrics or columns of that name; give it another")
        if not isinstance(item, Method):
            return Registered(item, origin)
        modules = tuple(_text("modules", one) for one in _listed("modules", more["modules"]))
        definition = _text("definition", more["definition"])
        return RegisteredMethod(item, origin, modules, definition)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        what = plain(str(error), LONGEST_LINE) or type(error).__name__
        raise Refused(f"{hook}: '{shown}': {what}") from None


def _is_taken(name: str) -> bool:
    """Whether a name, however it is written, is of a metric of the core, or of a column."""
    from harness.metrics import FAMILIES, METRICS, known_metric

    text = unicodedata.normalize("NFKC", name).casefold()
    titles = {one.title.casefold() for one in METRICS.values()}
    begun = tuple(re.sub(r"[A-Z]+\)?$", "", one.title).casefold() for one in FAMILIES)
    known = text in COLUMNS | titles or known_metric(text) is not None
    return known or text.startswith(begun)


def _decoded(data: Mapping[str, Any], kind: type[Any], refer: Callable[..., Reference]) -> Any:
    known = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    if extra := data.keys() - known.keys():
        raise Refused(f"declares {', '.join(sorted(extra))}, which is not known")
    functions = _FUNCTIONS[kind]
    values: dict[str, Any] = {name: refer(name) for name in functions if data.get(name)}
    for name, value in data.items():
        if name == "weights" and kind is BackboneSource:
            values[name] = tuple(_weights(one, refer) for one in _listed(name, value))
        elif name not in functions:
            values[name] = _plain(name, value)
            _require_kind(name, known[name], values[name])
    return kind(**values)


def _weights(data: Mapping[str, Any], refer: Callable[..., Reference]) -> PretrainedWeights:
    name = _text("weights", data["name"])
    weights: PretrainedWeights = _decoded(
        data, PretrainedWeights, lambda *steps: refer(f"weights={name}", *steps)
    )
    return weights


def _require_kind(name: str, annotation: str, value: Any) -> None:
    """A text where a text belongs, and so on; the classes themselves check what is in it."""
    for kind, start in ((bool, "bool"), (int, "int"), (str, "str")):
        if annotation == start and (type(value) is not kind):
            raise Refused(f"{name} must be a {start}, not {type(value).__name__}")
    if annotation.startswith("Mapping") and not isinstance(value, Mapping):
        raise Refused(f"{name} must be a mapping, not {type(value).__name__}")


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _text(name, value)
    if isinstance(value, list):
        return tuple(_plain(name, one) for one in _listed(name, value))
    if isinstance(value, dict):
        if len(value) > MOST_ITEMS:
            raise Refused(f"{name} has {len(value)} entries (allowed: {MOST_ITEMS})")
        parts = {_text(name, key): _plain(f"{name}.{key}", one) for key, one in value.items()}
        if "range" in parts:
            return _RANGES[parts.pop("range")](**parts)
        return parts
    return value


def _listed(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise Refused(f"{name} is no list of at most {MOST_ITEMS}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"{name} must be a text, not {type(value).__name__}")
    lines = name in _IN_LINES
    return plain(value, LONGEST_TEXT if lines else LONGEST_LINE, lines=lines)


def defining_modules(function: object) -> frozenset[str]:
    """The modules whose code a builder is: its own, and those of the functions that it holds.

    The core's own are left out: a builder that the core made holds the plugin's.
    """
    found: set[str] = set()
    _visit(function, found, set(), lambda module: not module.startswith("harness."))
    return frozenset(found)


def _visit(thing: object, found: set[str], seen: set[int], counts: Callable[[str], bool]) -> None:
    if id(thing) in seen or not callable(thing):
        return
    seen.add(id(thing))
    function = getattr(thing, "__func__", thing)
    module = getattr(function, "__module__", None) or type(thing).__module__
    if isinstance(module, str) and counts(f"{module}."):
        found.add(module)
    parts: list[object] = [getattr(function, "func", None)]
    parts += [_content(cell) for cell in getattr(function, "__closure__", None) or ()]
    parts += getattr(function, "__defaults__", None) or ()
    parts.append(getattr(function, "__wrapped__", None))
    for part in parts:
        _visit(part, found, seen, counts)


def _content(cell: object) -> object:
    try:
        return getattr(cell, "cell_contents", None)
    except ValueError:
        return None
