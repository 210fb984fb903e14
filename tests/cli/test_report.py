"""`bench report` and `bench figure`, from a store on disk to a file."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import figure as figure_command
from harness.cli import report as report_command
from harness.errors import UserError
from harness.record import Record
from harness.store import Store
from harness.testing import make_record

APP = typer.Typer()
APP.command()(report_command.report)
APP.command()(figure_command.figure)


def a_run(seed: int) -> Record:
    return make_record("triplet", seed, values=0.5 + seed / 100, replicates=2, audit=None)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Store.open(tmp_path / "store", create=True) as store:
        for seed in (0, 1):
            store.put(a_run(seed))
    return tmp_path / "store"


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APP, [str(argument) for argument in arguments])


def test_a_report_is_written_and_its_size_told(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    result = bench("report", "--store", store, "--output", path)
    assert result.exit_code == 0, result.exception
    assert result.stdout.startswith(f"{path}: 1 method, 0.")
    assert "triplet" in path.read_text()


def test_a_figure_is_written_in_the_format_of_its_ending(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "forest.svg"
    result = bench("figure", "forest", "--store", store, "--output", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    assert path.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("report", "--dataset", "glyph"), "did you mean 'glyphs'?"),
        (("figure", "critical"), "did you mean 'critical-difference'?"),
        (("figure", "forest", "--output", "a.pgn"), "did you mean 'png'?"),
        (("figure", "forest", "--metric", "map_at_k"), "did you mean 'map_at_r'?"),
        (("figure", "embedding"), "no run left arrays to draw"),
        (("report", "--output", "no/such/folder.html"), "cannot write no/such/folder.html"),
    ],
)
def test_a_slip_is_one_line(
    arguments: tuple[str, ...],
    line: str,
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    error = bench(*arguments, "--store", store).exception
    assert isinstance(error, UserError)
    assert line in str(error)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_what_stood_there_stays_if_the_store_cannot_be_read(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("before")
    assert isinstance(
        bench("report", "--store", tmp_path / "none", "--output", page).exception, UserError
    )
    assert page.read_text() == "before"


def test_a_report_needs_no_torch(store: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from harness.cli.main import app\n"
        f"app(['report', '--store', {str(store)!r}, '--output', {str(tmp_path / 'r.html')!r}],"
        " standalone_mode=False)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


PUBLISHED = Path(__file__).parents[2] / "results" / "smoke" / "digits.json"


def test_a_published_board_has_a_page_and_figures(tmp_path: Path) -> None:
    page, plot = tmp_path / "page.html", tmp_path / "forest.svg"
    assert bench("report", PUBLISHED, "--output", page).exit_code == 0
    assert "no run left arrays" in page.read_text()
    assert bench("figure", "forest", PUBLISHED, "--output", plot).exit_code == 0
    assert plot.read_text().startswith("<?xml")


def test_a_figure_does_not_guess_which_way_a_metric_is_better(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        for method, level in (("good", 0.1), ("bad", 0.9)):
            store.put(make_record(method, scores={"extra": {"spill": level}}))
    asked = ("figure", "forest", "--metric", "spill", "--top", "1", "--store", tmp_path / "store")
    refused = bench(*asked, "--output", tmp_path / "a.svg")
    assert "say which way it is better" in str(refused.exception)
    assert bench(*asked, "--lower-is-better", "--output", tmp_path / "a.svg").exit_code == 0
    shown = (tmp_path / "a.svg").read_text()
    assert ("good" in shown, "bad" in shown) == (True, False)


def test_the_page_draws_no_metric_whose_direction_nobody_recorded(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True) as store:
        for method, level in (("good", 0.1), ("bad", 0.9)):
            store.put(make_record(method, scores={"extra": {"spill": level}}))
    page = tmp_path / "page.html"
    assert bench("report", "--store", tmp_path / "store", "--output", page).exit_code == 0
    assert '"name":"spill"' not in page.read_text().replace(" ", "")
    assert "spill: no run recorded which way it is better" in page.read_text()
