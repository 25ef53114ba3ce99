"""A part of the problem: some units and reps, everything else as a given plan has it.

Any answer of the part can be put back into the whole plan: the limits of its reps are what the
other units leave, and the budgets what the other territories do not use.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.dense import DensePairs
from optimization.engine.problem import Arcs, Bools, Ints, Limits, Problem


@dataclass(frozen=True)
class Part:
    """A small problem and where its units (n) and reps (m) stand in the whole one."""

    problem: Problem
    units: Ints
    reps: Ints
    nobody: int  # what the whole problem calls nobody

    def put_back(self, owner: Ints, answer: Ints) -> Ints:
        """The whole plan `owner` (U) with the part's answer (n)."""
        whole = owner.copy()
        whole[self.units] = np.append(self.reps, self.nobody)[answer]
        return whole

    def owners(self, owner: Ints) -> Ints:
        """The part's own view of a whole plan, (n)."""
        mine = owner[self.units]
        return np.where(mine == self.nobody, self.reps.size, np.searchsorted(self.reps, mine))


def part_of(problem: Problem, arcs: Arcs, owner: Ints, reps: Ints) -> Part:
    """Deal again, among `reps` (rising), the units they own now that have a choice in `arcs`.

    Units of the reps without a choice stay; so do units of `separate` sets that reach outside.
    """
    nobody = problem.rep_count
    chosen = np.zeros(nobody + 1, dtype=bool)
    chosen[reps] = True
    offered = chosen.copy()
    offered[nobody] = True
    unit = arcs.unit
    inside = chosen[owner[unit]] & offered[arcs.rep]
    count = np.bincount(unit[inside], minlength=owner.size)
    units = np.flatnonzero(count > 1)
    free = np.zeros(owner.size, dtype=bool)
    free[units] = True
    inside &= free[unit]
    place = np.full(owner.size, -1)
    place[units] = np.arange(units.size)
    local_rep = np.searchsorted(reps, arcs.rep[inside])
    local_rep = np.where(arcs.rep[inside] == nobody, reps.size, local_rep)
    values = arcs.values
    shape = (units.size, reps.size)
    resources, budgets = len(problem.resources), len(problem.budgets)
    allowed = np.zeros((units.size, reps.size + 1), dtype=bool)
    cost = np.zeros((units.size, reps.size + 1))
    load, fill = np.zeros((*shape, resources)), np.zeros((*shape, resources))
    weight = np.zeros((units.size, reps.size + 1, budgets))
    row = place[unit[inside]]
    allowed[row, local_rep] = True
    cost[row, local_rep] = values.cost[inside]
    held = local_rep < reps.size
    load[row[held], local_rep[held]] = values.load[inside][held]
    fill[row[held], local_rep[held]] = values.fill[inside][held]
    weight[row, local_rep] = values.weight[inside]

    whole = problem.evaluate(owner)
    at_units = problem.pairs.at(units, owner[units])
    own = np.searchsorted(reps, owner[units])
    base_load, base_fill = whole.load[reps].copy(), whole.fill[reps].copy()
    real = owner[units] < nobody
    np.subtract.at(base_load, own[real], at_units.load[real])
    np.subtract.at(base_fill, own[real], at_units.fill[real])
    used = whole.budget_use - at_units.weight.sum(axis=0)
    limits = problem.limits.of(reps)
    separate = _inside(problem, place, owner, allowed, reps)
    part = replace(
        problem,
        pairs=DensePairs(allowed, cost, load, fill, weight),
        limits=Limits(
            lower=limits.lower - base_fill,
            upper=limits.upper - base_load,
            soft_lower=limits.soft_lower - base_fill,
            soft_upper=limits.soft_upper - base_load,
            price_below=limits.price_below,
            price_above=limits.price_above,
        ),
        budget_limit=problem.budget_limit - used,
        separate=separate,
        incumbent=None,
    )
    return Part(part, units, reps, nobody)


def _inside(
    problem: Problem, place: Ints, owner: Ints, allowed: Bools, reps: Ints
) -> tuple[Ints, ...]:
    """Separate sets within the part; reps held by members outside are closed to those inside."""
    sets = []
    for members in problem.separate:
        mine = members[place[members] >= 0]
        outside = np.isin(reps, owner[members[place[members] < 0]])
        for u in mine.tolist():
            # A unit may always stay: the plan may break the set already.
            allowed[place[u], np.flatnonzero(outside & (reps != owner[u]))] = False
        if mine.size > 1:
            sets.append(place[mine])
    return tuple(sets)
