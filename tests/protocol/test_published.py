"""The published protocols: superseded, never edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.builtin import bench_backbones, bench_datasets
from harness.data.corruptions import CORRUPTIONS
from harness.errors import UserError
from harness.protocol import Protocol, load_protocol, protocols_folder, published_names
from harness.settings import DEFAULT_PROTOCOL

DIGESTS = {
    "covnet": "e22b70ed7333",
    "covnet-colorectal": "2d3e1c37802c",
    "dependent-variables": "b7462d69746f",
    "dependent-variables-views": "050dbb44dac2",
    "covnet-small": "28f5b989b4cc",
    "frozen-text": "43e855dadf37",
    "frozen-text-2": "99c767fd130e",
    "frozen-text-disjoint": "487ccb911eea",
    "frozen-text-tuned": "e7bf2381c4d7",
    "guided": "baa9b71e4ecf",
    "guided-as-coded": "09a495d35f63",
    "guided-hour": "035a43c6d4d2",
    "guided-small": "61f6b7925db1",
    "multi-task": "e587477f3faa",
    "multi-task-text": "11cd9c98df3b",
    "multi-task-text-tuned": "0deeb45e065c",
    "reality-check": "ea9c6c9fde08",
    "reality-check-as-coded": "20e61bb79dc5",
    "reality-check-lite": "6a987de30780",
    "reality-check-small": "4fee04c225ce",
    "reality-check-small-2": "32cb55838bcf",
    "reality-check-small-3": "c43251b283df",
    "reality-check-small-4": "e7e557d6e4d5",
    "reality-check-small-tuned": "319b7617daee",
    "reality-check-small-tuned-2": "91054350e558",
    "reality-check-small-tuned-3": "049e47d4e31c",
    "reality-check-small-tuned-4": "c879deb053cc",
    "revisited": "836421689a28",
    "semi-supervised-0.01": "7eee4a555f29",
    "semi-supervised-0.1": "3341e4b51297",
    "semi-supervised-10": "61daca0c5721",
    "semi-supervised-small": "9702420ce5b5",
    "user-corrected": "4c7670e5179e",
    "user-corrected-adaptive": "405d7469df91",
    "smoke": "b2a8e1c67614",
}


@pytest.fixture(params=DIGESTS)
def published(request: pytest.FixtureRequest) -> Protocol:
    """Each published protocol, for its first dataset."""
    return load_protocol(request.param)


def test_every_published_protocol_has_its_digest_in_this_file() -> None:
    assert published_names() == sorted(DIGESTS)


def test_a_published_protocol_was_not_edited(published: Protocol) -> None:
    assert published.digest[:12] == DIGESTS[published.name]


def test_a_published_protocol_is_named_as_its_file() -> None:
    assert [load_protocol(name).name for name in published_names()] == published_names()


def test_a_published_protocol_loads_for_each_of_its_datasets(published: Protocol) -> None:
    for dataset in published.datasets:
        assert load_protocol(published.name, dataset=dataset).dataset == dataset


def test_a_published_protocol_names_nothing_but_what_the_core_offers(published: Protocol) -> None:
    backbones = {source.name: source for source in bench_backbones()}
    named = [name.split("+") for name in published.datasets]
    assert {base for base, *_ in named} <= {source.name for source in bench_datasets()}
    assert {change for _, *changes in named for change in changes} <= set(CORRUPTIONS)
    for dataset in published.datasets:
        rule = load_protocol(published.name, dataset=dataset).backbone
        backbones[rule.name].weights_named(rule.weights)


def test_the_protocols_for_a_first_look_need_no_file() -> None:
    for name in ("smoke", "reality-check-small"):
        assert set(load_protocol(name).datasets) == {"digits", "glyphs"}


def test_a_published_protocol_says_what_it_follows_and_where_it_departs(
    published: Protocol,
) -> None:
    text = (protocols_folder() / f"{published.name}.toml").read_text()
    header = text[: text.index("format = 1")]
    assert header.startswith("# ")
    if published.name != "smoke":
        assert "depart" in header.lower()


def test_the_default_protocol_is_published() -> None:
    assert DEFAULT_PROTOCOL in published_names()


def test_the_reality_check_starts_with_glyphs_in_four_corrected_folds() -> None:
    protocol = load_protocol("reality-check-small")
    assert protocol.dataset == "glyphs"
    assert (protocol.split.folds, protocol.split.fold_rule) == (4, "even")


def test_the_reality_check_takes_two_folds_of_digits() -> None:
    assert load_protocol("reality-check-small", dataset="digits").split.folds == 2


def test_an_unknown_protocol_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError) as raised:
        load_protocol("smok")
    assert str(raised.value) == (
        "unknown protocol 'smok'; did you mean 'smoke'? "
        "(bench list protocols shows the published ones; or the path of a .toml file)"
    )


@pytest.mark.parametrize("name", ["ours", "ours.tml", "our.toml"])
def test_a_file_whose_name_is_misspelt_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ours.toml").touch()
    with pytest.raises(UserError, match=f"{name}'?(: no such file)?; did you mean 'ours.toml'"):
        load_protocol(name)


def test_a_protocol_is_loaded_from_a_path_too(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text((protocols_folder() / "smoke.toml").read_text())
    assert load_protocol(str(copy)) == load_protocol("smoke")


@pytest.mark.parametrize("dataset", ["cub200", "cars196", "sop"])
def test_the_reality_check_is_the_papers(dataset: str) -> None:
    protocol = load_protocol("reality-check", dataset=dataset)
    backbone, training = protocol.backbone, protocol.training
    assert (backbone.name, backbone.weights, backbone.embedding_size) == (
        "bn-inception",
        "imagenet",
        128,
    )
    assert (training.batch_size, training.samples_per_class) == (32, 4)
    # Steps without improvement before it stops: 1,000, 1,500 and 4,000.
    patience = protocol.selection.every * protocol.selection.patience
    assert patience == {"cub200": 1000, "cars196": 1500, "sop": 4000}[dataset]


def test_the_reality_check_as_coded_differs_in_its_folds_alone() -> None:
    ours, coded = (
        load_protocol(name).model_dump(exclude={"name", "summary", "digest"})
        for name in ("reality-check", "reality-check-as-coded")
    )
    assert coded["split"].pop("fold_rule") == "mlrc"
    assert ours["split"].pop("fold_rule") == "even"
    assert ours == coded


def test_guided_as_coded_differs_in_its_quirks_alone() -> None:
    ours, coded = (
        load_protocol(name).model_dump(exclude={"name", "summary", "digest"})
        for name in ("guided", "guided-as-coded")
    )
    assert coded.pop("quirks") == {"raw_training_inputs": True, "test_batches": 30}
    assert ours.pop("quirks") is None
    assert ours == coded


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("semi-supervised-0.01", 0.0001),
        ("semi-supervised-0.1", 0.001),
        ("semi-supervised-10", 0.1),
    ],
)
def test_semi_supervised_protocols_are_named_by_their_percentage(name: str, share: float) -> None:
    assert load_protocol(name).split.labelled_fraction == share
