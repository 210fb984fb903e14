"""`Protocol`: all that is fixed, as strict, frozen, typed data."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from harness.method import Comparison, Composition
from harness.protocol.rules import (
    AugmentationRule,
    CorrectingRule,
    Few,
    LabelSetsRule,
    NotNegative,
    Positive,
    ScheduleRule,
    ScoringRule,
    Section,
    Share,
    Size,
    ViewsRule,
    as_tuple,
)

LabelledShare = Annotated[float, Field(gt=0, le=1)]
ClassFolds = Annotated[Few, Field(ge=2)]
FoldRule = Literal["even", "mlrc"]
ClassSeed = Annotated[int, Field(ge=0, lt=2**63)] | None


class ClassDisjointSplit(Section):
    """Classes in order of their number, the last `test_fraction` of them for testing.

    The others are in `folds` class folds, one validating while the others train. `fold_rule`:
    `even` validates every class once; `mlrc` has the ranges of the reality check's own code, where
    rounding leaves some classes in no validation fold. `labelled_fraction`: share of the training
    part whose labels are known, stratified by class. `class_seed`: classes are in the order that a
    draw with this seed puts them in, and not in that of their number.
    """

    kind: Literal["class-disjoint"]
    test_fraction: Share
    folds: ClassFolds
    fold_rule: FoldRule
    labelled_fraction: LabelledShare
    class_seed: ClassSeed = None


class GivenClassesSplit(Section):
    """As `class-disjoint`, but the test part is the one that the dataset comes with.

    `validation`: by `folds`, or the part `given` with the dataset, which is one fold.
    """

    kind: Literal["given-classes"]
    folds: Few
    fold_rule: FoldRule
    labelled_fraction: LabelledShare
    class_seed: ClassSeed = None
    validation: Literal["folds", "given"] = "folds"

    @model_validator(mode="after")
    def _whole_folds(self) -> GivenClassesSplit:
        if (self.folds == 1) != (self.validation == "given"):
            raise ValueError("folds must be 2 or more, or 1 with validation = 'given'")
        return self


class ClosedSetSplit(Section):
    """Every class in every part: samples are drawn, stratified by class.

    The test part is the same for all folds and seeds. Each fold draws its validation part anew.
    """

    kind: Literal["closed-set"]
    test_fraction: Share
    validation_fraction: Share
    folds: Few
    labelled_fraction: LabelledShare


class GivenSplit(Section):
    """The training and test parts that the dataset comes with, over the same classes.

    `validation_fraction`: share of the training part, stratified by class and drawn anew by each
    fold; 0: the validation part that the dataset comes with.
    """

    kind: Literal["given"]
    validation_fraction: Annotated[float, Field(ge=0, lt=1)]
    folds: Few
    labelled_fraction: LabelledShare


SplitRule = Annotated[
    ClassDisjointSplit | GivenClassesSplit | ClosedSetSplit | GivenSplit,
    Field(discriminator="kind"),
]
"""How a dataset becomes train, validation and test parts, by `kind`."""

CLOSED_SETS: tuple[str, ...] = ("closed-set", "given")


class BackboneRule(Section):
    """Trunk by name, its initial weights, and the linear embedding head on it.

    `weights`: `random`, or a name that the trunk offers, such as `imagenet`; inputs are then
    standardised by the numbers that those were trained with, not by those of the training part.
    `precision`: what trunk and head compute in, by automatic mixed precision; weights, embeddings
    and losses are float32 whatever it is. `head`: how its weights are drawn; `orthogonal`, without
    a bias, leaves all cosines of features as they are where embeddings are as long.
    """

    name: str
    weights: Annotated[str, Field(min_length=1)]
    freeze_batch_norm: bool
    embedding_size: Size
    normalize: bool
    precision: Literal["float32", "bfloat16"] = "float32"
    head: Literal["random", "orthogonal"] = "random"


class OptimizerRule(Section):
    """One optimizer; `momentum` is used by sgd and rmsprop.

    `clip_value`: before each step every gradient is cut to between minus and plus this; not
    given: gradients are as they are. `schedule`: how the learning rate moves; not given: it stays.
    """

    name: Literal["adam", "adamw", "rmsprop", "sgd"]
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    weight_decay: NotNegative
    momentum: Annotated[float, Field(ge=0, lt=1)]
    clip_value: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    schedule: ScheduleRule | None = None


class OptimizerRules(Section):
    """Optimizers of the trunk, the embedding head, and the objective's own parameters."""

    trunk: OptimizerRule
    head: OptimizerRule
    objective: OptimizerRule


class TrainingRule(Section):
    """Length of training and make-up of batches.

    `samples_per_class` is that of the `balanced` composition; `compositions` lists those that
    the protocol admits. `steps_per_epoch` is how often `Objective.begin_epoch` is called.
    """

    steps: Positive
    steps_per_epoch: Positive
    batch_size: Annotated[Size, Field(ge=2)]
    samples_per_class: Annotated[Size, Field(ge=2)]
    compositions: Annotated[tuple[Composition, ...], BeforeValidator(as_tuple), Field(min_length=1)]

    @model_validator(mode="after")
    def _whole_classes(self) -> TrainingRule:
        if self.batch_size % self.samples_per_class:
            raise ValueError("batch_size must be a multiple of samples_per_class")
        return self


class SelectionRule(Section):
    """Which step's weights are kept: the best by a metric on the validation classes.

    Validation runs before the first step and then every `every` steps; training stops once
    `patience` validations in a row bring no strict improvement. `start`: the first step whose
    weights may be kept; 0, as where it is not given, lets a run keep its initial ones.
    """

    metric: Literal["map_at_r"]
    every: Positive
    patience: Positive
    start: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0


class SearchRule(Section):
    """The hyperparameter search that every method gets alike.

    `trials` of each method, the first at its defaults; 0: every method stays there. A trial's value
    is the mean validation metric over the folds. `repeats`: whole searches, each with seeds of
    its own; replicate s takes the best of search s modulo `repeats`, so that an interval over
    replicates holds the choice of hyperparameters as well. `folds`: a trial trains so many of the
    folds, the first; `steps`: for so many steps, schedules and all; not given: as a replicate.
    """

    trials: Annotated[int, Field(ge=0, le=10_000)]
    sampler: Literal["tpe", "gp", "random"]
    repeats: Few
    folds: Few | None = None
    steps: Positive | None = None


class Quirks(Section):
    """What a paper's own code does and its text does not say, to measure what it changes.

    `raw_training_inputs`: training sees inputs that are not standardised, the test does.
    `test_batches`: so many batches of the test part are embedded in training mode, each with the
    batch norm statistics of its own; 0: in evaluation mode.
    """

    raw_training_inputs: bool
    test_batches: Annotated[int, Field(ge=0, le=1_000_000_000)]


Looks = Annotated[tuple[Annotated[Few, Field(ge=2)], ...], BeforeValidator(as_tuple)]
"""After how many replicates a board is looked at, ascending; the last is all of them."""


class Rules(Section):
    """All that a protocol fixes for one dataset.

    `looks`: after so many replicates only methods that may still be the best get more, and what is
    told at any look is told at 5 % over all of them; none: every method gets all replicates.
    """

    replicates: Few
    looks: Looks = ()
    split: SplitRule
    backbone: BackboneRule
    optimizers: OptimizerRules
    training: TrainingRule
    augmentation: AugmentationRule
    selection: SelectionRule
    search: SearchRule
    scoring: ScoringRule
    test_views: ViewsRule | None = None
    quirks: Quirks | None = None
    label_sets: LabelSetsRule | None = None
    correcting: CorrectingRule | None = None

    def distance_for(self, comparison: Comparison) -> Literal["cosine", "euclidean"]:
        """By what the embeddings of a method that declares this comparison are compared.

        Where embeddings are normalised angle and distance order alike, and the protocol's counts.
        """
        if comparison == "any" or self.backbone.normalize:
            return self.scoring.distance
        return comparison

    def of_a_trial(self) -> Self:
        """The rules by which a trial of the search trains."""
        steps = self.search.steps
        if steps is None:
            return self
        every = min(self.selection.every, steps)
        return self.model_copy(
            update={
                "training": self.training.model_copy(update={"steps": steps}),
                "selection": self.selection.model_copy(update={"every": every}),
            }
        )

    @model_validator(mode="after")
    def _looks_at_the_end(self) -> Rules:
        if list(self.looks) != sorted(set(self.looks)) or len(self.looks) == 1:
            raise ValueError("looks must be two or more numbers of replicates, ascending")
        if self.looks and self.looks[-1] != self.replicates:
            raise ValueError(f"looks must end at replicates, {self.replicates}")
        return self

    @model_validator(mode="after")
    def _trials_within_runs(self) -> Rules:
        search = self.search
        if search.folds is not None and search.folds > self.split.folds:
            raise ValueError(f"search.folds must not be above split.folds, {self.split.folds}")
        if search.steps is not None and search.steps > self.training.steps:
            raise ValueError("search.steps must not be above training.steps")
        return self

    def scoring_for(self, comparison: Comparison) -> ScoringRule:
        """How the embeddings of a method that declares this comparison are scored."""
        return self.scoring.model_copy(update={"distance": self.distance_for(comparison)})

    @model_validator(mode="after")
    def _selects_something(self) -> Rules:
        if self.selection.start > self.training.steps:
            raise ValueError("selection.start must not be above training.steps")
        return self

    @model_validator(mode="after")
    def _crops_of_a_crop(self) -> Rules:
        several = self.test_views is not None and self.test_views.crops > 1
        if several and self.augmentation.kind != "crop":
            raise ValueError("test_views.crops above 1 needs an augmentation that crops")
        return self

    @model_validator(mode="after")
    def _one_training_part(self) -> Rules:
        closed = self.split.kind in CLOSED_SETS and self.split.folds == 1
        if self.scoring.reads_training_part and not closed:
            raise ValueError(
                "a gallery of training samples and classifiers need a closed set of one fold"
            )
        return self


class Protocol(Rules):
    """The rules for one dataset of a protocol file, and where they come from.

    `digest`: sha256 over the parsed values of the whole file but its summary, and the overrides.
    `unlocked`: the overrides given on the command line; empty for a protocol as published.
    `controls`: methods that stand on every board of it; as they change no run, the digest is
    without them.
    """

    name: str
    summary: str
    dataset: str
    datasets: tuple[str, ...]
    digest: str
    unlocked: tuple[str, ...]
    controls: tuple[str, ...] = ()

    def __repr__(self) -> str:
        unlocked = ", unlocked" if self.unlocked else ""
        return f"<Protocol {self.name} on {self.dataset}: {self.digest[:12]}{unlocked}>"
