"""`Benchmark`: a protocol, methods and a dataset, ready to be planned, tuned and run.

The front door for programs; `bench run` and `bench tune` are thin layers over it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness import sandbox
from harness.errors import UserError, require_whole
from harness.protocol import load_protocol
from harness.registry import load_registry
from harness.session import Session, usual_looks
from harness.settings import DEFAULT_PROTOCOL, DEFAULT_STORE, OWN_DATA_PROTOCOL, Settings

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.execution.executor import Bench
    from harness.execution.plan import Entrant, Plan
    from harness.forecast import Forecast
    from harness.protocol import Protocol
    from harness.reading.options import Reading
    from harness.registry import Registry

Given = Mapping[str, object] | Sequence[str]
"""Values by key path, as `{"training.steps": 100}` or `["training.steps=100"]`."""

_FOR_VECTORS = ("mlp", "linear", "residual-mlp")
"""The core's backbones for vectors, the usual one first."""

log = logging.getLogger(__name__)


class Benchmark:
    """What is compared by which rules on which data; nothing heavy is loaded until it is used.

    `protocol`: a published name or a .toml file's path; by default `DEFAULT_PROTOCOL`, for own data
    `OWN_DATA_PROTOCOL` (harness/settings.py). `methods`: names, or "all". `dataset`: by default the
    protocol's first. `data`: your own instead, a `Dataset` or a path as `bench run --data` has it;
    `reading` says what is not plain in a file. `seeds`: how many replicates, by default all.
    `overrides`: other values than the protocol's, which is then unlocked; `hyperparameters`: other
    values than the methods' defaults, by `method.name`. `plugins`: files of uninstalled plugins.
    `resolve`: look at the board after some seeds, those of the protocol's `looks` or else 3, 5 and
    all, and go on with the methods that may still be the best; the level is shared by the looks.

    `device`, `executor` and `settings` say how the runs are executed, and change no result.
    `keep_weights`: each run keeps its trained embedder in the store (`bench export`).
    `notes` are sentences that a person should read: how own data are split, broken plugins.

    Raises UserError for anything that is misspelt or not there.
    """

    def __init__(  # noqa: PLR0913 - one argument an option of `bench run`
        self,
        *,
        protocol: str | Path | None = None,
        methods: str | Sequence[str] = "all",
        dataset: str | None = None,
        data: Dataset | Path | str | None = None,
        reading: Reading | None = None,
        seeds: int | None = None,
        resolve: bool = False,
        overrides: Given = (),
        hyperparameters: Given = (),
        plugins: Path | str | Sequence[Path | str] = (),
        device: str = "auto",
        executor: str = "local",
        settings: Settings | None = None,
        keep_weights: bool = False,
    ) -> None:
        protocol = protocol or (DEFAULT_PROTOCOL if data is None else OWN_DATA_PROTOCOL)
        own, reason, turned = _own(data, reading, str(protocol))
        if own is not None and _names_own(protocol, own):
            turned, dataset = [], own.name
        texts = [*_texts(overrides), *turned]
        self.protocol = load_protocol(str(protocol), dataset=dataset, overrides=texts)
        if own is not None:
            texts += _for_vectors(own, self.protocol, texts)
            self.protocol = load_protocol(str(protocol), dataset=dataset, overrides=texts)
            reason += [] if self.protocol.correcting else _described(own, self.protocol)
        if resolve and not self.protocol.looks:
            looks = usual_looks(self.protocol.replicates)
            self.protocol = self.protocol.model_copy(update={"looks": looks})
        self.settings = settings or Settings()
        sandbox.choose(self.settings.sandbox)
        sandbox.require()
        files = [plugins] if isinstance(plugins, str | Path) else plugins
        self.registry = load_registry([Path(plugin) for plugin in files])
        if own is not None:
            _require_fitting_weights(own, self.protocol, self.registry)
        self.notes = (*reason, *(f"bench: {problem}" for problem in self.registry.problems))
        self.methods = _names(methods)
        self._add_controls()
        self._own = own
        # Names are checked before anything heavy is imported: a slip is answered at once.
        self._check_names()
        self._executor = self.registry.executor(executor).item
        if self.settings.address is not None and not self._executor.remote:
            raise UserError(
                f"--address {self.settings.address}: executor '{executor}' joins no cluster "
                "(--executor ray does)"
            )
        self._given = _texts(hyperparameters)
        self.seeds = self._replicates(seeds)
        self._device = device
        self._keep_weights = keep_weights
        if keep_weights:
            from harness.embedder.keeping import require_alone

            require_alone(self.protocol)

    def __repr__(self) -> str:
        rules = self.protocol
        return f"<Benchmark {rules.name} on {rules.dataset}: {', '.join(self.methods)}>"

    def plan(self) -> Plan:
        """The runs that there are, methods at their defaults where a search has yet to find them.

        Loads the data: a run's id holds their digest.
        """
        return self._plan(self._bench)

    def forecast(self, store: Path | str = DEFAULT_STORE) -> Forecast:
        """What there is to do that the store lacks, and the time that it is expected to take.

        Where nothing is recorded yet, a few steps are timed on this machine.
        """
        from harness.execution.machine import choose_device
        from harness.forecast import forecast

        bench = replace(self._bench, device=choose_device(self._device))
        return forecast(self._plan(bench), bench, Path(store), self.settings)

    def run(
        self,
        store: Path | str = DEFAULT_STORE,
        *,
        retry_failed: bool = False,
        track: Sequence[str] = (),
    ) -> Session:
        """A session that searches if the protocol says so, then runs what the store lacks.

        Iterate it for events, or `watch()` it. Nothing happens before. `retry_failed`: run those
        again that failed before. `track`: show runs elsewhere too, as `bench run --track`.
        """
        return Session(self, Path(store), retry_failed=retry_failed, track=track)

    def tune(self, store: Path | str = DEFAULT_STORE) -> Session:
        """A session of the hyperparameter search alone; what it found is its `tuned`.

        Raises UserError for a protocol without a search.
        """
        rules = self.protocol
        if rules.search.trials == 0:
            raise UserError(
                f"protocol '{rules.name}' has no search: every method runs at its defaults "
                "(--trials N searches all the same)"
            )
        return Session(self, Path(store), search_only=True)

    @cached_property
    def dataset(self) -> Dataset:
        """The data, loaded when they are first used."""
        from harness.data.loading import load_dataset

        return self._own or load_dataset(self.registry, self.protocol.dataset)

    @cached_property
    def entrants(self) -> list[Entrant]:
        """The methods at the points of their spaces that were given."""
        from harness.execution.plan import choose_entrants

        rule = self.protocol.label_sets
        beside = rule.attributes if rule else ()
        return choose_entrants(self.registry, self.methods, self._given, beside)

    @cached_property
    def _bench(self) -> Bench:
        from harness.execution.executor import Bench
        from harness.execution.machine import choose_device
        from harness.models import require_weights

        if self.protocol.correcting is not None:
            raise UserError(
                f"protocol '{self.protocol.name}': is of texts that a user corrects turn by turn; "
                f"`bench correct --protocol {self.protocol.name}` goes through them"
            )
        assert self.entrants  # what is wrong with hyperparameters is said before data are loaded
        device = choose_device(self._device, here=not self._executor.remote)
        rule = self.protocol.backbone
        weights = self.registry.backbone(rule.name).item.weights_named(rule.weights)
        if weights is not None:
            require_weights(weights)
        if self._own is None and "dataset" not in vars(self) and self.settings.workers == 1:
            from harness.apart.nursery import begin_here

            begin_here()
        if self._own is None:
            from harness.data.loading import warn_of_copies

            warn_of_copies(self.dataset, self.protocol)
        bench = Bench(
            registry=self.registry,
            protocol=self.protocol,
            dataset=self.dataset,
            device=device,
            keep_weights=self._keep_weights,
            sandbox=self.settings.sandbox,
        )
        bench.fence()
        if line := sandbox.absent():
            log.warning("%s", line)
        return bench

    def _plan(self, bench: Bench) -> Plan:
        from harness.execution.plan import make_plan, trunk_code

        trunk = trunk_code(self.registry, self.protocol.backbone)
        digest = bench.dataset.digest
        return make_plan(self.protocol, digest, self.entrants, self.seeds, trunk=trunk)

    def _add_controls(self) -> None:
        """Those that the protocol names run too, where they are installed; it is said."""
        if "all" in self.methods:
            return
        more = [name for name in self.protocol.controls if name not in self.methods]
        there = [name for name in more if name in self.registry.methods]
        lacking = [name for name in more if name not in there]
        self.methods += there
        where = f"protocol '{self.protocol.name}'"
        if there:
            self.notes += (f"{where}: its controls run too: {', '.join(there)}",)
        if lacking:
            self.notes += (f"{where}: controls not installed: {', '.join(lacking)}",)

    def _check_names(self) -> None:
        self.registry.require_methods(name for name in self.methods if name != "all")
        rules = self.protocol
        if self._own is None:
            self.registry.dataset(rules.dataset)
        self.registry.backbone(rules.backbone.name).item.weights_named(rules.backbone.weights)

    def _replicates(self, seeds: int | None) -> int:
        rules = self.protocol
        if seeds is None:
            return rules.replicates
        require_whole(seeds, "--seeds")
        if seeds > rules.replicates:
            raise UserError(
                f"--seeds {seeds}: protocol '{rules.name}' has {rules.replicates} replicates "
                f"(allowed: 1..{rules.replicates})"
            )
        if rules.looks and seeds not in rules.looks:
            looks = ", ".join(map(str, rules.looks))
            raise UserError(f"--seeds {seeds}: the board is not looked at then (allowed: {looks})")
        return int(seeds)


def _own(
    data: Dataset | Path | str | None, reading: Reading | None, protocol: str
) -> tuple[Dataset | None, list[str], list[str]]:
    """A person's data, the sentence on how they are split, and the override that says so."""
    if data is None and reading is None:
        return None, [], []
    if data is None:
        raise UserError("reading: says how data are read, and no data are given")
    from harness.data.dataset import Dataset
    from harness.data.own import fitting_split, load_path
    from harness.reading.options import Reading

    dataset = data if isinstance(data, Dataset) else load_path(Path(data), reading or Reading())
    corrected = load_protocol(protocol).correcting is not None
    own, reason = fitting_split(dataset, corrected=corrected)
    notes = [f"{dataset.name}: {note}" for note in (reason, *dataset.notes)]
    return dataset, notes, [own.override]


def _names_own(protocol: Path | str, data: Dataset) -> bool:
    """Whether a protocol's file was written for data of this name; no published one ever is."""
    return str(protocol).endswith(".toml") and data.name in load_protocol(str(protocol)).datasets


def _for_vectors(data: Dataset, rules: Protocol, overrides: Sequence[str]) -> list[str]:
    """The overrides that give vectors a backbone for vectors, where none was chosen."""
    chosen = any(text.partition("=")[0].strip() == "backbone.name" for text in overrides)
    if data.is_images or chosen or rules.backbone.name in _FOR_VECTORS:
        return []
    return [f'backbone.name="{_FOR_VECTORS[0]}"', 'backbone.weights="random"']


def _require_fitting_weights(data: Dataset, rules: Protocol, registry: Registry) -> None:
    """UserError where pretrained weights are for images of other channels."""
    trunk = registry.backbone(rules.backbone.name).item
    if (weights := trunk.weights_named(rules.backbone.weights)) is not None:
        from harness.models import given_standardisation

        given_standardisation(weights, data)


def _described(data: Dataset, rules: Protocol) -> list[str]:
    """What the data are and how they are split, a line each; UserError where no run could be."""
    from harness.data.loading import copies
    from harness.data.own import described
    from harness.data.splits import label_sets_of, make_split, searches

    test = make_split(data, rules.split, fold=0, seed=0).test
    lines = [*described(data, rules.split), *searches(data, test, rules.scoring)]
    label_sets_of(data, rules.label_sets)
    lines += [] if data.is_images else [f"vectors: the backbone is {rules.backbone.name}"]
    lines += copies(data, test)
    return [f"{data.name}: {line}" for line in lines]


def _names(methods: str | Sequence[str]) -> list[str]:
    listed = methods.split(",") if isinstance(methods, str) else methods
    listed = list(listed) if isinstance(listed, Iterable) else [listed]
    for one in listed:
        if not isinstance(one, str):
            raise UserError(
                f"methods: {type(one).__name__} is not a name; a method of your own comes from a "
                "file: plugins=['mine.py']"
            )
    if not (names := [name.strip() for name in listed if name.strip()]):
        raise UserError("--methods: names no method (give names separated by commas, or 'all')")
    return names


def _texts(given: Given) -> list[str]:
    """`key=value` texts, values as TOML writes them."""
    if isinstance(given, Mapping):
        return [f"{key}={_text(key, value)}" for key, value in given.items()]
    return [given] if isinstance(given, str) else list(given)


def _text(key: str, value: object) -> str:
    if isinstance(value, str):
        return value
    number = getattr(value, "item", None)  # of NumPy or torch
    try:
        return json.dumps(number() if callable(number) else value)
    except (TypeError, ValueError, RuntimeError):
        kind = type(value).__name__
        raise UserError(f"{key}: {kind} is no value of a protocol or a method") from None
