"""What plots show, computed from a store, and the plots themselves as files for papers."""

from harness.figures.sources import Entry, Sources, load_sources

__all__ = ["Entry", "Sources", "load_sources"]
