"""Where in a plugin's code something is, as file and line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from harness.registry import Reference

if TYPE_CHECKING:
    from harness.method import Method

_CORE = str(Path(__file__).parents[1])
_INSTALLED = ("site-packages", "dist-packages")


def builder_place(method: Method) -> str:
    """File and line of the function that builds a method's Objective or its loss."""
    build = method.build
    found = _codes(build.resolve() if isinstance(build, Reference) else build, 0)
    for code in found:
        if _is_plugins(code.co_filename):
            return f"{Path(code.co_filename).name}:{code.co_firstlineno}"
    return "its builder"


def raised_at(error: BaseException) -> str:
    """File and line of the innermost call in a plugin that an error came through, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if _is_plugins(frame.filename)]
    last = (inside or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _codes(function: Any, depth: int) -> Iterator[CodeType]:
    if depth > 4:
        return
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if isinstance(code, CodeType):
        yield code
    inner = [getattr(function, name, None) for name in ("func", "__wrapped__", "__call__")]
    for cell in getattr(function, "__closure__", None) or ():
        try:
            inner.append(cell.cell_contents)
        except ValueError:
            continue
    for part in inner:
        if callable(part) and not isinstance(part, type(print)):
            yield from _codes(part, depth + 1)


def _is_plugins(file: str) -> bool:
    parts = Path(file).parts
    ours = file.startswith((_CORE, "<")) or file == __file__
    return not ours and not any(part in parts for part in _INSTALLED) and "python3" not in file


@dataclass
class FirstDifference:
    """The first line of a plugin after which something was other than before."""

    text: str = ""


@contextmanager
def first_line(changed: Callable[[], bool]) -> Iterator[FirstDifference]:
    """Inside, look after each line of a plugin's code whether something has changed."""
    line = FirstDifference()
    last: dict[FrameType, int] = {}

    def look(frame: FrameType, event: str, _: Any) -> Any:
        if line.text or not _is_plugins(frame.f_code.co_filename):
            return None
        if frame in last and changed():
            line.text = f"{Path(frame.f_code.co_filename).name}:{last[frame]}"
            return None
        if event == "return":
            last.pop(frame, None)
        else:
            last[frame] = frame.f_lineno
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield line
    finally:
        sys.settrace(before)
