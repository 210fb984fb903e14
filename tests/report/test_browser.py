"""The page in a real Chromium: sorting, filtering, colours, the keyboard, axe, phone and dark."""

import base64
import io
import json
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

Look = Callable[..., Any]

NAMES = "return [...document.querySelectorAll('#board tbody tr')].filter(r => !r.hidden)"
AXE = (("axe_playwright_python", "axe.min.js"), ("axe_core_python", "axe.min.js"))


def names(driver: Any) -> list[str]:
    found: list[str] = driver.execute_script(f"{NAMES}.map(r => r.querySelector('th').innerText)")
    return [" ".join(name.split()) for name in found]


def heading(driver: Any, key: str) -> Any:
    return driver.find_element("css selector", f"#board th[data-key={key}] button")


def choose(driver: Any, select: str, value: str) -> None:
    from selenium.webdriver.support.ui import Select

    Select(driver.find_element("id", select)).select_by_value(value)


def errors(driver: Any) -> list[str]:
    return [entry["message"] for entry in driver.get_log("browser")]


def test_the_board_is_sorted_best_first_and_turns_round_at_a_press(look: Look, page: Path) -> None:
    driver = look(page)
    assert names(driver)[:2] == ["alpha", "beta"]
    heading(driver, "map_at_r").click()
    assert names(driver)[0] == "gamma-softmax"
    assert names(driver)[-1].startswith("broken")  # no score: last either way
    heading(driver, "method").click()
    assert names(driver) == sorted(names(driver), key=str.lower)
    sorted_by = driver.find_elements("css selector", "#board th[aria-sort]")
    assert [th.get_attribute("data-key") for th in sorted_by] == ["method"]


def test_the_board_is_sorted_by_the_keyboard(look: Look, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = look(page)
    heading(driver, "seconds").send_keys(Keys.ENTER)
    assert names(driver)[0] == "alpha"
    heading(driver, "seconds").send_keys(Keys.SPACE)
    assert names(driver)[0] == "gamma-softmax"


def test_the_filter_leaves_what_matches_and_says_how_many(look: Look, page: Path) -> None:
    driver = look(page)
    driver.find_element("id", "filter").send_keys("softmax")
    assert names(driver) == ["gamma-softmax"]
    assert driver.find_element("id", "shown").text == "1 of 5 methods"
    driver.find_element("id", "filter").clear()
    driver.find_element("id", "filter").send_keys("balanced")
    assert len(names(driver)) == 4


def test_the_colouring_of_the_map_can_be_switched(look: Look, page: Path) -> None:
    driver = look(page)
    marks = "[...document.querySelectorAll('[data-tile]')]"
    count = f"return new Set({marks}.map(m => m.dataset.group)).size"
    assert driver.execute_script(count) == 40
    fills = f"return {marks}.map(m => m.style.fill).join()"
    by_class = driver.execute_script(fills)
    for attribute, groups in (("family", 4), ("weight", 2), ("slant", 2)):
        choose(driver, "map-by", attribute)
        assert driver.execute_script(count) == groups
        legend = driver.find_elements("css selector", ".legend li")
        assert len(legend) == groups
    assert driver.execute_script(fills) != by_class
    choose(driver, "map-plane", "PCA")
    label = driver.find_element("css selector", ".card svg[role=img]").get_attribute("aria-label")
    assert label == "PCA of 640 test samples embedded by alpha, coloured by slant."


def test_a_sample_on_the_map_is_shown_with_its_class(look: Look, page: Path) -> None:
    driver = look(page)
    driver.execute_script(
        "document.querySelector('[data-tile]').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    said = driver.find_element("css selector", ".inspect")
    assert said.text.startswith("U+")
    assert said.find_elements("css selector", ".tile")


def test_a_ticked_method_is_coloured_in_the_charts(look: Look, page: Path) -> None:
    driver = look(page)
    box = "#board input[data-method='3']"
    coloured = "return document.querySelectorAll('#forest-plot [stroke^=\"var(--s\"]').length"
    before = driver.execute_script(coloured)
    driver.find_element("css selector", box).click()
    assert driver.execute_script(coloured) > before
    assert len(driver.find_elements("css selector", "#pins button")) == 4


def test_differences_are_paired_by_seed(look: Look, page: Path) -> None:
    driver = look(page)
    choose(driver, "forest-against", "1")
    label = driver.find_element("css selector", "#forest-plot svg").get_attribute("aria-label")
    assert label.startswith("MAP@R minus that of beta of 3 methods, best first. Best: alpha")
    assert "same seed" in driver.find_element("id", "forest-words").text


def test_each_method_has_its_panel(look: Look, page: Path) -> None:
    driver = look(page)
    driver.find_element("link text", "gamma-softmax").click()
    assert driver.find_element("id", "method").get_attribute("value") == "3"
    assert "Seed 0, fold 0" in driver.find_element("id", "method-about").text
    assert len(driver.find_elements("css selector", ".hit")) == 64
    wrong = driver.find_elements("css selector", ".hit.wrong .tile")
    assert wrong
    assert all("wrong:" in tile.get_attribute("aria-label") for tile in wrong)
    assert len(driver.find_elements("css selector", ".hard tbody tr")) == 8


def test_a_method_without_a_run_says_so(look: Look, page: Path) -> None:
    driver = look(page)
    choose(driver, "method", "4")
    assert "Nothing to show: no run of it left arrays." in driver.page_source
    assert not driver.find_elements("css selector", ".card")


def test_hostile_names_are_words_and_nothing_runs(look: Look, page: Path) -> None:
    driver = look(page)
    driver.execute_script("window.alert = () => { window.hurt = true; };")
    assert "<script>alert(1)</script>" in names(driver)
    for method in range(5):
        choose(driver, "method", str(method))
    choose(driver, "forest-against", "2")
    assert driver.execute_script("return window.hurt") is None
    assert driver.execute_script("return document.scripts.length") == 2
    assert not driver.find_elements("css selector", "img")
    assert errors(driver) == []


def test_nothing_is_asked_of_a_network(look: Look, page: Path) -> None:
    driver = look(page)
    asked = driver.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
        ".filter(n => !n.startsWith('data:'))"
    )
    assert asked == []


def test_the_page_opens_within_a_second(look: Look, page: Path) -> None:
    """The best of three, since others may want the processor too."""
    script = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
    times = []
    for _ in range(3):
        driver = look(page)
        times.append(driver.execute_script(script))
    assert 0 < min(times) < 1000


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(look: Look, page: Path, width: int, dark: bool) -> None:
    script = axe()
    driver = look(page, width=width, dark=dark)
    for details in driver.find_elements("css selector", "details"):
        driver.execute_script("arguments[0].open = true", details)
    driver.execute_script(script)
    found = driver.execute_async_script(
        "const done = arguments[arguments.length - 1]; axe.run(document).then(r => done("
        "r.violations.map(v => [v.id, v.impact, v.nodes.slice(0, 3).map(n => n.html)])))"
    )
    assert [each for each in found if each[1] in {"serious", "critical"}] == [], json.dumps(found)


def axe() -> str:
    for package, name in AXE:
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            return (Path(spec.submodule_search_locations[0]) / name).read_text(encoding="utf-8")
    pytest.skip("axe-core is not installed (pip install axe-core-python)")


@pytest.mark.parametrize("width", [320, 390, 820])
def test_nothing_is_wider_than_a_small_window(look: Look, page: Path, width: int) -> None:
    driver = look(page, width=width)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_page_is_dark_in_the_dark(look: Look, page: Path) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(look(page, dark=True).execute_script(ground)) < 60
    assert min(look(page, dark=False).execute_script(ground)) > 200


def test_the_board_reads_without_the_script(look: Look, page: Path) -> None:
    look(page).execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    driver = look(page)
    try:
        rows = driver.find_elements("css selector", "#board tbody tr")
        assert "0.30" in rows[0].text
        assert not driver.find_element("id", "method").is_displayed()
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


VIEWS = {
    "report-desktop": (1280, False, 0, 1500),
    "report-phone": (390, False, 0, 1500),
    "report-dark": (1280, True, "#methods", 1500),
}


@pytest.mark.parametrize("name", VIEWS)
def test_screenshots(look: Look, page: Path, tmp_path: Path, name: str) -> None:
    """Written to BENCH_SCREENSHOTS (docs/ for the ones there) of BENCH_SCREENSHOT_PAGE, if set."""
    from PIL import Image

    folder = Path(os.environ.get("BENCH_SCREENSHOTS", tmp_path))
    shown = Path(os.environ.get("BENCH_SCREENSHOT_PAGE", page)).absolute()
    width, dark, start, height = VIEWS[name]
    driver = look(shown, width=width, dark=dark)
    time.sleep(0.3)
    top = f"document.querySelector('{start}').getBoundingClientRect().top" if start else "0"
    y = driver.execute_script(f"return Math.round({top} + scrollY)")
    clip = {"x": 0, "y": y, "width": width, "height": height, "scale": 1}
    options = {"captureBeyondViewport": True, "clip": clip}
    shot = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image = image.quantize(256, method=Image.Quantize.MAXCOVERAGE)
    image.save(folder / f"{name}.png", optimize=True)
    assert image.width == width
    assert (folder / f"{name}.png").stat().st_size < 300_000
