"""The Store: Records in SQLite, arrays beside them. Nothing here or behind it knows torch."""

from harness.store.scope import Scope
from harness.store.store import Store

__all__ = ["Scope", "Store"]
