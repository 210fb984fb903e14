"""The arms that are compared: one gallery of one embedding, used in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.data.streams import numpy_stream, stream_seed
from harness.deployment.clusters import cluster
from harness.deployment.decisions import Outcome, judge
from harness.deployment.management import manage
from harness.deployment.nearest import Gallery, Int64
from harness.deployment.roles import Roles, draw_roles
from harness.deployment.search import Samples, Search
from harness.deployment.settings import Settings
from harness.deployment.thresholds import class_thresholds, overall_threshold

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


def run_arms(samples: Samples, settings: Settings, *, seed: int) -> dict[str, Outcome]:
    """The outcome of every arm but that of several views, by name, in order.

    UserError if the test part is too small for a gallery, a calibration part and queries.
    """
    roles = draw_roles(samples.labels, enrolled=settings.enrolled, seed=seed)
    shuffled = replace(samples, values=shuffle(samples.values, seed=seed))
    plain = Search(_gallery(samples, roles))
    return {
        BASE: _outcome(plain, samples, roles, settings),
        "B": _outcome(_restricted(samples, roles), samples, roles, settings),
        "B shuffled": _outcome(_restricted(shuffled, roles), shuffled, roles, settings),
        "C": _outcome(_clustered(samples, roles, settings, seed), samples, roles, settings),
        "C shuffled": _outcome(
            _clustered(shuffled, roles, settings, seed), shuffled, roles, settings
        ),
        "D": _outcome(
            Search(manage(plain.entries, limit=settings.newest)), samples, roles, settings
        ),
        "E": _outcome(plain, samples, roles, settings, by_class=True),
    }


def run_base(samples: Samples, settings: Settings, *, seed: int) -> Outcome:
    """The outcome of plain search alone."""
    roles = draw_roles(samples.labels, enrolled=settings.enrolled, seed=seed)
    return _outcome(Search(_gallery(samples, roles)), samples, roles, settings)


def shuffle(values: Int64, *, seed: int) -> Int64:
    """Deal the values out anew to all samples: as many of each, and no tie to the images left."""
    return numpy_stream(seed, "shuffled variable").permutation(values)


def _gallery(samples: Samples, roles: Roles) -> Gallery:
    return Gallery(samples.embeddings, samples.labels, samples.values).take(roles.gallery)


def _restricted(samples: Samples, roles: Roles) -> Search:
    gallery = _gallery(samples, roles)
    return Search(gallery, otherwise=gallery)


def _clustered(samples: Samples, roles: Roles, settings: Settings, seed: int) -> Search:
    gallery = _gallery(samples, roles)
    seed = stream_seed(seed, "clusters of a gallery") % 2**32
    return Search(cluster(gallery, count=settings.clusters, seed=seed), otherwise=gallery)


def _outcome(
    search: Search, samples: Samples, roles: Roles, settings: Settings, *, by_class: bool = False
) -> Outcome:
    calibration, queries = (
        Samples(samples.embeddings[part], samples.labels[part], samples.values[part])
        for part in (roles.calibration, roles.queries)
    )
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
