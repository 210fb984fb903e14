"""The report in a real Chromium: how long until it has loaded, beside a page of nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    path = tmp_path / "nothing.html"
    path.write_text("<!doctype html><title>nothing</title>", encoding="utf-8")
    return path


@pytest.mark.benchmark(group="report-opens")
@pytest.mark.parametrize("shown", ["nothing", "page", "crowd"])
def test_a_page_is_opened(
    benchmark: Any, request: pytest.FixtureRequest, look: Callable[..., Any], shown: str
) -> None:
    path: Path = request.getfixturevalue(shown)
    driver = look(path)
    benchmark.pedantic(lambda: driver.get(path.as_uri()), rounds=10, warmup_rounds=1)
    assert driver.execute_script("return document.readyState") == "complete"
