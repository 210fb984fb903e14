"""Embeddings at work: a gallery that is kept, searched by a background variable, and bounded.

docs/dependent-variables.md defines the arms. Nothing here knows torch.
"""
