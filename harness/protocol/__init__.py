"""Protocols: all that is fixed, as strict TOML."""

from harness.protocol.model import Protocol
from harness.protocol.parse import parse_protocol, read_protocol
from harness.protocol.published import load_protocol, published_names

__all__ = [
    "Protocol",
    "load_protocol",
    "parse_protocol",
    "published_names",
    "read_protocol",
]
