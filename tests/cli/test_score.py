"""`bench score`, from files to what is printed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from harness.cli import score as command
from harness.errors import UserError

APP = typer.Typer()
APP.command()(command.score)
NAMES = [
    "precision_at_1", "recall_at_1", "recall_at_2", "recall_at_4", "recall_at_8", "r_precision",
    "map_at_r", "map", "mrr", "nmi", "ami", "ari", "pairwise_f1",
]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Sixty points of six classes, one of them alone in a seventh."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 6
    points = rng.standard_normal((6, 8))[labels] + rng.standard_normal((60, 8))
    labels[7] = 99
    np.save(tmp_path / "points.npy", points.astype(np.float32))
    np.save(tmp_path / "labels.npy", labels)
    return str(tmp_path / "points.npy"), str(tmp_path / "labels.npy")


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(APP, arguments, catch_exceptions=False)


def test_json_has_value_and_interval_of_every_score(files: tuple[str, str]) -> None:
    found = json.loads(ran(*files, "--format", "json", "--draws", "50").stdout)
    assert list(found) == NAMES
    assert all(set(score) == {"value", "low", "high"} for score in found.values())


def test_the_table_names_every_score(files: tuple[str, str]) -> None:
    output = ran(*files, "--draws", "50").stdout
    assert [name for name in NAMES if name not in output] == []


def test_queries_left_out_are_told(files: tuple[str, str]) -> None:
    assert "1 queries have no other item of their class" in ran(*files).output


def test_a_collapse_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.ones((6, 2)))
    np.save(tmp_path / "labels.npy", np.arange(6) % 2)
    output = ran(str(tmp_path / "points.npy"), str(tmp_path / "labels.npy")).output
    assert "collapsed" in output


def test_a_gallery_is_searched_instead(files: tuple[str, str]) -> None:
    gallery = ["--gallery", files[0], "--gallery-labels", files[1]]
    done = ran(*files, *gallery, "--format", "json")
    assert json.loads(done.stdout)["precision_at_1"]["value"] == 1.0
    assert "60 queries stand in the gallery too, and find themselves" in done.stderr


def test_another_device_ranks_the_same(files: tuple[str, str]) -> None:
    here = json.loads(ran(*files, "--format", "json").stdout)
    there = json.loads(ran(*files, "--device", "cpu", "--format", "json").stdout)
    assert there["map_at_r"] == pytest.approx(here["map_at_r"], abs=1e-6)


def test_a_device_that_torch_does_not_know_is_refused(files: tuple[str, str]) -> None:
    with pytest.raises(UserError, match="device 'gpu'"):
        ran(*files, "--device", "gpu")


def test_no_restarts_leave_the_clustering_out(files: tuple[str, str]) -> None:
    found = json.loads(ran(*files, "--restarts", "0", "--format", "json").stdout)
    assert "nmi" not in found


def test_ranks_can_be_chosen(files: tuple[str, str]) -> None:
    found = json.loads(ran(*files, "--recall-at", "1,10", "--format", "json").stdout)
    assert [name for name in found if name.startswith("recall")] == ["recall_at_1", "recall_at_10"]


def test_wrong_ranks_are_one_clear_line(files: tuple[str, str]) -> None:
    with pytest.raises(UserError, match="--recall-at takes whole numbers"):
        ran(*files, "--recall-at", "1;2")


def test_nothing_imports_torch(files: tuple[str, str]) -> None:
    script = (
        "import sys, typer; from harness.cli.score import score; app = typer.Typer();"
        "app.command()(score); app(standalone_mode=False);"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, *files], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_pairs_are_scored_if_asked(files: tuple[str, str]) -> None:
    options = ["--verification", "--far", "0.1,1e-2", "--draws", "20"]
    found = json.loads(ran(*files, *options, "--format", "json").stdout)
    assert [*found][-4:] == ["roc_auc", "eer", "tar_at_far_0.1", "tar_at_far_0.01"]
    assert set(found["eer"]) == {"value", "low", "high", "threshold"}
    assert "threshold" in ran(*files, *options).stdout


def test_so_many_classes_that_k_means_would_take_longest_are_not_clustered(tmp_path: Path) -> None:
    points = np.random.default_rng(0).standard_normal((30_000, 2)).astype(np.float16)
    np.savez(tmp_path / "a.npz", embeddings=points, labels=np.arange(30_000) // 2)
    options = ["--recall-at", "1", "--draws", "2", "--format", "json"]
    scored = ran(str(tmp_path / "a.npz"), *options)
    assert "no clustering of a draw, or of so many points or classes: --restarts 3" in scored.stderr
    assert "ami" not in json.loads(scored.stdout)


def test_a_draw_of_queries_says_so_and_is_near_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 50
    points = rng.standard_normal((50, 8))[labels] + rng.standard_normal((2000, 8))
    np.savez(tmp_path / "a.npz", embeddings=points, labels=labels)
    path = str(tmp_path / "a.npz")
    whole = json.loads(ran(path, "--restarts", "0", "--format", "json").stdout)
    drawn = ran(path, "--queries", "500", "--format", "json")
    found = json.loads(drawn.stdout)
    assert "500 of 2,000 queries, drawn with seed 0" in drawn.stderr
    assert "no clustering of a draw" in drawn.stderr
    assert "nmi" not in found
    for name, score in found.items():
        assert score["low"] <= whole[name]["value"] <= score["high"]
        assert score["value"] != whole[name]["value"]
    every = json.loads(ran(path, "--queries", "2000", "--format", "json").stdout)
    assert every["map_at_r"]["value"] == whole["map_at_r"]["value"]


def test_scores_by_group_name_the_worst_first(tmp_path: Path) -> None:
    lines = ["d0,d1,label,light"]
    for number in range(40):
        angle = (number % 2) * 1.2 + (0.9 * (number % 5) if number % 4 > 1 else 0)
        lines.append(
            f"{np.cos(angle)},{np.sin(angle)},{number % 2},{'day' if number % 4 < 2 else 'night'}"
        )
    (tmp_path / "t.csv").write_text("\n".join(lines))
    found = json.loads(ran(str(tmp_path / "t.csv"), "--by", "light", "--columns", "d0,d1",
                           "--format", "json").stdout)  # fmt: skip
    groups = [name for name in found if name.startswith("map_at_r [")]
    assert groups == ["map_at_r [light=night, 20 queries]", "map_at_r [light=day, 20 queries]"]
    assert found[groups[0]]["value"] < found[groups[1]]["value"]


def test_several_galleries_are_searched_one_by_one(files: tuple[str, str], tmp_path: Path) -> None:
    points, labels = np.load(files[0]), np.load(files[1])
    for name, part in (("small", slice(0, 30)), ("large", slice(0, 60))):
        np.savez(tmp_path / f"{name}.npz", embeddings=points[part], label=labels[part])
    options = ["--restarts", "0", "--draws", "20", "--format", "json"]
    galleries = [str(tmp_path / f"{name}.npz") for name in ("small", "large")]
    both = ran(*files, "--gallery", galleries[0], "--gallery", galleries[1], *options)
    found = json.loads(both.stdout)
    for file in galleries:
        alone = json.loads(ran(*files, "--gallery", file, *options).stdout)
        assert found[f"map_at_r [{Path(file).name}]"] == alone["map_at_r"]
    with pytest.raises(UserError, match="two are of one name"):
        ran(*files, "--gallery", galleries[0], "--gallery", galleries[0])
    with pytest.raises(UserError, match="2 galleries and 1 files of their labels"):
        ran(*files, "--gallery", galleries[0], "--gallery", galleries[1], "--gallery-labels",
            files[1])  # fmt: skip


def test_what_a_querys_own_camera_saw_is_left_out_by_the_column_named(
    files: tuple[str, str], tmp_path: Path
) -> None:
    from harness.scoring import score_embeddings

    points, labels = np.load(files[0]), np.load(files[1])
    cameras = np.arange(60) % 4
    arrays = {"embeddings": points, "label": labels, "camera": cameras}
    np.savez(tmp_path / "q.npz", **arrays)
    file, options = str(tmp_path / "q.npz"), ["--restarts", "0", "--draws", "9"]
    done = ran(file, "--exclude", "camera", *options, "--format", "json")
    wanted = score_embeddings(points, labels, exclude=cameras, clustering=None, seed=0)
    assert json.loads(done.stdout)["map_at_r"]["value"] == wanted.values["map_at_r"]
    shelf = ran(file, "--gallery", file, "--exclude", "camera", *options, "--format", "json")
    assert json.loads(shelf.stdout)["map_at_r"]["value"] == wanted.values["map_at_r"]
    with pytest.raises(UserError, match=r"--exclude camra: no such column.*camera"):
        ran(file, "--exclude", "camra")


def test_samples_with_several_labels_are_scored_by_what_they_share(
    files: tuple[str, str], tmp_path: Path
) -> None:
    from harness.scoring.overlap import score_overlap

    points = np.load(files[0])
    texts = [f"a{row % 3}; b{row % 4}" for row in range(60)]
    np.savez(tmp_path / "m.npz", embeddings=points, label=texts)
    file, options = str(tmp_path / "m.npz"), ["--label-separator", ";"]
    found = json.loads(ran(file, *options, "--format", "json").stdout)
    wanted = score_overlap(points, [text.split("; ") for text in texts])
    assert {name: score["value"] for name, score in found.items()} == wanted.values
    assert "map_at_r" in ran(file, *options, "--gallery", file).stdout
    for other in (["--verification"], ["--restarts", "3"], ["--exclude", "label"]):
        with pytest.raises(UserError, match=f"{other[0]} needs one label a sample"):
            ran(file, *options, *other)


def test_what_cannot_be_scored_is_said_of_its_file(files: tuple[str, str], tmp_path: Path) -> None:
    points = np.load(files[0])
    points[3, 1] = np.nan
    np.save(tmp_path / "gap.npy", points)
    with pytest.raises(UserError, match=r"gap\.npy: embeddings: row 4 of 60 holds a value that"):
        ran(str(tmp_path / "gap.npy"), files[1])


@pytest.mark.parametrize("separator", [None, "|"])
def test_labels_that_may_be_several_are_told_unless_they_are_taken_apart(
    separator: str | None, files: tuple[str, str], tmp_path: Path
) -> None:
    texts = ["cat|dog" if number % 2 else "cat" for number in range(60)]
    (tmp_path / "tags.csv").write_text("\n".join(["label", *texts]))
    asked = [] if separator is None else ["--label-separator", separator]
    options = ["--restarts", "0", "--draws", "2"] if separator is None else []
    said = ran(files[0], str(tmp_path / "tags.csv"), *asked, *options).output
    assert ("'cat|dog' may be several labels" in " ".join(said.split())) == (separator is None)


def test_files_whose_rows_are_in_another_order_are_refused(tmp_path: Path) -> None:
    """By their ids; and labels that the embeddings' file has too are told where they differ."""
    ids, classes = [f"i{row}" for row in range(12)], [f"c{row % 3}" for row in range(12)]
    lines = [f"{name},{row % 3}.5,{row}.5" for row, name in enumerate(ids)]
    (tmp_path / "points.csv").write_text("\n".join(["id,d0,d1", *lines]))
    pairs = [f"{name},{one}" for name, one in zip(ids, classes, strict=True)]
    (tmp_path / "turned.csv").write_text("\n".join(["id,label", *reversed(pairs)]))
    with pytest.raises(UserError, match=r"'i0' \(column id\) is row 1 of .* and row 12 of"):
        ran(str(tmp_path / "points.csv"), str(tmp_path / "turned.csv"))
    rows = [f"{line},{one}" for line, one in zip(lines, classes, strict=True)]
    (tmp_path / "both.csv").write_text("\n".join(["id,d0,d1,label", *rows]))
    (tmp_path / "coarse.csv").write_text("\n".join(["label", *["c0", "c1"] * 6]))
    said = " ".join(ran(str(tmp_path / "both.csv"), str(tmp_path / "coarse.csv")).output.split())
    assert "(the first: row 3, 'c2' and 'c0'), which count" in said
