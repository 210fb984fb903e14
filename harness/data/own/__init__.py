"""A person's own data by its path: `bench run --data PATH`."""

from harness.data.own.fitting import described, fitting_split
from harness.data.own.loading import Brought, load_path

__all__ = ["Brought", "described", "fitting_split", "load_path"]
