"""Groups of neighbouring territories that are planned side by side, each as a problem of its own.

Large plans are local: at the prices of the relaxation nearly every unit has its best reps close to
each other. So the reps are split into groups such that few units have their two best reps in
different ones, and each unit goes with the rep that holds most of it in the relaxation. A group's
limits are those of its reps; every budget, and every limit of a team whose reps are in several
groups, is divided as the relaxation uses it.

At 175,000 units x 500 reps ten groups of 50 take 45 s of one core to a plan that keeps every limit,
where local search over all of it ends at 1.3 % after 100 million steps. What the borders cost is
mended by splitting again elsewhere, from the plan that there is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.problem import (
    Arcs,
    Bools,
    Floats,
    Ints,
    Limits,
    Pairs,
    PairValues,
    Prices,
    Problem,
    Ranking,
)

# Weight of competition between reps that were in one group of the split before.
TOGETHER_BEFORE = 0.2


@dataclass(frozen=True)
class Group:
    """A problem and where its units (n) and reps (m), both rising, stand in the whole one."""

    problem: Problem
    units: Ints
    reps: Ints

    def prices(self, whole: Prices) -> Prices:
        """The prices of this group's limits."""
        return Prices(whole.above[self.reps], whole.below[self.reps], whole.budget)

    def put(self, owner: Ints, answer: Ints, nobody: int) -> None:
        """Write the group's answer (n) into the owners (U) of the whole problem."""
        owner[self.units] = np.append(self.reps, nobody)[answer]

    def owners(self, owner: Ints, nobody: int) -> Ints:
        """(n) the group's own view of owners (U), all of them its reps or nobody."""
        mine = owner[self.units]
        return np.where(mine == nobody, self.reps.size, np.searchsorted(self.reps, mine))


@dataclass(frozen=True)
class Shares:
    """A plan, whole or fractional: shares (n) of units at reps, with every unit's sum 1."""

    unit: Ints
    rep: Ints
    share: Floats

    @classmethod
    def of(cls, owner: Ints) -> "Shares":
        """A whole plan; owner: (U)."""
        return cls(np.arange(owner.size), owner, np.ones(owner.size))


def groups_of(
    problem: Problem, prices: Prices, shares: Shares, size: int, apart: Ints | None = None
) -> list[Group]:
    """Split the problem into groups of about `size` reps at most.

    prices: near those of the relaxation; they say which reps compete.
    shares: what decides where units go and what budgets a group may use.
    apart: (J) group of each rep in another split; this one runs its borders elsewhere.
    """
    ranking = problem.pairs.cheapest(prices, 2)
    close = affinity(problem.rep_count, ranking)
    if apart is not None:
        close *= np.where(apart[:, None] == apart, TOGETHER_BEFORE, 1.0)
    group_of = split_reps(close, size)
    holder = np.append(group_of, -1)[_holder(problem, shares, ranking)]
    limits = _team_shares(problem, shares)
    budgets = _budget_shares(problem, shares, holder, int(group_of.max(initial=0)) + 1)
    return [
        _group(problem, limits, np.flatnonzero(holder == k), np.flatnonzero(group_of == k), budget)
        for k, budget in enumerate(budgets)
    ]


def group_numbers(groups: list[Group], reps: int) -> Ints:
    """(J) number of the group of each rep."""
    number = np.zeros(reps, dtype=np.int64)
    for k, group in enumerate(groups):
        number[group.reps] = k
    return number


def affinity(reps: int, ranking: Ranking) -> Floats:
    """(J, J) how much reps compete: units that have both as their best two, close ones more."""
    first, second = ranking.rep[:, 0], ranking.rep[:, 1]
    both = (first >= 0) & (second >= 0) & (first < reps) & (second < reps)
    margin = ranking.priced[both, 1] - ranking.priced[both, 0]
    weight = 1.0 / (1.0 + margin / max(float(np.median(margin)) if margin.size else 0.0, 1e-12))
    found = np.zeros((reps, reps))
    np.add.at(found, (first[both], second[both]), weight)
    return found + found.T


def split_reps(close: Floats, size: int) -> Ints:
    """(J) group of each rep: halves that compete little with each other, until all are small.

    close: (J, J) symmetric. A half grows from the rep that competes least, always by the rep that
    competes most with it for what it competes with others.
    """
    group_of = np.zeros(close.shape[0], dtype=np.int64)
    waiting, done = [np.arange(close.shape[0])], 0
    while waiting:
        reps = waiting.pop()
        if reps.size <= size:
            group_of[reps] = done
            done += 1
            continue
        parts = -(-reps.size // size)
        half = _grown(close[np.ix_(reps, reps)], reps.size * (parts // 2) // parts)
        waiting.extend((reps[~half], reps[half]))
    return group_of


def _grown(close: Floats, count: int) -> Bools:
    """(n) mask of `count` reps that compete much with each other and little with the rest."""
    n = close.shape[0]
    total = close.sum(axis=1)
    inside = np.zeros(n, dtype=bool)
    tie = np.zeros(n)  # what each competes with those inside
    start = int(np.argmin(total))
    for _ in range(count):
        free = ~inside
        if tie[free].max(initial=0.0) > 0:
            start = int(np.argmax(np.where(free, tie / np.maximum(total, 1e-12), -1.0)))
        elif inside.any():
            start = int(np.argmin(np.where(free, total, np.inf)))
        inside[start] = True
        tie += close[start]
    for _ in range(4 * n):
        # Exchange the pair that gains most, as Kernighan and Lin do.
        within = close @ inside
        pull = np.where(inside, total - 2 * within, 2 * within - total)
        a = int(np.argmax(np.where(inside, pull, -np.inf)))
        b = int(np.argmax(np.where(inside, -np.inf, pull)))
        if pull[a] + pull[b] - 2 * close[a, b] <= 1e-9 * total.max():
            break
        inside[a], inside[b] = False, True
    return inside


def _holder(problem: Problem, shares: Shares, ranking: Ranking) -> Ints:
    """(U) the rep that holds most of each unit; its best one where that is nobody."""
    holder = ranking.rep[:, 0].copy()
    order = np.lexsort((-shares.rep, shares.share))
    holder[shares.unit[order]] = shares.rep[order]
    nobody = problem.rep_count
    at_nobody = np.flatnonzero(holder == nobody)
    if at_nobody.size:
        zero = Prices.zero(nobody, len(problem.resources), len(problem.budgets))
        best = problem.pairs.cheapest(zero, 2, at_nobody).rep
        holder[at_nobody] = np.where(best[:, 0] < nobody, best[:, 0], best[:, 1])
    return holder


def _budget_shares(problem: Problem, shares: Shares, holder: Ints, count: int) -> Floats:
    """(G, B) what each group may use of each budget: the same part of what it uses now."""
    values = problem.pairs.at(shares.unit, shares.rep)
    used = np.zeros((count, len(problem.budgets)))
    np.add.at(used, holder[shares.unit], values.weight * shares.share[:, None])
    total = used.sum(axis=0)
    part = np.where(total > 0, used / np.where(total > 0, total, 1.0), 1.0 / count)
    return part * problem.budget_limit


def _team_shares(problem: Problem, shares: Shares) -> Callable[[Ints], Limits]:
    """The limits of some reps: of a team's limit the part that they have of its load now."""
    limits = problem.limits
    if limits.place is None:
        return limits.of
    values = problem.pairs.at(shares.unit, shares.rep)
    everyone, is_team = np.arange(problem.rep_count), limits.is_team

    def held(taken: Floats) -> tuple[Floats, Floats]:
        """(J, E) what each rep holds, and what its team does."""
        mine = np.zeros((problem.rep_count + 1, taken.shape[1]))
        np.add.at(mine, shares.rep, taken * shares.share[:, None])
        return mine[:-1], limits.shared(limits.totals(everyone, mine[:-1]))

    load, fill = held(values.load), held(values.fill)

    def of(reps: Ints) -> Limits:
        part = limits.of(reps)

        def times(limit: Floats, mine: Floats, whole: Floats) -> Floats:
            here, all_of_it = part.totals(np.arange(reps.size), mine[reps]), whole[reps]
            share = np.where(all_of_it > 0, here / np.where(all_of_it > 0, all_of_it, 1.0), 1.0)
            is_shared = np.isfinite(limit) & is_team
            return np.where(is_shared, np.where(is_shared, limit, 0.0) * share, limit)

        return replace(
            part,
            upper=times(part.upper, *load),
            soft_upper=times(part.soft_upper, *load),
            lower=times(part.lower, *fill),
            soft_lower=times(part.soft_lower, *fill),
        )

    return of


def _group(
    problem: Problem, limits: Callable[[Ints], Limits], units: Ints, reps: Ints, budget: Floats
) -> Group:
    place = np.full(problem.rep_count + 1, -1)
    place[reps] = np.arange(reps.size)
    at = np.full(problem.unit_count, -1)
    at[units] = np.arange(units.size)
    sets = [at[members][at[members] >= 0] for members in problem.separate]
    incumbent = None if problem.incumbent is None else place[problem.incumbent[units]]
    return Group(
        problem=replace(
            problem,
            pairs=PairsAmong(problem.pairs.limited_to(reps), units, reps),
            limits=limits(reps),
            budget_limit=budget,
            separate=tuple(members for members in sets if members.size > 1),
            incumbent=incumbent,
        ),
        units=units,
        reps=reps,
    )


class PairsAmong:
    """The pairs of some units (n) and reps (m) of another source, by their places there.

    pairs: a source that allows these units only these reps and nobody.
    """

    def __init__(self, pairs: Pairs, units: Ints, reps: Ints) -> None:
        self.pairs, self.units, self.reps = pairs, units, np.append(reps, pairs.rep_count)
        self._place = np.full(pairs.rep_count + 2, -1)
        self._place[self.reps] = np.arange(self.reps.size)

    @property
    def unit_count(self) -> int:
        return self.units.size

    @property
    def rep_count(self) -> int:
        return self.reps.size - 1

    def allowed_reps(self, unit: int) -> Ints:
        return self._place[self.pairs.allowed_reps(int(self.units[unit]))]

    def pair_count(self) -> int:
        """An upper bound where some units may have fewer reps: it decides only the way taken."""
        return self.unit_count * self.rep_count

    def limited_to(self, reps: Ints) -> "PairsAmong":
        return PairsAmong(self.pairs.limited_to(self.reps[reps]), self.units, self.reps[:-1])

    def at(self, unit: Ints, rep: Ints) -> PairValues:
        return self.pairs.at(self.units[unit], self.reps[rep])

    def cheapest(self, prices: Prices, depth: int, units: Ints | None = None) -> Ranking:
        chosen = self.units if units is None else self.units[units]
        shape = (self.pairs.rep_count, prices.above.shape[1])
        above, below = np.zeros(shape), np.zeros(shape)
        above[self.reps[:-1]], below[self.reps[:-1]] = prices.above, prices.below
        whole = Prices(above, below, prices.budget)
        ranking = self.pairs.cheapest(whole, min(depth, self.reps.size), chosen)
        # Place -1 is that of the missing ones.
        return Ranking(self._place[ranking.rep], ranking.priced)

    def all_arcs(self, units: Ints | None = None) -> Arcs:
        chosen = self.units if units is None else self.units[units]
        arcs = self.pairs.all_arcs(chosen)
        return Arcs(arcs.first, self._place[arcs.rep], arcs.values)
