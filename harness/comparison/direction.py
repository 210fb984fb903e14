"""Whether more of a metric is better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError
from harness.leaderboard.display import TITLES


def higher_is_better(metric: str, plugin_files: Sequence[Path] = ()) -> bool:
    """What the plugin that brings `metric` says; all locked metrics are better when higher.

    Records hold no direction, so the plugin must be there: raises UserError if it is not, because
    a guess would turn the verdict around. Loads plugins only for a metric that is not locked.
    """
    if metric in TITLES:
        return True
    from harness.registry import load_registry

    found = load_registry(plugin_files).metrics.get(metric)
    if found is None:
        raise UserError(
            f"metric '{metric}': its plugin is not installed, so nobody says which way is better; "
            "install it, or give --plugin, --higher-is-better or --lower-is-better"
        )
    return found.item.higher_is_better
