"""Protocols: all that is fixed, as strict TOML."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import UserError, nearest, unknown
from harness.protocol.model import Protocol, Rules

if TYPE_CHECKING:
    from harness.protocol.own_data import OwnData


__all__ = [
    "Protocol",
    "load_protocol",
    "parse_protocol",
    "published_names",
    "read_protocol",
]


PROTOCOL_FORMAT = 1
HEADER = ("format", "name", "summary", "datasets")
OPTIONAL = ("controls",)


def parse_protocol(
    text: str, *, where: str, dataset: str | None = None, overrides: Sequence[str] = ()
) -> Protocol:
    """Parse a protocol file and resolve it for one of its datasets (the first by default).

    `overrides` are `key.path=TOML value` strings and make the protocol unlocked; an `OwnData` makes
    one that stands for data which the file does not name. Raises
    UserError naming file, key, what is allowed and the nearest name.
    """
    content = _toml(text, where)
    header, rules = _divide(content, where)
    own: OwnData | None = None
    if overrides:
        from harness.protocol.own_data import divide_overrides

        own, overrides = divide_overrides(overrides)
    if own is not None:
        _validate(rules, where)
        header, rules = {**header, "datasets": {own.name: {}}}, own.turned(rules)
    named: Mapping[str, dict[str, Any]] = header["datasets"]
    chosen = next(iter(named)) if dataset is None else dataset
    if chosen not in named:
        raise unknown("dataset", chosen, named, where=f"{where}: protocol '{header['name']}'")
    _validate(rules, where)
    resolved: dict[str, Any] = {}
    for name, changes in named.items():
        _check_changes(changes, rules, f"{where}: datasets.{name}")
        resolved[name] = _merge(rules, changes)
        _validate(resolved[name], f"{where}: datasets.{name}")
    unlocked = [] if own is None else [own.override]
    for override in overrides:
        _check_override(rules, override)
        key, value = _split_override(override)
        _assign(resolved[chosen], key, value)
        unlocked.append(f"{'.'.join(key)}={json.dumps(value)}")
    rules_model = _validate(resolved[chosen], " ".join(f"--set {text}" for text in overrides))
    return Protocol(
        **{name: getattr(rules_model, name) for name in Rules.model_fields},
        name=header["name"],
        summary=header["summary"],
        dataset=chosen,
        datasets=tuple(named),
        digest=_digest(header, resolved, unlocked),
        unlocked=tuple(unlocked),
        controls=tuple(header["controls"]),
    )


def _digest(
    header: Mapping[str, Any], resolved: Mapping[str, Any], overrides: Sequence[str]
) -> str:
    """sha256 over the parsed values of every dataset, in file order, and what was overridden."""
    canonical = {
        "format": header["format"],
        "name": header["name"],
        "datasets": [
            # Keys that came later and are not given leave the digests of older files alone.
            [name, Rules.model_validate(rules).model_dump(mode="json", exclude_unset=True)]
            for name, rules in resolved.items()
        ],
        "overrides": sorted(overrides),
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _toml(text: str, where: str) -> dict[str, Any]:
    if not text.strip():
        raise UserError(f"{where}: is empty")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where}: not TOML: {error}") from None


def _divide(content: dict[str, Any], where: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Separate the header from the rules, and check the header."""
    known = (*HEADER, *OPTIONAL)
    header = {key: content[key] for key in known if key in content}
    rules = {key: value for key, value in content.items() if key not in known}
    for key in HEADER:
        if key not in header:
            raise UserError(f"{where}: missing key '{key}'")
    if type(header["format"]) is not int or header["format"] != PROTOCOL_FORMAT:
        raise UserError(
            f"{where}: format: {header['format']!r} is not known (allowed: {PROTOCOL_FORMAT})"
        )
    for key in ("name", "summary"):
        if not isinstance(header[key], str) or not header[key]:
            raise UserError(f"{where}: {key}: must be a text that is not empty")
    controls = header.setdefault("controls", [])
    if not isinstance(controls, list) or not all(isinstance(one, str) and one for one in controls):
        raise UserError(f"{where}: controls: must be a list of methods' names")
    datasets = header["datasets"]
    if not isinstance(datasets, dict) or not datasets:
        raise UserError(f"{where}: datasets: must hold a table for each dataset")
    for name, table in datasets.items():
        if not isinstance(table, dict):
            raise UserError(f"{where}: datasets.{name}: must be a table, [datasets.{name}]")
    return header, rules


def _validate(rules: Mapping[str, Any], where: str) -> Rules:
    try:
        return Rules.model_validate(rules)
    except ValidationError as error:
        raise UserError(f"{where}: {_line(error.errors()[0])}") from None


def _line(error: ErrorDetails) -> str:
    """One pydantic error as key, what is wrong, what is allowed, nearest name."""
    path = [str(part) for part in error["loc"]]
    key = ".".join(_without_tags(path))
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_kind(key, error)
    if error["type"] == "extra_forbidden":
        allowed = sorted(_fields(path[:-1]))
        return f"unknown key '{key}'{nearest(path[-1], allowed)} (allowed: {', '.join(allowed)})"
    if error["type"] == "missing":
        return f"missing key '{key}'"
    if error["type"] == "literal_error":
        expected = error["ctx"]["expected"]
        close = nearest(str(error["input"]), re.findall(r"'([^']*)'", expected))
        return f"{key}: {error['input']!r} is not allowed{close} (allowed: {expected})"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "tuple_type":
        message = 'must be a list, such as ["a", "b"] or [1, 2]'
    given = "" if isinstance(error["input"], dict) else f" (given: {error['input']!r})"
    return f"{key}: {message}{given}" if key else f"{message}{given}"


def _unknown_kind(key: str, error: ErrorDetails) -> str:
    """A section that comes in several kinds, and was given none of them."""
    if error["type"] == "union_tag_not_found":
        return f"missing key '{key}.kind'"
    given, expected = error["ctx"]["tag"], error["ctx"]["expected_tags"]
    close = nearest(str(given), re.findall(r"'([^']*)'", expected))
    return f"{key}.kind: {given!r} is not allowed{close} (allowed: {expected})"


def _sections(model: type[BaseModel], field: str) -> list[type[BaseModel]]:
    """The models that a field's section may be of: several where it comes in kinds."""
    annotation = model.model_fields[field].annotation
    members = get_args(annotation) or (annotation,)
    plain = [get_args(m)[0] if get_origin(m) is Annotated else m for m in members]
    return [m for m in plain if isinstance(m, type) and issubclass(m, BaseModel)]


def _kinds(model: type[BaseModel], field: str) -> dict[str, type[BaseModel]]:
    """The kinds that a section comes in, by tag; none for most."""
    tagged = [m for m in _sections(model, field) if "kind" in m.model_fields]
    return {get_args(m.model_fields["kind"].annotation)[0]: m for m in tagged}


def _without_tags(path: Sequence[str]) -> list[str]:
    """The keys as the file has them: pydantic names the kind of a section as a step of its own."""
    if len(path) > 1 and path[0] in Rules.model_fields and path[1] in _kinds(Rules, path[0]):
        return [path[0], *path[2:]]
    return list(path)


def _fields(path: Sequence[str]) -> list[str]:
    """The keys allowed in the section at `path`, which may name the section's kind."""
    model: type[BaseModel] = Rules
    for part in _without_tags(path):
        kinds = _kinds(model, part)
        model = kinds[path[1]] if kinds else _sections(model, part)[0]
    return list(model.model_fields)


def _optional(rules: Mapping[str, Any], path: Sequence[str]) -> list[str]:
    """The values that the section at `path` may have, and that need not be given."""
    model: type[BaseModel] = Rules
    for part in path:
        kinds = _kinds(model, part)
        kind = rules[part].get("kind", "affine") if kinds else ""
        model = kinds[kind] if kinds else _sections(model, part)[0]
    return [
        name
        for name, field in model.model_fields.items()
        if not field.is_required() and not _sections(model, name)
    ]


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        both = isinstance(value, dict) and isinstance(old, dict)
        merged[key] = _merge(old, value) if both and old is not None else value
    return merged


def _check_changes(changes: Mapping[str, Any], base: Mapping[str, Any], where: str) -> None:
    """A dataset may change values that the file gives, and add none."""
    for key, value in changes.items():
        if key not in base:
            raise unknown("key", key, base, where=where)
        if isinstance(value, dict) and isinstance(base[key], dict):
            _check_changes(value, base[key], f"{where}.{key}")


def _check_override(rules: Mapping[str, Any], override: str) -> None:
    """An override must name a value that the file gives, or one that it may give there."""
    key, _ = _split_override(override)
    place: Any = rules
    for done, part in enumerate(key):
        if not isinstance(place, dict) or part not in place:
            inside = [*place, *_optional(rules, key[:done])] if isinstance(place, dict) else []
            if part in inside and done == len(key) - 1:
                return
            where = f"--set {override}" + (f": in {'.'.join(key[:done])}" if done else "")
            raise unknown("key", part, inside, where=where)
        place = place[part]
    if isinstance(place, dict):
        raise UserError(f"--set {override}: '{'.'.join(key)}' is a section, not a value")


def _split_override(override: str) -> tuple[list[str], Any]:
    key, equals, text = override.partition("=")
    if not equals:
        raise UserError(f"--set {override}: must read key.path=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    return key.strip().split("."), value


def _assign(rules: dict[str, Any], key: Sequence[str], value: Any) -> None:
    for part in key[:-1]:
        rules[part] = dict(rules[part])
        rules = rules[part]
    rules[key[-1]] = value


def read_protocol(
    path: Path, *, dataset: str | None = None, overrides: Sequence[str] = ()
) -> Protocol:
    """Parse the protocol file at `path`; UserError if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file{nearest(str(path), _beside(path))}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is no text") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_protocol(text, where=path.name, dataset=dataset, overrides=overrides)


def _beside(path: Path) -> list[str]:
    """The protocol files of a path's folder."""
    return [str(found) for found in path.parent.glob("*.toml")]


def protocols_folder() -> Path:
    """The folder of published protocol files."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_protocols", package.parent / "protocols"):
        if folder.is_dir():
            return folder
    raise UserError(f"no protocols beside {package}: the installation is incomplete")


def published_names() -> list[str]:
    """Names of the published protocols, sorted."""
    return sorted(path.stem for path in protocols_folder().glob("*.toml"))


def load_protocol(
    name: str, *, dataset: str | None = None, overrides: Sequence[str] = ()
) -> Protocol:
    """Load a published protocol by name, or any protocol file by its path."""
    return read_protocol(protocol_path(name), dataset=dataset, overrides=overrides)


def protocol_path(name: str) -> Path:
    """The file of a published protocol by its name, or of any by its path."""
    if name.endswith(".toml"):
        return Path(name)
    names = published_names()
    if name not in names:
        near = nearest(name, [*names, *_beside(Path(name))])
        raise UserError(
            f"unknown protocol '{name}'{near} (bench list protocols shows the published ones; or "
            "the path of a .toml file)"
        )
    return protocols_folder() / f"{name}.toml"
