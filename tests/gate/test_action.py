"""The GitHub action: what its file says is what its script does and its manual shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="reads the action's file")

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github" / "actions" / "gate"


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return yaml.safe_load((ACTION / "action.yml").read_text())


def call(tmp_path: Path, **inputs: object) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the action's script as GitHub does: inputs and outputs in the environment."""
    bench = tmp_path / "bin" / "bench"
    bench.parent.mkdir(exist_ok=True)
    bench.write_text(f'#!/bin/sh\nexec {sys.executable} -m harness.cli "$@"\n')
    bench.chmod(0o755)
    given = {f"GATE_{name.upper()}": str(value) for name, value in inputs.items()}
    output = tmp_path / "output"
    output.write_text("")
    done = subprocess.run(
        [ACTION / "gate.sh"],
        env={
            **os.environ,
            "PATH": f"{bench.parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(output),
            "GATE_INCONCLUSIVE": "fail",
            **given,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, output.read_text()


def test_every_input_reaches_the_script(action):
    (step,) = [step for step in action["runs"]["steps"] if step.get("id") == "gate"]
    passed = set(step["env"].values())
    assert passed == {f"${{{{ inputs.{name} }}}}" for name in action["inputs"] if name != "install"}
    script = (ACTION / "gate.sh").read_text()
    for variable in step["env"]:
        name = variable.removeprefix("GATE_")
        assert variable in script or re.search(rf"\b{name.lower()}\b", script), variable


def test_no_input_is_pasted_into_a_script(action):
    assert not any("${{" in step["run"] for step in action["runs"]["steps"])


def test_the_workflow_of_the_manual_uses_inputs_that_there_are(action):
    (text,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "gate.md").read_text(), re.DOTALL)
    steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
    (gate,) = [step for step in steps if step.get("uses") == "./.github/actions/gate"]
    assert set(gate["with"]) <= set(action["inputs"])
    assert (ROOT / gate["with"]["baseline"]).is_file()


def test_the_script_tells_each_verdict(tmp_path, make_store, publish):
    levels = {"a": 0.5, "b": 0.6}
    baseline = publish(make_store("base", levels=levels))
    options: dict[str, Any] = {"baseline": baseline, "junit": tmp_path / "gate.xml"}
    done, output = call(tmp_path, store=tmp_path / "base", **options)
    assert (done.returncode, output) == (0, "verdict=pass\nexit-code=0\n"), done.stderr
    assert (tmp_path / "gate.xml").is_file()
    worse = make_store("a store; with $blanks", levels={"a": 0.5, "b": 0.4})
    done, output = call(tmp_path, store=worse, metrics="map_at_r precision_at_1", **options)
    assert (done.returncode, output) == (1, "verdict=regression\nexit-code=1\n")
    assert "P@1" in done.stdout
    done, output = call(tmp_path, store=make_store("none", levels={}), **options)
    assert (done.returncode, output) == (3, "verdict=nothing-measured\nexit-code=3\n")
    done, output = call(tmp_path)
    assert (done.returncode, output) == (2, "verdict=usage\nexit-code=2\n")
