"""A part of the problem: some units and reps, everything else as a given plan has it.

Any answer of the part can be put back into the whole plan: the limits of its reps are what the
other units leave, and the budgets what the other territories do not use.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.dense import DensePairs
from optimization.engine.problem import TOLERANCE, Arcs, Bools, Floats, Ints, Problem


@dataclass(frozen=True)
class Part:
    """A small problem and where its units (n) and reps (m) stand in the whole one."""

    problem: Problem
    units: Ints
    reps: Ints
    nobody: int  # what the whole problem calls nobody

    def owners(self, owner: Ints) -> Ints:
        """The part's own view of a whole plan, (n)."""
        mine = owner[self.units]
        return np.where(mine == self.nobody, self.reps.size, np.searchsorted(self.reps, mine))


@dataclass
class Standing:
    """A plan and what its territories hold, kept up to date part by part."""

    problem: Problem
    owner: Ints  # (U)
    load: Floats  # (J, E)
    fill: Floats  # (J, E)
    used: Floats  # (B)

    @classmethod
    def of(cls, problem: Problem, owner: Ints) -> "Standing":
        plan = problem.evaluate(owner)
        return cls(problem, owner.copy(), plan.load, plan.fill, plan.budget_use)

    @property
    def excess(self) -> Floats:
        """(J) total excess of each rep's hard limits; a team's is its first member's."""
        return self._excess.sum(axis=1)

    @property
    def concern(self) -> Floats:
        """(J) total excess of the hard limits that each rep is under, a team's with all members."""
        return self.problem.limits.shared(self._excess).sum(axis=1)

    @property
    def _excess(self) -> Floats:
        limits = self.problem.limits
        over = np.maximum(self.load - limits.upper, 0.0)
        under = np.maximum(limits.lower - self.fill, 0.0)
        return np.where(over > TOLERANCE, over, 0.0) + np.where(under > TOLERANCE, under, 0.0)

    def take(self, part: Part, answer: Ints) -> None:
        """Put a part's answer (n) into the plan."""
        before = self.owner[part.units]
        after = np.append(part.reps, part.nobody)[answer]
        pairs = self.problem.pairs
        old, new = pairs.at(part.units, before), pairs.at(part.units, after)
        for index, values, sign in ((before, old, -1.0), (after, new, 1.0)):
            held = index < part.nobody
            at = self.problem.limits.at(index[held])
            np.add.at(self.load, at, sign * values.load[held])
            np.add.at(self.fill, at, sign * values.fill[held])
            self.used += sign * values.weight.sum(axis=0)
        self.owner[part.units] = after


def part_of(standing: Standing, arcs: Arcs, reps: Ints) -> Part:
    """Deal again, among `reps` (rising), the units they own now that have a choice in `arcs`.

    Units of the reps without a choice stay; members of `separate` sets outside keep their reps.
    """
    problem, owner = standing.problem, standing.owner
    nobody = problem.rep_count
    chosen = np.zeros(nobody + 1, dtype=bool)
    chosen[reps] = True
    offered = chosen.copy()
    offered[nobody] = True
    unit = arcs.unit
    inside = np.flatnonzero(chosen[owner[unit]] & offered[arcs.rep])
    count = np.bincount(unit[inside], minlength=owner.size)
    units = np.flatnonzero(count > 1)
    place = np.full(owner.size, -1)
    place[units] = np.arange(units.size)
    inside = inside[place[unit[inside]] >= 0]
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
    load[row[held], local_rep[held]] = values.load[inside[held]]
    fill[row[held], local_rep[held]] = values.fill[inside[held]]
    weight[row, local_rep] = values.weight[inside]

    # What the reps hold beside these units moves their limits.
    mine = problem.pairs.at(units, owner[units])
    own = np.searchsorted(reps, owner[units])
    limits, shared = problem.limits.of(reps), problem.limits.shared
    other_load, other_fill = shared(standing.load)[reps].copy(), shared(standing.fill)[reps].copy()
    np.subtract.at(other_load, limits.at(own), mine.load)
    np.subtract.at(other_fill, limits.at(own), mine.fill)
    part = replace(
        problem,
        pairs=DensePairs(allowed, cost, load, fill, weight),
        limits=limits.less(other_load, other_fill),
        budget_limit=problem.budget_limit - (standing.used - mine.weight.sum(axis=0)),
        separate=_inside(problem, place, owner, allowed, reps),
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
