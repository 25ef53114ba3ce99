"""From a fractional plan, or from prices alone, to a whole one."""

import numpy as np
from numba import njit

from optimization.engine.lp import LpOptimum
from optimization.engine.problem import Floats, Ints, Prices, Problem

# Reps that a unit is spread over, and heats that are tried, USD per unit of load as shares of what
# a mean territory costs: around and below the last that prices are fitted at. Drawn at the heats
# above, units go far: the groups' relaxations cost 0.2 % more at 0.0008 than at 0.0003.
SPREAD = 6
HEATS = tuple(0.5 * 0.4**level for level in range(4, 11))
# Smaller shares are no place for a unit.
LEAST_SHARE = 0.002


def rounded(problem: Problem, lp: LpOptimum) -> Ints:
    """(U) each unit at the rep with its largest share; ties go to the smaller rep index.

    A vertex splits at most as many units as limits bind, so this leaves little to mend.
    """
    owner = problem.pairs.cheapest(lp.prices, 1).rep[:, 0].copy()
    # Written in rising order of share, the largest share of a unit is written last.
    order = np.lexsort((-lp.rep, lp.share))
    owner[lp.unit[order]] = lp.rep[order]
    return owner


def settled(problem: Problem, prices: Prices) -> Ints:
    """(U) owners whose loads are near what the shares that units have at these prices would be.

    At prices alone every unit stands at one rep, and where many are nearly as cheap elsewhere whole
    lands hold too much. Shares like exp(-priced / heat) are those of the smoothed dual (`smooth`),
    whose loads fit the limits. So units are taken from the largest down, each to the rep of a share
    that brings the loads nearest to those of all shares so far. Lots drawn by the shares leave each
    group of 50 reps a few targets off: at 200,000 x 500 the relaxations of the groups then cost
    0.61 instead of 0.14 % more than that of the whole. The heat is the one that does best.
    """
    ranking = problem.pairs.cheapest(prices, SPREAD)
    units = np.arange(problem.unit_count)
    nobody = problem.rep_count
    rep = np.where(ranking.rep < 0, nobody, ranking.rep)
    amount = _amounts(problem, rep)
    size = np.maximum(amount[:, 0].max(axis=1, initial=0.0), 1e-12)
    order = np.argsort(-size, kind="stable")
    mean = float(np.abs(ranking.priced[:, 0]).sum()) / max(nobody, 1)
    margin = (ranking.priced - ranking.priced[:, :1]) / size[:, None]
    best: tuple[float, Ints] | None = None
    for heat in HEATS:
        share = np.exp(-margin / max(heat * mean, 1e-12))
        share /= share.sum(axis=1, keepdims=True)
        owner = rep[units, _places(order, rep, share, amount, nobody + 1)]
        excess = problem.evaluate(owner).relaxation
        if best is None or excess < best[0]:
            best = (excess, owner)
    assert best is not None
    return best[1]


def _amounts(problem: Problem, rep: Ints) -> Floats:
    """(U, depth, E') loads of resources with hard limits, 0 at nobody."""
    limits = problem.limits
    is_hard = np.isfinite(limits.upper).any(axis=0) | np.isfinite(limits.lower).any(axis=0)
    amount = np.zeros((*rep.shape, int(is_hard.sum())))
    units = np.arange(problem.unit_count)
    for k in range(rep.shape[1]):
        held = rep[:, k] < problem.rep_count
        amount[held, k] = problem.pairs.at(units[held], rep[held, k]).load[:, is_hard]
    return amount


@njit(cache=True, nogil=True)
def _places(order: Ints, rep: Ints, share: Floats, amount: Floats, reps: int) -> Ints:
    """(U) the place of each unit's rep, units taken in that order.

    A place counts if its share is at least LEAST_SHARE. The loads' distance is the sum of squares
    over reps and resources.
    """
    depth, resources = amount.shape[1:]
    off = np.zeros((reps, resources))  # loads less those of the shares, of the units so far
    place = np.zeros(order.size, np.int64)
    for u in order:
        for k in range(depth):
            for e in range(resources):
                off[rep[u, k], e] -= share[u, k] * amount[u, k, e]
        least = np.inf
        for k in range(depth):
            if share[u, k] < LEAST_SHARE:
                continue
            change = 0.0
            for e in range(resources):
                change += amount[u, k, e] * (2 * off[rep[u, k], e] + amount[u, k, e])
            if change < least:
                least, place[u] = change, k
        for e in range(resources):
            off[rep[u, place[u]], e] += amount[u, place[u], e]
    return place
