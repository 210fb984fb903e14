"""`bench protocol`: protocols of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import OwnDataOptions, grouped
from harness.errors import UserError

app = typer.Typer(help="Protocols of your own.", no_args_is_help=True)


@app.callback()
def _several() -> None:
    """Protocols of your own."""


@app.command()
@grouped
def new(
    data: Annotated[Path, typer.Argument(help="Your data, as bench run --data takes them.")],
    file: Annotated[Path, typer.Argument(help="The .toml file to write.")],
    *,
    base: Annotated[
        str, typer.Option(help="The protocol whose rules it takes, by name or path.")
    ] = "reality-check-small",
    read: OwnDataOptions,
) -> None:
    """Write a protocol for your data; runs by it are not unlocked: they can be published and gated.

    Split and backbone are chosen by the data, and explained in the file; all else is the base's.
    """
    from harness.data.own import described, fitting_split, load_path
    from harness.protocol import load_protocol, read_protocol
    from harness.protocol.parse import protocol_path
    from harness.protocol.writing import written_for

    if file.suffix != ".toml":
        raise UserError(f"{file}: a protocol's file ends in .toml")
    if file.exists():
        raise UserError(f"{file}: is there already; a published protocol is superseded, not edited")
    dataset = load_path(data, read.reading())
    own, reason = fitting_split(dataset)
    changes = {}
    reasons = [f"Split: {reason}.", f"All else: the rules of {load_protocol(base).name}."]
    if not dataset.is_images:
        changes["backbone"] = {"name": "mlp", "weights": "random"}
        reasons.insert(1, "Backbone: mlp, because the data are vectors.")
    rules_of = protocol_path(base).read_text(encoding="utf-8")
    text = written_for(
        rules_of, own, name=file.stem, reasons=reasons, changes=changes, where=file.name
    )
    file.write_text(text, encoding="utf-8")
    rules = read_protocol(file)
    for line in (*dataset.notes, reason, *described(dataset, rules.split)):
        typer.echo(f"{dataset.name}: {line}", err=True)
    typer.echo(f"{file}: protocol {rules.name}, digest {rules.digest[:12]}")
    typer.echo(f"bench run --protocol {file} --data {data} --methods ...")
