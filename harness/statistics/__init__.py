"""Statistics over scores: arrays in, numbers out. Nothing here knows Records or torch."""

from harness.statistics.across_datasets import (
    Posterior,
    average_ranks,
    bayesian_signed_rank,
    critical_difference,
    friedman_p_value,
)
from harness.statistics.bootstrap import Bootstrap, hierarchical_bootstrap
from harness.statistics.correlated_folds import corrected_fold_test
from harness.statistics.effect import effect_size, probability_of_improvement
from harness.statistics.holm import holm
from harness.statistics.intervals import Bounds, Interval, fold_intervals, t_interval
from harness.statistics.letters import tie_letters
from harness.statistics.paired import ROUNDING, p_without_variance, paired_differences
from harness.statistics.pairs import PairedDifference, Pairs, all_pairs, paired_difference
from harness.statistics.power import (
    Noise,
    detectable_difference,
    power_of,
    replicates_on_board,
    replicates_to_see,
)
from harness.statistics.ranks import rank_intervals, shares_of_best
from harness.statistics.sign_flip import sign_flip_test
from harness.statistics.standings import Standing, Standings, standings
from harness.statistics.top_group import may_be_best
from harness.statistics.units import SeedEffect, seed_effect

__all__ = [
    "ROUNDING",
    "Bootstrap",
    "Bounds",
    "Interval",
    "Noise",
    "PairedDifference",
    "Pairs",
    "Posterior",
    "SeedEffect",
    "Standing",
    "Standings",
    "all_pairs",
    "average_ranks",
    "bayesian_signed_rank",
    "corrected_fold_test",
    "critical_difference",
    "detectable_difference",
    "effect_size",
    "fold_intervals",
    "friedman_p_value",
    "hierarchical_bootstrap",
    "holm",
    "may_be_best",
    "p_without_variance",
    "paired_difference",
    "paired_differences",
    "power_of",
    "probability_of_improvement",
    "rank_intervals",
    "replicates_on_board",
    "replicates_to_see",
    "seed_effect",
    "shares_of_best",
    "sign_flip_test",
    "standings",
    "t_interval",
    "tie_letters",
]
