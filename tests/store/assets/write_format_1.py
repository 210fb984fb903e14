"""How the store in `format_1/` was written. Kept to be read: a released format is never rewritten.

Run as `python tests/store/assets/write_format_1.py FOLDER`.
"""

import json
import sys
from pathlib import Path

import numpy as np

from harness.record import (
    Audit,
    Concatenation,
    Declared,
    Identity,
    Parameters,
    Reason,
    Record,
    Scores,
    Selected,
)
from harness.store import Store


def scores(map_at_r: float) -> Scores:
    return Scores(
        semantics=1,
        values={"precision_at_1": 0.5, "map_at_r": map_at_r, "nmi": float("nan")},
        class_means={"map_at_r": 0.375},
        extra={"ndcg": None, "mrr": 0.625},
        queries=6,
        singletons=1,
        collapsed=False,
    )


def record(fold: int, *, failed: bool = False) -> Record:
    return Record(
        identity=Identity(
            protocol="smoke",
            protocol_digest="0123456789abcdef" * 4,
            unlocked=("steps=5",),
            dataset="digits",
            dataset_digest="fedcba9876543210" * 4,
            method="triplet",
            distribution="metric-learning-bench-methods",
            version="0.1.0",
            source="00112233445566778899aabbccddeeff" * 2,
            hyperparameters={"margin": 1.0, "power": 2, "swap": True, "distance": "cosine"},
            seed=7,
            fold=fold,
            training_semantics=1,
        ),
        declared=Declared(composition="balanced", views=1, labels="all", members=1, setting="any"),
        folds=2,
        replicates=10,
        chosen_by="given",
        state="failed" if failed else "done",
        reason=Reason(kind="diverged", message="the loss was nan", traceback="T")
        if failed
        else None,
        init_digest="aa" * 32,
        batches_digest="bb" * 32,
        selected=Selected(
            metric="map_at_r",
            step=20,
            value=0.5,
            history=((0, 0.25), (20, 0.5)),
            stopped_early=True,
        ),
        scores=None if failed else scores(0.25),
        audit=Audit(
            steps=40,
            images_embedded=1280,
            backward_passes=40,
            zero_gradients=0,
            training_seconds=0.5,
            seconds=0.75,
            peak_memory_bytes=None,
            parameters=Parameters(trunk=100, head=20, objective=0),
        ),
        environment={"python": "3.11.7", "torch": "2.6.0"},
        started="2025-01-01T00:00:00+00:00",
        finished="2025-01-01T00:00:01+00:00",
    )


def main(folder: Path) -> None:
    with Store.open(folder, create=True) as store:
        store.put(record(0), {"embeddings": np.arange(6, dtype=np.float32).reshape(3, 2)})
        store.put(record(1, failed=True))
        run_ids = tuple(one.run_id for one in store.records())
        store.put_concatenation(Concatenation(run_ids=run_ids, scores=scores(0.5)))
        expected = {
            "run_ids": run_ids,
            "records": [json.loads(one.model_dump_json()) for one in store.records()],
            "concatenations": [json.loads(one.model_dump_json()) for one in store.concatenations()],
        }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
