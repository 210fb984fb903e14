"""Augmentations come in kinds; the one without a name is affine."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UserError
from harness.protocol import Protocol, parse_protocol
from harness.protocol.rules import AffineAugmentation, CropAugmentation

CROP = {
    "kind": '"crop"',
    "resize": "256",
    "crop": "227",
    "area": "[0.16, 1.0]",
    "aspect": "[0.75, 1.33]",
    "flip": "true",
}


def with_augmentation(toy: str, values: dict[str, str], more: str = "") -> str:
    before, rest = toy.split("[augmentation]")
    lines = "\n".join(f"{key} = {value}" for key, value in values.items())
    after = rest[rest.index("[selection]") :]
    return f"{before}[augmentation]\n{lines}\n\n{more}\n{after}"


def parsed(toy: str, more: str = "", **changes: str) -> Protocol:
    return parse_protocol(with_augmentation(toy, {**CROP, **changes}, more), where="toy.toml")


def error_of(toy: str, more: str = "", **changes: str) -> str:
    with pytest.raises(UserError) as raised:
        parsed(toy, more, **changes)
    line = str(raised.value)
    assert "\n" not in line
    return line


def test_an_augmentation_without_a_kind_is_affine(toy: str) -> None:
    rule = parse_protocol(toy, where="toy.toml").augmentation
    assert isinstance(rule, AffineAugmentation)


def test_a_crop_is_read_whole(toy: str) -> None:
    rule = parsed(toy).augmentation
    assert isinstance(rule, CropAugmentation)
    assert (rule.resize, rule.crop, rule.area, rule.aspect) == (256, 227, (0.16, 1.0), (0.75, 1.33))
    assert rule.jitter is None


def test_a_crop_may_change_colours(toy: str) -> None:
    jitter = "[augmentation.jitter]\nbrightness = 0.4\ncontrast = 0\nsaturation = 0\nhue = 0.1\n"
    rule = parsed(toy, jitter).augmentation
    assert isinstance(rule, CropAugmentation)
    assert rule.jitter is not None
    assert rule.jitter.hue == 0.1


def test_an_unknown_kind_is_named_with_the_nearest(toy: str) -> None:
    assert error_of(toy, kind='"crops"') == (
        "toy.toml: augmentation.kind: 'crops' is not allowed; did you mean 'crop'? "
        "(allowed: 'affine', 'crop')"
    )


def test_an_unknown_key_of_a_crop_is_named_with_the_nearest(toy: str) -> None:
    line = error_of(toy, flipp="true")
    assert line.startswith("toy.toml: unknown key 'augmentation.flipp'; did you mean 'flip'?")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"area": "[0.5, 0.2]"}, "area must be two shares, the smaller first, in (0, 1]"),
        ({"area": "[0.0, 1.0]"}, "area must be two shares, the smaller first, in (0, 1]"),
        ({"area": "[0.5, 1.5]"}, "area must be two shares, the smaller first, in (0, 1]"),
        ({"aspect": "[1.5, 1.0]"}, "aspect must be two positive numbers, the smaller first"),
        ({"aspect": "[1.0, inf]"}, "aspect must be two positive numbers, the smaller first"),
        ({"crop": "300"}, "crop must not be larger than resize"),
    ],
)
def test_a_crop_that_cannot_be_is_refused(changes: dict[str, Any], said: str, toy: str) -> None:
    assert error_of(toy, **changes) == f"toy.toml: augmentation: {said}"


def test_five_crops_need_an_augmentation_that_crops(toy: str) -> None:
    views = "[test_views]\nflip = true\ncrops = 5\n"
    assert parsed(toy, views).test_views is not None
    with pytest.raises(UserError, match="needs an augmentation that crops"):
        parse_protocol(toy.replace("[datasets.letters]", f"{views}\n[datasets.letters]"), where="")
