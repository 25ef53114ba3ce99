"""How good a score is at telling the future: ranking, lift and coverage."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def rank_correlation(score: Floats, outcome: Floats) -> float:
    """Spearman's correlation; 0 where either side is the same for all."""
    ranks = [_ranks(values) for values in (score, outcome)]
    if any(np.ptp(rank) == 0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def top_decile_lift(score: Floats, outcome: Floats) -> float:
    """Mean outcome of the tenth with the highest score over the mean of all.

    Rows that tie at the edge of the tenth count in proportion, so a constant score has lift 1.
    """
    if not outcome.size or outcome.mean() == 0:
        return 1.0
    size = outcome.size / 10
    edge = np.sort(score)[::-1][int(np.ceil(size)) - 1]
    above, at = score > edge, score == edge
    taken = outcome[above].sum() + outcome[at].mean() * (size - above.sum())
    return float(taken / size / outcome.mean())


def paired_difference(
    measure: Callable[[Floats, Floats], float],
    own: Floats,
    rival: Floats,
    outcome: Floats,
    seed: int,
    draws: int = 2_000,
) -> tuple[float, float, float]:
    """By how much `own` measures above `rival`, and its 95 % interval.

    A paired bootstrap: accounts are drawn with what both scores say of them, so that what is hard
    to foresee for both cancels out. Small books leave the interval wide.
    """
    rng = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for number in range(draws):
        rows = rng.integers(0, outcome.size, outcome.size)
        drawn[number] = measure(own[rows], outcome[rows]) - measure(rival[rows], outcome[rows])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return measure(own, outcome) - measure(rival, outcome), float(low), float(high)


def covered_with_coin(outcome: Floats, forecast: Floats, seed: int) -> Bools:
    """Which outcomes lie below their forecast; ties by a coin thrown with `seed`."""
    coin = np.random.default_rng(seed).random(outcome.size) < 0.5
    return (outcome < forecast) | ((outcome == forecast) & coin)


def covered_with_zeros(
    outcome: Floats, forecast: Floats, zero_share: Floats, quantile: float, seed: int
) -> Bools:
    """Which outcomes lie at or below their forecast, ties at zero randomised.

    An account that buys nothing with probability z above the quantile q has the quantile 0, at or
    below which it stays more often than q. Its ties are drawn with probability q ÷ z, so that a
    forecast that is right covers q of such accounts too (the randomised probability integral
    transform, Smith 1985).

    Args:
        zero_share: (n) probability that the outcome is 0.
        seed: of the draw.
    """
    draw = np.random.default_rng(seed).random(outcome.size)
    is_tied = (outcome <= 0) & (forecast <= 0)
    kept = draw * zero_share <= quantile
    return np.where(is_tied, kept, outcome <= forecast)


def binomial_bounds(share: float, rows: int, level: float = 0.99) -> tuple[float, float]:
    """Shares between which a binomial count of `rows` falls with probability `level`, exactly."""
    from scipy.stats import binom

    tail = (1 - level) / 2
    low, high = binom.ppf([tail, 1 - tail], rows, share)
    return float(low / rows), float(high / rows)


def _ranks(values: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)
