"""How evenly embeddings are spread over the sphere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def uniformity(embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """log of the mean of exp(-2 d^2) over all pairs, d their distance; lower is more even.

    Wang and Isola, Understanding Contrastive Representation Learning through Alignment and
    Uniformity on the Hypersphere, ICML 2020. `labels` are not looked at.
    """
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    first, second = np.triu_indices(len(unit), k=1)
    squared = 2 - 2 * (unit @ unit.T)[first, second]
    return float(np.log(np.exp(-2 * squared).mean()))
