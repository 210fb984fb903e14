"""`bench data`: which datasets there are, and the files that they are made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.listing import print_table
from harness.cli.options import Format, FormatOption, PluginOption
from harness.cli.saying import say, write
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.data.sources import PublishedDataset
    from harness.registry import Registry

app = typer.Typer(help="Get, check and find datasets and weights.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A dataset of `bench data list`.")]


@app.command(name="list")
def listing(
    *,
    format: FormatOption = "table",  # noqa: A002 - named as its option
    all: Annotated[  # noqa: A002 - named as its option
        bool, typer.Option("--all", help="Other sizes and forms of a dataset as well.")
    ] = False,
) -> None:
    """List the published datasets: whether their files are at hand, licence and source."""
    from harness.data.families import catalogue
    from harness.data.sources import find
    from harness.table import Cell, Column, Table

    rows: list[dict[str, Cell]] = []
    for entry in catalogue().values():
        at_hand, missing = find(entry)
        count = len(at_hand) + len(missing)
        if not entry.variant_of or all:
            rows.append(
                {
                    "name": entry.name,
                    "files": "here" if not missing else f"{len(at_hand)} of {count}",
                    "download": "yes" if all_fetched(entry) else "by hand",
                    "licence": entry.licence,
                    "source": entry.source,
                    "summary": entry.summary,
                }
            )
    columns = [
        Column(key="name", title="name", priority=0),
        Column(key="files", title="files", priority=0),
        Column(key="download", title="download", priority=1),
        Column(key="summary", title="summary", priority=0, wraps=True, least=24),
        Column(key="licence", title="licence", priority=2, wraps=True),
        Column(key="source", title="source", priority=3, wraps=True),
    ]
    print_table(Table(columns=columns, rows=rows), format)


def all_fetched(entry: PublishedDataset) -> bool:
    """Whether every file of a dataset has an address to download it from."""
    return all(file.url for file in entry.files)


def _entry(name: str) -> PublishedDataset:
    """A published dataset; UserError for another, also for one that comes with the package."""
    from harness.builtin import bench_datasets
    from harness.data.families import catalogue, entry_of

    if name not in catalogue() and name in {source.name for source in bench_datasets()}:
        raise UserError(
            f"dataset '{name}' comes with the package, and has no files to get, check or describe "
            f"(bench show {name})"
        )
    return entry_of(name)


@app.command()
def add(
    name: NameArgument,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Its files, or its unpacked folder; none: download what is missing."),
    ] = None,
    *,
    link: Annotated[
        bool, typer.Option("--link", help="Link the files instead of copying them.")
    ] = False,
) -> None:
    """Take the files of a dataset, or download them; each is checked before it is kept."""
    from harness.data.sources import find, how_to_get
    from harness.data.sources.adding import add_files
    from harness.data.sources.fetching import fetch

    entry = _entry(name)
    if files:
        for added in add_files(entry, files, link=link):
            say(f"{added.file.name}: {added.verdict}: {added.path}")
    else:
        for file in (file for file in find(entry)[1] if file.url):
            say(f"{file.name}: downloaded: {fetch(entry, file)}")
    missing = find(entry)[1]
    if missing:
        raise UserError(f"dataset '{name}' is not complete: {how_to_get(entry, missing)}")
    say(f"{name}: complete")


@app.command()
def weights(
    backbone: Annotated[str | None, typer.Argument(help="The backbone; none: list them.")] = None,
    *,
    plugin: PluginOption = None,
    format: FormatOption = "table",  # noqa: A002 - named as its option
) -> None:
    """Download the pretrained weights of a backbone: a run never does."""
    from harness.models import fetch_weights
    from harness.registry import load_registry

    registry = load_registry(plugin or [])
    if backbone is None:
        _list_weights(registry, format)
        return
    found = registry.backbone(backbone).item.weights
    if not found:
        raise UserError(f"backbone '{backbone}': starts from random weights alone")
    for one in found:
        fetch_weights(one)
        say(f"{backbone}: {one.name}: at hand")


def _list_weights(registry: Registry, format: Format) -> None:  # noqa: A002
    from harness.models import require_weights
    from harness.table import Cell, Column, Table

    rows: list[dict[str, Cell]] = []
    for name, registered in registry.backbones.items():
        for one in registered.item.weights:
            try:
                require_weights(one)
                here = "here"
            except UserError:
                here = "no"
            row = {"backbone": name, "weights": one.name, "here": here, "source": one.source}
            rows.append({**row})
    columns = [
        Column(key="backbone", title="backbone", priority=0),
        Column(key="weights", title="weights", priority=0),
        Column(key="here", title="at hand", priority=0),
        Column(key="source", title="source", priority=1, wraps=True),
    ]
    print_table(Table(columns=columns, rows=rows), format)


@app.command()
def croissant(name: NameArgument) -> None:
    """Print a dataset's Croissant metadata (JSON-LD): licence, source, files and their digests."""
    import json

    from harness.data.sources.croissant import croissant as described

    write(json.dumps(described(_entry(name)), indent=2), nl=True)


@app.command()
def verify(name: NameArgument) -> None:
    """Check every file of a dataset, read it, and look for images in two of its parts."""
    from harness.data.families import load_entry, verdicts
    from harness.data.loading import copies, shared_images
    from harness.data.sources import require_files

    entry = _entry(name)
    for file, place in require_files(entry).items():
        say(f"{file}: {place}")
    for file, verdict in verdicts(entry).items():
        say(f"{file}: {verdict}")
    dataset = load_entry(entry)
    say(
        f"{name}: {len(dataset):,} samples, {len(dataset.class_names):,} classes, "
        f"inputs {dataset.inputs.dtype} {list(dataset.inputs.shape[1:])}"
    )
    say(f"{name}: licence {dataset.licence}; {dataset.source}")
    digest = dataset.measure_digest()
    say(f"{name}: digest {digest}{' as expected' if entry.digest else ''}")
    if digest != dataset.digest:
        raise UserError(f"dataset '{name}': what was decoded has changed on disk: remove its files")
    for line in (*shared_images(dataset), *copies(dataset)):
        say(f"{name}: {line}")


@app.command()
def path(name: NameArgument) -> None:
    """Print where each file of a dataset lies, one a line."""
    from harness.data.sources import require_files

    for place in require_files(_entry(name)).values():
        say(str(place))
