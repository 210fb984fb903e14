"""The report: one HTML page on a leaderboard, without a server or a network."""

from harness.report.naming import About
from harness.report.report import make_report

__all__ = ["About", "make_report"]
