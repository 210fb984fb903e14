"""Plain classification: the baseline of every metric learning loss.

At a protocol's rate for proxies of unit scale its layer learns slowly: ten times that was better on
validation classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import Float, loss_method

if TYPE_CHECKING:
    from harness import Context


def _build(context: Context, smoothing: float = 0.0) -> Any:
    from bench_methods.baselines.linear_softmax import LinearSoftmax

    return LinearSoftmax(context.embedding_size, context.classes, smoothing)


_RATE = Float(0.01, 100.0, default=10.0, log=True)


softmax = loss_method(
    "softmax",
    _build,
    summary="Cross-entropy of a linear layer on the unnormalised embedding: an ordinary "
    "classifier.",
    reference="Horiguchi et al., Significance of Softmax-Based Features in Comparison to Distance "
    "Metric Learning-Based Features, TPAMI 2020",
    family="classification",
    defaults_from="validation here",
    batch="one-per-class",
    unnormalized=True,
    parameters="C * d + C",
    citation="""@article{horiguchi2020significance,
  author = {Horiguchi, Shota and Ikami, Daiki and Aizawa, Kiyoharu},
  title = {Significance of Softmax-Based Features in Comparison to Distance Metric
    Learning-Based Features},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  year = {2020}
}""",
    objective_rate=_RATE,
)

label_smoothed_softmax = loss_method(
    "label-smoothed-softmax",
    _build,
    summary="Cross-entropy of a linear layer on the unnormalised embedding, a share of each target "
    "spread over all classes: with it, cross-entropy bounds what pairwise losses do. The authors "
    "spread it over the others, which is the same at C / (C - 1) times the share.",
    reference="Boudiaf et al., A Unifying Mutual Information View of Metric Learning: "
    "Cross-Entropy vs. Pairwise Losses, ECCV 2020",
    family="classification",
    defaults_from="validation here",
    batch="one-per-class",
    unnormalized=True,
    parameters="C * d + C",
    citation="""@inproceedings{boudiaf2020unifying,
  author = {Boudiaf, Malik and Rony, J{\\'e}r{\\^o}me and Ziko, Imtiaz Masud and Granger, Eric and
    Pedersoli, Marco and Piantanida, Pablo and Ben Ayed, Ismail},
  title = {A Unifying Mutual Information View of Metric Learning: Cross-Entropy vs. Pairwise
    Losses},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
    smoothing=Float(0.001, 0.5, default=0.1, log=True),
    objective_rate=_RATE,
)
