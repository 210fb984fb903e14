"""Datasets that need no download: shipped in this package or in scikit-learn."""
