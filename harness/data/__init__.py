"""Datasets in memory, splits, batches, augmentation, and the seal on test data."""
