"""Large margin nearest neighbours of several tasks: one metric that they share, and one each."""

from __future__ import annotations

from typing import Any

from bench_methods.linear.readout import linear_method
from harness import Choice, Float, Int

SAMPLES, STEPS = 1024, 60


def _multi_task_lmnn(  # noqa: PLR0913 - each but the first two is named
    features: Any, labels: Any, *, width: int, seed: int, neighbours: int,
    shared_weight: float, class_weight: float, task_weight: Any, scored: str,
    beside: Any = (),
) -> Any:  # fmt: skip
    import numpy as np

    from bench_methods.linear.margins import Margins, learn_metrics
    from bench_methods.linear.subsample import whole_classes
    from bench_methods.multi_task.tasks import Task

    seen = whole_classes(labels, most=SAMPLES, seed=seed)
    every = [(labels, Task("", int(labels.max()) + 1)), *beside]
    tasks = [Margins.of(features[seen], codes[seen], task, neighbours) for codes, task in every]
    weights = [class_weight, *(task_weight[task.name] for _, task in beside)]
    shared, own = learn_metrics(tasks, shared_weight, weights, steps=STEPS)
    metric = shared if scored == "shared" else shared + own[0]
    sizes, axes = np.linalg.eigh(metric)
    kept = np.argsort(-sizes)[:width]
    return np.sqrt(sizes[kept].clip(min=0.0))[:, None] * axes[:, kept].T


multi_task_lmnn = linear_method(
    "multi-task-lmnn",
    _multi_task_lmnn,
    summary="Large margin nearest neighbours with a metric that all label sets share and one of "
    "each, at a weight for each: distances of a task are by their sum. The class's is scored, or "
    "the shared one. By gradient steps, on whole classes of at most 1,024 samples; the data's "
    "terms are means over the target neighbours of a task. Where values are in order, the margin "
    "to another value is in proportion to how far it is.",
    reference="Parameswaran and Weinberger, Large Margin Multi-Task Metric Learning, NeurIPS 2010",
    family="multi-task",
    label_sets="attributes",
    per_label_set=("task_weight",),
    defaults_from="by hand",
    citation="""@inproceedings{parameswaran2010large,
  author = {Parameswaran, Shibin and Weinberger, Kilian Q.},
  title = {Large Margin Multi-Task Metric Learning},
  booktitle = {Advances in Neural Information Processing Systems (NeurIPS)},
  year = {2010}
}""",
    neighbours=Int(1, 5, default=3),
    shared_weight=Float(1e-3, 10.0, default=0.1, log=True),
    class_weight=Float(1e-3, 10.0, default=0.1, log=True),
    task_weight=Float(1e-3, 10.0, default=0.1, log=True),
    scored=Choice(("class", "shared"), default="class"),
)
