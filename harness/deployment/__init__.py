"""Embeddings at work: a gallery that is kept, searched by a background variable, and bounded.

docs/dependent-variables.md defines the arms. Nothing here knows torch.
"""

from harness.deployment.arms import ARMS, DeploymentTerms, run_arms, run_base
from harness.deployment.gallery import GallerySamples
from harness.deployment.loading import deploy, load_runs
from harness.deployment.results import deployment_document, deployment_table

__all__ = [
    "ARMS",
    "DeploymentTerms",
    "GallerySamples",
    "deploy",
    "deployment_document",
    "deployment_table",
    "load_runs",
    "run_arms",
    "run_base",
]
