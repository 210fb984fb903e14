"""The published protocols: superseded, never edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.builtin import bench_backbones, bench_datasets
from harness.cli.options import DEFAULT_PROTOCOL
from harness.errors import UserError
from harness.protocol import Protocol, load_protocol, published_names
from harness.protocol.published import protocols_folder

DIGESTS = {
    "reality-check-small": "4fee04c225ce",
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


def test_a_published_protocol_needs_nothing_but_the_core(published: Protocol) -> None:
    assert set(published.datasets) <= {source.name for source in bench_datasets()}
    assert published.backbone.name in {source.name for source in bench_backbones()}


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
        f"(published: {', '.join(published_names())}; or the path of a .toml file)"
    )


def test_a_protocol_is_loaded_from_a_path_too(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text((protocols_folder() / "smoke.toml").read_text())
    assert load_protocol(str(copy)) == load_protocol("smoke")
