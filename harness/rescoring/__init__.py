"""Scores again from stored embeddings: to bring them up to date, or to see whether they hold."""
