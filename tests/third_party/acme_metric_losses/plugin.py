"""What the benchmark loads: one function for each hook that Acme implements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness import (
    BackboneSource,
    DatasetSource,
    Executor,
    Float,
    Method,
    Metric,
    hookimpl,
    loss_method,
)

from acme_metric_losses.journal import note

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from harness import Context, Dataset, Identity, Objective, Record, Trunk
    from harness.executors import Stages, Work

    from acme_metric_losses.tuplet import TupletMargin


@hookimpl
def bench_methods() -> list[Method]:
    """Acme's methods."""
    return [tuplet, center]


def _tuplet(scale: float, slack: float) -> TupletMargin:
    from acme_metric_losses.tuplet import TupletMargin

    return TupletMargin(scale=scale, slack=slack)


tuplet = loss_method(
    "acme-tuplet",
    _tuplet,
    summary="Every positive, with some slack, against all negatives of its anchor at once.",
    reference="Yu and Tao, Deep Metric Learning with Tuplet Margin Loss, ICCV 2019",
    family="pair",
    scale=Float(1.0, 128.0, default=32.0, log=True),
    slack=Float(0.0, 30.0, default=6.0),
)


def _center(hyperparameters: Mapping[str, Any], context: Context) -> Objective:
    from acme_metric_losses.center import CenterObjective

    return CenterObjective(**hyperparameters, context=context)


center = Method(
    name="acme-center",
    build=_center,
    summary="Softmax on the embeddings, and a pull towards a learned centre of each class.",
    reference="Wen et al., A Discriminative Feature Learning Approach for Deep Face Recognition, "
    "ECCV 2016",
    family="classification",
    space={
        "weight": Float(0.001, 10.0, default=0.1, log=True),
        "scale": Float(1.0, 64.0, default=8.0, log=True),
    },
    batch="balanced",
    # The classifier's weights and biases, and the centres.
    parameters="2 * C * d + C",
    citation="""\
@inproceedings{wen2016discriminative,
  title = {A Discriminative Feature Learning Approach for Deep Face Recognition},
  author = {Wen, Yandong and Zhang, Kaipeng and Li, Zhifeng and Qiao, Yu},
  booktitle = {European Conference on Computer Vision},
  year = {2016},
}""",
)


@hookimpl
def bench_datasets() -> list[DatasetSource]:
    """Acme's dataset."""
    return [
        DatasetSource(name="acme-waves", load=_waves, summary="noisy waves; a class a frequency")
    ]


def _waves() -> Dataset:
    from acme_metric_losses.waves import load_waves

    return load_waves()


@hookimpl
def bench_backbones() -> list[BackboneSource]:
    """Acme's trunk."""
    return [BackboneSource(name="acme-linear", build=_linear, summary="one linear layer")]


def _linear(input_shape: tuple[int, ...]) -> Trunk:
    from acme_metric_losses.linear import LinearTrunk

    return LinearTrunk(input_shape)


@hookimpl
def bench_metrics() -> list[Metric]:
    """Acme's metric."""
    return [
        Metric(
            name="acme-uniformity",
            compute=_uniformity,
            summary="how unevenly embeddings are spread over the sphere",
            higher_is_better=False,
        )
    ]


def _uniformity(embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    from acme_metric_losses.uniformity import uniformity

    return uniformity(embeddings, labels)


@hookimpl
def bench_executors() -> list[Executor]:
    """Acme's executor."""
    return [
        Executor(name="acme-elsewhere", execute=_elsewhere, summary="one by one, sent as bytes")
    ]


def _elsewhere(work: Work) -> Stages:
    from acme_metric_losses.elsewhere import execute_elsewhere

    return execute_elsewhere(work)


@hookimpl
def bench_run_started(identity: Identity) -> None:
    """Note that a run begins."""
    note("started", run=identity.run_id)


@hookimpl
def bench_run_finished(record: Record) -> None:
    """Note how a run ended."""
    note("finished", run=record.identity.run_id, state=record.state)
