"""The arms of a deployment: roles, searches and decisions (docs/dependent-variables.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.data import numpy_stream, stream_seed
from harness.deployment.gallery import (
    Floats,
    GallerySamples,
    Int64,
    Mask,
    Nearest,
    Thresholds,
    class_thresholds,
    cluster,
    manage,
    nearest,
    nearest_of_value,
    overall_threshold,
    usable,
)
from harness.errors import UserError


@dataclass(frozen=True, kw_only=True)
class DeploymentTerms:
    """The choices of a deployment; the paper gives none of them. UserError where out of range.

    `newest`: entries that a managed gallery keeps of a class. `clusters`: centres for each value
    of the background variable. `accept`: share of the calibration samples that lies within the
    threshold. `enrolled`: share of the classes that the gallery knows.
    """

    newest: int = 20
    clusters: int = 16
    accept: float = 0.95
    enrolled: float = 0.7

    def __post_init__(self) -> None:
        for name in ("newest", "clusters"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be 1 or more, not {getattr(self, name)}")
        if not 0.0 < self.accept <= 1.0:
            raise UserError(f"--accept must be above 0 and at most 1, not {self.accept}")
        if not 0.0 < self.enrolled < 1.0:
            raise UserError(f"--enrolled must lie between 0 and 1, not {self.enrolled}")


_GALLERY, _CALIBRATION = 0.4, 0.2


@dataclass(frozen=True, eq=False)
class Roles:
    """Places in the test part, int64 and ascending each; no sample has two roles.

    `gallery` and `calibration` hold samples of the enrolled classes alone; `queries` of all.
    `enrolled`: the classes that the gallery knows, ascending.
    """

    gallery: Int64
    calibration: Int64
    queries: Int64
    enrolled: Int64


def draw_roles(labels: Int64, *, enrolled: float, seed: int) -> Roles:
    """Draw the enrolled classes, and who of the test part is what: 40, 20 and 40 %.

    `labels`: int64 (N,). The draw depends on nothing but the labels, the share of classes and the
    seed, so that every method has the same. At least one class is enrolled and one is not.
    UserError if there are fewer than two classes, or a role has no sample.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        raise UserError("a deployment needs two test classes: one to enrol and one that is not")
    count = min(len(classes) - 1, max(1, round(enrolled * len(classes))))
    known = np.sort(numpy_stream(seed, "enrolled classes").permutation(classes)[:count])
    order = numpy_stream(seed, "deployment roles").permutation(len(labels))
    first, second = round(_GALLERY * len(labels)), round((_GALLERY + _CALIBRATION) * len(labels))
    gallery, calibration, queries = (np.sort(part) for part in np.split(order, [first, second]))
    roles = Roles(
        gallery=gallery[np.isin(labels[gallery], known)],
        calibration=calibration[np.isin(labels[calibration], known)],
        queries=queries,
        enrolled=known,
    )
    for name, places in (("gallery", roles.gallery), ("calibration", roles.calibration)):
        if not len(places):
            raise UserError(f"a test part of {len(labels)} leaves no sample for the {name}")
    return roles


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one gallery and its thresholds do to some queries; a share of none is NaN.

    `precision_at_1`: share of the queries of enrolled classes whose nearest entry is of their
    class, accepted or not. `false_reject`: share of those that are not accepted. `false_accept`:
    share of the queries of other classes that are. `gallery`: how many entries were searched.
    """

    precision_at_1: float
    false_accept: float
    false_reject: float
    gallery: float


MEASURES = ("precision_at_1", "false_accept", "false_reject", "gallery")


def accept(found: Nearest, thresholds: Thresholds) -> Mask:
    """Whether each query is taken for the class found: bool (Q,). A distance at tau still is."""
    near: Mask = np.isfinite(found.distances) & (found.distances <= thresholds.limits(found.labels))
    return near


def judge(
    found: Nearest, thresholds: Thresholds, *, truth: Int64, enrolled: Int64, entries: int
) -> Outcome:
    """Score decisions against the truth, the only place where a query's label is read.

    `truth`: int64 (Q,); `enrolled`: the classes that the gallery was made for.
    """
    accepted = accept(found, thresholds)
    known = np.isin(truth, enrolled)
    return Outcome(
        precision_at_1=_share((found.labels == truth)[known]),
        false_accept=_share(accepted[~known]),
        false_reject=_share(~accepted[known]),
        gallery=float(entries),
    )


def mean_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The mean of each measure, of one outcome or more."""
    count = len(outcomes)
    return Outcome(
        **{
            name: math.fsum(getattr(outcome, name) for outcome in outcomes) / count
            for name in MEASURES
        }
    )


def _share(which: Mask) -> float:
    return float(which.mean()) if len(which) else math.nan


@dataclass(frozen=True, eq=False)
class ArmSearch:
    """How an arm finds: in `entries`, those of the query's value alone if there is `otherwise`.

    `otherwise`: what queries without a value, or with one that no entry has, are searched for in.
    """

    entries: GallerySamples
    otherwise: GallerySamples | None = None

    def find(self, queries: Floats, values: Int64) -> Nearest:
        """The nearest entry to each query; `queries`: float64 (Q, D), `values`: int64 (Q,)."""
        return self._among(None, queries, values)

    def own_distances(self, samples: GallerySamples) -> Floats:
        """How far each sample is from the nearest entry of its class that it may be compared with.

        Infinite where there is none: float64 (N,).
        """
        distances = np.full(len(samples.labels), np.inf)
        for label in np.unique(samples.labels):
            own = samples.labels == label
            found = self._among(int(label), samples.embeddings[own], samples.values[own])
            distances[own] = found.distances
        return distances

    def _among(self, label: int | None, queries: Floats, values: Int64) -> Nearest:
        """The nearest entry of a class, or of all."""
        entries = _of_class(self.entries, label)
        if self.otherwise is None:
            return nearest(entries, queries)
        known = usable(values, self.entries)
        return nearest_of_value(entries, queries, known, otherwise=_of_class(self.otherwise, label))


def _of_class(gallery: GallerySamples, label: int | None) -> GallerySamples:
    return gallery if label is None else gallery.take(gallery.labels == label)


BASE, VIEWS = "A", "F"
ARMS: Mapping[str, str] = {
    BASE: "nearest entry, one threshold",
    "B": "nearest entry of the query's value",
    "B shuffled": "B with the values dealt out anew: a control",
    "C": "nearest cluster centre of the query's value",
    "C shuffled": "C with the values dealt out anew: a control",
    "D": "the newest of each class, without outliers",
    "E": "a threshold for each class",
    VIEWS: "A on the mean embedding of several views, a forward pass each",
}


def run_arms(
    samples: GallerySamples, settings: DeploymentTerms, *, seed: int
) -> dict[str, Outcome]:
    """The outcome of every arm but that of several views, by name, in order.

    UserError if the test part is too small for a gallery, a calibration part and queries.
    """
    roles = draw_roles(samples.labels, enrolled=settings.enrolled, seed=seed)
    dealt = replace(samples, values=shuffle(samples.values, seed=seed))
    known, unknown = samples.take(roles.gallery), dealt.take(roles.gallery)
    plain = ArmSearch(known)
    searches = {
        BASE: (plain, samples),
        "B": (ArmSearch(known, otherwise=known), samples),
        "B shuffled": (ArmSearch(unknown, otherwise=unknown), dealt),
        "C": (_clustered(known, settings, seed), samples),
        "C shuffled": (_clustered(unknown, settings, seed), dealt),
        "D": (ArmSearch(manage(known, limit=settings.newest)), samples),
    }
    found = {arm: _outcome(*search, roles, settings) for arm, search in searches.items()}
    return {**found, "E": _outcome(plain, samples, roles, settings, by_class=True)}


def run_base(samples: GallerySamples, settings: DeploymentTerms, *, seed: int) -> Outcome:
    """The outcome of plain search alone."""
    roles = draw_roles(samples.labels, enrolled=settings.enrolled, seed=seed)
    return _outcome(ArmSearch(samples.take(roles.gallery)), samples, roles, settings)


def shuffle(values: Int64, *, seed: int) -> Int64:
    """Deal the values out anew to all samples: as many of each, and no tie to the images left."""
    return numpy_stream(seed, "shuffled variable").permutation(values)


def _clustered(gallery: GallerySamples, settings: DeploymentTerms, seed: int) -> ArmSearch:
    seed = stream_seed(seed, "clusters of a gallery") % 2**32
    return ArmSearch(cluster(gallery, count=settings.clusters, seed=seed), otherwise=gallery)


def _outcome(
    search: ArmSearch,
    samples: GallerySamples,
    roles: Roles,
    settings: DeploymentTerms,
    *,
    by_class: bool = False,
) -> Outcome:
    calibration, queries = samples.take(roles.calibration), samples.take(roles.queries)
    distances = search.own_distances(calibration)
    thresholds = (
        class_thresholds(distances, calibration.labels, share=settings.accept)
        if by_class
        else overall_threshold(distances, share=settings.accept)
    )
    return judge(
        search.find(queries.embeddings, queries.values),
        thresholds,
        truth=queries.labels,
        enrolled=roles.enrolled,
        entries=len(search.entries),
    )
