"""Methods that never see a label."""

from __future__ import annotations

from bench_methods.unsupervised.isif import isif
from bench_methods.unsupervised.ntxent_two_views import ntxent_two_views
from bench_methods.unsupervised.vicreg import vicreg
from harness import Method

METHODS: tuple[Method, ...] = (isif, ntxent_two_views, vicreg)
