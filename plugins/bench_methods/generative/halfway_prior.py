"""A semi-supervised VAE whose prior is fitted to the embeddings of its own first half."""

from __future__ import annotations

from bench_methods.generative.fitted_prior import FittedPrior
from bench_methods.generative.objectives import SemiSupervised
from bench_methods.generative.schedule import Phase
from bench_methods.generative.terms import Term
from bench_methods.training_part import embed_all
from harness import Embed, Objective, View


class HalfwayPrior(SemiSupervised):
    """The metric loss alone until epoch `fit_at`; then the term joins it, its prior fitted.

    The prior is fitted to the unnormalised embeddings of the whole training part, which uses no
    labels. With alpha 1 there is no metric loss: the term is all there is from the beginning.
    """

    def __init__(
        self,
        plain: Objective,
        term: Term,
        prior: FittedPrior,
        *,
        alpha: float,
        schedule: str,
        fit_at: int,
    ) -> None:
        super().__init__(plain, term, alpha=alpha, schedule=schedule)
        self.prior = prior
        self.fit_at = fit_at

    def begin_epoch(self, epoch: int, view: View, embed: Embed) -> None:
        """Fit the prior at the beginning of the second half."""
        super().begin_epoch(epoch, view, embed)
        if epoch == self.fit_at:
            self.prior.fit(embed_all(view, lambda inputs: embed.outputs(inputs).linear))

    def phase(self, step: int) -> Phase:
        """Supervised in the first half, then as scheduled."""
        if self.epoch < self.fit_at and self.alpha < 1:
            return Phase.SUPERVISED
        return super().phase(step)
