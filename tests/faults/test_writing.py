"""The session is killed, or finds the disk full, at every moment at which it writes."""

from __future__ import annotations

import re
import signal

import pytest

TORN = range(33_000, 75_000, 4_999)
"""Sizes that no file may outgrow; below 32 KiB SQLite cannot even begin."""


def points(printed: str) -> int:
    found = re.search(r"points passed: (\d+)", printed)
    assert found, printed
    return int(found[1])


def at_each(scene, tmp_path, kind: str, step: int = 1) -> tuple[int, list]:
    """Meet a fault at every point, or each `step`, that an undisturbed run passes.

    Each in a store of its own.
    """
    code, printed = scene.run(kind=kind, at=0)
    assert code == 0, printed
    met = []
    for point in range(1, points(printed) + 1, step):
        own = scene.in_another_store(tmp_path / f"{kind}-{point}")
        met.append((own, *own.run(kind=kind, at=point)))
    return points(printed), met


def test_killed_before_every_write(scene, tmp_path, undisturbed) -> None:
    passed, met = at_each(scene, tmp_path, "die")
    assert passed > 20
    for own, code, printed in met:
        assert code == -signal.SIGKILL, printed
        own.recovers("kill -9 of the session, before each of its writes", undisturbed())


def test_killed_in_a_search(scene, tmp_path, searching_protocol, undisturbed) -> None:
    scene.protocol = searching_protocol
    _, met = at_each(scene, tmp_path, "die", step=7)
    searching = [one for one in met if "[trial" in one[2] and "[1/2]" not in one[2]]
    assert {printed.count("[trial") for _, _, printed in searching} == {1, 2, 3, 4}
    for own, code, printed in searching:
        assert code == -signal.SIGKILL, printed
        expected = undisturbed(protocol=searching_protocol)
        own.recovers("kill -9 of the session, in a search", expected)


def test_no_room_at_every_write_of_a_file(scene, tmp_path, undisturbed) -> None:
    passed, met = at_each(scene, tmp_path, "full")
    assert passed >= 8
    for own, _, printed in met:
        assert "Traceback" not in printed
        own.recovers("disk full, at each write of a file", undisturbed())


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("torn", "kill -9 of the session, in the middle of a write"),
        ("quota", "disk full, in the middle of a write"),
    ],
)
def test_cut_short_in_the_middle_of_a_write(
    scene, tmp_path, undisturbed, fault: str, kind: str
) -> None:
    codes = set()
    for size in TORN:
        own = scene.in_another_store(tmp_path / f"store-{size}")
        code, printed = own.run(kind=fault, bytes=size)
        assert "Traceback" not in printed
        codes.add(code)
        own.recovers(kind, undisturbed())
    assert (-signal.SIGXFSZ if fault == "torn" else 2) in codes
