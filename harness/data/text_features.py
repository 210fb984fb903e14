"""Features of texts: what a sentence encoder makes of them, made once and kept."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.data.home import data_home
from harness.errors import UserError, counted

log = logging.getLogger(__name__)
MINILM = "all-minilm-l6-v2"
"""The encoder that is used where none is named."""
LONGEST_TEXT = 100_000
_SLICE = 4096


@dataclass(frozen=True, eq=False)
class TextFeatures:
    """Float32 (N, D), each of length 1; the encoder's name; a digest of encoder and texts."""

    values: npt.NDArray[np.float32]
    encoder: str
    digest: str


def names_encoder(name: str) -> bool:
    """Whether an encoder is meant by a name or path: that of ours, a folder or a .zip of one."""
    path = Path(name)
    return name == MINILM or path.suffix == ".zip" or (path / "config.json").is_file()


def features_of(
    texts: Sequence[str], encoder: str | None = None, *, places: Sequence[str] = ()
) -> TextFeatures:
    """Embed texts by a named encoder, all-MiniLM-L6-v2 by default.

    They are kept in the data home under the digest of encoder and texts, and read from there the
    next time. `places`: what each text is called in an error. Raises UserError for an empty text,
    one of over 100,000 characters, or an encoder that is not at hand.
    """
    from harness.models.text_encoder import load_text_encoder

    for place, text in enumerate(texts):
        where = places[place] if places else f"text {place + 1} of {len(texts)}"
        if not text.strip():
            raise UserError(f"{where} is empty")
        if len(text) > LONGEST_TEXT:
            raise UserError(f"{where} has {len(text):,} characters (allowed: {LONGEST_TEXT:,})")
    loaded = load_text_encoder(encoder or MINILM)
    digest = hashlib.sha256(loaded.digest.encode())
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    name = digest.hexdigest()
    place_of_all = data_home() / "features" / f"{name}.npy"
    kept = _kept(place_of_all)
    if kept is not None and kept.shape == (len(texts), loaded.size) and kept.dtype == np.float32:
        return TextFeatures(kept, loaded.name, name)
    parts, begun = [], time.monotonic()
    for start in range(0, len(texts), _SLICE):
        _say_how_far(loaded.name, start, len(texts), time.monotonic() - begun)
        parts.append(loaded.encode(texts[start : start + _SLICE]))
    values = np.concatenate(parts) if parts else np.empty((0, loaded.size), np.float32)
    place_of_all.parent.mkdir(parents=True, exist_ok=True)
    partial = place_of_all.with_name(f"{name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.save(file, values)
    os.replace(partial, place_of_all)
    return TextFeatures(values, loaded.name, name)


def _kept(path: Path) -> npt.NDArray[np.float32] | None:
    """What was kept; None where nothing was, and for a file that is cut off or damaged."""
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, EOFError, ValueError):
        return None


def _say_how_far(encoder: str, done: int, count: int, seconds: float) -> None:
    if not done:
        log.info("%s embeds %s, once: they are kept", encoder, counted(count, "text"))
    else:
        left = max(1, round(seconds / done * (count - done)))
        log.info("%s of %s; about %d s left", f"{done:,}", counted(count, "text"), left)
