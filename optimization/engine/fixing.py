"""Pairs that a better plan may still use, proved by the certificate.

With the bound L and the prices behind it, every plan that gives unit u to rep j costs at least
L + excess_uj, where excess_uj is the pair's priced cost above the unit's cheapest. So a pair whose
excess exceeds (cost of the best plan - L) can be left out of every further model without losing a
better plan, and a bound on the model of the remaining pairs is a bound on the whole problem.
"""

import numpy as np

from optimization.engine.bound import Certificate
from optimization.engine.problem import Arcs, Floats, Ints, Problem

# Room for rounding in priced costs, relative to the cost of the plan: 1e-9 of a million is a cent.
ROUNDING = 1e-9
FIRST_DEPTH = 8


def surviving_arcs(
    problem: Problem, certificate: Certificate, cost: float, limit: int
) -> Arcs | None:
    """All pairs with an excess of at most `cost` - bound; None where they exceed `limit`.

    Raises nothing; every unit keeps at least its cheapest pair.
    """
    room = max(cost - certificate.bound, 0.0) + ROUNDING * max(abs(cost), 1.0)
    units = np.arange(problem.unit_count)
    depth = FIRST_DEPTH
    kept_unit: list[Ints] = []
    kept_rep: list[Ints] = []
    total = 0
    while units.size:
        ranking = problem.pairs.cheapest(certificate.prices, depth, units)
        excess = ranking.priced - ranking.priced[:, :1]
        inside = (excess <= room) & (ranking.rep >= 0)
        # Where even the last of the ranking survives, the unit may have more: look deeper.
        is_open = inside[:, -1] & (ranking.rep.shape[1] <= problem.rep_count)
        done = ~is_open
        row, place = np.nonzero(inside & done[:, None])
        kept_unit.append(units[row])
        kept_rep.append(ranking.rep[row, place])
        total += row.size + int(is_open.sum()) * depth
        if total > limit:
            return None
        total -= int(is_open.sum()) * depth
        units = units[is_open]
        depth *= 4
    return arcs_of(problem, np.concatenate(kept_unit), np.concatenate(kept_rep))


def arcs_of(problem: Problem, unit: Ints, rep: Ints) -> Arcs:
    """The given pairs (each once or more often) as arcs of all units of the problem."""
    width = problem.rep_count + 1
    key = np.unique(unit * width + rep)
    unit, rep = key // width, key % width
    count = np.bincount(unit, minlength=problem.unit_count)
    first = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    return Arcs(first, rep, problem.pairs.at(unit, rep))


def excess_of(problem: Problem, certificate: Certificate, owner: Ints) -> Floats:
    """(U) priced cost of each unit's owner above its cheapest pair: where a plan loses money."""
    prices = certificate.prices
    best = problem.pairs.cheapest(prices, 1).priced[:, 0]
    mine = problem.pairs.at(np.arange(owner.size), owner).priced(owner, prices)
    return np.maximum(mine - best, 0.0)
