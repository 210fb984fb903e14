"""`bench`: the commands together, and errors as one line with an exit code."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

from harness.cli import (
    compare,
    data,
    deploy,
    doctor,
    figure,
    gate,
    history,
    leaderboard,
    listing,
    plugin,
    publish,
    report,
    reproduce,
    rescore,
    run,
    score,
    show,
    store,
    tune,
)
from harness.errors import EXIT_DOES_NOT_HOLD, EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, UserError

app = typer.Typer(
    name="bench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(tune.tune)
app.command()(leaderboard.leaderboard)
app.command()(compare.compare)
app.command()(compare.power)
app.command()(compare.ranks)
app.command()(compare.across)
app.command()(report.report)
app.command()(figure.figure)
app.command(name="list")(listing.listing)
app.command()(show.show)
app.command()(deploy.deploy)
app.command()(score.score)
app.command()(rescore.rescore)
app.command()(rescore.verify)
app.command()(reproduce.reproduce)
app.command()(doctor.doctor)
app.command()(store.forget)
app.command()(store.merge)
app.command()(publish.publish)
app.command()(gate.gate)
app.command()(history.history)
app.add_typer(plugin.app, name="plugin")
app.add_typer(data.app, name="data")


def _version(wanted: bool) -> None:
    if wanted:
        import harness

        typer.echo(f"metric-learning-bench {harness.__version__} (API {harness.API})")
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
    # Before torch is loaded: its threads then sleep while they wait and do not spin. Where another
    # program wants the cores too, spinning makes every small operation many times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    logging.basicConfig(format="bench: %(message)s", level=logging.WARNING)
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
        line = " ".join(usage().split()).replace(": Value error, ", ": ")
        _leave(line or "see bench --help", EXIT_USAGE)
    sys.exit(code if isinstance(code, int) else EXIT_DONE)


def _leave(line: str, code: int) -> NoReturn:
    typer.echo(f"bench: {line}", err=True)
    sys.exit(code)
