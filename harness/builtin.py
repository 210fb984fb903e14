"""The core's own plugin: what it offers comes in by the door that others use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl
from harness.hookspecs import BackboneSource, DatasetSource, Executor

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.execution.executor import Stages, Work


def _glyphs() -> Dataset:
    from harness.data.embedded import load_glyphs

    return load_glyphs()


def _distinct_glyphs() -> Dataset:
    from harness.data.embedded import load_distinct_glyphs

    return load_distinct_glyphs()


def _digits() -> Dataset:
    from harness.data.embedded import load_digits

    return load_digits()


def _local(work: Work) -> Stages:
    from harness.execution.executor import execute_locally

    return execute_locally(work)


def _ray(work: Work) -> Stages:
    from harness.execution.ray.remote import execute_on_ray

    return execute_on_ray(work)


@hookimpl
def bench_datasets() -> list[DatasetSource]:
    """The embedded datasets, and the published ones whose files a person has or can get."""
    from harness.data.families import dataset_sources

    return [
        DatasetSource(
            name="glyphs",
            load=_glyphs,
            summary="letters and digits, a class each, in sixteen typefaces; 28x28 grey",
        ),
        DatasetSource(
            name="glyphs-2",
            load=_distinct_glyphs,
            summary="glyphs without the characters of which an image is also one of another class",
        ),
        DatasetSource(
            name="digits",
            load=_digits,
            summary="scikit-learn's handwritten digits; 8x8 grey, ten classes",
        ),
        *dataset_sources(),
    ]


@hookimpl
def bench_backbones() -> list[BackboneSource]:
    """The small trunks, those of papers, and those of ImageNet."""
    from harness.models import core_backbones

    return core_backbones()


@hookimpl
def bench_executors() -> list[Executor]:
    """Processes of this machine, or of the machines of a cluster."""
    return [
        Executor(name="local", execute=_local, summary="worker processes on this machine"),
        Executor(
            name="ray",
            execute=_ray,
            summary="a Ray cluster; needs the extra [ray]",
            remote=True,
        ),
    ]
