"""Runs in TensorBoard: curves, scores, and the test embeddings in its projector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import hookimpl
from harness.artifacts import Arrays, RunArray, read_artifact
from harness.errors import UserError
from harness.trackers.shown import curves, results, run_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.data.dataset import Dataset
    from harness.record import Record

TEST = "test"


class TensorBoard:
    """Writes a run to DIR/DATASET/METHOD/seed-S-fold-F-ID once it ended.

    Scalars: `loss` by step, `validation/METRIC` by step, `scores/METRIC` and `cost/...` at the step
    that validation chose. Text: hyperparameters, and the reason of a run that failed. Projector:
    the test embeddings, with the class and every attribute of the dataset to colour them by.
    Trials of a search have no scores and no embeddings; they lie in a folder of their own.
    """

    def __init__(self, folder: Path, store: Path, dataset: Dataset) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UserError(
                f"--track tensorboard: a package is missing ({error}); "
                "pip install 'metric-learning-bench[tensorboard]'"
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        self._open = SummaryWriter
        self._folder = folder
        self._store = store
        self._dataset = dataset

    @hookimpl
    def bench_run_finished(self, record: Record) -> None:
        """Write what a run left behind."""
        arrays: Arrays = {}
        if record.artifact is not None:
            arrays = read_artifact(self._store, record.artifact)
        writer = self._open(str(self._folder / run_folder(record)))
        try:
            for name, step, value in curves(record, arrays):
                writer.add_scalar(name, value, step)
            _write_results(writer, record)
            if RunArray.TEST_EMBEDDINGS in arrays:
                self._write_embeddings(writer, arrays)
        finally:
            writer.close()

    def close(self) -> None:
        """Nothing is left: each run is written out when it ended."""

    def _write_embeddings(self, writer: Any, arrays: Arrays) -> None:
        header, rows = metadata(self._dataset, arrays[RunArray.TEST_POSITIONS])
        # A header above a single column would be taken for a row.
        several = len(header) > 1
        writer.add_embedding(
            arrays[RunArray.TEST_EMBEDDINGS],
            metadata=rows if several else [row[0] for row in rows],
            metadata_header=header if several else None,
            tag=TEST,
        )


def metadata(dataset: Dataset, positions: NDArray[Any]) -> tuple[list[str], list[list[str]]]:
    """Names of the columns, and for each position in the dataset its class and attributes."""
    columns = {"class": (dataset.labels, dataset.class_names)}
    for name, attribute in dataset.attributes.items():
        columns[name] = (attribute.values, attribute.names)
    rows = [
        [names[codes[position]] for codes, names in columns.values()]
        for position in positions.tolist()
    ]
    return list(columns), rows


def _write_results(writer: Any, record: Record) -> None:
    step = record.selected.step if record.selected else 0
    for name, value in results(record).items():
        writer.add_scalar(name, value, step)
    writer.add_text("hyperparameters", json.dumps(record.identity.hyperparameters), step)
    if record.reason is not None:
        writer.add_text("reason", f"{record.reason.kind}: {record.reason.message}", step)
