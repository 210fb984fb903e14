"""Runs on a Ray cluster: the same runs, on as many machines as it has."""
