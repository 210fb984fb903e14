"""The page as text: self-contained, inert where plugins speak, the same each time."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.data.dataset import Dataset
from harness.report.page import templates
from harness.results import load_board
from harness.results.display import display_table
from harness.store import Store

Render = Callable[..., str]


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def data_of(text: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def test_the_page_loads_nothing(page: Path) -> None:
    elements = Elements(page.read_text()).found
    links = [a[key] for _, a in elements for key in ("src", "href", "action") if key in a]
    assert {link for link in links if link and not link.startswith("#")} == set()
    assert not {tag for tag, _ in elements} & {"link", "iframe", "object", "embed", "base"}


def test_the_policy_of_the_page_allows_its_own_script_and_style_alone(page: Path) -> None:
    text = page.read_text()
    policy = next(
        a["content"] or ""
        for _, a in Elements(text).found
        if a.get("http-equiv") == "Content-Security-Policy"
    )
    script = re.findall(r"<script>(.*?)</script>", text, re.S)
    style = re.findall(r"<style>(.*?)</style>", text, re.S)
    assert (len(script), len(style)) == (1, 1)
    for content in (*script, *style):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_no_element_and_no_attribute_comes_from_a_record(page: Path) -> None:
    elements = Elements(page.read_text()).found
    assert [tag for tag, _ in elements].count("script") == 2
    assert not {tag for tag, _ in elements} & {"img", "iframe"}
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]


def test_what_a_record_says_is_there_as_text(page: Path) -> None:
    text = page.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "alert(1)</script>" not in text


def test_the_data_cannot_end_their_element() -> None:
    text = (
        templates().from_string("{{ data | tojson }}").render(data={"a": "</script><!-- & \u2028"})
    )
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


def test_text_is_escaped_in_elements_and_attributes() -> None:
    made = templates().from_string('<p title="{{ text }}">{{ text }}</p>').render(text="\"'<&")
    assert made == '<p title="&#34;&#39;&lt;&amp;">&#34;&#39;&lt;&amp;</p>'


def test_the_same_store_gives_the_same_page(
    store_path: Path, glyphs: Dataset, render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.figures.embedded._tsne", lambda rows, pca: pca)
    assert render(store_path, glyphs) == render(store_path, glyphs)


def test_without_the_dataset_the_page_says_why_and_shows_the_rest(
    store_path: Path, render: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.figures.embedded._tsne", lambda rows, pca: pca)
    text = render(store_path, "unknown dataset 'glyphs'")
    assert "No images: unknown dataset &#39;glyphs&#39;." in text
    data = data_of(text)
    assert data["embeddings"]["sprite"] is None
    assert data["charts"]["precision"]["columns"]["precision"][0][0] > 0


def test_without_arrays_the_page_has_its_tables(
    tmp_path: Path, glyphs: Dataset, render: Render, store_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "bare", create=True) as bare:
        for record in full.records():
            bare.put(record.model_copy(update={"artifact": None}))
    text = render(tmp_path / "bare", glyphs)
    assert "no run left arrays to look at" in text
    assert "embeddings" not in data_of(text)
    assert '<table id="board">' in text


def test_a_damaged_file_of_arrays_costs_one_panel(
    tmp_path: Path,
    glyphs: Dataset,
    render: Render,
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.figures.embedded._tsne", lambda rows, pca: pca)
    with Store.open(store_path) as full, Store.open(tmp_path / "hurt", create=True) as hurt:
        for record in full.records():
            if record.artifact:
                arrays = full.arrays(record)
                put = hurt.put(record.model_copy(update={"artifact": None}), arrays)
                if record.identity.method == "alpha" and put.artifact:
                    (tmp_path / "hurt" / put.artifact.path).write_bytes(b"not these")
            else:
                hurt.put(record)
    panels = data_of(render(tmp_path / "hurt", glyphs))["embeddings"]["panels"]
    assert ["missing" in panel for panel in panels] == [True, False, False, False, True]
    assert "is damaged" in panels[0]["missing"]


def test_a_board_without_any_score_is_a_page_too(
    tmp_path: Path, glyphs: Dataset, render: Render, store_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "failed", create=True) as failed:
        for record in full.records():
            if record.state == "failed":
                failed.put(record)
    text = render(tmp_path / "failed", glyphs)
    assert "No method has a complete replicate yet." in text


def test_the_leader_is_named_with_those_that_are_not_told_apart_from_it(
    page: Path, crowd: Path
) -> None:
    lead = r'<p class="lead"><b>(.*?)</b> has the highest mean MAP@R: 0\.\d{3} \[.*?\]\. (.*?)</p>'
    assert re.findall(lead, page.read_text()) == [("alpha", "It is told apart from every other.")]
    (told,) = re.findall(lead, crowd.read_text())
    assert re.fullmatch(r"Not told apart from it: alpha-1(, \S+)+\.", told[1])


def test_the_board_has_the_columns_of_the_terminal(page: Path, store_path: Path) -> None:
    keys = re.findall(r'<th scope="col" data-key="(\w+)"', page.read_text())
    with Store.open(store_path) as store:
        assert keys == [column.key for column in display_table(load_board(store)).columns]


def test_skipped_methods_are_told_once_with_their_reason(page: Path) -> None:
    text = page.read_text()
    assert text.count("sigma") == 1
    assert "<b>sigma, tau</b>: the protocol lacks pairs of batches" in text
    assert [
        method["label"] for method in data_of(text)["methods"] if "tau" in method["label"]
    ] == []


def test_a_search_has_its_cost_and_its_best_on_a_bound_in_the_provenance(page: Path) -> None:
    table = page.read_text().split("Hyperparameter searches")[1]
    row = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", table.split("<tbody>")[1].split("</tr>")[0])
    assert row == [
        "alpha",
        "0",
        "5",
        "1",
        "tpe",
        "MAP@R 0.290",
        "5",
        "margin: 0.1 to 0.5",
        "1,234",
    ]
    assert 'data-key="search_seconds"' in page.read_text()


def test_a_board_without_a_search_has_no_word_of_one(
    tmp_path: Path, render: Render, store_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "plain", create=True) as plain:
        for record in full.records():
            if record.identity.method == "beta":
                plain.put(record.model_copy(update={"artifact": None}))
    text = render(tmp_path / "plain", "no dataset")
    assert "Hyperparameter searches" not in text
    assert 'data-key="search_seconds"' not in text
    assert data_of(text)["charts"]["search"]["columns"]["method"] == []


def test_a_board_of_skipped_methods_alone_is_a_page_too(
    tmp_path: Path, render: Render, store_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "skipped", create=True) as store:
        for record in full.records():
            if record.state == "skipped":
                store.put(record)
    text = render(tmp_path / "skipped", "no dataset")
    assert "0 methods" in text
    assert "2 methods were skipped" in text


def test_an_ensemble_that_leads_is_named_as_one_beside_the_best_single_model(
    tmp_path: Path, render: Render, store_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "four", create=True) as store:
        for record in full.records():
            if record.identity.method in {"alpha", "beta"}:
                members = 4 if record.identity.method == "alpha" else 1
                declared = record.declared.model_copy(update={"members": members})
                store.put(record.model_copy(update={"declared": declared, "artifact": None}))
    text = render(tmp_path / "four", "no dataset")
    assert "It is an ensemble of 4; the best single model is beta, 0.2" in text


def test_replicates_of_different_points_name_each_with_its_seeds(
    tmp_path: Path, render: Render, store_path: Path
) -> None:
    with Store.open(store_path) as full, Store.open(tmp_path / "points", create=True) as store:
        for record in full.records():
            if record.identity.method == "alpha":
                point = {"margin": 0.5 if record.identity.seed else 0.25}
                identity = record.identity.model_copy(update={"hyperparameters": point})
                changed = {"identity": identity, "artifact": None}
                store.put(record.model_copy(update=changed))
    text = render(tmp_path / "points", "no dataset")
    assert "margin=0.25 (seeds 0); margin=0.5 (seeds 1, 2)" in text


def test_samples_are_where_the_dataset_has_them(page: Path, glyphs: Dataset) -> None:
    """What a tile is called is what the dataset calls the sample at that place."""
    data = data_of(page.read_text())["embeddings"]
    assert set(data["groups"]) == {"class", "family", "weight", "slant", "script"}
    names, places = data["groups"]["class"]
    assert len(names) == 40
    assert set(names) <= set(glyphs.class_names[-258:])
    for name, of in zip(names, places, strict=True):
        told = [data["samples"][data["points"][place]].split(", ") for place in of]
        assert {(words[0], len(words)) for words in told} == {(name, 5)}
