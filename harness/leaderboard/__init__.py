"""Leaderboards: the Records of one protocol and dataset, aggregated. Nothing here knows torch."""

from harness.leaderboard.board import Aggregate, Cost, Leaderboard, Row, Runs, Semantics
from harness.leaderboard.building import build_leaderboard
from harness.leaderboard.document import leaderboard_document
from harness.leaderboard.failures import Failure
from harness.leaderboard.loading import load_leaderboard
from harness.leaderboard.matrix import ScoreMatrix, score_matrix
from harness.leaderboard.rendering import leaderboard_renderable, render_leaderboard

__all__ = [
    "Aggregate",
    "Cost",
    "Failure",
    "Leaderboard",
    "Row",
    "Runs",
    "ScoreMatrix",
    "Semantics",
    "build_leaderboard",
    "leaderboard_document",
    "leaderboard_renderable",
    "load_leaderboard",
    "render_leaderboard",
    "score_matrix",
]
