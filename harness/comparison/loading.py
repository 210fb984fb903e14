"""From a Store to a Comparison."""

from __future__ import annotations

from harness.comparison.class_sums import ClassSums, class_sums
from harness.comparison.comparison import SMALL, Comparison, compare
from harness.comparison.pair import make_pair
from harness.results import Board
from harness.store import Store


def load_comparison(  # noqa: PLR0913 - what is compared, and how
    store: Store,
    board: Board,
    first: str,
    second: str,
    *,
    metric: str,
    higher_is_better: bool = True,
    alone: bool = False,
    to_see: float = SMALL,
) -> Comparison:
    """Compare two rows of a board of `store`, with the bootstrap over its stored scores by query.

    Raises UserError as `make_pair` does, and for an artifact that is missing or damaged.
    """
    return compare(
        board,
        first,
        second,
        metric=metric,
        higher_is_better=higher_is_better,
        alone=alone,
        to_see=to_see,
        sums=_sums(store, board, first, second, metric),
    )


def _sums(
    store: Store, board: Board, first: str, second: str, metric: str
) -> tuple[ClassSums, ClassSums] | None:
    if board.aggregate == "concatenated":  # the joined embeddings leave no scores by query
        return None
    pair = make_pair(board, first, second, metric)
    one = class_sums(store, pair.rows[0], pair.seeds, metric)
    other = class_sums(store, pair.rows[1], pair.seeds, metric) if one else None
    if one is None or other is None or not one.comparable(other):
        return None
    return one, other
