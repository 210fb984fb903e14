"""`Method`: what is compared. A name, a hyperparameter space, declarations, and a builder."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.errors import UserError, nearest
from harness.method.space import (
    RESERVED,
    SAMPLES_PER_CLASS,
    Choice,
    Float,
    Int,
    Range,
    Value,
    check_reserved,
)

if TYPE_CHECKING:
    from harness.method.objective import Context, Objective


def for_builder(point: Mapping[str, Value]) -> dict[str, Value]:
    """The hyperparameters that a method's builder receives."""
    return {name: value for name, value in point.items() if name not in RESERVED}


def samples_per_class(point: Mapping[str, Value], protocols: int) -> int:
    """Samples of each class at a point of the space, where the protocol has so many."""
    value = point.get(SAMPLES_PER_CLASS, protocols)
    assert isinstance(value, int), "Method checks its space"
    return value


def _check_builder(name: str, build: object) -> None:
    """ValueError for what cannot be called with hyperparameters and a context, for a run's own."""
    if not callable(build):
        raise ValueError(f"method {name}: build must be callable")
    if any(base.__name__ == "Objective" for base in type(build).__mro__):
        raise ValueError(
            f"method {name}: build is an Objective, and all runs would share it: give a function "
            "that makes one for each"
        )
    try:
        signature = inspect.signature(build)
    except (TypeError, ValueError):
        return  # it has none that Python can tell
    try:
        signature.bind({}, None)
    except TypeError:
        raise ValueError(
            f"method {name}: build{signature} cannot take the two that it is given: "
            "hyperparameters and context"
        ) from None


Composition = Literal["balanced", "one-per-class", "uniform", "pairs", "clusters"]
Labels = Literal["all", "known", "none"]
Setting = Literal["any", "closed-set"]
Relevance = Literal["binary", "graded"]
LabelSets = Literal["class", "attributes"]
Weights = Literal["any", "pretrained"]
DefaultsFrom = Literal[
    "unsaid", "none", "paper", "library", "published search", "validation here", "by hand"
]
Comparison = Literal["any", "cosine", "euclidean"]

COMPOSITIONS: tuple[str, ...] = get_args(Composition)
LABELS: tuple[str, ...] = get_args(Labels)
SETTINGS: tuple[str, ...] = get_args(Setting)
RELEVANCES: tuple[str, ...] = get_args(Relevance)
LABEL_SETS: tuple[str, ...] = get_args(LabelSets)
WEIGHTS: tuple[str, ...] = get_args(Weights)
DEFAULTS_FROM: tuple[str, ...] = get_args(DefaultsFrom)
COMPARISONS: tuple[str, ...] = get_args(Comparison)

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HYPERPARAMETER = re.compile(r"\w[\w-]*")


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is compared: a builder of Objectives and everything a protocol must know about it.

    `build(hyperparameters, context)` returns a fresh `Objective`; it is called once a run, with
    every hyperparameter of `space` given but the reserved ones, which the core acts on:
    `objective_rate` (a Float on a log scale) multiplies the protocol's learning rate for the
    Objective's own parameters, `objective_schedule` (a Choice of `protocol`, `constant`, `cosine`,
    `linear`) is how that rate moves, `samples_per_class` (an Int, or a Choice of whole numbers)
    stands in for the protocol's. A name in `per_label_set` stands for one hyperparameter for each
    label set beside the class, `name.label_set`; the builder gets a mapping from label set to
    value. A method that has nothing to train (`trained=False`) is scored on the initial weights;
    its builder is called only for a readout.

    The declarations are closed lists, because they belong to the method and not to taste: `batch`
    is how the core composes batches, `views` how many augmented views of each image the batch
    holds, `labels` which labels the method may see (`none`: it never receives any), `members` how
    many backbones it trains, `setting` where it is defined at all, `relevance` whether it needs
    degrees of relevance between classes, `label_sets` whether it learns from the `attributes` that
    the protocol gives as labels too (`class`: it never sees any), `weights` whether it is anything
    at all without pretrained ones, `comparison` by what its embeddings are to be compared, which
    counts where the protocol leaves their lengths (normalised, angle and distance order alike),
    `readout` whether it ends in a linear readout (`Objective.finish`), `control` whether it is a
    control that promises not to learn. `requires` names the modules it imports that are not
    installed with it, each with the command that installs it: without them its runs are skipped.

    `parameters` is the number of trainable parameters that the Objective adds, as a formula in C
    (classes), d (embedding size), F (feature size), D (numbers in one input), L and V (label sets
    beside the class, and their values in all) and the names of hyperparameters, such as "C * d";
    `MethodContract` compares it with the Objective's own count.
    `citation` is a BibTeX entry. `defaults_from` says where the default point is from, so that a
    board without a search does not rank by who was tuned on its data in silence: `paper`,
    a `library` or public code, a `published search` on other data, `validation here` if any value
    was chosen on validation classes of data that come with the benchmark, `by hand`, or `none`
    where there is nothing to set.

    Raises ValueError for a name that is not lower-case words joined by hyphens, or a declaration
    outside its list.
    """

    name: str
    build: Callable[[Mapping[str, Value], Context], Objective]
    summary: str
    reference: str
    family: str = "other"
    space: Mapping[str, Range] = field(default_factory=dict)
    per_label_set: tuple[str, ...] = ()
    batch: Composition = "balanced"
    views: Literal[1, 2] = 1
    labels: Labels = "all"
    members: int = 1
    setting: Setting = "any"
    relevance: Relevance = "binary"
    label_sets: LabelSets = "class"
    weights: Weights = "any"
    comparison: Comparison = "any"
    readout: bool = False
    control: bool = False
    trained: bool = True
    requires: Mapping[str, str] = field(default_factory=dict)
    parameters: str = "0"
    citation: str = ""
    defaults_from: DefaultsFrom = "unsaid"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"method name {self.name!r} must be lower-case words and hyphens")
        _check_listed(self.name, "batch", self.batch, COMPOSITIONS)
        _check_listed(self.name, "labels", self.labels, LABELS)
        _check_listed(self.name, "setting", self.setting, SETTINGS)
        _check_listed(self.name, "relevance", self.relevance, RELEVANCES)
        _check_listed(self.name, "label_sets", self.label_sets, LABEL_SETS)
        _check_listed(self.name, "weights", self.weights, WEIGHTS)
        _check_listed(self.name, "defaults_from", self.defaults_from, DEFAULTS_FROM)
        _check_listed(self.name, "comparison", self.comparison, COMPARISONS)
        if self.trained and self.labels == "none" and self.batch != "uniform":
            raise ValueError(
                f"method {self.name}: labels='none' needs batch='uniform': every other composition "
                "is drawn by the labels"
            )
        if self.relevance == "graded" and self.labels != "all":
            raise ValueError(f"method {self.name}: graded relevance tells labels: labels='all'")
        if self.label_sets == "attributes" and self.labels != "all":
            raise ValueError(f"method {self.name}: attributes tell labels: labels='all'")
        if self.views not in (1, 2):
            raise ValueError(f"method {self.name}: views must be 1 or 2, not {self.views!r}")
        if self.members < 1:
            raise ValueError(f"method {self.name}: members must be at least 1")
        if self.name == "all":
            raise ValueError("a method cannot be named 'all': that means every method")
        _check_builder(self.name, self.build)
        self._check_space()

    def _check_space(self) -> None:
        for name, bounds in self.space.items():
            if not isinstance(bounds, Float | Int | Choice):
                raise ValueError(
                    f"method {self.name}: {name} must be a Float, Int or Choice, not {bounds!r}"
                )
            if not (isinstance(name, str) and _HYPERPARAMETER.fullmatch(name)):
                raise ValueError(
                    f"method {self.name}: hyperparameter {name!r} (allowed: letters, digits, _ "
                    "and -, as `--with` takes them)"
                )
        if not isinstance(self.per_label_set, tuple | list):
            raise ValueError(
                f"method {self.name}: per_label_set must be a tuple of names, not "
                f"{self.per_label_set!r}"
            )
        for place, name in enumerate(self.per_label_set):
            if name not in list(self.space) or self.label_sets != "attributes":
                raise ValueError(
                    f"method {self.name}: per_label_set {name!r} needs that name in the space and "
                    "label_sets='attributes'"
                )
            if name in RESERVED or name in self.per_label_set[:place]:
                why = "the core acts on it" if name in RESERVED else "it is named twice"
                raise ValueError(f"method {self.name}: per_label_set {name!r}: {why}")
        try:
            check_reserved(self.space, self.batch)
        except ValueError as error:
            raise ValueError(f"method {self.name}: {error}") from None

    def objective(self, point: Mapping[str, Value], context: Context) -> Objective:
        """Build for one run at a point of the space: what `build` returns, unchecked."""
        given: dict[str, Any] = for_builder(point)
        for name in self.per_label_set:
            usual = given.pop(name, None)
            beside = [one.name for one in context.label_sets]
            given[name] = {one: given.pop(f"{name}.{one}", usual) for one in beside}
        return self.build(given, context)

    def beside(self, label_sets: Sequence[str]) -> Method:
        """The method where a protocol gives these label sets beside the class, at least one.

        A range named in `per_label_set` becomes one for each of them, in its place in the space.
        """
        space: dict[str, Range] = {}
        for name, bounds in self.space.items():
            own = name in self.per_label_set
            names = [f"{name}.{one}" for one in label_sets] if own else [name]
            space |= dict.fromkeys(names, bounds)
        beside = copy(self)
        object.__setattr__(beside, "space", space)  # of names that no plugin may declare
        return beside

    @property
    def needs(self) -> tuple[str, ...]:
        """What a protocol, its data or the machine may not meet of what is declared, in words.

        The composition of its batches comes first; a method that is not trained has none.
        """
        known = {"known": "known labels", "none": "no labels"}
        said = (
            self.batch if self.trained else "",
            known.get(self.labels, "") if self.trained or self.readout else "",
            "two views" if self.views == 2 else "",
            f"{self.members} backbones" if self.members > 1 else "",
            "a closed set" if self.setting == "closed-set" else "",
            "graded relevance" if self.relevance == "graded" else "",
            "label sets beside the class" if self.label_sets == "attributes" else "",
            "pretrained weights" if self.weights == "pretrained" else "",
            *self.requires,
        )
        return tuple(filter(None, said))

    def defaults(self) -> dict[str, Value]:
        """The default point of the space."""
        return {name: bounds.default for name, bounds in self.space.items()}

    def point(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Complete `given` with defaults and check it; text values are parsed.

        Raises UserError for an unknown hyperparameter or a value outside its range.
        """
        point = self.defaults()
        for name, value in given.items():
            if name not in self.space:
                allowed = ", ".join(self.space) or "none"
                raise UserError(
                    f"method {self.name}: unknown hyperparameter '{name}'"
                    f"{nearest(name, self.space)} (allowed: {allowed})"
                )
            bounds = self.space[name]
            try:
                point[name] = bounds.parse(value) if isinstance(value, str) else bounds.check(value)
            except ValueError as error:
                raise UserError(f"method {self.name}: {name}: {error}") from None
        return point


def _check_listed(method: str, what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(
            f"method {method}: {what} {value!r}{nearest(str(value), allowed)} "
            f"(allowed: {', '.join(allowed)})"
        )


LossBuilder = Callable[..., Any]


def loss_method(  # noqa: PLR0913 - each but the first two is named
    name: str,
    build: LossBuilder,
    *,
    summary: str,
    reference: str,
    family: str = "other",
    batch: Composition = "balanced",
    unnormalized: bool = False,
    comparison: Comparison = "any",
    parameters: str = "0",
    citation: str = "",
    defaults_from: DefaultsFrom = "unsaid",
    **space: Range,
) -> Method:
    """Make a Method of a builder of losses on (embeddings, labels).

    `build` receives every hyperparameter of `space` by name but the reserved ones (`Method` names
    them), and `context` if it has such a
    parameter. It returns a module called as `loss(embeddings, labels)`, or a pair
    `(loss, miner)`: then the miner is called as `miner(embeddings, labels)` and its result is
    given to the loss as a third argument, as in pytorch-metric-learning. With `unnormalized`, the
    loss gets the embeddings as they are before the protocol's normalisation.
    """
    wants_context = "context" in inspect.signature(build).parameters

    def build_objective(hyperparameters: Mapping[str, Value], context: Context) -> Objective:
        from harness.method.loss_objective import LossObjective

        extra = {"context": context} if wants_context else {}
        built = build(**hyperparameters, **extra)
        loss, miner = built if isinstance(built, tuple) else (built, None)
        return LossObjective(loss, miner, unnormalized=unnormalized)

    return Method(
        name=name,
        build=build_objective,
        summary=summary,
        reference=reference,
        family=family,
        space=dict(space),
        batch=batch,
        comparison=comparison,
        parameters=parameters,
        citation=citation,
        defaults_from=defaults_from,
    )
