"""`bench power`: how many replicates it takes to see a difference between two methods."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from harness.cli.compare import DifferenceOption, MethodArgument, compared
from harness.cli.options import (
    ConcatenatedOption,
    MetricOption,
    StoredDatasetOption,
    StoredProtocolOption,
    StoreOption,
    TextFormatOption,
)
from harness.errors import UserError
from harness.settings import DEFAULT_STORE


def power(  # noqa: PLR0913 - one argument an option
    first: MethodArgument,
    second: MethodArgument,
    *,
    difference: DifferenceOption = 0.005,
    probability: Annotated[
        float, typer.Option("--power", help="With what probability it is to be seen.")
    ] = 0.8,
    metric: MetricOption = "map_at_r",
    store: StoreOption = DEFAULT_STORE,
    protocol: StoredProtocolOption = None,
    dataset: StoredDatasetOption = None,
    concatenated: ConcatenatedOption = False,
    format: TextFormatOption = "text",  # noqa: A002 - named as its option
) -> None:
    """Say how many replicates show a difference of two methods, from the noise they have shown."""
    from harness.comparison import power_document, power_text, power_to_see

    if not 0.0 < probability < 1.0:
        raise UserError(f"--power must lie between 0 and 1, not {probability}")
    found = compared(
        (first, second),
        metric=metric,
        scope=(store, protocol, dataset),
        concatenated=concatenated,
        alone=False,
        to_see=difference,
        direction=None,
        noise_only=True,
    )
    plan = power_to_see(
        difference,
        found.difference.noise,
        found.replicates,
        family=found.family,
        power=probability,
    )
    if plan is None or plan.noise == 0.0:
        seen = "one common replicate" if plan is None else "no noise in their common replicates"
        raise UserError(f"'{first}' and '{second}' have {seen}: there is nothing to plan with")
    if format == "json":
        document = {"first": found.labels[0], "second": found.labels[1], "metric": metric}
        typer.echo(json.dumps(document | power_document(plan), indent=2, ensure_ascii=False))
    else:
        typer.echo(power_text(found, plan), nl=False)
