"""The page in a real Chromium: sorting, filtering, colours, the keyboard, axe, phone and dark."""

import base64
import csv
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.data.dataset import Dataset
from harness.figures.drawing.embeddings import class_correlation, neighbours
from harness.figures.drawing.embeddings import groups as groups_of
from harness.figures.panels import Panel, Panels, make_panels
from harness.figures.sources import load_sources
from harness.store import Store

Look = Callable[..., Any]

# Tables under charts are made by a task that the opening leaves behind; a frame later they stand.
UNFOLD = """
const done = arguments[arguments.length - 1];
for (const details of document.querySelectorAll("details")) details.open = true;
requestAnimationFrame(() => setTimeout(done));
"""
DRAWN = """
const done = arguments[arguments.length - 1];
requestAnimationFrame(() => requestAnimationFrame(() => done()));
"""
NAMES = "return [...document.querySelectorAll('#board tbody tr')].filter(r => !r.hidden)"


def names(driver: Any) -> list[str]:
    found: list[str] = driver.execute_script(f"{NAMES}.map(r => r.querySelector('th').innerText)")
    return [" ".join(name.split()) for name in found]


def heading(driver: Any, key: str) -> Any:
    return driver.find_element("css selector", f"#board th[data-key={key}] button")


def choose(driver: Any, select: str, value: str) -> None:
    from selenium.webdriver.support.ui import Select

    Select(driver.find_element("id", select)).select_by_value(value)


def the_map(driver: Any) -> Any:
    return driver.find_element("css selector", ".card svg[role=application]")


def said(driver: Any) -> str:
    text: str = driver.find_element("css selector", ".inspect[role=status]").text
    return text


def opened(driver: Any, place: str) -> list[str]:
    """The rows of the table under a chart, which is made just after its fold was opened."""
    from selenium.webdriver.support.ui import WebDriverWait

    driver.find_element("css selector", f"{place} summary").click()
    rows = WebDriverWait(driver, 60).until(
        lambda _: driver.find_elements("css selector", f"{place} tbody tr")
    )
    return [row.text for row in rows]


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
    heading(driver, "training_seconds").send_keys(Keys.ENTER)
    assert names(driver)[0] == "alpha"
    heading(driver, "training_seconds").send_keys(Keys.SPACE)
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
        legend = driver.find_elements("css selector", ".card:first-child .legend li")
        assert len(legend) == groups
    assert driver.execute_script(fills) != by_class
    choose(driver, "map-plane", "PCA")
    assert the_map(driver).get_attribute("aria-label") == (
        "PCA of 640 test samples embedded by alpha, coloured by slant."
    )


def test_a_sample_on_the_map_is_shown_with_its_class(look: Look, page: Path) -> None:
    driver = look(page)
    driver.execute_script(
        "document.querySelector('[data-tile]').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    said = driver.find_element("css selector", ".inspect")
    assert said.text.startswith("U+")
    assert said.find_elements("css selector", ".tile")


RING = """
const ring = document.querySelector('.ring');
if (getComputedStyle(ring).display === 'none') return null;
return ['cx', 'cy'].map(name => +ring.getAttribute(name));
"""


def test_the_arrow_keys_move_among_the_samples_of_the_map(look: Look, page: Path) -> None:
    """Each step goes more its own way than aside, and what is there is said."""
    from selenium.webdriver.common.keys import Keys

    driver = look(page)
    plane = the_map(driver)
    plane.send_keys(Keys.HOME)
    assert said(driver).startswith("U+")
    assert len(said(driver).split(", ")) == 5  # class, family, weight, slant, script
    told = set()
    ways = {Keys.ARROW_RIGHT: (1, 0), Keys.ARROW_UP: (0, -1), Keys.ARROW_LEFT: (-1, 0)}
    for key, (right, down) in ways.items():
        for _ in range(8):
            x, y = driver.execute_script(RING)
            plane.send_keys(key)
            told.add(said(driver))
            if "No sample further" in said(driver):
                break
            after = driver.execute_script(RING)
            across, along = after[0] - x, after[1] - y
            assert across * right + along * down > 0
            assert abs(across * down) + abs(along * right) <= across * right + along * down
    assert len(told) > 8


def test_the_edge_of_the_map_is_told(look: Look, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    plane = the_map(driver := look(page))
    places = set()
    while "No sample further that way." not in said(driver):
        plane.send_keys(Keys.ARROW_LEFT)
        places.add(tuple(driver.execute_script(RING)))
    assert tuple(driver.execute_script(RING)) in places
    assert len(places) > 1


def test_every_sample_is_reached_by_the_keyboard_class_by_class(look: Look, page: Path) -> None:
    """Sixteen samples a class: after sixteen steps the next class is said."""
    from selenium.webdriver.common.keys import Keys

    driver = look(page)
    plane = the_map(driver)
    plane.send_keys(Keys.HOME)
    classes = [said(driver).split(", ")[0]]
    for _ in range(16):
        plane.send_keys(Keys.PAGE_DOWN)
        classes.append(said(driver).split(", ")[0])
    assert len(set(classes[:16])) == 1
    assert classes[16] != classes[0]
    plane.send_keys(Keys.PAGE_UP)
    assert said(driver).startswith(classes[0])
    plane.send_keys(Keys.ESCAPE)
    assert driver.execute_script(RING) is None


def test_a_sample_is_told_in_words_that_are_heard_once(look: Look, page: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = look(page)
    the_map(driver).send_keys(Keys.END)
    tile = driver.find_element("css selector", ".inspect[role=status] .tile")
    assert tile.get_attribute("aria-hidden") == "true"
    assert said(driver).count("U+") == 1


def test_the_search_is_drawn_with_its_failed_trial_and_its_numbers(look: Look, page: Path) -> None:
    driver = look(page)
    assert len(driver.find_elements("css selector", "#search-plot circle")) == 4
    assert len(driver.find_elements("css selector", "#search-plot .failed")) == 1
    stair = driver.find_element("css selector", "#search-plot path").get_attribute("d")
    heights = [float(step) for step in re.findall(r"(?:M[0-9.]+ |V)([0-9.]+)", stair)]
    assert len(heights) == 5
    assert heights == sorted(heights, reverse=True)  # down the screen, up the scale
    rows = opened(driver, "#search")
    assert rows[1:3] == ["alpha 0 2 0.260 0.260", "alpha 0 3 failed 0.260"]


def test_without_a_search_there_is_no_chart_of_one_and_no_way_to_it(
    look: Look, store_path: Path, render: Callable[..., str], tmp_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "plain", create=True) as plain:
        for record in full.records():
            if record.identity.method == "beta":
                plain.put(record.model_copy(update={"artifact": None}))
    path = tmp_path / "plain.html"
    path.write_text(render(tmp_path / "plain", "no dataset"), encoding="utf-8")
    driver = look(path)
    assert not driver.find_element("id", "search").is_displayed()
    assert not driver.find_element("css selector", "nav a[href='#search']").is_displayed()
    assert driver.find_element("id", "learning").is_displayed()
    assert errors(driver) == []


def test_skipped_methods_are_in_one_place(look: Look, page: Path) -> None:
    driver = look(page)
    assert not [name for name in names(driver) if name in {"sigma", "tau"}]
    driver.find_element("css selector", "#skipped summary").click()
    told = driver.find_element("css selector", "#skipped li").text
    assert told == "sigma, tau: the protocol lacks pairs of batches"
    assert "2 skipped" in driver.find_element("css selector", ".facts").text
    choices = driver.find_elements("css selector", "#method option")
    assert len(choices) == 5


def test_a_ticked_method_is_coloured_in_the_charts(look: Look, page: Path) -> None:
    driver = look(page)
    box = "#board input[data-method='3']"
    coloured = "return document.querySelectorAll('#forest-plot [stroke^=\"var(--s\"]').length"
    before = driver.execute_script(coloured)
    driver.find_element("css selector", box).click()
    assert driver.execute_script(coloured) > before
    assert len(driver.find_elements("css selector", "#pins button")) == 4


FOREST = "return [...document.querySelectorAll('#forest-plot g.row title')].map(t => t.textContent)"
TICKS = "return [...document.querySelectorAll('#forest-plot .tick')].map(t => t.textContent).join()"


def test_the_filter_is_of_the_charts_too(look: Look, page: Path) -> None:
    driver = look(page)
    assert len(driver.execute_script(FOREST)) == 4
    driver.find_element("id", "filter").send_keys("softmax")
    (told,) = driver.execute_script(FOREST)
    assert re.fullmatch(r"gamma-softmax: mean 0\.\d{3}, low 0\.\d{3}, high 0\.\d{3}", told)
    driver.find_element("id", "filter").send_keys(" and nothing else")
    assert "leaves out every method" in driver.find_element("id", "forest-plot").text


def test_a_part_of_a_chart_is_dragged_out_and_the_whole_comes_back(look: Look, page: Path) -> None:
    from selenium.webdriver import ActionChains

    driver = look(page)
    before = driver.execute_script(TICKS)
    plot = driver.find_element("css selector", "#forest-plot svg")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    drag = ActionChains(driver).move_to_element(plot).click_and_hold()
    drag.move_by_offset(150, 0).release().perform()
    assert driver.execute_script(TICKS) != before
    driver.find_element("xpath", "//*[@id='forest']//button[.='Show the whole chart']").click()
    assert driver.execute_script(TICKS) == before


def test_a_link_shows_what_its_sender_saw(look: Look, page: Path) -> None:
    driver = look(page)
    driver.find_element("css selector", "#board input[data-method='3']").click()
    choose(driver, "forest-metric", "nmi")
    choose(driver, "forest-against", "2")
    choose(driver, "method", "1")
    link, seen = driver.current_url, driver.execute_script(FOREST)
    assert link.split("#")[1].startswith("methods?forest-metric=nmi&forest-against=%3Cscript")
    look(page)
    driver.get("about:blank")
    driver.get(link)
    assert driver.execute_script(FOREST) == seen
    assert len(driver.find_elements("css selector", "#pins button")) == 4
    assert driver.find_element("id", "method").get_attribute("value") == "1"
    assert errors(driver) == []


def test_numbers_and_picture_of_a_chart_can_be_taken_away(
    look: Look, page: Path, store_path: Path, tmp_path: Path
) -> None:
    from xml.etree import ElementTree

    from selenium.webdriver.support.ui import WebDriverWait

    from harness.results import load_board

    driver = look(page)
    lines = taken(driver, tmp_path, "forest")
    driver.find_element("xpath", "//*[@id='forest']//button[.='Picture (SVG)']").click()
    WebDriverWait(driver, 60).until(lambda _: (tmp_path / "forest.svg").exists())
    picture = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    with Store.open(store_path) as store:
        board = load_board(store)
    assert len(lines) == 12
    means = {line["method"]: float(line["mean"]) for line in lines}
    for row in board.rows[:4]:
        interval = row.scores("separated")["map_at_r"]
        assert means[row.label] == pytest.approx(interval.mean, abs=1e-5)
    drawing = ElementTree.fromstring(picture)
    assert len(drawing.findall(".//{*}g[@class='row']")) == 4
    assert "var(" not in picture


def taken(driver: Any, folder: Path, name: str) -> list[dict[str, str]]:
    from selenium.webdriver.support.ui import WebDriverWait

    allow = {"behavior": "allow", "downloadPath": str(folder)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", allow)
    driver.find_element("xpath", f"//*[@id='{name}']//button[.='Data (CSV)']").click()
    WebDriverWait(driver, 60).until(lambda _: (folder / f"{name}.csv").exists())
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text(encoding="utf-8"))))


def test_the_page_shows_of_an_embedding_what_papers_show(
    look: Look, page: Path, store_path: Path, glyphs: Dataset, tmp_path: Path
) -> None:
    """What the script puts together from packed numbers is what the definitions say."""
    driver = look(page)
    with Store.open(store_path) as store:
        panels = make_panels(store, load_sources(store), glyphs, maps=False)
    assert isinstance(panels, Panels)
    panel, told = panels.of["alpha"], panels.test.describe
    assert isinstance(panel, Panel)
    (query, near, right), matrix = (
        tuple(neighbours(panels, panel).columns.values()),
        class_correlation(panels, panel).rows,
    )
    assert [tuple(line.values()) for line in taken(driver, tmp_path, "neighbours")] == [
        (told(query[row]), told(near[row][place]), f"{right[row][place]:.0f}")
        for row in range(8)
        for place in range(8)
    ]
    assert [
        (line["class"], line["other"], float(line["correlation"]))
        for line in taken(driver, tmp_path, "matrix")
    ] == [
        (row["class"], other, value)
        for row in matrix
        for other, value in zip(row["other"], row["correlation"], strict=True)
    ]
    assert [(line["group"], line["sample"]) for line in taken(driver, tmp_path, "map")] == [
        (name, told(int(panels.points[place])))
        for name, places in groups_of(panels, "class").items()
        for place in places
    ]
    assert driver.find_element("id", "matrix-words").text == class_correlation(panels, panel).words


def test_a_cell_of_the_matrix_tells_its_classes_and_a_part_is_dragged_out(
    look: Look, page: Path
) -> None:
    from selenium.webdriver import ActionChains

    driver = look(page)
    place = "const box = document.querySelector('#matrix-plot svg').getBoundingClientRect();"
    matrix = driver.find_element("css selector", "#matrix-plot svg")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", matrix)
    cell = driver.execute_script(f"{place} return box.width / 40")

    def told(row: float, column: float) -> str:
        """What is said at a cell: the middle of the picture is the corner of four."""
        mouse = ActionChains(driver)
        mouse.move_to_element_with_offset(matrix, cell * (column - 19.5), cell * (row - 19.5))
        mouse.perform()
        text: str = driver.find_element("css selector", "#matrix-plot .inspect").text
        return text

    names = driver.execute_script(
        "return JSON.parse(document.getElementById('data').textContent).embeddings.correlated"
    )
    assert told(3, 3) == f"{names[3]} and {names[3]}: 1.00"
    words = told(7, 31)
    assert words.startswith(f"{names[7]} and {names[31]}: ")
    assert told(31, 7).split(": ")[-1] == words.split(": ")[-1]
    assert len(matrix.find_elements("css selector", "path")) <= 51
    drag = ActionChains(driver).move_to_element(matrix).click_and_hold()
    drag.move_by_offset(round(5 * cell), round(5 * cell)).release().perform()
    matrix = driver.find_element("css selector", "#matrix-plot svg")
    assert told(0, 0).startswith(f"{names[20]} and {names[20]}: 1.00")
    assert told(39, 39).startswith(f"{names[24]} and {names[24]}: 1.00")


def test_a_part_of_the_map_is_dragged_out_without_stretching_it(look: Look, page: Path) -> None:
    from selenium.webdriver import ActionChains

    driver = look(page)
    spots = (
        "return [...document.querySelectorAll('#map-plot [data-tile]')].slice(0, 3)"
        ".map(m => m.getBBox()).map(b => [b.x + b.width / 2, b.y + b.height / 2])"
    )

    def aspect() -> float:
        (ax, ay), (bx, by), _ = driver.execute_script(spots)
        return float((by - ay) / (bx - ax))

    before = aspect()
    plot = the_map(driver)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    drag = ActionChains(driver).move_to_element(plot).click_and_hold()
    drag.move_by_offset(120, 40).release().perform()
    assert "Show the whole chart" in driver.find_element("id", "map-tools").text
    assert aspect() == pytest.approx(before, rel=1e-3)


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


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious(
    look: Look, axe: Callable[[Any], list[Any]], page: Path, width: int, dark: bool
) -> None:
    driver = look(page, width=width, dark=dark)
    driver.execute_async_script(UNFOLD)
    assert axe(driver) == []


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
    "report-search": (1280, False, "#search", 620),
}


@pytest.mark.parametrize("name", VIEWS)
def test_screenshots(look: Look, page: Path, tmp_path: Path, name: str) -> None:
    """Written to BENCH_SCREENSHOTS (docs/ for the ones there) of BENCH_SCREENSHOT_PAGE, if set."""
    from PIL import Image

    folder = Path(os.environ.get("BENCH_SCREENSHOTS", tmp_path))
    shown = Path(os.environ.get("BENCH_SCREENSHOT_PAGE", page)).absolute()
    width, dark, start, height = VIEWS[name]
    driver = look(shown, width=width, dark=dark)
    driver.execute_async_script(DRAWN)
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
