"""Weights that come with the package, and what made them."""
