"""How good a score is at telling the future: ranking, lift and coverage."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


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


def coverage(outcome: Floats, forecast: Floats, seed: int) -> float:
    """Share of outcomes below their forecast; ties count by a coin thrown with `seed`."""
    coin = np.random.default_rng(seed).random(outcome.size) < 0.5
    return float(np.mean((outcome < forecast) | ((outcome == forecast) & coin)))


def binomial_bounds(share: float, rows: int, level: float = 0.99) -> tuple[float, float]:
    """Shares between which a binomial count of `rows` falls with probability `level`, exactly."""
    from scipy.stats import binom

    tail = (1 - level) / 2
    low, high = binom.ppf([tail, 1 - tail], rows, share)
    return float(low / rows), float(high / rows)


def _ranks(values: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)
