"""`bench`: the commands together, and errors as one line with an exit code."""

from __future__ import annotations

import logging
import os
import sys

import typer

from harness.cli import leaderboard, listing, plugin, rescore, run, show
from harness.errors import UserError

EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="bench",
    help="Fair comparison of deep metric learning methods.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(leaderboard.leaderboard)
app.command(name="list")(listing.listing)
app.command()(show.show)
app.command()(rescore.rescore)
app.command()(rescore.verify)
app.add_typer(plugin.app, name="plugin")


def main() -> None:
    """Run the command line; UserError becomes one line on standard error and its exit code."""
    # Before torch is loaded: its threads then sleep while they wait and do not spin. Where another
    # program wants the cores too, spinning makes every small operation many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    logging.basicConfig(format="bench: %(message)s", level=logging.WARNING)
    try:
        app()
    except UserError as error:
        typer.echo(f"bench: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has enough; nothing more can be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
