"""Stores with real embeddings (random projections of the glyphs), pages, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.embedded import load_glyphs
from harness.figures.sources import load_sources
from harness.protocol.rules import ScoringRule
from harness.record import Parameters, Reason, Record, Searched, Selected
from harness.report.page import make_report
from harness.store import Store
from harness.testing import make_record

EVIL = "<script>alert(1)</script>"
EVIL_QUOTES = "\"'><img src=x onerror=alert(2)></script><!--"
BROWSER_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="session")
def glyphs() -> Dataset:
    return load_glyphs()


def embed(glyphs: Dataset, blur: float) -> Arrays:
    """The test half of the glyphs through one random projection, with noise, and scored."""
    from harness.execution.scores import score_part

    half = np.unique(glyphs.labels)[-258:]
    chosen = np.isin(glyphs.labels, half)
    labels = np.unique(glyphs.labels[chosen], return_inverse=True)[1].astype(np.int64)
    pixels = glyphs.inputs[chosen].reshape(len(labels), -1).astype(np.float32) / 255
    draw = np.random.default_rng(0)
    projected = (pixels - pixels.mean(axis=0)) @ draw.normal(size=(pixels.shape[1], 32))
    noisy = (projected + blur * draw.normal(size=projected.shape)).astype(np.float32)
    rule = ScoringRule(gallery="self", distance="cosine", recall_at=(1, 2), clustering_restarts=1)
    embedded = {"test_embeddings": noisy, "test_labels": labels}
    _, arrays = score_part(embedded, rule, metrics=(), seed=0)
    return {**arrays, **embedded}


@pytest.fixture(scope="session")
def embeddings(glyphs: Dataset) -> dict[float, Arrays]:
    return {blur: embed(glyphs, blur) for blur in (0.0, 3.0, 9.0)}


def a_run(
    glyphs: Dataset, method: str, seed: int, fold: int, score: float, **varied: Any
) -> Record:
    who = {name: varied.pop(name) for name in ("search", "trial") if name in varied}
    history = tuple((step, score * step / 300) for step in (0, 100, 200, 300))
    plain: dict[str, Any] = {
        "folds": 2,
        "init_digest": f"init-{seed}-{fold}",
        "selected": Selected(
            metric="map_at_r", step=300, value=score, history=history, stopped_early=False
        ),
        "environment": {"python": "3.11", "device": "cpu"},
        "finished": "2025-01-01T00:01:00+00:00",
    }
    return make_record(
        method,
        seed,
        fold,
        values={"map_at_r": score, "precision_at_1": 2 * score, "nmi": 0.5 + score},
        identity={
            "protocol": "example",
            "protocol_digest": "e" * 64,
            "dataset_digest": glyphs.digest,
            "distribution": "example-methods",
            "version": "1.0",
            "source": "0123456789abcdef",
            "hyperparameters": varied.pop("hyperparameters", {"margin": 0.1}),
            **who,
        },
        scores=varied.pop("scores", {"queries": 4128}),
        audit={
            "steps": 300,
            "images_embedded": 9600,
            "backward_passes": 300,
            "training_seconds": 5.0 + 10 * score + seed / 10,
            "seconds": 8.0,
            "peak_memory_bytes": 500_000_000,
            "parameters": Parameters(trunk=23408, head=4160, objective=0),
        },
        **(plain | varied),
    )


def fill(
    store: Store, glyphs: Dataset, method: str, level: float, arrays: Arrays, **varied: Any
) -> None:
    """Three replicates of two folds around `level`; the first run leaves the arrays."""
    noise = np.random.default_rng(len(method) + round(1000 * level))
    for seed in range(3):
        for fold in range(2):
            score = level + float(noise.normal(0, 0.004))
            first = (seed, fold) == (0, 0)
            run = a_run(glyphs, method, seed, fold, score, **varied)
            store.put(run, arrays if first else None)


TRIALS: tuple[float | None, ...] = (0.20, 0.26, None, 0.24, 0.29)


def search(store: Store, glyphs: Dataset, method: str) -> dict[str, Any]:
    """The trials of one search, of which the third failed; what the replicates then say of it."""
    for trial, value in enumerate(TRIALS):
        for fold in range(2):
            point = {"margin": 0.1 + trial / 10}
            run = a_run(
                glyphs,
                method,
                trial,
                fold,
                value or 0.0,
                hyperparameters=point,
                search=0,
                trial=trial,
                chosen_by="trial",
                validation=value,
                state="failed" if value is None else "done",
                reason=Reason(kind="diverged", message="not finite") if value is None else None,
            )
            store.put(run.model_copy(update={"scores": None}))
    facts = Searched(
        search=0,
        trials=len(TRIALS),
        failed=1,
        sampler="tpe",
        metric="map_at_r",
        best_trial=4,
        value=0.29,
        on_bound=("margin",),
        space={"margin": "0.1 to 0.5"},
        seconds=1234.5,
    )
    return {"hyperparameters": {"margin": 0.5}, "chosen_by": "search", "searched": facts}


def skipped(glyphs: Dataset, method: str, needs: str) -> Record:
    run = a_run(
        glyphs,
        method,
        0,
        0,
        0.0,
        state="skipped",
        reason=Reason(kind="unsupported", message=f"the protocol lacks {needs}"),
    )
    return run.model_copy(update={"scores": None, "audit": None, "selected": None})


@pytest.fixture(scope="session")
def store_path(
    tmp_path_factory: pytest.TempPathFactory, glyphs: Dataset, embeddings: dict[float, Arrays]
) -> Path:
    """Five methods and two that were skipped; the first was searched for.

    One failed, and everything that a Record can say of it is hostile.
    """
    path = tmp_path_factory.mktemp("report") / "store"
    with Store.open(path, create=True) as store:
        for (name, level), arrays in zip(
            {"alpha": 0.30, "beta": 0.25, "gamma-softmax": 0.10}.items(),
            embeddings.values(),
            strict=True,
        ):
            found = search(store, glyphs, name) if name == "alpha" else {}
            fill(store, glyphs, name, level, arrays, **found)
        fill(store, glyphs, EVIL, 0.2, embeddings[3.0])
        store.put(hostile(glyphs))
        store.put(skipped(glyphs, "sigma", "pairs of batches"))
        store.put(skipped(glyphs, "tau", "pairs of batches"))
    return path


def hostile(glyphs: Dataset) -> Record:
    run = a_run(
        glyphs,
        f"broken{EVIL_QUOTES}",
        0,
        0,
        0.1,
        hyperparameters={EVIL_QUOTES: EVIL},
        state="failed",
        reason=Reason(kind="crashed", message=EVIL + EVIL_QUOTES),
        environment={EVIL: EVIL_QUOTES},
        declared={"composition": EVIL_QUOTES, "views": 2, "labels": EVIL},
    )
    return run.model_copy(update={"scores": None, "audit": None, "selected": None})


@pytest.fixture(scope="session")
def crowd_path(tmp_path_factory: pytest.TempPathFactory, store_path: Path) -> Path:
    """Eighty-nine methods, all but one searched for, and eleven that were skipped.

    Copies of those of the small store, each with scores and embeddings of its own.
    """
    path = tmp_path_factory.mktemp("crowd") / "store"
    with Store.open(store_path) as full, Store.open(path, create=True) as store:
        records, trials = full.records(), full.records(trials=True)
        for copy in range(22):
            draw = np.random.default_rng(copy)
            for record in (each for each in records if each.state == "done"):
                arrays = full.arrays(record) or None
                if arrays:
                    vectors = arrays["test_embeddings"]
                    noise = draw.normal(0, copy / 2, vectors.shape)
                    arrays["test_embeddings"] = (vectors + noise).astype(np.float32)
                name = f"{record.identity.method}-{copy}"
                lowered = lower(record, 1 - copy / 50 + float(draw.normal(0, 0.02)))
                store.put(renamed(lowered, name), arrays)
                if record.identity.seed == record.identity.fold == 0:
                    for trial in trials:
                        store.put(renamed(trial, name))
        for record in (each for each in records if each.state != "done"):
            store.put(record)
        (one, *_) = (each for each in records if each.state == "skipped")
        for copy in range(9):
            store.put(renamed(one, f"skipped-{copy}"))
    return path


def renamed(record: Record, method: str) -> Record:
    identity = record.identity.model_copy(update={"method": method})
    return record.model_copy(update={"identity": identity, "artifact": None})


def lower(record: Record, share: float) -> Record:
    assert record.scores is not None
    values = {name: value * share for name, value in record.scores.values.items()}
    return record.model_copy(update={"scores": record.scores.model_copy(update={"values": values})})


@pytest.fixture(scope="session")
def crowd(
    crowd_path: Path,
    glyphs: Dataset,
    render: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The page on many methods; what its planes show changes neither its size nor its shape."""
    path = tmp_path_factory.mktemp("crowded") / "report.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.figures.embedded._tsne", lambda rows, pca: pca)
        path.write_text(render(crowd_path, glyphs), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def render() -> Callable[..., str]:
    """The page on a store."""

    def make(path: Path, dataset: Dataset | str, about: dict[str, str] | None = None) -> str:
        with Store.open(path) as store:
            return make_report(store, load_sources(store), dataset, about)

    return make


@pytest.fixture(scope="session")
def page(
    store_path: Path, glyphs: Dataset, render: Callable[..., str], tmp_path_factory: Any
) -> Path:
    about = {"alpha": f"{EVIL} & <b>bold</b>", "beta": "A loss. (Nobody 2020)"}
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(store_path, glyphs, about), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium; the test is skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    chromedriver = shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("no Chromium with its driver (apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*BROWSER_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    from selenium.webdriver.chrome.service import Service

    browser = webdriver.Chrome(options=options, service=Service(chromedriver))
    yield browser
    browser.quit()


@pytest.fixture
def look(driver: Any) -> Callable[..., Any]:
    """Open a page in a window of a size, in the light or the dark."""

    def open_page(path: Path, *, width: int = 1280, dark: bool = False) -> Any:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}  # clicks need what stands
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, still]})
        driver.get(path.as_uri())
        return driver

    return open_page


AXE = (("axe_playwright_python", "axe.min.js"), ("axe_core_python", "axe.min.js"))


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[Any]]:
    """What axe finds serious or critical on the page that is open: rule, impact, elements.

    Of tables and choices it sees the first eight rows; the others are made alike.
    """
    found = (find_spec(package) for package, _ in AXE)
    files = (
        Path(spec.submodule_search_locations[0]) / name
        for spec, (_, name) in zip(found, AXE, strict=True)
        if spec is not None and spec.submodule_search_locations
    )
    path = next(files, None)
    if path is None:
        pytest.skip("axe-core is not installed (pip install axe-core-python)")
    script = path.read_text(encoding="utf-8")

    def findings(driver: Any) -> list[Any]:
        # On a busy machine a crowded page takes more than the usual 30 seconds.
        driver.set_script_timeout(300)
        driver.execute_script(script)
        every = driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run({exclude: ['tbody tr:nth-child(n+9)', 'option:nth-child(n+9)']})"
            ".then(r => done(r.violations.map("
            "v => [v.id, v.impact, v.nodes.slice(0, 3).map(n => n.html)])))"
        )
        return [each for each in every if each[1] in {"serious", "critical"}]

    return findings
