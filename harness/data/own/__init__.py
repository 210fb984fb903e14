"""A person's own data by its path: `bench run --data PATH`."""

from harness.data.own.fitting import Fit, fitting_split
from harness.data.own.loading import load_path

__all__ = ["Fit", "fitting_split", "load_path"]
