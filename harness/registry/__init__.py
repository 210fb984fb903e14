"""Plugins: what they offer, as data; and where they may, the plugins themselves."""

from harness.errors import one_line
from harness.registry.importing import LISTING_HOOKS, PROJECT, Reference, confine, item
from harness.registry.loading import (
    CORE_DISTRIBUTION,
    Registry,
    core_registry,
    core_version,
    load_registry,
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
