"""ProxyNCA++: the probability of the own proxy, at a low temperature.

Of the paper's six changes the loss, the temperature and the class-balanced batches are here. Its
proxies learn at a much higher rate than its network: `objective_rate` multiplies a protocol's rate
for proxies, which is as high already. Pooling and layer norm belong to a trunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench_methods.formula import class_vectors, formula_method
from bench_methods.own_rate import OBJECTIVE_RATE
from harness import Float

if TYPE_CHECKING:
    from torch import Tensor


def proxy_nca_pp_loss(
    embeddings: Tensor, labels: Tensor, *, temperature: float, vectors: Tensor
) -> Tensor:
    """-log( e^{-d(f, p_y) / T} / sum_z e^{-d(f, p_z) / T} ), d squared and of unit vectors."""
    from torch.nn.functional import cross_entropy, normalize

    cosines = normalize(embeddings, dim=1) @ normalize(vectors, dim=1).T
    return cross_entropy((2 * cosines - 2) / temperature, labels)


proxy_nca_pp = formula_method(
    "proxy-nca-pp",
    proxy_nca_pp_loss,
    own=class_vectors,
    summary="ProxyNCA++: cross-entropy over squared distances to one learned proxy a class, at a "
    "temperature, on class-balanced batches. Without the paper's pooling and layer norm, which are "
    "the trunk's.",
    reference="Teh et al., ProxyNCA++: Revisiting and Revitalizing Proxy Neighborhood Component "
    "Analysis, ECCV 2020",
    family="proxy",
    comparison="cosine",
    defaults_from="paper",
    parameters="C * d",
    citation="""@inproceedings{teh2020proxynca,
  author = {Teh, Eu Wern and DeVries, Terrance and Taylor, Graham W.},
  title = {{ProxyNCA++}: Revisiting and Revitalizing Proxy Neighborhood Component Analysis},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
    temperature=Float(0.01, 1.0, default=1 / 9, log=True),
    objective_rate=OBJECTIVE_RATE,
)
