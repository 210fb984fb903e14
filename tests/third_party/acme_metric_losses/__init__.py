"""Acme's metric learning losses."""
