"""`--set key.path=value`: another protocol, unlocked, with a digest of its own."""

from __future__ import annotations

import pytest

from harness.errors import UserError
from harness.protocol import Protocol, parse_protocol


def overridden(text: str, *overrides: str, dataset: str | None = None) -> Protocol:
    return parse_protocol(text, where="toy.toml", dataset=dataset, overrides=overrides)


def error_of(text: str, *overrides: str) -> str:
    with pytest.raises(UserError) as raised:
        overridden(text, *overrides)
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_a_protocol_as_published_is_locked(toy: str) -> None:
    assert overridden(toy).unlocked == ()


def test_an_override_is_applied(toy: str) -> None:
    assert overridden(toy, "training.steps=7").training.steps == 7


def test_an_override_changes_nothing_else(toy: str) -> None:
    before, after = overridden(toy), overridden(toy, "training.steps=7")
    training = before.training.model_copy(update={"steps": 7})
    told = {"training": training, "digest": after.digest, "unlocked": ("training.steps=7",)}
    assert after == before.model_copy(update=told)


def test_an_override_wins_over_the_value_of_the_dataset(toy: str) -> None:
    assert overridden(toy, "split.folds=3", dataset="numbers").split.folds == 3


def test_an_overridden_protocol_has_another_digest(toy: str) -> None:
    assert overridden(toy, "training.steps=7").digest != overridden(toy).digest


def test_an_override_by_the_published_value_is_unlocked_all_the_same(toy: str) -> None:
    protocol = overridden(toy, "training.steps=10")
    assert protocol.unlocked == ("training.steps=10",)
    assert protocol.digest != overridden(toy).digest


def test_other_values_of_one_key_have_other_digests(toy: str) -> None:
    few, many = overridden(toy, "training.steps=7"), overridden(toy, "training.steps=8")
    assert few.digest != many.digest


def test_the_last_override_of_a_key_wins_and_the_digest_tells(toy: str) -> None:
    one, other = ("training.steps=7", "training.steps=8"), ("training.steps=8", "training.steps=7")
    assert overridden(toy, *one).training.steps == 8
    assert overridden(toy, *one).digest != overridden(toy, *other).digest


def test_the_order_of_overrides_of_other_keys_changes_nothing(toy: str) -> None:
    one, other = ("training.steps=7", "replicates=1"), ("replicates=1", "training.steps=7")
    assert overridden(toy, *one).digest == overridden(toy, *other).digest


@pytest.mark.parametrize("text", ["backbone.name=convnet-small", 'backbone.name="convnet-small"'])
def test_a_text_needs_no_quotes(text: str, toy: str) -> None:
    assert overridden(toy, text).backbone.name == "convnet-small"


def test_a_list_is_written_as_in_toml(toy: str) -> None:
    assert overridden(toy, "scoring.recall_at=[1, 5]").scoring.recall_at == (1, 5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('scoring.exclude=["camera"]', lambda one: one.scoring.exclude == ("camera",)),
        ("split.class_seed=3", lambda one: one.split.class_seed == 3),
        ("selection.start=2", lambda one: one.selection.start == 2),
        ("optimizers.trunk.clip_value=1.0", lambda one: one.optimizers.trunk.clip_value == 1.0),
    ],
)
def test_a_value_that_the_file_may_leave_out_is_given(text, found, toy: str) -> None:
    changed = overridden(toy, text)
    assert found(changed)
    assert changed.digest != overridden(toy).digest


def test_a_section_that_the_file_leaves_out_is_not_given_in_part(toy: str) -> None:
    assert "unknown key 'quirks'" in error_of(toy, "quirks.test_batches=1")


def test_an_unknown_key_is_named_with_the_nearest(toy: str) -> None:
    assert error_of(toy, "training.stepz=7") == (
        "--set training.stepz=7: in training: unknown key 'stepz'; did you mean 'steps'? "
        "(allowed: batch_size, compositions, samples_per_class, steps, steps_per_epoch)"
    )


def test_an_unknown_section_is_named_with_the_nearest(toy: str) -> None:
    assert error_of(toy, "trainig.steps=7").startswith(
        "--set trainig.steps=7: unknown key 'trainig'; did you mean 'training'? (allowed: "
    )


def test_a_key_below_a_value_is_unknown(toy: str) -> None:
    assert error_of(toy, "training.steps.more=7") == (
        "--set training.steps.more=7: in training.steps: unknown key 'more' (allowed: none)"
    )


@pytest.mark.parametrize("key", ["name", "format", "datasets.letters"])
def test_what_names_the_protocol_cannot_be_overridden(key: str, toy: str) -> None:
    assert "unknown key" in error_of(toy, f"{key}=1")


def test_a_section_cannot_be_overridden_as_a_whole(toy: str) -> None:
    assert error_of(toy, "optimizers.head={}") == (
        "--set optimizers.head={}: 'optimizers.head' is a section, not a value"
    )


def test_an_override_needs_an_equals_sign(toy: str) -> None:
    assert error_of(toy, "training.steps") == "--set training.steps: must read key.path=value"


def test_a_value_of_the_wrong_type_is_found_on_the_command_line(toy: str) -> None:
    assert error_of(toy, "training.steps=many") == (
        "--set training.steps=many: training.steps: Input should be a valid integer (given: 'many')"
    )


def test_a_word_outside_its_list_is_found_on_the_command_line(toy: str) -> None:
    assert error_of(toy, "scoring.distance=cosin").startswith(
        "--set scoring.distance=cosin: scoring.distance: 'cosin' is not allowed; "
        "did you mean 'cosine'?"
    )


def test_overrides_that_only_fail_together_are_named_together(toy: str) -> None:
    assert error_of(toy, "training.batch_size=9", "replicates=1") == (
        "--set training.batch_size=9 --set replicates=1: training: "
        "batch_size must be a multiple of samples_per_class"
    )
