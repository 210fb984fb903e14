"""Crops, colours and views of whole batches as tensors, wherever the batch lies."""
