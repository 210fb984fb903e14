"""The child of a session that imports one plugin and answers what it declares, as JSON.

Nothing that the plugin does to its process reaches the session: it has no streams of the session,
a process group of its own, and a pipe of which no more than so much is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import UserError
from harness.plain_text import one_line
from harness.registry.declarations import to_data
from harness.registry.importing import Broken, import_entry, read, watch
from harness.registry.origin import Origin


def answer(request: Mapping[str, Any]) -> None:
    """Import the plugin, write what it declares to the pipe, and be gone."""
    pipe = int(request["pipe"])
    content = json.dumps(_answer(request)).encode()
    with open(pipe, "wb") as file:
        file.write(content)
    os._exit(0)


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    import sys

    origin = Origin(
        plugin=request["plugin"],
        distribution=request["distribution"],
        version=request["version"],
        root=Path(request["root"]) if request["root"] else None,
        entry=request["entry"],
        module=request["module"],
    )
    ran = watch()
    try:
        data = to_data(read(import_entry(origin)))
    except Broken as broken:
        return {"broken": str(broken), "importing": broken.importing}
    except (UserError, Exception) as error:
        return {"broken": one_line(error), "importing": False}
    files = [[file.place, file.path, file.sha256] for file in ran.values()]
    return {**data, "files": files, "path": [os.path.abspath(entry) for entry in sys.path]}
