"""The digest stands for the values of a file, all of them, and for nothing else."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from harness.protocol import parse_protocol

Change = Callable[[str, str | None], str]

# Another allowed value for every key that allows one.
OTHERS = {
    "name": '"another"',
    "replicates": "3",
    "split.test_fraction": "0.4",
    "split.folds": "3",
    "split.fold_rule": '"mlrc"',
    "split.labelled_fraction": "0.5",
    "backbone.name": '"convnet-small"',
    "backbone.weights": '"imagenet"',
    "backbone.freeze_batch_norm": "true",
    "backbone.embedding_size": "16",
    "backbone.normalize": "false",
    **{
        f"optimizers.{of}.{key}": value
        for of in ("trunk", "head", "objective")
        for key, value in {
            "name": '"sgd"',
            "learning_rate": "2e-3",
            "weight_decay": "1e-4",
            "momentum": "0.9",
        }.items()
    },
    "training.steps": "20",
    "training.steps_per_epoch": "10",
    "training.batch_size": "16",
    "training.samples_per_class": "2",
    "training.compositions": '["balanced"]',
    "augmentation.shift": "0.1",
    "augmentation.rotation": "5.0",
    "augmentation.scale": "0.1",
    "augmentation.flip": "true",
    "selection.every": "2",
    "selection.patience": "3",
    "search.trials": "5",
    "search.sampler": '"random"',
    "search.repeats": "2",
    "scoring.distance": '"euclidean"',
    "scoring.recall_at": "[1, 2, 4]",
    "scoring.clustering_restarts": "2",
    "datasets.numbers.split.folds": "3",
}
ONLY_ONE_VALUE = {
    "format",
    "split.kind",
    "selection.metric",
    "scoring.gallery",
}


def digest(text: str, dataset: str | None = None) -> str:
    return parse_protocol(text, where="toy.toml", dataset=dataset).digest


def keys(table: Mapping[str, Any], inside: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{inside}{key}.")
        else:
            yield inside + key


def test_it_is_a_sha256(toy: str) -> None:
    assert len(digest(toy)) == 64
    int(digest(toy), 16)


@pytest.mark.parametrize("key", OTHERS)
def test_another_value_is_another_digest(key: str, toy: str, change: Change) -> None:
    assert digest(change(key, OTHERS[key])) != digest(toy)


def test_no_value_is_left_out_of_the_test_above(toy: str) -> None:
    assert set(keys(tomllib.loads(toy))) == {"summary", *OTHERS, *ONLY_ONE_VALUE}


def test_a_summary_in_other_words_keeps_the_digest(toy: str, change: Change) -> None:
    assert digest(change("summary", '"in other words"')) == digest(toy)


def test_a_comment_changes_nothing(toy: str) -> None:
    assert digest("# a remark\n" + toy.replace("steps = 10", "steps = 10  # few")) == digest(toy)


def test_the_order_of_sections_changes_nothing(toy: str) -> None:
    header, *sections = toy.partition("[datasets")[0].split("\n\n")
    datasets = toy[toy.index("[datasets") :]
    assert digest("\n\n".join([header, *reversed(sections), datasets])) == digest(toy)


def test_the_order_of_keys_changes_nothing(toy: str) -> None:
    swapped = toy.replace("every = 5\npatience = 2", "patience = 2\nevery = 5")
    assert swapped != toy
    assert digest(swapped) == digest(toy)


@pytest.mark.parametrize(
    ("key", "same"),
    [("optimizers.head.learning_rate", "0.001"), ("augmentation.shift", "0")],
)
def test_the_way_a_number_is_written_changes_nothing(
    key: str, same: str, toy: str, change: Change
) -> None:
    assert digest(change(key, same)) == digest(toy)


def test_a_section_written_inline_changes_nothing(toy: str) -> None:
    section = '[search]\ntrials = 0\nsampler = "tpe"\nrepeats = 1\n'
    assert section in toy
    inline = toy.replace(section, "").replace(
        "replicates = 2\n",
        'replicates = 2\nsearch = {trials = 0, sampler = "tpe", repeats = 1}\n',
    )
    assert digest(inline) == digest(toy)


def test_it_is_one_for_all_datasets_of_a_file(toy: str) -> None:
    assert digest(toy, "numbers") == digest(toy, "letters")


def test_a_dataset_more_is_another_digest(toy: str) -> None:
    assert digest(toy + "\n[datasets.signs]\n") != digest(toy)


def test_another_default_dataset_is_another_digest(toy: str) -> None:
    rules, _, _ = toy.partition("[datasets")
    swapped = rules + "[datasets.numbers.split]\nfolds = 2\n\n[datasets.letters]\n"
    assert digest(swapped) != digest(toy)


def test_a_dataset_that_repeats_a_value_of_the_file_changes_nothing(toy: str) -> None:
    repeated = toy.replace("[datasets.letters]", "[datasets.letters.split]\nfolds = 4")
    assert digest(repeated) == digest(toy)


def crops(toy: str, jitter: str = "") -> str:
    """The toy file with an augmentation that crops."""
    before, rest = toy.split("[augmentation]")
    after = rest[rest.index("[selection]") :]
    rule = (
        'kind = "crop"\nresize = 8\ncrop = 6\narea = [0.2, 1.0]\naspect = [0.75, 1.33]\nflip = true'
    )
    return f"{before}[augmentation]\n{rule}\n{jitter}\n{after}"


def test_an_augmentation_of_another_kind_is_another_digest(toy: str) -> None:
    assert digest(crops(toy)) != digest(toy)


JITTER = "\n[augmentation.jitter]\nbrightness = 0.4\ncontrast = 0.4\nsaturation = 0.4\nhue = 0.1\n"
VIEWS = "\n[test_views]\nflip = true\ncrops = 1\n"
QUIRKS = "\n[quirks]\nraw_training_inputs = false\ntest_batches = 0\n"


@pytest.mark.parametrize("section", [VIEWS, QUIRKS], ids=["test views", "quirks"])
def test_a_section_that_need_not_be_given_is_another_digest(section: str, toy: str) -> None:
    assert digest(toy.replace("\n[datasets.letters]", f"{section}\n[datasets.letters]")) != digest(
        toy
    )


def test_jitter_is_another_digest(toy: str) -> None:
    assert digest(crops(toy, JITTER)) != digest(crops(toy))


def test_cutting_gradients_is_another_digest(change: Change, toy: str) -> None:
    assert digest(change("optimizers.head.momentum", "0.0\nclip_value = 0.1")) != digest(toy)
