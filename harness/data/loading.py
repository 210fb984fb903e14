"""Loading a dataset by name, with what plugins do wrong as one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.data.dataset import Dataset, require_open
from harness.errors import NotComparable, UserError
from harness.registry import Reference, Registry, one_line

if TYPE_CHECKING:
    from harness.data.own import Brought


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


def recorded_dataset(
    registry: Registry, name: str, digest: str, brought: Brought | None = None
) -> Dataset:
    """The dataset that recorded runs are of: by name, or a person's own from where they are now.

    Raises NotComparable for own data of another digest, UserError where there are none by that
    name.
    """
    if brought is None:
        own = name.partition("+")[0] not in registry.datasets
        try:
            return load_dataset(registry, name)
        except UserError as error:
            hint = "; if these are your own: --data PATH" if own else ""
            raise UserError(f"{error}{hint}") from None
    dataset = brought.dataset
    if dataset.digest != digest:
        raise NotComparable(
            f"--data {brought.path}: are not the data that the runs are of (their digest is "
            f"{dataset.digest[:12]}, that of the runs' {digest[:12]}; --size, --label-column and "
            "the like must be as they were)"
        )
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
