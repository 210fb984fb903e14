"""A model card for an exported embedder, as Hugging Face reads it, and its scores as rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.artifacts import write_whole
from harness.errors import UserError
from harness.metrics import metric_facts
from harness.table import escape_markdown, printable

if TYPE_CHECKING:
    from harness.embedder.recipe import Recipe
    from harness.record import Record

CARD, RESULTS = "README.md", "results.json"
_LIBRARY = "library_name: metric-learning-bench"


def require_place(model: Path) -> None:
    """UserError where a card beside the model would replace a file that is none of ours."""
    card, results = model.with_name(CARD), model.with_name(RESULTS)
    ours = card.is_file() and _LIBRARY in card.read_text(encoding="utf-8", errors="replace")
    other = next((file for file in (card, results) if file.exists() and not ours), None)
    if other is not None:
        raise UserError(f"{other}: is not of bench export --card; write the model elsewhere")


def write_card(model: Path, recipe: Recipe, record: Record) -> tuple[Path, Path]:
    """Write README.md and results.json beside an exported model.

    README.md begins with YAML that the hub reads: tags, metrics and a `model-index` of dataset,
    metric and value (huggingface.co/docs/hub/model-cards). results.json is a list of flat rows, one
    a metric, as `datasets.load_dataset("json", ...)` takes it. UserError where a file that is none
    of ours would be replaced, or where it cannot be written.
    """
    card, results = model.with_name(CARD), model.with_name(RESULTS)
    rows = score_rows(record)
    try:
        require_place(model)
        write_whole(card, card_text(model.name, recipe, record).encode())
        write_whole(results, (json.dumps(rows, indent=2, allow_nan=False) + "\n").encode())
    except OSError as error:
        raise UserError(f"cannot write {card}: {error.strerror}") from None
    return card, results


def score_rows(record: Record) -> list[dict[str, Any]]:
    """The run's scores on its test part, one row a metric: what, where, by what, how much."""
    assert record.scores is not None
    who, told = record.identity, record.scores.told
    facts = [(metric_facts(name, told), v) for name, v in record.scores.values.items()]
    return [
        {
            "method": who.method,
            "dataset": who.dataset,
            "dataset_digest": who.dataset_digest,
            "split": "test",
            "protocol": who.protocol,
            "protocol_digest": who.protocol_digest,
            "unlocked": list(who.unlocked),
            "metric": metric.name,
            "title": metric.title,
            "higher_is_better": metric.higher_is_better,
            "value": value,
            "run": record.run_id,
            "seed": who.seed,
            "fold": who.fold,
            "version": f"{who.distribution} {who.version}",
            "finished": record.finished,
        }
        for metric, value in facts
    ]


def card_text(file: str, recipe: Recipe, record: Record) -> str:
    """The card: what the hub reads, what the model is, how it is used, and what it scored."""
    rows, who = score_rows(record), record.identity
    method, dataset = printable(who.method), printable(who.dataset)
    task = "image-feature-extraction" if len(recipe.inputs) == 3 else "feature-extraction"
    index = {
        "name": f"{method} on {dataset}",
        "results": [
            {
                "task": {"type": task, "name": "metric learning"},
                "dataset": {
                    "type": dataset,
                    "name": dataset,
                    "split": "test",
                    "revision": who.dataset_digest,
                },
                "metrics": [
                    {"type": row["metric"], "name": row["title"], "value": row["value"]}
                    for row in rows
                ],
            }
        ],
    }
    head = {
        "pipeline_tag": task,
        "tags": ["metric-learning", "embeddings", method],
        "metrics": [row["metric"] for row in rows],
        "model-index": [index],
    }
    shape = "x".join(map(str, recipe.inputs))
    unlocked = f", with {', '.join(who.unlocked)} not as published" if who.unlocked else ""
    about = [
        f"A function from inputs of {shape} to embeddings, which are compared by "
        f"{recipe.distance} distance. It was trained on {who.dataset} by {who.method} "
        f"({who.distribution} {who.version}) under the protocol {who.protocol}{unlocked}: run "
        f"{record.run_id}, seed {who.seed}, fold {who.fold}.",
        "The scores are of this one run on its test part. Other seeds score higher and lower.",
    ]
    table = [f"| {escape_markdown(row['title'])} | {row['value']:.4f} |" for row in rows]
    return "\n".join(
        [
            "---",
            _LIBRARY,
            *(f"{name}: {_yaml(value)}" for name, value in head.items()),
            "---",
            "",
            f"# {escape_markdown(f'{method} on {dataset}')}",
            "",
            *(line for text in about for line in (escape_markdown(printable(text)), "")),
            "```python",
            "from harness import load_embedder",
            "",
            f"embedder = load_embedder({file!r})",
            "embeddings = embedder(inputs)",
            "```",
            "",
            f"| metric | {escape_markdown(dataset)}, test |",
            "| --- | ---: |",
            *table,
            "",
        ]
    )


def _yaml(value: Any) -> str:
    """JSON, which is YAML too: no text of a plugin can end where it stands."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
