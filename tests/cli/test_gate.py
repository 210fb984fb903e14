"""`bench gate` as CI calls it: exit codes, files, speed, and no torch."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

BENCH = """
import sys, time
from harness.cli.main import main
sys.argv[0] = "bench"
try:
    main()
finally:
    heavy = {"torch", "faiss", "sklearn", "pandas", "matplotlib"} & set(sys.modules)
    print("loaded:", *sorted(heavy), file=sys.stderr)
"""


def bench(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    return subprocess.run(
        [sys.executable, "-c", BENCH, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**plain, **environment},
    )


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    return lines[0]


@pytest.fixture
def baseline(make_store, publish) -> Path:
    return publish(make_store("base", levels={"a": 0.5, "b": 0.6}, noise=0.01))


def test_an_equal_store_passes_with_code_0_without_torch(tmp_path, baseline):
    done = bench("gate", "--baseline", baseline, "--store", tmp_path / "base")
    assert (done.returncode, done.stderr) == (0, "loaded:\n")
    assert done.stdout.splitlines()[-1] == "gate: pass (smoke on digits: 2 pass)"


def test_a_worsened_method_fails_with_code_1(baseline, make_store):
    new = make_store("new", levels={"a": 0.5, "b": 0.45}, noise=0.01)
    done = bench("gate", "--baseline", baseline, "--store", new)
    assert done.returncode == 1
    assert done.stdout.startswith("regression   b: MAP@R")


def test_only_chooses_among_the_rows_of_the_baseline(baseline, make_store):
    worse = make_store("new", levels={"a": 0.5, "b": 0.45}, noise=0.01)
    options = ("gate", "--baseline", baseline, "--store", worse)
    assert bench(*options, "--only", "method=a").returncode == 0
    done = bench(*options, "--only", "method=c")
    assert done.returncode == 2
    assert "unknown method 'c'" in error_line(done)


def test_an_empty_store_is_code_3(baseline, make_store):
    done = bench("gate", "--baseline", baseline, "--store", make_store("new", levels={}))
    assert done.returncode == 3
    assert "holds no records: nothing was measured" in error_line(done)


def test_failed_runs_are_code_4(baseline, make_store, failed_fields):
    replace = {("a", 0, 0): failed_fields}
    new = make_store("new", levels={"a": 0.5, "b": 0.6}, noise=0.01, replace=replace)
    assert bench("gate", "--baseline", baseline, "--store", new).returncode == 4


def test_one_replicate_is_code_5_unless_that_may_pass(baseline, make_store):
    new = make_store("new", levels={"a": 0.5, "b": 0.6}, seeds=range(1))
    options = ("gate", "--baseline", baseline, "--store", new)
    assert bench(*options).returncode == 5
    assert bench(*options, "--inconclusive", "pass").returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "gate needs --baseline"),
        (("--baseline", "nowhere.json"), "there is no such file"),
        (("--embeddings", "a.npy"), "--embeddings needs --against, and --labels"),
        (("--labels", "a.npy"), "--against, --labels, --exclude and galleries need --embeddings"),
        (("--exclude", "camera"), "--against, --labels, --exclude and galleries need"),
        (("--margin", "x"), "--margin x: must be a number"),
    ],
)
def test_usage_is_code_2_and_a_line(options, said):
    done = bench("gate", *options)
    assert done.returncode == 2
    assert said in error_line(done)


def test_a_tampered_baseline_is_code_3_and_a_foreign_one_is_code_2(tmp_path, baseline):
    baseline.write_text(baseline.read_text().replace('"version": "1"', '"version": "2"'))
    done = bench("gate", "--baseline", baseline, "--store", tmp_path / "base")
    assert done.returncode == 3
    assert "was changed after it was published" in error_line(done)
    baseline.write_text('{"rows": []}')
    done = bench("gate", "--baseline", baseline, "--store", tmp_path / "base")
    assert done.returncode == 2


def test_a_published_candidate_is_held_against_another(tmp_path, baseline, make_store, publish):
    worse = publish(make_store("new", levels={"a": 0.5, "b": 0.4}), "other")
    assert bench("gate", "--baseline", baseline, "--candidate", worse).returncode == 1
    other = publish(make_store("far", identity={"protocol_digest": "o" * 64}), "far")
    done = bench("gate", "--baseline", baseline, "--candidate", other)
    assert done.returncode == 3
    assert "its runs differ from the baseline, smoke on digits, in protocol digest" in error_line(
        done
    )


def test_files_for_ci_are_written_whatever_the_verdict(tmp_path, baseline, make_store):
    for name, levels, code in (("new", {"a": 0.5, "b": 0.4}, 1), ("empty", {}, 3)):
        folder = tmp_path / f"out-{name}"
        summary = tmp_path / f"{name}-summary.md"
        done = bench(
            *("gate", "--baseline", baseline, "--store", make_store(name, levels=levels)),
            *("--junit", folder / "gate.xml", "--markdown", folder / "gate.md"),
            *("--format", "json"),
            GITHUB_STEP_SUMMARY=str(summary),
        )
        assert done.returncode == code
        assert json.loads(done.stdout)["exit_code"] == code
        assert ET.parse(folder / "gate.xml").getroot().tag == "testsuite"
        assert (folder / "gate.md").read_text().startswith("### ")
        assert summary.read_text() == (folder / "gate.md").read_text() + "\n"


@pytest.fixture
def files(tmp_path):
    draw = np.random.default_rng(0)
    labels = np.repeat([f"class {i}" for i in range(100)], 8)
    centres = np.repeat(draw.normal(size=(100, 32)), 8, axis=0)
    noise = draw.normal(size=(800, 32))
    np.save(tmp_path / "old.npy", centres + 0.8 * noise)
    np.save(tmp_path / "worse.npy", centres + 1.2 * noise)
    np.save(tmp_path / "labels.npy", labels)
    return {name: tmp_path / f"{name}.npy" for name in ("old", "worse", "labels")}


def test_embeddings_are_gated_without_torch(files):
    options = ("--against", files["old"], "--labels", files["labels"])
    equal = bench("gate", "--embeddings", files["old"], *options)
    assert (equal.returncode, equal.stderr) == (0, "loaded:\n")
    worse = bench("gate", "--embeddings", files["worse"], *options)
    assert worse.returncode == 1
    assert "over 100 test classes" in worse.stdout


def test_embeddings_whose_ids_stand_in_another_order_are_not_comparable(tmp_path, files):
    ids = np.array([f"item-{row}" for row in range(800)])
    for name, turned in (("old", ids), ("worse", ids[::-1])):
        np.savez(tmp_path / f"{name}.npz", embeddings=np.load(files[name]), id=turned)
    options = ("--against", tmp_path / "old.npz", "--labels", files["labels"])
    done = bench("gate", "--embeddings", tmp_path / "worse.npz", *options)
    assert done.returncode == 3
    assert "'item-799' (column id) is row 1 of" in error_line(done)


def test_broken_embeddings_are_code_3(tmp_path, files):
    broken = np.load(files["old"])
    broken[5] = np.nan
    np.save(tmp_path / "nan.npy", broken)
    options = ("--against", files["old"], "--labels", files["labels"])
    done = bench("gate", "--embeddings", tmp_path / "nan.npy", *options)
    assert done.returncode == 3
    assert "nothing was measured" in error_line(done)


def test_embeddings_are_gated_against_their_galleries(tmp_path):
    draw = np.random.default_rng(0)
    labels = np.arange(60) % 12
    centres = draw.normal(size=(12, 8))
    for name, noise in (("new", 0.1), ("old", 0.1), ("bad", 3.0)):
        for part in ("q", "g"):
            points = centres[labels] + noise * draw.normal(size=(60, 8))
            np.savez(tmp_path / f"{name}-{part}.npz", embeddings=points, labels=labels)
    files = {path.stem: path for path in tmp_path.glob("*.npz")}

    def gated(name: str):
        return bench(
            *("gate", "--embeddings", files[f"{name}-q"], "--against", files["old-q"]),
            *("--gallery", files[f"{name}-g"], "--against-gallery", files["old-g"]),
            *("--margin", "0.1"),
        )

    assert gated("new").returncode == 0
    assert gated("bad").returncode == 1
    alone = bench("gate", "--embeddings", files["new-q"], "--against", files["old-q"],
                  "--gallery", files["new-g"])  # fmt: skip
    assert alone.returncode == 2
    assert "--gallery and --against-gallery" in error_line(alone)


def test_each_of_several_galleries_has_lines_and_cameras_are_excluded(tmp_path):
    draw = np.random.default_rng(0)
    labels, cameras = np.arange(60) % 12, np.arange(60) // 12 % 2
    centres, seen = draw.normal(size=(12, 8)), 9 * np.eye(8)[:2]
    for name, part in itertools.product(("new", "old"), ("q", "near", "far")):
        bad = 3.0 if name == "new" and part == "far" else 0.1
        points = centres[labels] + bad * draw.normal(size=(60, 8)) + seen[cameras]
        np.savez(tmp_path / f"{name}-{part}.npz", embeddings=points, label=labels, camera=cameras)
    files = {path.stem: path for path in tmp_path.glob("*.npz")}
    sides = ["--embeddings", files["new-q"], "--against", files["old-q"]]
    shelves = [
        *("--gallery", files["new-near"], "--against-gallery", files["old-near"]),
        *("--gallery", files["new-far"], "--against-gallery", files["old-far"]),
    ]
    done = bench("gate", *sides, *shelves, "--margin", "0.1", "--format", "json")
    lines = {line["method"]: line for line in json.loads(done.stdout)["lines"]}
    assert {name: line["verdict"] for name, line in lines.items()} == {
        "embeddings [new-near.npz]": "pass",
        "embeddings [new-far.npz]": "regression",
    }
    assert done.returncode == 1
    options = ["--margin", "0.1", "--exclude", "camera", "--format", "json"]
    apart = json.loads(bench("gate", *sides, *shelves[:4], *options).stdout)["lines"][0]
    scored = json.loads(
        bench("score", files["new-q"], "--gallery", files["new-near"], "--exclude", "camera",
              "--restarts", "0", "--draws", "2", "--format", "json").stdout
    )  # fmt: skip
    assert apart["candidate"] == scored["map_at_r"]["value"]
    assert apart["candidate"] != lines["embeddings [new-near.npz]"]["candidate"]


def test_embeddings_of_other_items_are_told_by_their_labels(tmp_path):
    points, labels = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 5
    files = {}
    for name, theirs in (("new", labels), ("old", labels), ("other", labels[::-1])):
        files[name] = tmp_path / f"{name}.npz"
        np.savez(files[name], embeddings=points, label=theirs)
    assert bench("gate", "--embeddings", files["new"], "--against", files["old"]).returncode == 0
    done = bench("gate", "--embeddings", files["new"], "--against", files["other"])
    assert done.returncode == 3
    assert "(the first: row 1, '4' and '0'): the rows are not of the same items" in done.stderr
