"""A person's own data by its path: `bench run --data PATH`."""

from harness.data.own.fitting import described, fitting_split
from harness.data.own.loading import load_path

__all__ = ["described", "fitting_split", "load_path"]
