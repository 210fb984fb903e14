"""Runs as Weights & Biases keeps them offline; `wandb sync` takes them to a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness import hookimpl
from harness.artifacts import read_artifact
from harness.errors import UserError
from harness.trackers.shown import curves, facts, results, run_folder

if TYPE_CHECKING:
    from harness.record import Record

PROJECT = "metric-learning-bench"


class WeightsAndBiases:
    """Writes a run to DIR/wandb/offline-run-... once it ended; nothing is sent anywhere.

    Configuration: who the run was. History: `loss` and `validation/METRIC` by step. Summary:
    `scores/METRIC` and `cost/...`.
    """

    def __init__(self, folder: Path, store: Path) -> None:
        try:
            import wandb
        except ImportError as error:
            raise UserError(
                f"--track wandb: a package is missing ({error}); "
                "pip install 'metric-learning-bench[wandb]'"
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        self._wandb = wandb
        self._folder = folder
        self._store = store

    @hookimpl
    def bench_run_finished(self, record: Record) -> None:
        """Write what a run left behind."""
        arrays = read_artifact(self._store, record.artifact) if record.artifact else {}
        run = self._wandb.init(
            project=PROJECT,
            dir=str(self._folder),
            mode="offline",
            id=record.run_id,
            name=run_folder(record).as_posix(),
            group=f"{record.identity.dataset}/{record.identity.method}",
            config=facts(record),
            reinit="finish_previous",
            settings=self._wandb.Settings(silent=True, console="off", disable_git=True),
        )
        by_step: dict[int, dict[str, float]] = {}
        for name, step, value in curves(record, arrays):
            by_step.setdefault(step, {})[name] = value
        for step in sorted(by_step):
            run.log(by_step[step], step=step)
        run.summary.update(results(record))
        run.finish(exit_code=0 if record.state == "done" else 1)

    def close(self) -> None:
        """Nothing is left: each run is written out when it ended."""
