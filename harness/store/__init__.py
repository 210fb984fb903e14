"""The Store: Records in SQLite, arrays beside them. Nothing here or behind it knows torch."""

from harness.store.database import EmptyStore
from harness.store.examination import Examination, Finding
from harness.store.scope import Held, Scope
from harness.store.store import Store

__all__ = ["EmptyStore", "Examination", "Finding", "Held", "Scope", "Store"]
