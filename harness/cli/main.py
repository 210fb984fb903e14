"""`bench`: the commands together, and errors as one line with an exit code."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from harness.cli.saying import LogLines, say
from harness.errors import (
    EXIT_DOES_NOT_HOLD,
    EXIT_DONE,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    UserError,
    unknown,
)

COMMANDS: Mapping[str, str] = {
    "run": "run",
    "tune": "tune",
    "leaderboard": "leaderboard",
    "compare": "compare",
    "power": "compare",
    "ranks": "compare",
    "across": "compare",
    "report": "report",
    "figure": "figure",
    "list": "listing:listing",
    "show": "show",
    "deploy": "deploy",
    "export": "export",
    "embed": "embed",
    "variables": "variables",
    "add-embeddings": "add:add_embeddings",
    "correct": "correct",
    "score": "score",
    "rescore": "rescore",
    "verify": "rescore",
    "reproduce": "reproduce",
    "audit": "audit",
    "doctor": "doctor",
    "forget": "store",
    "merge": "store",
    "publish": "publish",
    "gate": "gate",
    "history": "history",
    "plugin": "plugin:app",
    "data": "data:app",
    "protocol": "protocol:app",
}
"""Every command, and the module that has it; what is not called as its command after a colon."""

SETTINGS = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command that takes no empty text for an option: `--store "$STORE"`, where STORE is not set.

    It would be read as the default, as no choice, or as the folder at hand. `~/` is the home folder
    where the shell leaves it, too (`--store=~/runs`): it would be a folder named `~`.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments that are left; UserError for an option or argument of blanks alone."""
        args = [_HOME.sub(_at_home, one) for one in args]
        given, _, order = self.make_parser(ctx).parse_args(list(args))
        for parameter in order:
            values = given.get(parameter.name)
            for value in values if isinstance(values, list | tuple) else [values]:
                if isinstance(value, str) and not value.strip():
                    raise UserError(
                        f"{_called(parameter)}: is empty: give a value, or leave it out"
                    )
        return super().parse_args(ctx, args)


_HOME = re.compile(r"^(--[a-z-]+=)?~/")


def _at_home(found: re.Match[str]) -> str:
    home = os.path.expanduser("~/")
    return (found[1] or "") + home


def _called(parameter: Any) -> str:
    return str(parameter.opts[0] if parameter.param_type_name == "option" else parameter.name)


class Commands(TyperGroup):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as it is called
        """Every name, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as it is called
        """The command of that name; UserError with the nearest where there is none."""
        if cmd_name not in COMMANDS:
            raise unknown("command", cmd_name, COMMANDS)
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"harness.cli.{module}"), name or cmd_name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(
                add_completion=False, pretty_exceptions_enable=False, context_settings=SETTINGS
            )
            alone.command(name=cmd_name, cls=Command)(found)
            return typer.main.get_command(alone)
        for one in found.registered_commands:
            one.cls = Command
        group = typer.main.get_group(found)
        group.name = cmd_name
        return group


app = typer.Typer(
    name="bench",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=SETTINGS,
)


def _version(wanted: bool) -> None:
    if wanted:
        import harness

        say(f"metric-learning-bench {harness.__version__} (API {harness.API})")
        raise typer.Exit


@app.callback()
def bench(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which this is."),
    ] = False,
) -> None:
    """Fair comparison of deep metric learning methods."""


def main() -> None:
    """Run the command line; what a person got wrong becomes one line and an exit code."""
    _open_streams()
    # Before torch is loaded: its threads then sleep while they wait and do not spin. Where another
    # program wants the cores too, spinning makes every small operation many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    atexit.register(gc.freeze)  # looking through torch for garbage takes a second, for nothing
    lines = logging.StreamHandler()
    lines.setFormatter(LogLines())
    logging.basicConfig(level=logging.WARNING, handlers=[lines])
    # Embedding many texts takes minutes, and says how far it is.
    logging.getLogger("harness.data.text_features").setLevel(logging.INFO)
    try:
        code = app(standalone_mode=False)
    except UserError as error:
        _leave(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has enough; nothing more can be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_DOES_NOT_HOLD)
    except Exception as error:
        # Typer's own errors: an option that does not exist, a value it does not take.
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        line = " ".join(usage().split()).replace(": Value error, ", ": ").rstrip(".")
        if not line:  # of a group without a command: its help is shown
            sys.exit(EXIT_USAGE)
        command = getattr(getattr(error, "ctx", None), "command_path", "bench")
        _leave(f"{line}; see {command} --help", EXIT_USAGE)
    sys.exit(code if isinstance(code, int) else EXIT_DONE)


def _open_streams() -> None:
    """Give what was closed (`bench ... >&-`) to nobody; a store's file would take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def _leave(line: str, code: int) -> NoReturn:
    say(f"bench: {line}", err=True)
    sys.exit(code)
