"""`bench embed`: embed data with a trained embedder, or with a pretrained trunk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import (
    DeviceOption,
    OwnDataOptions,
    PluginOption,
    StoreOption,
    grouped,
)
from harness.cli.saying import doing, say, tell
from harness.errors import UserError, nearest
from harness.settings import DEFAULT_STORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from harness.data.own.inputs import Inputs
    from harness.embedder.embedder import Embedder

SUFFIX = ".safetensors"
_PRETRAINED_SIZE = 224


@grouped
def embed(  # noqa: PLR0913 - one argument an option
    embedder: Annotated[
        str,
        typer.Argument(
            help="A file of bench export, a backbone with pretrained weights, a run that kept its "
            "weights, or an encoder of texts: all-minilm-l6-v2, a folder or a .zip."
        ),
    ],
    data: Annotated[
        Path, typer.Argument(help="As bench run --data takes them; labels may be lacking.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The .npz to write.")
    ] = Path("features.npz"),
    read: OwnDataOptions,
    store: StoreOption = DEFAULT_STORE,
    device: DeviceOption = "cpu",
    threads: Annotated[int, typer.Option(help="Processor threads that embed.", min=1)] = 1,
    plugin: PluginOption = None,
) -> None:  # fmt: skip
    """Embed data into a file of features that every command reads.

    It holds the arrays embeddings, label, split and file, and the attributes, as far as they are
    known: bench score, bench gate --embeddings and bench run --data take it as it is.
    """
    if output.suffix != ".npz":
        raise UserError(f"--output {output}: a file of features ends in .npz")
    if embedder.endswith(SUFFIX) and not Path(embedder).exists():
        raise UserError(f"{embedder}: no such file; `bench export RUN -o {embedder}` makes one")
    if not data.exists():
        raise UserError(f"{data}: no such file or folder")
    from harness.data.text_features import names_encoder

    if names_encoder(embedder):
        _embed_texts(embedder, data, output, read, threads)
        return

    import numpy as np

    from harness.data.own.inputs import load_inputs
    from harness.execution.machine import choose_device, set_threads

    set_threads(threads)
    found = _embedder(embedder, read.size, store, plugin or (), str(choose_device(device)))
    side = found.inputs[-1]
    if read.size not in (None, side) and len(found.inputs) == 3:
        raise UserError(f"--size {read.size}: {embedder} embeds images of {side}x{side}")
    with doing(f"reading {data}"):
        inputs = load_inputs(data, read.reading(), size=side)
    for note in inputs.notes:
        tell(f"{data}: {note}", err=True)
    rows = inputs.rows
    if found.recipe is None and rows.ndim == 4 and rows.shape[1] == 1:
        rows = np.repeat(rows, found.inputs[0], axis=1)
    with doing(f"embedding {len(rows):,} samples"):
        embeddings = found(rows)
    if not np.isfinite(embeddings).all():
        raise UserError(f"{embedder}: gives values that are not finite for {data}")
    _write(output, embeddings, inputs)


def _embed_texts(
    encoder: str, data: Path, output: Path, read: OwnDataOptions, threads: int
) -> None:
    """Keep what an encoder makes of a table's texts."""
    from harness.data.own.inputs import load_inputs
    from harness.execution.machine import set_threads

    if read.encoder not in (None, encoder):
        raise UserError(f"--encoder {read.encoder}: {encoder} embeds the texts")
    set_threads(threads)
    inputs = load_inputs(data, replace(read.reading(), encoder=encoder), size=_PRETRAINED_SIZE)
    for note in inputs.notes:
        tell(f"{data}: {note}", err=True)
    _write(output, inputs.rows, inputs)


def _write(output: Path, embeddings: npt.NDArray[np.float32], inputs: Inputs) -> None:
    from harness.embedder.features import write_features

    write_features(output, embeddings, inputs.columns)
    held = ", ".join(inputs.columns) or "no labels"
    say(f"{output}: {len(embeddings):,} embeddings of {embeddings.shape[1]}; {held}")


def _embedder(
    name: str, size: int | None, store: Path, plugins: Sequence[Path], device: str
) -> Embedder:
    """A file, a backbone or a run by what was typed; UserError where it is none of them."""
    from harness.data.text_features import MINILM
    from harness.embedder.embedder import embedder_of, load_embedder
    from harness.embedder.keeping import kept_in
    from harness.embedder.pretrained import pretrained_embedder
    from harness.registry import load_registry
    from harness.store import Store

    if name.endswith(SUFFIX):
        return load_embedder(name, plugins=plugins, device=device)
    registry = load_registry(plugins)
    if name.partition(":")[0] in registry.backbones:
        return pretrained_embedder(registry, name, size or _PRETRAINED_SIZE, device=device)
    if not Store.is_at(store):
        raise UserError(
            f"{name}: no file of bench export (.safetensors), no backbone (bench list backbones), "
            f"no encoder of texts ({MINILM}, a folder or a .zip), and there is no store {store}"
        )
    with Store.open(store) as opened:
        try:
            record = opened.require(name)
        except UserError as error:
            near = nearest(name, registry.backbones, likeness=0.7)
            raise UserError(f"{error}; no backbone is called so either{near}") from None
        kept = kept_in(opened.arrays(record), f"run {record.run_id}")
    if kept is None:
        raise UserError(
            f"run {record.run_id} kept no weights: bench export {record.run_id[:8]} trains it again"
        )
    return embedder_of(*kept, plugins=plugins, device=device, where=f"run {record.run_id}")
