"""Which runs belong on one board: the others are left out and named, and lock nobody out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.record import Concatenation, Record, Told
from harness.results.key import (
    TOGETHER,
    as_text,
    commons,
    facts_of,
    grouped,
    method_key,
    version_key,
)
from harness.store.excerpts import DIGESTS, CommonFacts, Excerpt, excerpts_of

Runs = list[Excerpt]
_NAMED = 5
_SHORT = 12


@dataclass(frozen=True)
class Agreement:
    """A digest that runs of one fold and seed share: what it is of, and among which runs."""

    words: Callable[[CommonFacts], str]
    among: Callable[[CommonFacts], Hashable]


def _batches(common: CommonFacts) -> Hashable:
    declared = common.declared
    own = declared.composition == "clusters"  # each method makes them of its own embeddings
    return id(common) if own else (declared.composition, common.samples)


AGREEMENTS: Mapping[str, Agreement] = {
    # The backbones of an ensemble are smaller: only those of as many members share weights.
    "init_digest": Agreement(lambda _: "initial weights", lambda common: common.declared.members),
    "batches_digest": Agreement(lambda c: f"{c.declared.composition} batches", _batches),
    "test_digest": Agreement(lambda _: "test samples", lambda _: None),
}


def of_one_kind(runs: Sequence[Excerpt]) -> tuple[Runs, list[str]]:
    """The runs that can share a board, and a sentence on each kind of the others.

    Where a fact that refuses differs, the runs of the value that most runs with scores have stay,
    of equally many those that finished last. Runs in which it is not known stay with them.
    """
    kept, notes, shared = list(runs), [], commons(runs)
    for name, words, get in facts_of("refuses"):
        if len({as_hashable(get(common)) for common in shared} - {None}) < 2:
            continue
        found = grouped(kept, _value_of(get))
        known = [value for value in found if value is not None]
        chosen = max(known, key=lambda value: (_scored(found[value]), finished(found[value])))
        for value in known:
            if value != chosen:
                notes.append(
                    f"left out: {_named(found[value])}, of another {words} "
                    f"({_short(value)}; here {_short(chosen)})"
                    f"; --only '{name}={_short(value)}' shows them"
                )
        kept = [r for r in kept if as_hashable(get(r.common)) in (chosen, None)]
        shared = commons(kept)
    return kept, notes


def newest_versions(runs: Iterable[Excerpt]) -> tuple[Runs, list[str]]:
    """The runs of each method's most recently finished version, and a note on the others."""
    by_method: dict[str, dict[Hashable, Runs]] = {}
    for (method, version), found in grouped(
        runs, lambda common: (common.identity.method, version_key(common))
    ).items():
        by_method.setdefault(method, {})[version] = found
    kept: Runs = []
    notes: list[str] = []
    for method, versions in by_method.items():
        newest = max(versions, key=lambda version: finished(versions[version]))
        shown = versions.pop(newest)
        kept += shown
        for found in versions.values():
            notes.append(
                f"{method}: {_count(found)} of an earlier version are hidden "
                f"({_version(found[0].common, shown[0].common)}); --all-versions shows them"
            )
    return kept, notes


def trained_alike(runs: Sequence[Excerpt]) -> tuple[Runs, list[str]]:
    """The runs that started from the same weights and saw the same batches as the others.

    Where digests differ at a fold and seed, those stay that most runs have; of equally many, those
    of the method that finished last. The others are left out and named.
    """
    kept, notes = list(runs), []
    for name, agreement in AGREEMENTS.items():
        place = DIGESTS.index(name)
        odd: dict[tuple[str, str], Runs] = {}
        for alike in grouped(kept, agreement.among).values():
            words = agreement.words(alike[0].common)
            for run in _odd(alike, place):
                odd.setdefault((run.common.identity.method, words), []).append(run)
        dropped = {run.run_id for found in odd.values() for run in found}
        if not dropped:
            continue
        kept = [run for run in kept if run.run_id not in dropped]
        for (method, words), found in odd.items():
            where = f"fold {found[0].fold}, seed {found[0].seed}"
            notes.append(
                f"left out: {_count(found)} of {method}: their {words} are not those of the "
                f"others (first at {where}: {_short(found[0].digests[place])})"
            )
    return kept, notes


def told_alike(said: Iterable[Mapping[str, Told]]) -> tuple[dict[str, Told], dict[str, str]]:
    """What Records say of plugins' metrics; and by name a sentence on each that they dispute.

    Nobody knows which way such a one is better. Bounds that differ are none.
    """
    found: dict[str, Told] = {}
    disputed: set[str] = set()
    for one in said:
        for name, told in one.items():
            before = found.setdefault(name, told)
            if told.higher_is_better != before.higher_is_better:
                disputed.add(name)
            elif told != before:
                found[name] = Told(higher_is_better=told.higher_is_better)
    notes = {
        name: f"metric '{name}': some runs say that higher is better, and some that lower is"
        for name in sorted(disputed)
    }
    return {name: told for name, told in found.items() if name not in disputed}, notes


def joined_alike(
    concatenations: Iterable[Concatenation], scoring: int | None
) -> tuple[list[Concatenation], list[str]]:
    """The joined folds that were scored as the runs were, and a sentence on the others."""
    found = list(concatenations)
    kept = [one for one in found if scoring is None or one.scores.semantics == scoring]
    if len(kept) == len(found):
        return kept, []
    others = sorted({one.scores.semantics for one in found} - {scoring})
    return kept, [
        f"left out: joined folds of {len(found) - len(kept)} replicates, scored under semantics "
        f"{', '.join(map(str, others))} (here {scoring}); `bench rescore` scores them again"
    ]


def trained_together(runs: Sequence[Excerpt]) -> Iterator[str]:
    """How many runs were trained together with others, of which methods, and what that means."""
    sizes = [(run, run.common.environment.get(TOGETHER)) for run in runs]
    found = [(run, int(size)) for run, size in sizes if size is not None and size.isdecimal()]
    if not found:
        return
    methods = sorted({run.common.identity.method for run, _ in found})
    named = ", ".join(methods) if len(methods) <= _NAMED else f"{len(methods)} methods"
    yield (
        f"{len(found)} of {len(runs)} runs, of {named}, were trained together with others, up to "
        f"{max(size for _, size in found)} in one process: alone, their last digits differ"
    )


def finished(runs: Iterable[Excerpt]) -> datetime:
    """When the last of some runs ended."""
    times = [datetime.fromisoformat(finished) for finished in {run.finished for run in runs}]
    return max(time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)


def _value_of(get: Callable[[CommonFacts], Any]) -> Callable[[CommonFacts], Hashable]:
    return lambda common: as_hashable(get(common))


def as_hashable(value: object) -> Hashable:
    """A fact's value as one that can be compared."""
    return value if isinstance(value, Hashable) else as_text(value)


def _odd(runs: Sequence[Excerpt], place: int) -> Runs:
    """The runs whose digest is not the one of their fold and seed."""
    pairs = {(run.fold, run.seed, run.digests[place]) for run in runs}
    known = [(fold, seed) for fold, seed, digest in pairs if digest is not None]
    if len(set(known)) == len(known):  # one digest a place, as it should be
        return []
    seen: dict[tuple[int, int], dict[str, Runs]] = {}
    for run in runs:
        if (digest := run.digests[place]) is not None:
            seen.setdefault((run.fold, run.seed), {}).setdefault(digest, []).append(run)
    last = {key: finished(found) for key, found in grouped(runs, method_key).items()}

    def weight(digest_and_runs: tuple[str, Runs]) -> tuple[int, datetime]:
        alike = digest_and_runs[1]
        return len(alike), max(last[method_key(run.common)] for run in alike)

    chosen = {at: max(found.items(), key=weight)[0] for at, found in seen.items()}
    return [
        run for run in runs if run.digests[place] not in (None, chosen.get((run.fold, run.seed)))
    ]


def _scored(runs: Iterable[Excerpt]) -> int:
    return sum(run.scored for run in runs)


def _named(runs: Sequence[Excerpt]) -> str:
    methods = list(dict.fromkeys(common.identity.method for common in commons(runs)))
    listed = methods[:_NAMED]
    listed += [f"{len(methods) - _NAMED} more"] if len(methods) > _NAMED else []
    return f"{_count(runs)} of {', '.join(listed)}"


def _count(runs: Sequence[Excerpt]) -> str:
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}"


def _version(common: CommonFacts, shown: CommonFacts) -> str:
    """What a hidden version is, and what else than its code tells it from the one shown."""
    identity = common.identity
    parts = [f"{identity.distribution} {identity.version}, source {identity.source[:12]}"]
    parts += [
        f"{words} {_short(get(common))}"
        for name, words, get in facts_of("splits")
        if name not in ("method", "hyperparameters", "distribution", "version", "source")
        and get(common) != get(shown)
    ]
    return ", ".join(parts)


def _short(value: object) -> str:
    text = as_text(value)
    hexadecimal = len(text) > _SHORT and all(c in "0123456789abcdef" for c in text)
    return text[:_SHORT] if hexadecimal else text


def belonging(
    records: Sequence[Record],
    *,
    all_versions: bool = False,
    admitted: Callable[[Sequence[Excerpt]], Runs] = list,
) -> tuple[list[Record], list[str]]:
    """Of Records those that a board would show, and a sentence on each kind of the others.

    `admitted` chooses among them first, as a Selector does.
    """
    excerpts = excerpts_of(records)
    kept, notes = of_one_kind(admitted(excerpts))
    if not all_versions:
        kept, hidden = newest_versions(kept)
        notes += hidden
    kept, odd = trained_alike(kept)
    known = {run.run_id: record for run, record in zip(excerpts, records, strict=True)}
    return [known[run.run_id] for run in kept], [note.partition("; --")[0] for note in notes + odd]
