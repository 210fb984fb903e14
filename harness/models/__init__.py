"""Backbones: a trunk and the embedding head on it."""
