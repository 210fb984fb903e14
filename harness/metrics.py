"""The catalogue of metrics: what each is called, is, and which way it is better.

Whatever shows, compares or gates a metric asks here, so that one name means one thing everywhere.
A further metric of the core is one line of `_SCORES`, `_COSTS` or `_FAMILIES`. What a plugin's
metric is stands in the Records that hold it.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from harness.errors import UserError, unknown
from harness.record import Audit

Kind = Literal["score", "cost", "plugin"]

RANKED_BY = "map_at_r"
"""What boards are ranked by."""


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """What is known of one metric.

    `higher_is_better`: None where nobody said. `low`, `high`: its bounds, None for none.
    `margin`: how much worse is usually allowed at a gate, as `--margin` takes it; None where it
    depends on the machine and must be given. `usual`: whether boards show it unasked.
    """

    name: str
    title: str
    kind: Kind
    summary: str
    higher_is_better: bool | None = True
    low: float | None = 0.0
    high: float | None = 1.0
    margin: str | None = "0.01"
    usual: bool = False

    @property
    def better(self) -> str:
        """Which way it is better, in a word."""
        return {True: "higher", False: "lower", None: "unknown"}[self.higher_is_better]

    @property
    def bounds(self) -> str:
        """Its bounds as people write them; empty for none."""
        if self.low is None and self.high is None:
            return ""
        low = "-inf" if self.low is None else f"{self.low:g}"
        return f"{low} to {'inf' if self.high is None else f'{self.high:g}'}"


_USUAL = {RANKED_BY, "precision_at_1", "r_precision", "nmi", "ami"}

# Name, title, sentence, and the lower bound where it is not 0; the order is that of columns.
_SCORES: tuple[tuple[str, str, str] | tuple[str, str, str, float], ...] = (
    (
        "map_at_r",
        "MAP@R",
        "of each query the precision at every rank up to R where a relevant item stands, summed "
        "and divided by R, the number of relevant items; mean over queries",
    ),
    (
        "precision_at_1",
        "P@1",
        "how often the nearest item is of the query's class",
    ),
    (
        "r_precision",
        "R-precision",
        "which part of the R nearest items is of the query's class, R being how many there are",
    ),
    (
        "nmi",
        "NMI",
        "mutual information of classes and k-means clusters over the mean of their entropies; "
        "high by chance where there are many clusters",
    ),
    (
        "ami",
        "AMI",
        "mutual information of classes and k-means clusters, corrected for chance: 0 is chance",
        -1.0,
    ),
    ("recall_at_1", "R@1", "the same as P@1"),
    ("recall_at_2", "R@2", "how often one of the 2 nearest items is of the query's class"),
    ("recall_at_4", "R@4", "how often one of the 4 nearest items is of the query's class"),
    ("recall_at_8", "R@8", "how often one of the 8 nearest items is of the query's class"),
    ("map", "MAP", "mean average precision over the whole ranking"),
    ("mrr", "MRR", "one over the rank of the first item of the query's class"),
    (
        "ari",
        "ARI",
        "share of pairs that classes and k-means clusters treat alike, corrected for chance",
        -1.0,
    ),
    (
        "pairwise_f1",
        "F1 (pairs)",
        "harmonic mean of precision and recall of the pairs that k-means puts together",
    ),
    (
        "roc_auc",
        "ROC AUC",
        "how often a pair of one class is more similar than a pair of two, ties counting half",
    ),
    (
        "eer",
        "EER",
        "share of pairs judged wrongly at the threshold where pairs of one class and of two are "
        "judged wrongly alike",
    ),
)
_LOWER = {"eer"}


class _Family(NamedTuple):
    """Metrics of one beginning; `{}` in title and sentence is what the pattern's group holds."""

    pattern: re.Pattern[str]
    title: str
    summary: str
    low: float = 0.0
    usual: bool = True


_FAMILIES = (
    _Family(
        re.compile(r"recall_at_([1-9]\d*)"),
        "R@{}",
        "how often one of the {} nearest items is of the query's class",
        usual=False,
    ),
    _Family(
        re.compile(r"map_at_r_in_(.+)"),
        "MAP@R in {}",
        "MAP@R of the queries against the gallery {} alone, where a protocol has several",
    ),
    _Family(
        re.compile(r"accuracy_(\w+)"),
        "accuracy ({})",
        "share of test samples that {}, fitted on the training part's embeddings, classifies right",
    ),
    _Family(
        re.compile(r"macro_f1_(\w+)"),
        "macro F1 ({})",
        "mean over classes of the F1 of {}, fitted on the training part's embeddings",
    ),
    _Family(
        re.compile(r"ami_(\w+)"),
        "AMI ({})",
        "AMI of classes and what {}, fitted on the training part's embeddings, takes them for",
        -1.0,
    ),
    _Family(
        re.compile(r"tar_at_far_([0-9.e-]+)"),
        "TAR@FAR {}",
        "share of pairs of one class that are accepted where at most {} of the pairs of two are",
    ),
)

_COSTS: tuple[tuple[str, str, str], ...] = (
    ("training_seconds", "train s", "wall time of a run's training loop, without validation"),
    ("seconds", "run s", "wall time of a whole run"),
    (
        "processor_seconds",
        "cpu s",
        "processor time of a whole run, `prepare` included, measured from outside",
    ),
    ("preparation_seconds", "prepare s", "wall time of `prepare`"),
    ("input_seconds", "input s", "wall time that steps waited for their batches"),
    ("images_embedded", "images", "images through the backbone on the method's behalf"),
    ("images_read", "images read", "images that the method took from the training part"),
    ("images_drawn", "images drawn", "images in the batches of a run's steps, each view counted"),
    ("backward_passes", "backward passes", "gradients that came back through the backbone"),
    ("peak_memory_bytes", "peak memory", "the most memory that a run held, in bytes"),
    ("parameters", "parameters", "trainable parameters of trunk, head and objective"),
)


def _catalogue() -> dict[str, MetricFacts]:
    found = {}
    for name, title, summary, *low in _SCORES:
        found[name] = MetricFacts(
            name=name,
            title=title,
            kind="score",
            summary=summary,
            higher_is_better=name not in _LOWER,
            low=low[0] if low else 0.0,
            usual=name in _USUAL,
        )
    for name, title, summary in _COSTS:
        found[name] = MetricFacts(
            name=name,
            title=title,
            kind="cost",
            summary=summary,
            higher_is_better=False,
            high=None,
            margin=None,
        )
    return found


METRICS: Mapping[str, MetricFacts] = _catalogue()
"""All whose names are fixed, in the order in which they are shown."""


def known_metric(name: str) -> MetricFacts | None:
    """The core's metric of that name; None if it is none of the core's."""
    if name in METRICS:
        return METRICS[name]
    for family in _FAMILIES:
        found = family.pattern.fullmatch(name)
        if found is not None:
            return _member(family, name, found[1])
    return None


def _member(family: _Family, name: str, which: str) -> MetricFacts:
    return MetricFacts(
        name=name,
        title=family.title.format(which),
        kind="score",
        summary=family.summary.format(which),
        low=family.low,
        usual=family.usual,
    )


FAMILIES: tuple[MetricFacts, ...] = tuple(
    _member(family, f"{family.pattern.pattern.partition('(')[0]}{which}", which)
    for family, which in zip(
        _FAMILIES, ("K", "GALLERY", "NAME", "NAME", "NAME", "RATE"), strict=True
    )
)
"""Those whose names end in a number K, the NAME of a classifier or a RATE, for people."""


class Says(Protocol):
    """What a plugin says of its metric, in its declaration or in a Record."""

    @property
    def higher_is_better(self) -> bool:
        """Which way it is better."""
        ...

    @property
    def low(self) -> float | None:
        """Its lower bound, if it has one."""
        ...

    @property
    def high(self) -> float | None:
        """Its upper bound, if it has one."""
        ...


def metric_facts(name: str, told: Mapping[str, Says] | None = None) -> MetricFacts:
    """What is known of a metric: the core's, or a plugin's of which Records hold what it `told`."""
    if (found := known_metric(name)) is not None:
        return found
    plugin = MetricFacts(
        name=name,
        title=name,
        kind="plugin",
        summary="a plugin's",
        higher_is_better=None,
        low=None,
        high=None,
        usual=True,
    )
    if told is None or name not in told:
        return plugin
    own = told[name]
    return dataclasses.replace(
        plugin, higher_is_better=own.higher_is_better, low=own.low, high=own.high
    )


def title_of(name: str) -> str:
    """What people call a metric."""
    return metric_facts(name).title


def in_order(names: Iterable[str]) -> list[str]:
    """Names as they are shown: the core's in the catalogue's order, families, then plugins'."""
    places = {name: place for place, name in enumerate(METRICS)}

    def place(name: str) -> tuple[int, int, str]:
        if name in places:
            return 0, places[name], name
        return 1 if known_metric(name) else 2, 0, name

    return sorted(dict.fromkeys(names), key=place)


def find_metric(text: str, among: Iterable[str], *, where: str) -> str:
    """The name in `among` that a person means by a name or a title, whatever its case.

    Raises UserError naming the nearest if there is none.
    """
    names = in_order(among)
    if text in names:
        return text
    spoken = {title_of(name).casefold(): name for name in reversed(names)}
    spoken |= {name.casefold(): name for name in reversed(names)}
    if text.casefold() in spoken:
        return spoken[text.casefold()]
    close = difflib.get_close_matches(text.casefold(), spoken, n=1, cutoff=0.5)
    if not close:
        raise unknown("metric", text, names, where=where)
    prefix = f"{where}: " if where else ""
    raise UserError(
        f"{prefix}unknown metric '{text}'; did you mean '{spoken[close[0]]}'? "
        f"(allowed: {', '.join(names)})"
    )


def direction_of(facts: MetricFacts, asked: bool | None) -> bool:
    """Whether more of a metric is better: as recorded, or as `asked` where nobody recorded it.

    Raises UserError where neither says, or where they contradict each other.
    """
    if facts.higher_is_better is None:
        if asked is None:
            raise UserError(
                f"metric '{facts.name}': its Records do not say which way it is better, or not all "
                "the same; say it by --higher-is-better or --lower-is-better"
            )
        return asked
    if asked is not None and asked != facts.higher_is_better:
        raise UserError(f"metric '{facts.name}': {facts.better} is better, by what is recorded")
    return facts.higher_is_better


def cost_of(audit: Audit, name: str) -> float | None:
    """A cost by the catalogue's name; None where a run does not know it."""
    if name == "parameters":
        owned = audit.parameters
        return float(owned.trunk + owned.head + owned.objective)
    found: float | None = getattr(audit, name, None)
    return found
