"""Scores again from stored embeddings: to bring them up to date, or to see whether they hold."""

from harness.rescoring.datasets import Datasets
from harness.rescoring.rescore import RuleBook, rescore_store
from harness.rescoring.verify import Checked, verify_board, verify_publication, verify_store

__all__ = [
    "Checked",
    "Datasets",
    "RuleBook",
    "rescore_store",
    "verify_board",
    "verify_publication",
    "verify_store",
]
