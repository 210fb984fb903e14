"""`bench protocol`: protocols of your own."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from harness.cli.options import OwnDataOptions, grouped
from harness.cli.saying import doing, say, tell
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

    Split, size, backbone, batches and budget are chosen by the data, and explained in the file; all
    else is the base's.
    """
    from harness.data.own import described, fitting_split, load_path
    from harness.data.own.choosing import choose, fitting_size
    from harness.data.own.loading import DEFAULT_SIZE
    from harness.data.splits import make_split, searches
    from harness.protocol import load_protocol, protocol_path, read_protocol
    from harness.protocol.writing import written_for

    if file.suffix != ".toml":
        raise UserError(f"{file}: a protocol's file ends in .toml")
    if file.exists():
        raise UserError(f"{file}: is there already, and runs may follow it: give another name")
    if not data.exists():
        raise UserError(f"{data}: no such file or folder")
    reading, followed = read.reading(), load_protocol(base)
    with doing(f"reading {data}"):
        size, why = fitting_size(data, reading, followed)
        dataset = load_path(data, replace(reading, size=size))
    own, reason = fitting_split(dataset)
    turned = load_protocol(base, overrides=[own.override])
    choice = choose(dataset, turned, followed.name)
    given = _typed(replace(read, size=None if size == DEFAULT_SIZE else size))
    paths = f"--protocol {quote(str(file))} --data {quote(str(data))}"
    command = f"bench run {paths}{given} --methods ..."
    reasons = [
        f"Written for {data.name}; {command}",
        f"Split: {reason}.",
        why,
        *choice.reasons,
        f"All else: the rules of {followed.name}.",
    ]
    rules_of = protocol_path(base).read_text(encoding="utf-8")
    text = written_for(
        rules_of, own, name=file.stem, reasons=reasons, changes=choice.changes, where=file.name
    )
    file.write_text(text, encoding="utf-8")
    rules = read_protocol(file)
    test = make_split(dataset, rules.split, fold=0, seed=0).test
    understood = (*described(dataset, rules.split), *searches(dataset, test, rules.scoring))
    for line in (*dataset.notes, *understood):
        tell(f"{dataset.name}: {line}", err=True)
    for line in reasons[1:]:
        tell(line)
    say(f"{file}: protocol {rules.name}, digest {rules.digest[:12]}")
    say(command)


def _typed(read: OwnDataOptions) -> str:
    """The options that were given, as a person types them, a blank before each."""
    told = ""
    for one in fields(read):
        value = getattr(read, one.name)
        if value != one.default:
            told += f" --{'no-' if value is False else ''}{one.name.replace('_', '-')}"
            told += "" if isinstance(value, bool) else f" {quote(str(value))}"
    return told
