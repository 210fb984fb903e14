"""docs/notebook.ipynb, run in a real kernel; its progress is one output that is renewed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.methods

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What the notebook's code cells showed, cell by cell."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    folder = str(tmp_path_factory.mktemp("notebook"))
    client = nbclient.NotebookClient(
        book, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    return [cell.outputs for cell in book.cells if cell.cell_type == "code"]


def html(output: dict[str, Any]) -> str:
    return "".join(output["data"]["text/html"])


def test_a_forecast_is_a_table(outputs: list[list[dict[str, Any]]]) -> None:
    (shown,) = outputs[0]
    assert "8 of 8 runs to do" in html(shown)


def test_progress_is_one_output_and_the_board_another(
    outputs: list[list[dict[str, Any]]],
) -> None:
    progress, board = outputs[1]
    assert progress["output_type"] == "display_data"
    assert 'value="8" max="8"' in html(progress)
    assert "smoke on digits: 8 of 8 runs" in html(progress)
    assert "<table>" in html(board)
    assert "triplet" in html(board)


def test_a_board_is_a_frame_and_a_session_an_iterator(
    outputs: list[list[dict[str, Any]]],
) -> None:
    (frame,), (events,) = outputs[2:4]
    assert "map_at_r_mean" in html(frame)
    assert events["text"] == "Planned <Plan smoke on digits: 8 runs of 2 methods> 0\n"


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert [cell["outputs"] for cell in cells if cell["cell_type"] == "code"] == [[]] * 5
