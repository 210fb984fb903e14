"""Linear readouts of trunk features: Mahalanobis methods and their classical kin.

None trains the backbone: each fits a linear map to features of the initial weights. They are the
answer to how far a linear map gets without learning features.
"""

from __future__ import annotations

from bench_methods.linear.classical import lda, nca, pca_whitening
from bench_methods.linear.constraints import itml, lsml, mmc, rca
from bench_methods.linear.lfda import lfda
from bench_methods.linear.multi_task_lmnn import multi_task_lmnn
from bench_methods.linear.neighbours import lmnn, mlkr
from harness import Method

METHODS: tuple[Method, ...] = (
    pca_whitening,
    lda,
    nca,
    rca,
    lfda,
    lmnn,
    multi_task_lmnn,
    mlkr,
    itml,
    lsml,
    mmc,
)
