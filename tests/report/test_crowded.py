"""Eighty-nine methods on one page, in a real Chromium: nothing is in the way of anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Look = Callable[..., Any]

ROWS = "return document.querySelectorAll('#{}-plot g.row').length"
PLOTS = ("forest", "ranks")


def rows(driver: Any, plot: str) -> int:
    count: int = driver.execute_script(ROWS.format(plot))
    return count


@pytest.mark.parametrize("plot", PLOTS)
def test_the_first_thirty_are_drawn_until_all_are_asked_for(
    look: Look, crowd: Path, plot: str
) -> None:
    driver = look(crowd)
    ranked = "JSON.parse(document.getElementById('data').textContent).charts.ranks.columns.method"
    every = driver.execute_script(f"return {ranked}.length")
    assert every == 88
    button = driver.find_element("id", f"{plot}-fold")
    assert rows(driver, plot) == 30
    assert button.text == "Show all 88"
    assert "30 of 88 methods are drawn" in driver.find_element("id", f"{plot}-folded").text
    button.click()
    assert rows(driver, plot) == 88
    assert button.text == "Show the first 30"
    button.click()
    assert rows(driver, plot) == 30


@pytest.mark.parametrize("plot", PLOTS)
def test_a_coloured_method_is_drawn_wherever_it_stands(look: Look, crowd: Path, plot: str) -> None:
    driver = look(crowd)
    driver.find_element("css selector", "#board input[data-method='87']").click()
    assert rows(driver, plot) == 31


def test_ranks_that_nothing_tells_apart_say_so_and_draw_no_bar(look: Look, crowd: Path) -> None:
    driver = look(crowd)
    words = driver.find_element("id", "ranks-words").text
    assert "Nemenyi\u2019s test tells no two methods apart: its critical difference at 5 %" in words
    assert not driver.find_elements("css selector", "#ranks-plot line.bracket")


def test_too_many_groups_for_letters_are_ranks_and_sort_as_numbers(look: Look, crowd: Path) -> None:
    driver = look(crowd)
    heading = driver.find_element("css selector", "#board th[data-key=ranks] button")
    assert heading.text == "rank"
    heading.click()
    shown = driver.execute_script(
        "return [...document.querySelectorAll('#board td.ranks')].map(c => c.dataset.value)"
    )
    ranks = [int(text) for text in shown if text]
    assert ranks in (sorted(ranks), sorted(ranks, reverse=True))
    assert len(ranks) > 60


def test_a_small_board_is_not_folded(look: Look, page: Path) -> None:
    driver = look(page)
    assert not driver.find_element("id", "forest-fold").is_displayed()


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_serious_on_a_crowded_page(
    look: Look, axe: Callable[[Any], list[Any]], crowd: Path, width: int
) -> None:
    assert axe(look(crowd, width=width)) == []


@pytest.mark.parametrize("width", [320, 390])
def test_a_crowded_page_is_no_wider_than_a_phone(look: Look, crowd: Path, width: int) -> None:
    driver = look(crowd, width=width)
    assert driver.execute_script("return document.documentElement.scrollWidth") <= width
    names = driver.execute_script(
        "return [...document.querySelectorAll('#forest-plot text:not(.tick)')]"
        ".map(t => t.getBoundingClientRect().left)"
    )
    assert min(names) >= 0
