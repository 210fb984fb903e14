"""Being connected to a cluster: one at an address, one that the program knows, or one made here."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import UserError

_OF_THIS_MACHINE = "local"


def require_ray() -> Any:
    """The package `ray`; UserError where it is not installed."""
    try:
        import ray
    except ImportError as error:
        raise UserError(
            f"--executor ray: the package ray is missing ({error}); "
            "pip install 'metric-learning-bench[ray]'"
        ) from None
    return ray


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Be connected to a cluster inside; yields the package `ray`.

    The one at `address`, or else the one that RAY_ADDRESS names, or else a cluster of this machine
    alone, made here and gone after. A program that is connected already stays so. Raises UserError
    if there is no such cluster, or one of another version of Ray or Python.
    """
    ray = require_ray()
    if ray.is_initialized():
        yield ray
        return
    where = address or os.environ.get("RAY_ADDRESS") or _OF_THIS_MACHINE
    # Unless it is asked to, nothing tells anyone outside what is run here.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address=where, logging_level=logging.ERROR, include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), "no reason given")
        raise UserError(f"--address {where}: cannot join the cluster: {reason.strip()}") from error
    try:
        yield ray
    finally:
        ray.shutdown()
