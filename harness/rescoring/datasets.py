"""The test part of a run, made again from its dataset, where that is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.data.dataset import Dataset
from harness.data.loading import load_dataset
from harness.data.splits import make_split, part_digest
from harness.errors import UserError
from harness.protocol import Protocol
from harness.record import Identity
from harness.registry import Registry, core_registry, load_registry


class NotAtHand(Exception):
    """A dataset that runs were made on is not here; the message says why."""


class Datasets:
    """Datasets by the names that runs have them by; each is loaded once, and nothing is fetched.

    `plugin_files`: plugins that may offer some, beside those installed. `own`: a person's own.
    """

    def __init__(self, plugin_files: Sequence[Path] = (), own: Sequence[Dataset] = ()) -> None:
        self._plugin_files = plugin_files
        self._found: dict[str, Dataset | NotAtHand] = {one.name: one for one in own}
        self._digests: dict[tuple[str, str, int], str] = {}
        self._registry = core_registry()
        self._asked_plugins = False

    def test_digest(self, identity: Identity, protocol: Protocol) -> str:
        """The digest that the test part of a run of this protocol must have.

        Raises NotAtHand where the dataset is not here, or is another version of it.
        """
        dataset = self.version(identity.dataset, identity.dataset_digest)
        key = identity.dataset, protocol.digest, identity.fold  # no seed moves a test part
        if key not in self._digests:
            split = make_split(dataset, protocol.split, fold=identity.fold, seed=identity.seed)
            labels = dataset.labels[split.test]
            if not protocol.scoring.reads_training_part:
                labels = np.unique(labels, return_inverse=True)[1].astype(np.int64)
            self._digests[key] = part_digest(split.test, labels)
        return self._digests[key]

    def version(self, name: str, digest: str) -> Dataset:
        """The dataset of this digest; NotAtHand where it is not here, or is another version."""
        found = self._load(name)
        if isinstance(found, NotAtHand):
            raise found
        if found.digest != digest:
            raise NotAtHand(
                f"is another version here, of digest {found.digest[:12]}, not {digest[:12]}"
            )
        return found

    def _load(self, name: str) -> Dataset | NotAtHand:
        if name not in self._found:
            try:
                self._found[name] = load_dataset(self._registry_with(name), name)
            except UserError as error:
                self._found[name] = NotAtHand(f"is not at hand: {error}")
        return self._found[name]

    def _registry_with(self, name: str) -> Registry:
        """What offers datasets: plugins are asked only for what is not the core's."""
        if name.partition("+")[0] not in self._registry.datasets and not self._asked_plugins:
            self._registry, self._asked_plugins = load_registry(self._plugin_files), True
        return self._registry
