"""Loading a dataset by name, with what plugins do wrong as one line."""

from __future__ import annotations

from harness.data.dataset import Dataset
from harness.data.seal import require_open
from harness.errors import UserError
from harness.registry import Reference, Registry, one_line


def load_dataset(registry: Registry, name: str) -> Dataset:
    """Load a dataset by name; UserError naming the plugin if it fails or is no Dataset.

    `NAME+CORRUPTION`, of harness.data.corruptions, is that dataset with its images changed.
    SealedTestSet while an objective is alive, before the plugin is asked.
    """
    require_open(f"dataset {name} was")
    base, *corruptions = name.split("+")
    dataset = _load(registry, base)
    for corruption in corruptions:
        from harness.data.corruptions import corrupt

        dataset = corrupt(dataset, corruption)
    return dataset


def _load(registry: Registry, name: str) -> Dataset:
    registered = registry.dataset(name)
    if isinstance(registered.item.load, Reference):
        from harness.data.handing_over import load_apart

        return load_apart(registered.item.load, registered.item.name)
    try:
        dataset = registered.item.load()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"dataset '{name}' ({registered.origin}): {one_line(error)}") from error
    if not isinstance(dataset, Dataset):
        raise UserError(
            f"dataset '{name}' ({registered.origin}): load returned {type(dataset).__name__}"
        )
    return dataset
