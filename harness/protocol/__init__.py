"""Protocols: all that is fixed, as strict TOML."""

from harness.protocol.model import Protocol
from harness.protocol.parse import load_protocol, parse_protocol, published_names, read_protocol

__all__ = [
    "Protocol",
    "load_protocol",
    "parse_protocol",
    "published_names",
    "read_protocol",
]
