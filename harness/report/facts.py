"""What a reader meets first: the leader, how much was measured, and what to know."""

from __future__ import annotations

from collections.abc import Sequence

from harness.figures.sources import Entry, Sources
from harness.metrics import RANKED_BY
from harness.report.board_table import interval_words
from harness.report.markup import Child, Markup, element
from harness.report.naming import shown_metrics, title
from harness.report.tie_groups import letters, tied_with
from harness.results import Aggregate


def headline(sources: Sources) -> Markup:
    """The leader in one sentence, and who is not told apart from it if that is known."""
    board = sources.board
    scored = sources.scored()
    if not scored:
        return element("p", "No method has a complete replicate yet.", class_="lead")
    best = scored[0]
    interval = best.row.scores(board.aggregate).get(RANKED_BY)
    sentence: list[Child] = [
        element("b", best.label),
        f" has the highest mean {title(RANKED_BY)}: {interval_words(interval)}. ",
        _rivals(scored),
        _single(scored, board.aggregate),
    ]
    return element("p", *sentence, class_="lead")


def _single(scored: Sequence[Entry], aggregate: Aggregate) -> str:
    """The best single model, where an ensemble leads: the two are not to be ranked together."""
    members = scored[0].row.declared.members
    if members == 1:
        return ""
    best = next((entry for entry in scored if entry.row.declared.members == 1), None)
    single = (
        f"; the best single model is {best.label}, "
        f"{interval_words(best.row.scores(aggregate).get(RANKED_BY))}"
        if best
        else ""
    )
    return f" It is an ensemble of {members}{single}."


def _rivals(scored: Sequence[Entry]) -> str:
    if not letters(scored[0].row):
        return ""
    rivals = [row.label for row in tied_with(scored[0].row, [entry.row for entry in scored])]
    if not rivals:
        return "No other method shares its tie group."
    shown = ", ".join(rivals[:4]) + (f" and {len(rivals) - 4} more" if len(rivals) > 4 else "")
    return f"Not told apart from it: {shown}."


def counts(sources: Sources, skipped: int) -> Markup:
    """How much was measured, as a line of facts; `skipped`: methods that are not in `sources`."""
    board = sources.board
    done = max((len(entry.replicates) for entry in sources.entries), default=0)
    runs = [row.runs for row in board.rows]
    facts = [
        f"{len(board.rows)} methods",
        *([f"{skipped} skipped"] if skipped else []),
        f"{done} of {board.replicates} replicates",
        f"{board.folds} folds",
        f"{sum(r.done for r in runs):,} of {sum(r.expected for r in runs):,} runs done",
    ]
    failed = sum(r.failed for r in runs)
    facts += [f"{failed} failed"] if failed else []
    facts += ["unlocked protocol"] if board.unlocked else []
    return element("ul", *(element("li", fact) for fact in facts), class_="facts")


def notes(sources: Sources) -> Markup:
    """The leaderboard's own notes."""
    board = sources.board
    unsaid = [n for n in shown_metrics(sources) if board.facts(n).higher_is_better is None]
    lines = [element("li", note) for note in board.notes]
    lines += [
        element("li", f"{name}: no run recorded which way it is better, so that no chart shows it")
        for name in unsaid
    ]
    return element("ul", *lines, class_="notes") if lines else element("p", "Nothing to note.")


def skipped_methods(skipped: Sequence[Entry]) -> Markup:
    """The methods of which no run was tried, in one place, by reason; nothing if there are none."""
    if not skipped:
        return Markup()
    reasons: dict[str, list[str]] = {}
    for entry in skipped:
        for failure in entry.row.failures:
            reasons.setdefault(failure.message, []).append(entry.label)
    count = "1 method was" if len(skipped) == 1 else f"{len(skipped)} methods were"
    return element(
        "details",
        element("summary", f"{count} skipped: protocol or data lack what they need"),
        element(
            "ul",
            *(
                element("li", element("b", ", ".join(labels)), f": {reason}")
                for reason, labels in reasons.items()
            ),
            class_="notes",
        ),
        id="skipped",
    )
