"""Two methods of a Board against each other: from its rows to numbers and words."""

from harness.comparison.across import Across, Placed, compare_across
from harness.comparison.across_table import across_table
from harness.comparison.class_sums import ClassSums, class_sums
from harness.comparison.comparison import Comparison, compare
from harness.comparison.document import comparison_document, power_document
from harness.comparison.loading import load_comparison
from harness.comparison.power import Power, power_to_see
from harness.comparison.ranking import Ranked, Ranking, load_ranking
from harness.comparison.ranking_table import ranking_table
from harness.comparison.sentences import comparison_text, power_text, verdict_sentence

__all__ = [
    "Across",
    "ClassSums",
    "Comparison",
    "Placed",
    "Power",
    "Ranked",
    "Ranking",
    "across_table",
    "class_sums",
    "compare",
    "compare_across",
    "comparison_document",
    "comparison_text",
    "load_comparison",
    "load_ranking",
    "power_document",
    "power_text",
    "power_to_see",
    "ranking_table",
    "verdict_sentence",
]
