"""Embeddings at work: a gallery that is kept, searched by a background variable, and bounded.

docs/dependent-variables.md defines the arms. Nothing here knows torch.
"""

from harness.deployment.arms import ARMS, run_arms, run_base
from harness.deployment.decisions import MEASURES, Outcome
from harness.deployment.display import deployment_document, deployment_table
from harness.deployment.loading import deploy
from harness.deployment.results import ArmRow, Deployment
from harness.deployment.search import Samples
from harness.deployment.settings import Settings
from harness.deployment.views import load_runs

__all__ = [
    "ARMS",
    "MEASURES",
    "ArmRow",
    "Deployment",
    "Outcome",
    "Samples",
    "Settings",
    "deploy",
    "deployment_document",
    "deployment_table",
    "load_runs",
    "run_arms",
    "run_base",
]
