"""Boards: the Records of one protocol and dataset, aggregated. Nothing here knows torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import NotComparable, UserError, counted, require_whole, unknown
from harness.metrics import RANKED_BY
from harness.record import Identity
from harness.results.board import Aggregate, Board
from harness.results.building import build_board
from harness.results.key import IDENTITY, as_text, commons, facts_of
from harness.results.source import SCOPED, Source, StoreSource, open_source
from harness.store import Scope, Store
from harness.store.excerpts import CommonFacts, Excerpt
from harness.store.queries import edited_runs, without_collecting

__all__ = ["Board", "Selector", "build_board", "load_board", "open_source"]

_LISTED = 5
_DIGESTS = {"protocol_digest", "dataset_digest", "source", "trunk"}
_SHORTEST = 6  # digits of a digest that name it


@dataclass(frozen=True)
class Selector:
    """Which board of several, and which of its runs: facts by name, as people write their values.

    `protocol` and `dataset` are names or beginnings of digests (six digits or more), as other
    digests may be. A fact that splits rows, such as `distribution`, chooses among them.
    """

    wanted: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(
        cls, *, protocol: str | None = None, dataset: str | None = None, only: Iterable[str] = ()
    ) -> Selector:
        """From the options of the command line; UserError for a fact that there is not."""
        allowed = [name for name, _, _ in facts_of("refuses", "splits")]
        wanted = {"protocol": protocol, "dataset": dataset}
        for text in only:
            name, equals, value = text.partition("=")
            if not equals:
                raise UserError(f"--only {text}: must be FACT=VALUE, such as dataset_digest=1f3a90")
            if name not in allowed:
                raise unknown("fact", name, allowed, where="--only")
            wanted[name] = value
        return cls({name: value for name, value in wanted.items() if value is not None})

    @classmethod
    def of(cls, identity: Identity) -> Selector:
        """The board that a run with this identity stands on."""
        return cls(
            {
                name: as_text(getattr(identity, name))
                for name, fact in IDENTITY.items()
                if fact.rule == "refuses" and name != "trial"
            }
        )

    def of_data(self, name: str, digest: str, source: Source) -> Selector:
        """The same of one version of a dataset; NotComparable where nothing was run on it."""
        held = {scope.dataset_digest: scope.dataset for scope in source.scopes()}
        if digest not in held:
            listed = ", ".join(f"{held[one]} of digest {one[:12]}" for one in sorted(held))
            raise NotComparable(
                f"{source.name}: holds no runs on {name} of digest {digest[:12]}: it has "
                f"{listed or 'none'}"
            )
        return Selector({**self.wanted, "dataset_digest": digest})

    def admitted(self, runs: Sequence[Excerpt]) -> list[Excerpt]:
        """The runs that have every wanted fact."""
        getters = {
            name: get
            for name, _, get in facts_of("refuses", "splits")
            if name in self.wanted and name not in SCOPED
        }
        if not getters:
            return list(runs)

        def admits(common: CommonFacts) -> bool:
            return all(_is(name, self.wanted[name], get(common)) for name, get in getters.items())

        kept = {id(common) for common in commons(runs) if admits(common)}
        return [run for run in runs if id(run.common) in kept]


def load_board(  # noqa: PLR0913 - one argument a choice
    source: Source | Store | Path | str,
    *,
    select: Selector | None = None,
    protocol: str | None = None,
    dataset: str | None = None,
    aggregate: Aggregate = "separated",
    all_versions: bool = False,
    ranked_by: str = RANKED_BY,
    replicates: int | None = None,
) -> Board:
    """Build the board that was added to last, of those that match.

    `source`: a store, its path, or that of a published leaderboard. `protocol`, `dataset`: as a
    Selector takes them. `ranked_by`: the metric, by name or title, that orders the rows.
    `replicates`: how many were asked for, if None as many as any row has begun. Raises UserError
    if it holds nothing or nothing in it matches; notes name what is not shown.
    """
    wanted = select or Selector.parse(protocol=protocol, dataset=dataset)
    if replicates is not None:
        require_whole(replicates, "replicates")
    with open_source(source) as found, without_collecting():
        scopes = found.scopes()
        scope, runs = choose(found, scopes, wanted)
        board = build_board(
            runs,
            found.concatenations(scope),
            aggregate=aggregate,
            all_versions=all_versions,
            ranked_by=str(ranked_by),
            replicates=replicates,
        )
    also = _also([other for other in scopes if other != scope], scope)
    if isinstance(found, StoreSource) and (edited := found.store.left_out):
        also.insert(0, edited_runs(edited))
    return dataclasses.replace(
        board,
        remarks=(*board.remarks, *also),
        beside=(*board.beside, *also),
        source=found.name,
    )


def choose(
    source: Source, scopes: Sequence[Scope], wanted: Selector
) -> tuple[Scope, list[Excerpt]]:
    """The first scope that has what is wanted, newest first, and its runs; or UserError."""
    seen: list[Excerpt] = []
    for scope in matching_scopes(scopes, wanted, where=source.name):
        runs = source.runs(scope)
        if admitted := wanted.admitted(runs):
            return scope, admitted
        seen += runs
    for name, words, get in facts_of("refuses", "splits"):
        text, values = wanted.wanted.get(name), [get(common) for common in commons(seen)]
        if text is None or name in SCOPED or any(_is(name, text, value) for value in values):
            continue
        raise unknown(words, text, set(map(as_text, values)), where=source.name)
    if wanted.wanted and seen:
        listed = ", ".join(f"{name}={value}" for name, value in wanted.wanted.items())
        raise UserError(f"{source.name}: holds no run with all of {listed}")
    raise UserError(f"{source.name}: holds trials of a search and no replicate yet")


def matching_scopes(scopes: Sequence[Scope], wanted: Selector, *, where: str) -> list[Scope]:
    """Those of `scopes` that match; UserError naming the first fact that none has."""
    if not scopes:
        raise UserError(f"{where}: holds no records yet; `bench run` makes some")
    found = list(scopes)
    for name in SCOPED:
        before, found = found, [s for s in found if _means(name, wanted.wanted, s)]
        if not found:
            known = {as_text(getattr(scope, name)) for scope in before}
            raise unknown(IDENTITY[name].words, wanted.wanted[name], known, where=where)
    return found


def _means(name: str, wanted: Mapping[str, str], scope: Scope) -> bool:
    """Whether a scope has what a person wrote, if anything; names go by digest too."""
    names = [name, f"{name}_digest"] if name in ("protocol", "dataset") else [name]
    return name not in wanted or any(_is(n, wanted[name], getattr(scope, n)) for n in names)


def _is(name: str, text: str, value: object) -> bool:
    written = as_text(value)
    return written == text or (
        name in _DIGESTS and len(text) >= _SHORTEST and written.startswith(text)
    )


def _also(scopes: Sequence[Scope], shown: Scope) -> list[str]:
    if not scopes:
        return []
    listed = [described(scope, shown) for scope in scopes[:_LISTED]]
    listed += [f"{len(scopes) - _LISTED} more"] if len(scopes) > _LISTED else []
    return [f"the store also holds {'; '.join(listed)}"]


def described(scope: Scope, beside: Scope | None = None) -> str:
    """A scope in words; with the dataset's digest where only that tells it from another."""
    lock = "unlocked, " if scope.unlocked else ""
    named = beside is not None and scope.dataset != beside.dataset
    same = beside is not None and scope.dataset_digest == beside.dataset_digest
    dataset = "" if named or same else f"dataset {scope.dataset_digest[:8]}, "
    return (
        f"{scope.protocol} on {scope.dataset} ({counted(scope.records, 'run')}, {lock}protocol "
        f"{scope.protocol_digest[:8]}, {dataset}training semantics {scope.training_semantics})"
    )
