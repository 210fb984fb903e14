"""The gate: the verdict on a new leaderboard against a recorded one. Nothing here knows torch."""

from harness.gate.boards import GateSide, baseline_side, candidate_side, gate_boards
from harness.gate.decision import Decision, Difference, Verdict, decide
from harness.gate.embeddings import Shelf, gate_embeddings
from harness.gate.metrics import GatedMetric, Margin, gated_metrics
from harness.gate.report import GateReport, Line

__all__ = [
    "Decision",
    "Difference",
    "GateReport",
    "GateSide",
    "GatedMetric",
    "Line",
    "Margin",
    "Shelf",
    "Verdict",
    "baseline_side",
    "candidate_side",
    "decide",
    "gate_boards",
    "gate_embeddings",
    "gated_metrics",
]
