"""The Objective behind `linear_method`: no loss and nothing to train, a readout at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bench_methods.linear.whitening import Whitening
from bench_methods.training_part import embed_all
from harness import Context, Embed, Objective, Readout, View


class LinearReadout(Objective):
    """Fits a linear map to the whitened trunk features of the training part."""

    def __init__(self, fit: Callable[..., Any], width: int, context: Context) -> None:
        super().__init__()
        self.fit = fit
        self.width = width
        self.context = context

    def finish(self, view: View, embed: Embed) -> Readout:
        """Return the fitted map after the whitening, as one map of trunk features."""
        device = self.context.device
        columns = embed_all(view, embed.features).double().cpu().numpy()
        labels = None if view.labels is None else view.labels.cpu().numpy()
        classes = 0 if labels is None else len(set(labels.tolist()))
        most = min(self.context.embedding_size, max(len(columns) - classes, 1))
        whitening = Whitening.of(columns, most)
        seed = int(torch.randint(2**31, (1,), generator=self.context.generator))
        beside = self._beside_the_class(view)
        learned = self.fit(whitening(columns), labels, width=self.width, seed=seed, **beside)
        matrix = learned @ whitening.matrix
        return Readout(
            of="features",
            matrix=torch.as_tensor(matrix, dtype=torch.float32, device=device),
            offset=torch.as_tensor(-matrix @ whitening.mean, dtype=torch.float32, device=device),
        )

    def _beside_the_class(self, view: View) -> dict[str, Any]:
        """Codes and task of each label set that a method asked for beside the class."""
        if not self.context.label_sets:
            return {}
        from bench_methods.multi_task.tasks import tasks_of

        _, *tasks = tasks_of(self.context)
        return {"beside": [(view.attributes[one.name].cpu().numpy(), one) for one in tasks]}
