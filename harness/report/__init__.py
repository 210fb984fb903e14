"""The report: one HTML page on a leaderboard, without a server or a network."""

from harness.report.page import make_report

__all__ = ["make_report"]
