"""Writing a protocol file for data at hand: a published one's rules, turned to them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.protocol import HEADER, parse_protocol
from harness.protocol.own_data import OwnData


def written_for(
    base: str, own: OwnData, *, name: str, reasons: Sequence[str], changes: Mapping[str, Any],
    where: str,
) -> str:  # fmt: skip
    """The text of a protocol file for these data, checked by reading it again.

    `base`: the text of the protocol whose rules it takes. `reasons`: lines of its comment, what
    was chosen and why. `changes`: sections whose values differ from the base's.
    """
    content = tomllib.loads(base)
    rules = own.turned({key: value for key, value in content.items() if key not in HEADER})
    for section, values in changes.items():
        rules[section] = {**rules[section], **values}
    header = {
        "format": content["format"],
        "name": name,
        "summary": f"the rules of {content['name']} for {own.name}",
    }
    lines = [f"# {reason}" for reason in reasons]
    lines += [f"{key} = {_value(value)}" for key, value in header.items()]
    lines += [f"{key} = {_value(value)}" for key, value in rules.items() if not _is_table(value)]
    for key, value in rules.items():
        if _is_table(value):
            lines += _table((key,), value)
    lines += ["", f"[datasets.{json.dumps(own.name)}]"]
    text = "\n".join(lines) + "\n"
    parse_protocol(text, where=where)
    return text


def _table(path: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not _is_table(value)}
    if plain or not values:
        yield ""
        yield f"[{'.'.join(path)}]"
        yield from (f"{key} = {_value(value)}" for key, value in plain.items())
    for key, value in values.items():
        if _is_table(value):
            yield from _table((*path, key), value)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, str):
        # What JSON escapes, TOML escapes alike.
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
