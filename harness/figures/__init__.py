"""What plots show, computed from a store, and the plots themselves as files for papers."""

from harness.figures.sources import Sources, load_sources

__all__ = ["Sources", "load_sources"]
