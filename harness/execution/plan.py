"""The plan: one run for each method, fold and seed, in the order that fills a board soonest."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from harness.errors import UserError
from harness.method import Method, samples_per_class
from harness.method.space import Value
from harness.protocol import Protocol
from harness.protocol.model import BackboneRule
from harness.record import Declared, Entered, Identity, Record, Searched
from harness.registry import CORE_DISTRIBUTION, RegisteredMethod, Registry
from harness.training import TRAINING_SEMANTICS


@dataclass(frozen=True)
class Entrant:
    """A method at the point of its space at which it will run."""

    registered: RegisteredMethod
    hyperparameters: Mapping[str, Value]
    chosen_by: Literal["default", "given", "search", "trial"]
    searched: Searched | None = None

    @property
    def name(self) -> str:
        """The method's name."""
        return self.registered.method.name

    def entered(self, trunk: str) -> Entered:
        """Whose code it is and where in its space it stands, as Records have it."""
        origin = self.registered.origin
        return Entered(
            method=self.name,
            distribution=origin.distribution,
            version=origin.version,
            source=origin.source,
            hyperparameters=dict(self.hyperparameters),
            libraries=self.registered.libraries,
            trunk=trunk,
        )

    def declared(self, protocol: Protocol) -> Declared:
        """What the method declared, as its Records carry it."""
        method = self.registered.method
        usual = protocol.training.samples_per_class
        own = samples_per_class(self.hyperparameters, usual)
        composition = method.batch if own == usual else f"{method.batch} of {own}"
        return Declared(
            composition=composition if method.trained else "none",
            views=method.views,
            labels=method.labels,
            members=method.members,
            setting=method.setting,
            defaults_from=method.defaults_from,
            comparison=method.comparison,
            label_sets=_given_beside_the_class(method, protocol),
        )


def _given_beside_the_class(method: Method, protocol: Protocol) -> tuple[str, ...]:
    rule = protocol.label_sets
    return rule.attributes if rule and method.label_sets == "attributes" else ()


@dataclass(frozen=True, repr=False)
class PlannedRun:
    """One run to be: who, and the identity that decides its result."""

    entrant: Entrant
    identity: Identity

    def __repr__(self) -> str:
        return f"<PlannedRun {self.identity}>"

    @cached_property
    def run_id(self) -> str:
        """Digest of the identity."""
        return self.identity.run_id


@dataclass(frozen=True, repr=False)
class Replicate:
    """All folds of one method at one seed, in fold order."""

    entrant: Entrant
    seed: int
    runs: tuple[PlannedRun, ...]

    def __repr__(self) -> str:
        return f"<Replicate {self.entrant.name}, seed {self.seed}>"

    @cached_property
    def run_ids(self) -> tuple[str, ...]:
        """Ids of its runs, in fold order."""
        return tuple(run.run_id for run in self.runs)

    @property
    def to_search(self) -> bool:
        """Whether a search finds its hyperparameters, where the protocol has one."""
        method, trial = self.entrant.registered.method, self.runs[0].identity.trial
        return bool(method.space) and self.entrant.chosen_by == "default" and trial is None


@dataclass(frozen=True, repr=False)
class Plan:
    """Every replicate, seed by seed and method by method.

    `searched`: whether the search that the protocol may ask for has chosen the hyperparameters.
    """

    protocol: Protocol
    replicates: tuple[Replicate, ...]
    searched: bool = False

    def __repr__(self) -> str:
        methods = len({replicate.entrant.name for replicate in self.replicates})
        rules, runs = self.protocol, len(self.runs)
        return f"<Plan {rules.name} on {rules.dataset}: {runs} runs of {methods} methods>"

    @cached_property
    def runs(self) -> tuple[PlannedRun, ...]:
        """Every run, in order."""
        return tuple(run for replicate in self.replicates for run in replicate.runs)

    @property
    def to_search(self) -> bool:
        """Whether some replicate stands at defaults that the protocol's search is to replace."""
        asked = self.protocol.search.trials > 0 and not self.searched
        return asked and any(replicate.to_search for replicate in self.replicates)


def choose_entrants(
    registry: Registry,
    names: Sequence[str],
    given: Sequence[str] = (),
    label_sets: Sequence[str] = (),
) -> list[Entrant]:
    """Resolve method names (`all`: every one) and `method.name=value` hyperparameters.

    `label_sets`: those that the protocol gives beside the class.

    Raises UserError for an unknown method or hyperparameter, or a value outside its range.
    """
    wanted = list(registry.methods) if "all" in names else list(dict.fromkeys(names))
    if not wanted:
        raise UserError("no method is installed: pip install metric-learning-bench-methods")
    points: dict[str, list[str]] = {}
    for text in given:
        method, dot, setting = text.partition(".")
        if not dot or "=" not in setting or "=" in method:
            raise UserError(f"--with {text}: must read method.hyperparameter=value")
        if registry.method(method).method.name not in wanted:
            raise UserError(f"--with {text}: method '{method}' is not among those to run")
        points.setdefault(method, []).append(setting)
    entrants = []
    for name in wanted:
        registered = registry.method(name)
        if label_sets and registered.method.per_label_set:
            registered = replace(registered, item=registered.method.beside(label_sets))
        settings = [_named(setting, registered.method) for setting in points.get(name, [])]
        point = registered.method.point(dict(settings))
        default = point == registered.method.defaults()
        entrants.append(Entrant(registered, point, "default" if default else "given"))
    return entrants


def _named(setting: str, method: Method) -> tuple[str, str]:
    """`name=value` as both; a name may hold `=`, as that of a label set may, which people give."""
    fitting = [name for name in method.space if setting.startswith(f"{name}=")]
    name = max(fitting, key=len, default=setting.partition("=")[0])
    return name, setting[len(name) + 1 :]


def make_plan(
    protocol: Protocol,
    dataset_digest: str,
    entrants: Sequence[Entrant],
    seeds: int,
    *,
    trunk: str = "",
) -> Plan:
    """Plan the first `seeds` replicates of every entrant, seed by seed.

    `trunk`: which code the trunk is, by `trunk_code`.
    """
    replicates = [
        _replicate(protocol, dataset_digest, entrant, seed, trunk)
        for seed in range(seeds)
        for entrant in entrants
    ]
    return Plan(protocol, tuple(replicates))


def plan_trial(
    first: Replicate, entrant: Entrant, *, search: int, trial: int, seed: int, folds: int | None
) -> Replicate:
    """The folds of one trial: like the first folds of a replicate, but for what is tried."""
    changes = {
        "hyperparameters": dict(entrant.hyperparameters),
        "seed": seed,
        "search": search,
        "trial": trial,
    }
    runs = [
        PlannedRun(entrant, run.identity.model_copy(update=changes)) for run in first.runs[:folds]
    ]
    return Replicate(entrant, seed, tuple(runs))


def trunk_code(registry: Registry, rule: BackboneRule) -> str:
    """What a trunk is beside its name: the code of a plugin's, and its pretrained weights.

    Distribution, version and code; name and version of a library; name and sha256 of the weights.
    Empty for one of the core's own that starts from random weights.
    """
    registered = registry.backbone(rule.name)
    origin, source = registered.origin, registered.item
    parts = []
    if origin.distribution != CORE_DISTRIBUTION:
        parts += [f"{origin} {origin.source}", *origin.libraries]
    parts += [source.library] if source.library else []
    weights = source.weights_named(rule.weights)
    parts += [f"{weights.name} {weights.sha256}".rstrip()] if weights else []
    return ", ".join(parts)


def _replicate(
    protocol: Protocol, dataset_digest: str, entrant: Entrant, seed: int, trunk: str
) -> Replicate:
    first = Identity(
        protocol=protocol.name,
        protocol_digest=protocol.digest,
        unlocked=protocol.unlocked,
        dataset=protocol.dataset,
        dataset_digest=dataset_digest,
        **dict(entrant.entered(trunk)),
        seed=seed,
        fold=0,
        training_semantics=TRAINING_SEMANTICS,
    )
    folds = [first.model_copy(update={"fold": fold}) for fold in range(protocol.split.folds)]
    return Replicate(entrant, seed, tuple(PlannedRun(entrant, fold) for fold in folds))


@dataclass(frozen=True)
class Guess:
    """Seconds of a run that nobody has timed: of its training with one view, and of the rest."""

    training: float
    rest: float

    def seconds(self, run: PlannedRun) -> float:
        """Those of one run."""
        method = run.entrant.registered.method
        return self.rest + (self.training * method.views if method.trained else 0.0)


@dataclass
class Estimate:
    """Seconds a run takes, by method, learnt from Records of the same protocol.

    `guess`: of a method not seen yet, where no other that trains was seen. `seen`: the seconds of
    each method's runs; `trained`: which of them trained.
    """

    guess: Guess
    seen: dict[str, list[float]] = field(default_factory=dict)
    trained: set[str] = field(default_factory=set)

    def learn(self, record: Record) -> None:
        """Take one Record into account, if it got as far as an audit."""
        if record.audit is not None:
            method = record.identity.method
            self.seen.setdefault(method, []).append(record.audit.seconds)
            if record.audit.steps:
                self.trained.add(method)

    def seconds(self, runs: Sequence[PlannedRun]) -> float:
        """Estimated seconds for these runs, one after the other."""
        return sum(self._of(run) for run in runs)

    def _of(self, run: PlannedRun) -> float:
        own = self.seen.get(run.identity.method)
        if own:
            return statistics.median(own)
        trains = run.entrant.registered.method.trained
        alike = [
            statistics.median(values)
            for method, values in self.seen.items()
            if (method in self.trained) == trains
        ]
        return statistics.median(alike) if alike else self.guess.seconds(run)


def learnt_estimate(records: Iterable[Record], guess: Guess) -> Estimate:
    """An estimate that has seen these Records."""
    estimate = Estimate(guess)
    for record in records:
        estimate.learn(record)
    return estimate
