"""Autoencoders and priors beside a metric loss: semi-supervised and variational methods."""

from __future__ import annotations

from bench_methods.generative.autoencoder import autoencoder, dml_autoencoder
from bench_methods.generative.dml_priors import dml_gmm_prior, dml_unit_prior
from bench_methods.generative.dvml import dvml
from bench_methods.generative.fitted_gmm import dml_fitted_gmm_prior
from bench_methods.generative.pull_back import pull_back_triplet
from bench_methods.generative.vae import metric_vae, metric_vae_batch, metric_vae_joint, vae
from harness import Method

METHODS: tuple[Method, ...] = (
    autoencoder,
    dml_autoencoder,
    dml_unit_prior,
    dml_gmm_prior,
    vae,
    metric_vae,
    metric_vae_batch,
    metric_vae_joint,
    dml_fitted_gmm_prior,
    pull_back_triplet,
    dvml,
)
