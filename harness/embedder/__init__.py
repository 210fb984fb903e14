"""Trained embedders outside a run: kept with it, written to a file, loaded again."""
