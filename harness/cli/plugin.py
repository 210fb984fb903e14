"""`bench plugin`: start a plugin project, and check what a plugin offers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.saying import say
from harness.errors import EXIT_DOES_NOT_HOLD, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.method import Method
    from harness.registry import Registry
    from harness.testing import Finding

_COLOURS = {"pass": "green", "fail": "red", "skip": "bright_black"}

app = typer.Typer(help="Write a plugin and check it.", no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the method: lower-case words and hyphens.")],
    directory: Annotated[Path, typer.Option(help="Where to put the project's folder.")] = Path(),
) -> None:
    """Write a complete plugin project: a method of your own, tested and ready to install."""
    from harness.plugin_template import write_plugin
    from harness.registry import load_registry

    _refuse_taken(name, load_registry())
    for path in write_plugin(name, directory):
        say(f"wrote {path}")
    root = directory / name
    place = root if root.is_absolute() else f"./{root}"
    say(f"next: pip install -e {place} && bench plugin check {name}")


@app.command()
def check(
    name: Annotated[
        str,
        typer.Argument(
            help="A method; a distribution, or a plugin's .py file, for all of its own."
        ),
    ],
    plugin: Annotated[
        list[Path] | None,
        typer.Option(help="An uninstalled plugin file to load as well."),
    ] = None,
) -> None:
    """Run the conformance suite on a method; exit code 1 if a check fails."""
    from harness.registry import load_registry

    files, file = list(plugin or ()), Path(name)
    if file.suffix == ".py":
        if not file.is_file():
            raise UserError(f"{name}: no such file")
        files, name = [*files, file], f"file:{file.name}"
    registry = load_registry(files)
    failed = [method.name for method in _chosen(registry, name) if not _passes(method)]
    if failed:
        raise typer.Exit(EXIT_DOES_NOT_HOLD)


def _refuse_taken(name: str, registry: Registry) -> None:
    """Raise UserError if a plugin or method has that name: two of one name are both refused."""
    taken = {origin.plugin: origin for origin in registry.origins.values()}
    taken |= {method: registered.origin for method, registered in registry.methods.items()}
    if name in taken:
        raise UserError(f"the name '{name}' is taken by {taken[name]}: take another")


def _chosen(registry: Registry, name: str) -> Sequence[Method]:
    """The method of that name, or every method of the distribution of that name."""
    if name not in registry.methods:
        wanted = _normalized(name)
        of_distribution = [
            registered.method
            for registered in registry.methods.values()
            if _normalized(registered.distribution) == wanted
        ]
        if of_distribution:
            return of_distribution
        if name.startswith("file:"):
            raise UserError(f"{name.removeprefix('file:')}: offers no methods")
        if Path(name).is_dir():
            raise UserError(f"{name}: is a folder; of a project, first: pip install -e ./{name}")
    return [registry.method(name).method]


def _normalized(distribution: str) -> str:
    return distribution.lower().replace("_", "-").replace(".", "-")


def _passes(method: Method) -> bool:
    """Check one method, printing each finding as it comes."""
    from harness.testing import check_method

    say(method.name)
    findings = []
    for finding in check_method(method):
        _print(finding)
        findings.append(finding)
    count = {word: sum(f.outcome == word for f in findings) for word in _COLOURS}
    say(f"  {count['pass']} passed, {count['fail']} failed, {count['skip']} not applicable")
    return count["fail"] == 0


def _print(finding: Finding) -> None:
    reason = f": {finding.reason}" if finding.reason else ""
    say(f"  {finding.outcome}", colour=_COLOURS[finding.outcome], nl=False)
    say(f"  {finding.check}{reason}")
