"""Stores with real embeddings (random projections of the glyphs), pages, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.dataset import Dataset
from harness.data.embedded.glyphs import load_glyphs
from harness.figures import load_sources
from harness.protocol.model import ScoringRule
from harness.record import Audit, Declared, Identity, Parameters, Reason, Record, Scores, Selected
from harness.report import About, make_report
from harness.store import Store

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
    _, arrays = score_part(noisy, labels, rule, metrics=(), seed=0)
    return {**arrays, "test_embeddings": noisy, "test_labels": labels}


@pytest.fixture(scope="session")
def embeddings(glyphs: Dataset) -> dict[float, Arrays]:
    return {blur: embed(glyphs, blur) for blur in (0.0, 3.0, 9.0)}


def a_run(
    glyphs: Dataset, method: str, seed: int, fold: int, score: float, **varied: Any
) -> Record:
    identity = Identity(
        protocol="example",
        protocol_digest="e" * 64,
        unlocked=(),
        dataset="glyphs",
        dataset_digest=glyphs.digest,
        method=method,
        distribution="example-methods",
        version="1.0",
        source="0123456789abcdef",
        hyperparameters=varied.pop("hyperparameters", {"margin": 0.1}),
        seed=seed,
        fold=fold,
        training_semantics=1,
    )
    history = tuple((step, score * step / 300) for step in (0, 100, 200, 300))
    plain: dict[str, Any] = {
        "identity": identity,
        "declared": Declared(
            composition="balanced", views=1, labels="all", members=1, setting="any"
        ),
        "folds": 2,
        "replicates": 3,
        "chosen_by": "default",
        "state": "done",
        "init_digest": f"init-{seed}-{fold}",
        "selected": Selected(
            metric="map_at_r", step=300, value=score, history=history, stopped_early=False
        ),
        "scores": Scores(
            semantics=1,
            values={"map_at_r": score, "precision_at_1": 2 * score, "nmi": 0.5 + score},
            queries=4128,
            singletons=0,
            collapsed=False,
        ),
        "audit": Audit(
            steps=300,
            images_embedded=9600,
            backward_passes=300,
            zero_gradients=0,
            training_seconds=5.0 + 10 * score + seed / 10,
            seconds=8.0,
            peak_memory_bytes=500_000_000,
            parameters=Parameters(trunk=23408, head=4160, objective=0),
        ),
        "environment": {"python": "3.11", "device": "cpu"},
        "started": "2025-01-01T00:00:00+00:00",
        "finished": "2025-01-01T00:01:00+00:00",
    }
    return Record(**(plain | varied))


def fill(store: Store, glyphs: Dataset, method: str, level: float, arrays: Arrays) -> None:
    """Three replicates of two folds around `level`; the first run leaves the arrays."""
    noise = np.random.default_rng(len(method) + round(1000 * level))
    for seed in range(3):
        for fold in range(2):
            score = level + float(noise.normal(0, 0.004))
            first = (seed, fold) == (0, 0)
            store.put(a_run(glyphs, method, seed, fold, score), arrays if first else None)


@pytest.fixture(scope="session")
def store_path(
    tmp_path_factory: pytest.TempPathFactory, glyphs: Dataset, embeddings: dict[float, Arrays]
) -> Path:
    """Four methods; one of them failed, and everything a Record can say of it is hostile."""
    path = tmp_path_factory.mktemp("report") / "store"
    with Store.open(path, create=True) as store:
        for (name, level), arrays in zip(
            {"alpha": 0.30, "beta": 0.25, "gamma-softmax": 0.10}.items(),
            embeddings.values(),
            strict=True,
        ):
            fill(store, glyphs, name, level, arrays)
        fill(store, glyphs, EVIL, 0.2, embeddings[3.0])
        store.put(hostile(glyphs))
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
        declared=Declared(composition=EVIL_QUOTES, views=2, labels=EVIL, members=1, setting="any"),
    )
    return run.model_copy(update={"scores": None, "audit": None, "selected": None})


@pytest.fixture(scope="session")
def render() -> Callable[..., str]:
    """The page on a store."""

    def make(path: Path, dataset: Dataset | str, about: About | None = None) -> str:
        with Store.open(path) as store:
            return make_report(store, load_sources(store), dataset, about)

    return make


@pytest.fixture(scope="session")
def page(
    store_path: Path, glyphs: Dataset, render: Callable[..., str], tmp_path_factory: Any
) -> Path:
    about = About(sentences={"alpha": f"{EVIL} & <b>bold</b>", "beta": "A loss. (Nobody 2020)"})
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
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.get(path.as_uri())
        return driver

    return open_page
