"""Hyperparameter search: the same number of trials for every method, resumed from the store."""

from harness.search.searching import Searching, SearchStopped, Tuned, searches_of, tuned_plan

__all__ = ["SearchStopped", "Searching", "Tuned", "searches_of", "tuned_plan"]
