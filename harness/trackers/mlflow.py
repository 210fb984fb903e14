"""Runs in MLflow, in a database that `mlflow ui` shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import hookimpl
from harness.artifacts import read_artifact
from harness.errors import UserError
from harness.trackers.shown import curves, facts, results, run_folder

if TYPE_CHECKING:
    from harness.record import Record

_AT_ONCE = 1_000
"""Metrics that MLflow takes in one batch."""


def database(folder: Path) -> str:
    """Where MLflow keeps the runs of a folder, as it is told: the files of a folder it gave up."""
    return f"sqlite:///{(folder / 'mlflow.db').resolve()}"


class MLflow:
    """Writes a run to DIR/mlflow.db once it ended: an experiment a protocol and dataset.

    Parameters: who the run was. Metrics: `loss` and `validation/METRIC` by step; `scores/METRIC`
    and `cost/...` at the step that validation chose.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        try:
            from mlflow import entities, tracking
        except ImportError as error:
            raise UserError(
                f"--track mlflow: a package is missing ({error}); "
                "pip install 'metric-learning-bench[mlflow]'"
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        self._entities = entities
        self._client = tracking.MlflowClient(tracking_uri=database(folder))
        self._store = store

    @hookimpl
    def bench_run_finished(self, record: Record) -> None:
        """Write what a run left behind."""
        arrays = read_artifact(self._store, record.artifact) if record.artifact else {}
        experiment = f"{record.identity.protocol} on {record.identity.dataset}"
        found = self._client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else self._client.create_experiment(experiment)
        run = self._client.create_run(number, run_name=run_folder(record).as_posix()).info.run_id
        last = record.selected.step if record.selected else 0
        metrics = [self._entities.Metric(n, v, 0, step) for n, step, v in curves(record, arrays)]
        metrics += [self._entities.Metric(n, v, 0, last) for n, v in results(record).items()]
        params = [self._entities.Param(n, str(v)) for n, v in facts(record).items()]
        self._log(run, metrics, params)
        self._client.set_terminated(run, "FINISHED" if record.state == "done" else "FAILED")

    def _log(self, run: str, metrics: Sequence[Any], params: Sequence[Any]) -> None:
        self._client.log_batch(run, params=params)
        for first in range(0, len(metrics), _AT_ONCE):
            self._client.log_batch(run, metrics=metrics[first : first + _AT_ONCE])

    def close(self) -> None:
        """Nothing is left: each run is written out when it ended."""
