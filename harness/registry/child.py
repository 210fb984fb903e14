"""The child of a session that does what needs a plugin, and answers in JSON.

Nothing that the plugin does to its process reaches the session: the child has a process group of
its own, and a pipe of which no more than so much is read.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pickle
import sys
from typing import Any

from harness.errors import UserError, one_line
from harness.hookspecs import BackboneSource
from harness.registry.declarations import encoded, to_data
from harness.registry.importing import Broken, Reference, import_entry, item, read, watch
from harness.registry.origin import Origin


def main() -> None:
    """Read what is asked, do it, write the answer to the pipe, and be gone."""
    pipe, fence, *asked = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our session
    origin, task, arguments = asked
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        if fence is not None:
            fence.enter()
        module, _, name = task.partition(":")
        answer = getattr(importlib.import_module(module), name)(origin, **arguments)
    except UserError as error:
        answer = {"error": str(error)}
    except BaseException as error:
        answer = {"error": f"plugin '{origin.plugin}' ({origin}): {one_line(error)}"}
    content = json.dumps(answer).encode()
    with open(pipe, "wb") as file:
        file.write(content)
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    os._exit(0)


def call(origin: Origin, *, function: Reference) -> dict[str, Any]:  # noqa: ARG001
    """Call a function of a plugin that takes and returns nothing."""
    function()
    return {}


def member(origin: Origin, *, name: str, rest: str) -> dict[str, Any]:
    """What a library of backbones declares of the one that a protocol calls NAME:REST."""
    found = item(origin, "bench_backbones", name).member(rest)
    return {"backbone": encoded(found, BackboneSource)}


def declare(origin: Origin) -> dict[str, Any]:
    """Everything that a plugin declares, and the foreign files that ran to say so."""
    ran = watch()
    try:
        data = to_data(read(import_entry(origin)))
    except Broken as broken:
        return {"broken": str(broken), "importing": broken.importing}
    except BaseException as error:
        return {"broken": one_line(error), "importing": False}
    files = [[file.place, file.path, file.sha256] for file in ran.values()]
    return {**data, "files": files, "path": [os.path.abspath(entry) for entry in sys.path]}
