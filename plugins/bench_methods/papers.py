"""Which row stands for each method that the papers name: the data of papers.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Mention:
    """A method that a paper names: the rows that stand for it, or the reason why none does."""

    name: str
    rows: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper and every method it names, in the order of its text."""

    title: str
    methods: tuple[Mention, ...]


@cache
def papers() -> tuple[Paper, ...]:
    """The papers that this distribution covers."""
    text = files("bench_methods").joinpath("papers.toml").read_text(encoding="utf-8")
    return tuple(
        Paper(entry["title"], tuple(map(_mention, entry["methods"])))
        for entry in tomllib.loads(text)["paper"]
    )


def _mention(entry: dict[str, Any]) -> Mention:
    return Mention(**{**entry, "rows": tuple(entry.get("rows", ()))})
