"""`Record`: what a Run left behind. Frozen, versioned, and the only thing that passes the Store."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

RECORD_FORMAT = 1
ELSEWHERE = "(not trained here)"
"""The distribution of embeddings that another system made; no distribution can have this name."""

State = Literal["done", "failed", "skipped"]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Moment = Annotated[str, AfterValidator(lambda text: datetime.fromisoformat(text) and text)]
SANDBOX = "sandbox"
"""A fact of an environment that moves no bit of what is computed."""

ReasonKind = Literal[
    "diverged",  # the loss was not finite
    "crashed",  # the plugin raised
    "bad-loss",  # no scalar, nothing to differentiate, or a readout that is not linear
    "tampered",  # the backbone, its gradients or its size were changed behind the core's back
    "sealed",  # test data were asked for while the objective was alive
    "out-of-memory",
    "out-of-time",
    "died",  # the process that ran it ended: a signal, or an exit in the plugin
    "unsupported",  # the protocol lacks what the method needs
]


class Frozen(BaseModel):
    """Base of everything stored: no unknown keys, no assignment; NaN and infinity survive JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Reason(Frozen):
    """Why a run did not end in scores: a kind for machines, a sentence for people."""

    kind: ReasonKind
    message: str
    traceback: str = ""


class Entered(Frozen):
    """What of a run's identity is its method's, at one point of its space.

    `source`: digest of the files of the method's plugin. `libraries`: name and version of each
    distribution that the method's modules import. `trunk`: distribution, version and code of the
    plugin that gave the backbone's trunk, and what that imports; empty for the core's own, which
    `training_semantics` covers.
    """

    method: str
    distribution: str
    version: str
    source: str
    hyperparameters: dict[str, float | int | str | bool]
    libraries: tuple[str, ...] = ()
    trunk: str = ""


class Identity(Entered):
    """All that decides a run's result; its digest is the run's id.

    `trial`: which trial of a hyperparameter search the run belongs to, in which of the repeated
    searches (`search`, from 0); None for a replicate. A trial's run never sees the test part.
    """

    protocol: str
    protocol_digest: str
    unlocked: tuple[str, ...]
    dataset: str
    dataset_digest: str
    seed: int
    fold: int
    training_semantics: int
    search: int | None = None
    trial: int | None = None

    def __str__(self) -> str:
        trial = "" if self.trial is None else f", trial {self.trial + 1}"
        return f"{self.method}, seed {self.seed}, fold {self.fold}{trial}"

    @property
    def run_id(self) -> str:
        """First 20 hexadecimal digits of the sha256 over the canonical JSON."""
        content = self.model_dump()
        if self.trial is None:  # as it was before there were trials
            del content["search"], content["trial"]
        if not self.libraries:  # as it was before they counted
            del content["libraries"]
        return digest_of(content)[:20]


class Declared(Frozen):
    """What the method declared; shown on the board beside its scores.

    `composition` is `none` for a method that does not train; "balanced of 2" has another number of
    samples of a class than the protocol's. `comparison`: by what its embeddings are compared where
    the protocol leaves their lengths. `defaults_from`: where its default hyperparameters are from,
    `unsaid` in records that did not ask. `label_sets`: the attributes that it was given as labels
    beside the class; none for most.
    """

    composition: str
    views: int
    labels: str
    members: int = Field(ge=1)
    setting: str
    defaults_from: str = "unsaid"
    comparison: Literal["any", "cosine", "euclidean"] = "any"
    label_sets: tuple[str, ...] = Field(default=(), exclude_if=lambda given: not given)


class Parameters(Frozen):
    """Trainable parameters by owner."""

    trunk: Count
    head: Count
    objective: Count


class Samples(Frozen):
    """Training samples that the method could reach, and how many of them the protocol labels.

    A method that declares no labels receives none of them all the same.
    """

    training: Count
    labelled: Count


class Audit(Frozen):
    """What the run cost.

    `images_embedded`: images through the backbone on the method's behalf, gradients or not.
    `backward_passes`: gradients that came back through an `embed` call; `zero_gradients`: those
    of them that were zero throughout, as when a miner finds nothing. `images_read`: taken from
    the view of the training part, for a teacher or for clusters; `images_drawn`: in the batches of
    the steps, each view counted. Wall times: `seconds` of the whole run, `training_seconds` of the
    loop without validation; parts of it are `preparation_seconds`, of `prepare`, and
    `input_seconds`, in which steps waited for their batches, from indexing the dataset to
    standardised inputs (on CUDA until the work is queued). `processor_seconds`: of the whole run
    in both processes, as the system counted. `peak_memory_bytes`: of both (CPU) or of the
    allocator (CUDA). None stands where something is unknown, or was not measured yet.

    Of a run that was trained together with others (`together` in its environment), all seconds are
    its own and an equal share of what was spent on several; the peak is that of all of them.
    """

    steps: Count
    images_embedded: Count
    backward_passes: Count
    zero_gradients: Count
    images_read: Count = 0
    images_drawn: Count | None = None
    preparation_seconds: float = 0.0
    input_seconds: float | None = None
    training_seconds: float
    seconds: float
    processor_seconds: float | None = None
    peak_memory_bytes: Count | None
    parameters: Parameters

    @property
    def input_share(self) -> float | None:
        """Which part of the loop's time its steps waited for their batches, from 0 to 1."""
        looped = self.training_seconds - self.preparation_seconds
        if self.input_seconds is None or looped <= 0:
            return None
        return self.input_seconds / looped


class Selected(Frozen):
    """The step that validation chose, and the values it chose from as (step, value)."""

    metric: str
    step: int
    value: float
    history: tuple[tuple[int, float], ...]
    stopped_early: bool


class Searched(Frozen):
    """The search that chose a replicate's hyperparameters.

    `best_trial`: of `trials`, the first with the highest `value`, a mean over folds; `failed` of
    them brought none. `on_bound`: hyperparameters whose best lies on an edge of its range.
    `space`: every range as it was before the first trial. `seconds`: of all its runs.
    """

    search: int
    trials: int
    failed: int
    sampler: str
    metric: str
    best_trial: int
    value: float
    on_bound: tuple[str, ...]
    space: dict[str, str]
    seconds: float


class Told(Frozen):
    """What a plugin says of its metric: which way it is better, and its bounds if it has any."""

    higher_is_better: bool
    low: float | None = None
    high: float | None = None


class Scores(Frozen):
    """Test scores of one embedding.

    `values`: the locked metrics by name. `extra`: metrics of plugins, None where one failed;
    `told`: what their plugins say of them, empty in Records from before it was recorded.
    `singletons`: queries left out because nothing else has their class.
    """

    semantics: int
    values: dict[str, float]
    class_means: dict[str, float] = Field(default_factory=dict)
    extra: dict[str, float | None] = Field(default_factory=dict)
    told: dict[str, Told] = Field(default_factory=dict, exclude_if=lambda told: not told)
    queries: int
    singletons: int
    collapsed: bool


class Artifact(Frozen):
    """A file of arrays beside the store: its path relative to the store, and its sha256."""

    path: str
    sha256: str


Environment = TypeVar("Environment")


class Ended(Frozen, Generic[Environment]):
    """How a run went and ended, in a store and in a published file alike.

    `init_digest`: of the backbone's initial weights; `batches_digest`: of the whole sequence of
    batch indices, None for a method that does not train; `test_digest`: of the positions and the
    labels of the test part, None where it was not embedded. Times are ISO 8601, UTC.
    `validation`: the selection metric on the validation part of what was scored in the end.
    `left_out`: how many images or rows of a person's own data were not used at all, because they
    could not be read or had no label.
    `environment`: what it ran on, or its place in a list of such.
    """

    state: State
    reason: Reason | None = None
    init_digest: str | None = None
    batches_digest: str | None = None
    test_digest: str | None = None
    samples: Samples | None = None
    selected: Selected | None = None
    validation: float | None = None
    scores: Scores | None = None
    audit: Audit | None = None
    left_out: int = Field(default=0, exclude_if=lambda count: not count)
    environment: Environment
    started: Moment
    finished: Moment


class Record(Ended[dict[str, str]]):
    """What a run left behind.

    `folds`, `replicates`: how many of each the protocol asks for, so that a store can say how many
    runs it expected without the protocol's file. `looks`: the numbers of replicates after which it
    was declared that the board is looked at. `digest`: of all the rest, as it was stored;
    empty before, and in records from before there was one.
    """

    format: int = RECORD_FORMAT
    identity: Identity
    declared: Declared
    folds: int
    replicates: int
    looks: tuple[int, ...] = Field(default=(), exclude_if=lambda looks: not looks)
    chosen_by: Literal["default", "given", "search", "trial"]
    searched: Searched | None = None
    environment: dict[str, str] = Field(default_factory=dict)
    artifact: Artifact | None = None
    digest: str = ""

    def __eq__(self, other: object) -> bool:
        """Whether everything but the digest of it all is the same."""
        if not isinstance(other, Record):
            return NotImplemented
        return {**vars(self), "digest": ""} == {**vars(other), "digest": ""}

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        ended = f"{self.state} ({self.reason.kind})" if self.reason else self.state
        if self.scores is not None:
            ended = f"MAP@R {self.scores.values['map_at_r']:.3f}"
        return f"<Record {self.run_id}: {self.identity}: {ended}>"

    @property
    def run_id(self) -> str:
        """The id of the run: the digest of its identity."""
        return self.identity.run_id

    def sealed(self) -> str:
        """The record as it is stored: JSON that holds a digest of the rest of it."""
        content = json.loads(self.model_dump_json(exclude={"digest"}))
        return json.dumps({**content, "digest": digest_of(content)}, separators=(",", ":"))


def mean_validation(folds: Sequence[Record]) -> float | None:
    """The value of a trial: the mean over its folds, None unless all of them ended well."""
    values = [r.validation for r in folds if r.state == "done" and r.validation is not None]
    return math.fsum(values) / len(values) if len(values) == len(folds) else None


def digest_of(content: Mapping[str, Any]) -> str:
    """sha256 over the canonical JSON, as of an identity, or of a record without its digest."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_as_it_was_sealed(text: str) -> bool:
    """Whether a stored record is what its digest says; one of before there were any is."""
    content = json.loads(text)
    digest = content.pop("digest", "")
    return not digest or digest == digest_of(content)


class Concatenation(Frozen):
    """Scores of one replicate's fold embeddings, normalised, joined and normalised again."""

    run_ids: tuple[str, ...]  # of the runs joined, in fold order
    scores: Scores

    @property
    def concatenation_id(self) -> str:
        """First 20 hexadecimal digits of the sha256 over the run ids in fold order."""
        return hashlib.sha256(" ".join(self.run_ids).encode()).hexdigest()[:20]
