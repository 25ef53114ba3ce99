"""Which pairs the search looks at: several for units whose owner is open, one for the others."""

import numpy as np

from optimization.engine.bound import Certificate
from optimization.engine.core import units_near_reps, unsettled_units
from optimization.engine.fixing import arcs_of
from optimization.engine.lp import LpOptimum
from optimization.engine.problem import Arcs, Ints, Problem

# Candidates per unit.
DEPTH = 8
# Units of at least this share of a target are large and have few good places: with 6 candidates
# plans end 2.8 % above the LP, with 12 1.9 %.
LARGE_UNIT, LARGE_DEPTH = 0.1, 24
# A search that stays near its start has so many units of every rep: 20,000 x 100 ends at 0.110 %
# with 100, at 0.135 % with 50, at 0.116 % with 80 a rep chosen over all reps together.
NEAR_PER_REP = 100
# Units with this share of a mean territory's cost at stake stay where a descent put them while the
# search mends the rest: it once paid for an excess of 0.06 targets with 2.9 % of the cost.
HELD_STAKE = 0.03


def open_arcs(problem: Problem, lp: LpOptimum, per_rep: int, is_gentle: bool) -> Arcs:
    """The pairs worth looking at, at the prices of the relaxation.

    per_rep: units with more than one pair, times the number of reps; large and split ones, and
    those of separate sets, come on top. is_gentle: those nearest to each rep instead.
    """
    ranking = problem.pairs.cheapest(lp.prices, DEPTH)
    units = np.arange(problem.unit_count)
    best = problem.pairs.at(units, ranking.rep[:, 0])
    size = np.maximum(best.load, best.fill).max(axis=1, initial=0.0)
    large = np.flatnonzero(size >= LARGE_UNIT)
    deep = problem.pairs.cheapest(lp.prices, LARGE_DEPTH, large)
    count = per_rep * problem.rep_count
    if count < problem.unit_count:
        if is_gentle:
            units = units_near_reps(ranking, best, NEAR_PER_REP, problem.rep_count)
        else:
            units = unsettled_units(ranking, best, count)
        units = np.union1d(units, np.unique(lp.unit[lp.share < 1 - 1e-9]))
        units = np.union1d(units, np.concatenate([large, *problem.separate]))
    row, place = np.nonzero(ranking.rep[units] >= 0)
    open_unit, open_rep = units[row], ranking.rep[units[row], place]
    row, place = np.nonzero(deep.rep >= 0)
    return arcs_of(
        problem,
        np.concatenate((np.arange(problem.unit_count), open_unit, large[row], lp.unit)),
        np.concatenate((ranking.rep[:, 0], open_rep, deep.rep[row, place], lp.rep)),
    )


def held_arcs(problem: Problem, arcs: Arcs, owner: Ints, certificate: Certificate) -> Arcs:
    """The arcs without those that lead dear units away from their owners (U)."""
    values = problem.pairs.at(np.arange(problem.unit_count), owner)
    least = HELD_STAKE * abs(certificate.bound) / max(problem.rep_count, 1)
    is_held = (values.stake(owner, certificate.prices) >= least) & (owner < problem.rep_count)
    held, left = np.flatnonzero(is_held), ~is_held[arcs.unit]
    return arcs_of(
        problem,
        np.concatenate((arcs.unit[left], held)),
        np.concatenate((arcs.rep[left], owner[held])),
    )
