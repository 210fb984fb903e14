"""The report: one HTML page on a leaderboard, without a server or a network."""

from harness.report.board_table import About
from harness.report.page import make_report

__all__ = ["About", "make_report"]
