"""From a fractional plan, or from prices alone, to a whole one."""

import numpy as np

from optimization.engine.lp import LpOptimum
from optimization.engine.problem import Floats, Ints, Prices, Problem

# Reps that a unit is spread over, and heats that are tried, USD per unit of load as shares of what
# a mean territory costs: those that prices are fitted at.
SPREAD = 6
HEATS = tuple(0.5 * 0.4**level for level in range(2, 9))


def rounded(problem: Problem, lp: LpOptimum) -> Ints:
    """(U) each unit at the rep with its largest share; ties go to the smaller rep index.

    A vertex splits at most as many units as limits bind, so this leaves little to mend.
    """
    owner = problem.pairs.cheapest(lp.prices, 1).rep[:, 0].copy()
    # Written in rising order of share, the largest share of a unit is written last.
    order = np.lexsort((-lp.rep, lp.share))
    owner[lp.unit[order]] = lp.rep[order]
    return owner


def drawn(problem: Problem, prices: Prices) -> Ints:
    """(U) owners drawn with the shares that a unit has of its cheapest reps at these prices.

    At prices alone every unit stands at one rep, and where many are nearly as cheap elsewhere whole
    lands hold too much. Shares like exp(-priced / heat) are those of the smoothed dual (`smooth`),
    whose loads fit the limits; the heat is the one where they do best. By the problem's seed.
    """
    ranking = problem.pairs.cheapest(prices, SPREAD)
    units = np.arange(problem.unit_count)
    values = problem.pairs.at(units, ranking.rep[:, 0])
    size = np.maximum(np.maximum(values.load, values.fill).max(axis=1, initial=0.0), 1e-12)
    mean = float(np.abs(ranking.priced[:, 0]).sum()) / max(problem.rep_count, 1)
    margin = (ranking.priced - ranking.priced[:, :1]) / size[:, None]
    lot = np.random.default_rng(problem.seed).random(problem.unit_count)
    best: tuple[float, Ints] | None = None
    for heat in HEATS:
        owner = ranking.rep[units, _places(margin / max(heat * mean, 1e-12), lot)]
        excess = problem.evaluate(owner).relaxation
        if best is None or excess < best[0]:
            best = (excess, owner)
    assert best is not None
    return best[1]


def _places(steps: Floats, lot: Floats) -> Ints:
    """(n) the place each lot in [0, 1) falls on, by shares exp(-steps), (n, depth)."""
    share = np.exp(-steps)
    share /= share.sum(axis=1, keepdims=True)
    return np.minimum((share.cumsum(axis=1) <= lot[:, None]).sum(axis=1), steps.shape[1] - 1)
