"""The experiment: turns of looking, correcting, learning and clustering again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from harness.correcting.clusterers import CLUSTERERS, estimated, k_means, unit
from harness.correcting.user import User
from harness.data import numpy_stream, stream_seed
from harness.errors import NotComparable, UserError
from harness.execution.executor import Bench
from harness.execution.plan import Entrant, trunk_code
from harness.protocol import Protocol
from harness.protocol.model import ClosedSetSplit
from harness.protocol.rules import CorrectingRule
from harness.record import Entered
from harness.scoring import agreement, score_embeddings

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Scored = dict[str, float]

UNTRAINED = "no-learning"
CONTROLS: tuple[str, ...] = (UNTRAINED, *CLUSTERERS)
"""What stands beside the methods: the encoder's embedding, and clusterers of it."""

OR = " / "
"""Between the environments of a file that was made in several."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Turn:
    """What a method has after a turn: its clusters, and its embedding where it has one.

    `guessed`: clusters whose number was estimated too. `step`: which step's weights were kept.
    """

    assigned: Int64
    rows: Float32 | None = None
    guessed: Int64 | None = None
    step: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """One method at one seed: a value of each score for each turn, turn 0 first.

    `corrections`: how many texts were corrected by then. `reason`: what ended it early, if
    anything did; turns from there on are missing.
    """

    method: str
    seed: int
    corrections: tuple[int, ...]
    turns: tuple[Scored, ...]
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Corrected:
    """What came of the experiment, so far. `overrides`: other values than the protocol's.

    `entered`: the versions of the methods and where they stand in their spaces. `environment`:
    what it ran on.
    """

    protocol: str
    protocol_digest: str
    overrides: tuple[str, ...]
    dataset: str
    dataset_digest: str
    texts: int
    classes: int
    terms: CorrectingRule
    entered: Sequence[Entered]
    environment: Mapping[str, str]
    courses: Sequence[Course]
    notes: Sequence[str]


def terms_of(protocol: Protocol) -> CorrectingRule:
    """What the user does; UserError for a protocol that does not say it."""
    if protocol.correcting is None:
        raise UserError(
            f"protocol '{protocol.name}': does not say what a user corrects ([correcting]); "
            "user-corrected does"
        )
    return protocol.correcting


def correct(
    bench: Bench, entrants: Sequence[Entrant], *, seeds: int, held: Corrected | None = None
) -> Iterator[Corrected]:
    """Run every method and control through all turns; yields after each course all there is.

    `held`: what there was before; its courses are kept and not gone through again. UserError for
    data that are no vectors, a protocol that is no closed set or names no turns, a method named as
    a control, or a first turn in which nothing is corrected; NotComparable for courses that are
    held and were made otherwise.
    """
    terms = terms_of(bench.protocol)
    data, rule = bench.dataset, bench.protocol.split
    if not isinstance(rule, ClosedSetSplit):
        raise UserError(
            f"protocol '{bench.protocol.name}': its split is {rule.kind}; corrections are divided "
            "by the validation_fraction of a closed-set one, such as frozen-text's"
        )
    if data.is_images:
        raise UserError(
            f"dataset {data.name}: holds images; turn 0 clusters an encoder's features (vectors)"
        )
    taken = sorted({entrant.name for entrant in entrants} & set(CONTROLS))
    if taken:
        raise UserError(f"--methods: {taken[0]} is the name of a control, which runs unasked")
    found = _begun(bench, terms, entrants, held)
    names = [*CONTROLS, *(_name(entrant, terms) for entrant in entrants)]
    for seed in range(seeds):
        done = {one.method for one in found.courses if one.seed == seed}
        if done.issuperset(names):
            continue
        one_seed = Seed(bench, terms, seed, rule.validation_fraction, of=(names, seeds))
        for course in one_seed.courses(entrants, done):
            courses = (*found.courses, course)
            notes = sorted({f"{one.method}: {one.reason}" for one in courses if one.reason})
            found = replace(found, courses=courses, notes=notes)
            yield found
    if held is not None and found.courses == held.courses:
        yield found


def _begun(
    bench: Bench, terms: CorrectingRule, entrants: Sequence[Entrant], held: Corrected | None
) -> Corrected:
    """What was held, or nothing yet; NotComparable where it was made otherwise."""
    from harness.execution.machine import environment

    data, protocol = bench.dataset, bench.protocol
    here = environment(bench.device)
    trunk = trunk_code(bench.registry, protocol.backbone)
    entered = {entrant.name: entrant.entered(trunk) for entrant in entrants}
    begun = Corrected(
        protocol=protocol.name,
        protocol_digest=protocol.digest,
        overrides=protocol.unlocked,
        dataset=data.name,
        dataset_digest=data.digest,
        texts=len(data),
        classes=len(np.unique(data.labels)),
        terms=terms,
        entered=list(entered.values()),
        environment=here,
        courses=(),
        notes=(),
    )
    if held is None:
        return begun
    before = {one.method: one for one in held.entered}
    require_protocol(held, protocol)
    alike = (
        ("dataset", held.dataset_digest, begun.dataset_digest),
        *((f"version of {name}", before.get(name, one), one) for name, one in entered.items()),
    )
    for what, was, now in alike:
        if was != now:
            raise _made_otherwise(what)
    ran_on = {name: value.split(OR) for name, value in held.environment.items()}
    for name, value in here.items():
        if value not in (known := ran_on.setdefault(name, [])):
            known.append(value)
    return replace(
        held,
        entered=list((before | entered).values()),
        environment={name: OR.join(values) for name, values in ran_on.items()},
    )


def require_protocol(held: Corrected, protocol: Protocol) -> None:
    """NotComparable where courses that are held are of another protocol or other values of it."""
    if held.protocol_digest != protocol.digest:
        values = ", ".join(held.overrides)
        raise _made_otherwise(f"protocol ({held.protocol}{f' with {values}' if values else ''})")


def _made_otherwise(what: str) -> NotComparable:
    return NotComparable(f"what was made before is of another {what}: give another --out")


def _name(entrant: Entrant, terms: CorrectingRule) -> str:
    """What a method's courses are called."""
    return f"{entrant.name} (adaptive)" if terms.adaptive else entrant.name


class Seed:
    """The experiment at one seed. `of`: all its courses, and how many seeds there are."""

    def __init__(
        self, bench: Bench, terms: CorrectingRule, seed: int, validating: float,
        *, of: tuple[Sequence[str], int] = ((), 0),
    ) -> None:  # fmt: skip
        self._of = of
        self._bench = bench
        self._terms = terms
        self._seed = seed
        self._validating = validating
        self._labels = bench.dataset.labels
        self._count = len(np.unique(self._labels))
        self._start = self._clustered(unit(bench.dataset.inputs))
        user = User(self._labels, terms, seed=seed)
        self._shared = list(self._looks(user, [self._start] * terms.turns))

    def _looks(self, user: User, shown: Sequence[Turn]) -> Iterator[Int64]:
        """All that was corrected by each turn; UserError where a user finds nothing at all."""
        told = np.empty(0, dtype=np.int64)
        for turn, state in enumerate(shown, start=1):
            told = np.union1d(told, user.look(state.assigned, turn))
            if not len(told):
                raise UserError(
                    f"turn {turn} has no corrections: all texts that were shown are of withheld "
                    "classes (more --clusters or --members, less --withheld)"
                )
            yield told

    def courses(self, entrants: Sequence[Entrant], done: Collection[str] = ()) -> Iterator[Course]:
        """Controls first. Of the same corrections, unless each method's own clusters are shown.

        `done`: the names of those that are left out.
        """
        if UNTRAINED not in done:
            self._begin(UNTRAINED)
            yield self._course(UNTRAINED, [self._start] * (self._terms.turns + 1), self._shared)
        for name, clusterer in CLUSTERERS.items():
            if name in done:
                continue
            rows = self._start.rows
            assert rows is not None
            turns = [self._start]
            self._begin(name)
            for turn, told in enumerate(self._shared, start=1):
                draw = numpy_stream(self._seed, name, turn)
                turns.append(Turn(clusterer(rows, self._count, told, self._labels[told], draw)))
            yield self._course(name, turns, self._shared)
        for entrant in entrants:
            if _name(entrant, self._terms) not in done:
                yield self._learnt(entrant)

    def _begin(self, name: str, turn: str = "") -> None:
        names, seeds = self._of
        place = self._seed * len(names) + names.index(name) + 1 if names else 0
        of = f"{place} of {seeds * len(names)}: " if names else ""
        log.info("%s%s, seed %d%s", of, name, self._seed, turn)

    def _learnt(self, entrant: Entrant) -> Course:
        from harness.correcting.heads import embedded_after
        from harness.training import reason_of

        adaptive = self._terms.adaptive
        user = User(self._labels, self._terms, seed=self._seed)
        turns, told, reason = [self._start], [np.empty(0, dtype=np.int64)], ""
        for turn in range(1, self._terms.turns + 1):
            if adaptive:
                told.append(np.union1d(told[-1], user.look(turns[-1].assigned, turn)))
            else:
                told.append(self._shared[turn - 1])
            self._begin(_name(entrant, self._terms), f", turn {turn}")
            try:
                rows, step = embedded_after(
                    entrant, self._bench, told[-1],
                    validating=self._validating, seed=self._seed, turn=turn,
                )  # fmt: skip
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                reason = f"seed {self._seed}, turn {turn}: {reason_of(error).message}"
                break
            turns.append(replace(self._clustered(unit(rows)), step=step))
        return self._course(_name(entrant, self._terms), turns, told[1:], reason)

    def _clustered(self, rows: Float32) -> Turn:
        seed = stream_seed(self._seed, "clusters") % 2**32
        assigned = k_means(rows, self._count, seed=seed)
        return Turn(assigned, rows, estimated(rows, seed=seed))

    def _course(
        self, name: str, turns: Sequence[Turn], told: Sequence[Int64], reason: str = ""
    ) -> Course:
        """Scores of all turns on the texts that no turn corrected."""
        left = np.setdiff1d(np.arange(len(self._labels)), told[-1])
        met = np.isin(self._labels[left], self._labels[told[-1]])
        known: dict[int, Scored] = {}  # states that stand for several turns are scored once
        for turn in turns:
            if id(turn) not in known:
                known[id(turn)] = scores_of(turn, self._labels, left, met)
        return Course(
            method=name,
            seed=self._seed,
            corrections=(0, *(len(one) for one in told)),
            turns=tuple(known[id(turn)] for turn in turns),
            reason=reason,
        )


def scores_of(turn: Turn, labels: Int64, left: Int64, met: npt.NDArray[np.bool_]) -> Scored:
    """Scores of the texts `left`: of all, and apart for those of classes `met` and not.

    Clusters are those of all texts. MAP@R is of each text among all that are left. What cannot
    be said (fewer than two texts or classes, no embedding) is missing.
    """
    found: Scored = {}
    parts = {"": np.ones(len(left), dtype=np.bool_), "seen_": met, "unseen_": ~met}
    for prefix, part in parts.items():
        places = left[part]
        if len(np.unique(labels[places])) < 2:
            continue
        for kind, assigned in (("", turn.assigned), ("_estimated", turn.guessed)):
            if assigned is not None:
                agreed = agreement(labels[places], assigned[places])
                found |= {f"{prefix}{name}{kind}": value for name, value in agreed.items()}
    if turn.step is not None:
        found["step"] = float(turn.step)
    if turn.guessed is not None:
        found["clusters_estimated"] = float(len(np.unique(turn.guessed)))
    if turn.rows is None or len(np.unique(labels[left])) < 2:
        return found
    scored = score_embeddings(
        turn.rows[left], labels[left], recall_at=(1,), whole_ranking=False, clustering=None, seed=0
    )
    for prefix, part in parts.items():
        own = part[scored.queries]
        if own.any():
            found[f"{prefix}map_at_r"] = float(scored.per_query["map_at_r"][own].mean())
    return found


def by_method(courses: Sequence[Course]) -> Mapping[str, dict[int, Course]]:
    """Courses by method, in order, and by seed."""
    found: dict[str, dict[int, Course]] = {}
    for one in courses:
        found.setdefault(one.method, {})[one.seed] = one
    return found
