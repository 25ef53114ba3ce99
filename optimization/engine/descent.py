"""A nearly whole plan from the relaxation of a larger problem: large split units placed first.

A vertex of the relaxation splits about as many units as limits bind, and rounding a large one is a
mistake that no later exchange mends: a territory that lost 0.6 targets of sales to its neighbour
would have to change half of its accounts at once. So split units are placed from the largest down,
each step followed by a warm solve that prices out every pair, while the others flow around them.
Units that are split at the end are small, and local search settles those.

This is the dive of smaller problems (`dive`) over the column generation of `lp`, which holds 25
units a rep instead of all: at 17,528 units x 100 reps 36 steps cost 6 s instead of 84, end 0.07 %
above the relaxation, and the search from there at 0.11 % instead of 0.16 %.
"""

import numpy as np

from optimization.engine.lp import Relaxation
from optimization.engine.problem import Bools, Floats, Ints, Prices, Problem
from optimization.engine.watch import Watch

FRACTION = 1e-6
# Sizes, as shares of a target, down to which split units are placed, one level after the other.
# Below 0.01 there are hundreds of steps that gain nothing: 0.005 takes 140 more and ends at 0.12 %.
LEVELS = (0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
STEP_LIMIT = 400
# Times that a step prices out the pairs. Without, the LP lacks what the new prices want, and breaks
# limits from the seventh step on.
PRICINGS = 2
# A unit with nearly all of its share in one place is placed along with the chosen ones.
NEARLY_WHOLE = 0.95


def descend(problem: Problem, prices: Prices, penalty: float, room: float, watch: Watch) -> Ints:
    """(U) owners after all split units of at least the last level have been placed.

    prices: of the relaxation's optimum, with its basis. penalty: USD per scaled unit of excess of a
    hard limit; room: total excess that costs nothing. What is still split goes to its largest
    share, and so does everything where the watch strikes.
    """
    relaxation = Relaxation(problem, penalty, room, prices, watch, None, 0.0)
    if relaxation.resolve(PRICINGS) is None:
        return relaxation.owner
    size = unit_sizes(relaxation)
    owner = relaxation.owners()
    steps = 0
    for level in LEVELS:
        while steps < STEP_LIMIT:
            units, reps = _next(relaxation, size, level)
            if not units.size:
                break
            relaxation.place(units, reps)
            steps += 1
            if relaxation.resolve(PRICINGS) is None:
                return owner
            owner = relaxation.owners()
    return owner


def unit_sizes(relaxation: Relaxation) -> Floats:
    """(U) largest share of a target of a resource with hard limits, at the unit's cheapest rep."""
    limits, values = relaxation.problem.limits, relaxation.values
    is_hard = np.isfinite(limits.upper).any(axis=0) | np.isfinite(limits.lower).any(axis=0)
    return np.maximum(values.load, values.fill)[:, is_hard].max(axis=1, initial=0.0)


def _next(relaxation: Relaxation, size: Floats, level: float) -> tuple[Ints, Ints]:
    """Units to place at once, and where: the largest with the clearest share, no two at one rep."""
    lp = relaxation.lp
    share = lp.shares()
    split = (share > FRACTION) & (share < 1 - FRACTION) & (size[lp.unit] >= level)
    order = np.flatnonzero(split)
    order = order[np.lexsort((lp.rep[order], -share[order], lp.unit[order]))]
    unit, rep, part = lp.unit[order], lp.rep[order], share[order]
    units, first = np.unique(unit, return_index=True)
    top = part[first]
    last = np.append(first[1:], unit.size)
    taken: Bools = np.zeros(relaxation.problem.rep_count + 1, dtype=bool)
    chosen = top >= NEARLY_WHOLE
    for k in np.argsort(-size[units] * (0.2 + top), kind="stable").tolist():
        touched = rep[first[k] : last[k]]
        if not taken[touched].any():
            taken[touched] = True
            chosen[k] = True
    return units[chosen], rep[first][chosen]
