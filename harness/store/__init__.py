"""The Store: Records in SQLite, arrays beside them. Nothing here or behind it knows torch."""

from harness.store.database import EmptyStore
from harness.store.queries import Held, Scope
from harness.store.store import Store

__all__ = ["EmptyStore", "Held", "Scope", "Store"]
