"""Plans from the linear relaxation: large units first, the LP deals the rest around them.

The LP hides little where a unit is small: splitting one of 1 % of a target costs nothing that a few
exchanges cannot mend. Splitting one of 60 % hides a real decision. So

    dive     fixes the largest split units step by step where most of them is, each followed by a
             warm solve: rounding all at once costs ten times as much
    relocate moves placed units one at a time while the LP value falls: with every large unit placed
             that value is a good forecast of the plan's cost

Both work on one LP over candidate arcs, warm-started; only bounds of columns change. Where the rest
is small, the root of an integer model deals it (`plan_by_dive`).
"""

import numpy as np

from optimization.engine.bound import Certificate
from optimization.engine.core_lp import CoreLp
from optimization.engine.lp import LpOptimum
from optimization.engine.model import solve_model
from optimization.engine.problem import Arcs, Bools, Floats, Ints, Problem
from optimization.engine.rounding import rounded
from optimization.engine.watch import Watch

FRACTION = 1e-6
# A unit with nearly all of its share in one place is fixed there along with the chosen ones.
NEARLY_WHOLE = 0.95
# Units of at least this share of a target are placed one by one; smaller ones in growing groups.
LARGE = 0.05
STEP_LIMIT = 400
# Split units fixed at each step once the large ones are placed, as a share of those left.
GROUP = 0.15
# In a whole plan units of at least this share are placed before all others, and moved so often.
FIRST, RELOCATIONS = 0.2, 120
# With the large units placed, the root of an integer model over the three cheapest pairs of every
# other unit deals the rest: 0.2 to 0.4 % above the LP on the sample company. Two pairs, or units
# down to 0.05 of a target fixed as well, left no plan in half of the cases. (depth, nodes)
CORES = ((3, 1), (5, 10))
CORE_ARCS = 9_000


class DivingLp:
    """The LP over some arcs; units can be fixed at a rep and freed again.

    Units with a single arc are constants. All arrays are over all units of the problem.
    """

    def __init__(
        self, problem: Problem, arcs: Arcs, certificate: Certificate, penalty: float, room: float
    ) -> None:
        self.problem, self.arcs = problem, arcs
        self.size = unit_sizes(problem, arcs)
        count = np.diff(arcs.first)
        inside = np.flatnonzero(count > 1)
        best = arcs.rep[arcs.first[:-1]].copy()
        values = problem.pairs.at(np.arange(problem.unit_count), best)
        totals = problem.limits.totals
        priced = arcs.values.priced(arcs.rep, certificate.prices)
        least = np.minimum.reduceat(priced, arcs.first[:-1])
        spread = priced - np.repeat(least, count)
        money = max(float(spread.mean()) / 100, float(spread.max(initial=0.0)) / 1e6)
        fixed = (totals(best, values.load), totals(best, values.fill), values.weight.sum(axis=0))
        self.lp = CoreLp(problem, penalty, room, money if money > 1e-9 else 1.0, fixed)
        chosen = values.cost[inside], values.load[inside], values.fill[inside]
        self.lp.enter(
            inside, least[inside], type(values)(*chosen, values.weight[inside]), best[inside]
        )
        self.constant = float(values.cost.sum() - values.cost[inside].sum())
        is_open = np.repeat(count > 1, count)
        self.lp.add_pairs(arcs.unit[is_open], arcs.rep[is_open])
        # Columns of unit u: first[u] : first[u + 1], reps rising.
        order = np.lexsort((self.lp.rep, self.lp.unit))
        self.unit, self.rep = self.lp.unit[order], self.lp.rep[order]
        self.column = self.lp.column[order]
        self.order = order
        self.first = np.searchsorted(self.unit, np.arange(problem.unit_count + 1))
        self.fixed = np.where(count > 1, -1, best)  # (U) rep where fixed, else -1

    def solve(self, watch: Watch, cutoff: float = np.inf) -> float | None:
        """USD of the relaxation with all fixings; None where the watch struck.

        At `cutoff` or more the dual simplex may stop early: then inf is returned, and nothing else
        may be read.
        """
        if watch.is_over():
            return None
        if not self.lp.run(watch.left, cutoff - self.constant):
            return np.inf if not watch.is_over() else None
        self.share = self.lp.shares()[self.order]
        return self.lp.objective() + self.constant

    def fix(self, units: Ints, reps: Ints) -> None:
        """Give each unit to one rep (-1: free it)."""
        upper: list[Floats] = []
        columns: list[Ints] = []
        for u, j in zip(units.tolist(), reps.tolist(), strict=True):
            at = slice(self.first[u], self.first[u + 1])
            columns.append(self.column[at])
            upper.append(np.where((self.rep[at] == j) | (j < 0), self.lp.inf, 0.0))
        self.fixed[units] = reps
        if not columns:
            return
        index = np.concatenate(columns).astype(np.int32)
        lower = np.zeros(index.size)
        change = getattr(self.lp.highs, "changeColsBounds")  # noqa: B009
        change(index.size, index, lower, np.concatenate(upper))

    def split(self) -> Ints:
        """Units with a fractional share."""
        part = (self.share > FRACTION) & (self.share < 1 - FRACTION)
        return np.unique(self.unit[part])

    def largest(self, units: Ints) -> tuple[Ints, Floats]:
        """The rep with the largest share of each unit, and that share."""
        reps, shares = np.zeros(units.size, np.int64), np.zeros(units.size)
        for k, u in enumerate(units.tolist()):
            at = slice(self.first[u], self.first[u + 1])
            place = int(np.argmax(self.share[at]))
            reps[k], shares[k] = self.rep[at][place], self.share[at][place]
        return reps, shares

    def owners(self) -> Ints:
        """(U) every unit at its largest share."""
        owner = self.fixed.copy()
        free = np.flatnonzero(owner < 0)
        owner[free] = self.largest(free)[0]
        return owner

    def settle(self, smallest: float, watch: Watch) -> float | None:
        """Fix every unit of at least `smallest` at its largest share; the value then."""
        loose = np.flatnonzero((self.size >= smallest) & (self.fixed < 0))
        self.fix(loose, self.largest(loose)[0])
        return self.solve(watch)

    def core(self, depth: int) -> Arcs:
        """Pairs of lowest cost at the LP's prices: one of each fixed unit, `depth` of others.

        Pairs that the LP uses come first, so that the model of the core has its answer.
        """
        prices, arcs, fixed = self.lp.prices(), self.arcs, self.fixed
        unit = arcs.unit
        priced = arcs.values.priced(arcs.rep, prices)
        width = self.problem.rep_count + 1
        used = self.share > FRACTION
        keys = self.unit[used] * width + self.rep[used]
        priced = np.where(np.isin(unit * width + arcs.rep, keys), -np.inf, priced)
        priced = np.where(fixed[unit] == arcs.rep, -np.inf, priced)
        order = np.lexsort((arcs.rep, priced, unit))
        place = np.arange(len(arcs)) - np.repeat(arcs.first[:-1], np.diff(arcs.first))
        kept = np.sort(order[(place == 0) | ((place < depth) & (fixed[unit] < 0))])
        first = np.searchsorted(unit[kept], np.arange(arcs.first.size))
        values = arcs.values
        chosen = type(values)(
            values.cost[kept], values.load[kept], values.fill[kept], values.weight[kept]
        )
        return Arcs(first, arcs.rep[kept], chosen)


def unit_sizes(problem: Problem, arcs: Arcs) -> Floats:
    """(U) the largest share of a target that a unit takes at its least demanding rep."""
    limits = problem.limits
    matters = np.isfinite(limits.upper).any(0) | np.isfinite(limits.lower).any(0)
    matters |= (limits.price_above > 0).any(0) | (limits.price_below > 0).any(0)
    if not matters.any():
        return np.zeros(problem.unit_count)
    load = np.maximum(arcs.values.load, arcs.values.fill)[:, matters].max(axis=1)
    return np.minimum.reduceat(load, arcs.first[:-1])


def dive(lp: DivingLp, watch: Watch, smallest: float = 0.0) -> float | None:
    """Fix split units of at least `smallest` until none is left; the value of the last LP."""
    value = lp.solve(watch)
    for _ in range(STEP_LIMIT):
        if value is None:
            return None
        units = lp.split()
        units = units[lp.size[units] >= smallest]
        if not units.size:
            return value
        reps, shares = lp.largest(units)
        score = lp.size[units] * (0.2 + shares)
        count = 1 if lp.size[units].max() >= LARGE else max(int(GROUP * units.size), 1)
        chosen = np.zeros(units.size, dtype=bool)
        chosen[np.argsort(-score, kind="stable")[:count]] = True
        chosen |= shares >= NEARLY_WHOLE
        lp.fix(units[chosen], reps[chosen])
        value = lp.solve(watch)
    return value


def relocate(lp: DivingLp, watch: Watch, large: Ints, value: float, tries: int) -> float:
    """Move units of `large`, all fixed, one at a time while the LP value falls.

    Moves are tried in the order of their cost at the LP's prices, `tries` of them.
    """
    owner = lp.fixed.copy()
    is_large = np.zeros(owner.size, dtype=bool)
    is_large[large] = True
    tried: Bools = np.zeros(lp.unit.size, dtype=bool)
    for _ in range(tries):
        prices = lp.lp.prices()
        open_arcs = np.flatnonzero(is_large[lp.unit] & ~tried & (lp.rep != lp.fixed[lp.unit]))
        if not open_arcs.size:
            break
        unit, rep = lp.unit[open_arcs], lp.rep[open_arcs]
        there = lp.problem.pairs.at(unit, rep).priced(rep, prices)
        here = lp.problem.pairs.at(unit, lp.fixed[unit]).priced(lp.fixed[unit], prices)
        pick = int(np.argmin(there - here))
        u, j = unit[pick : pick + 1], rep[pick : pick + 1]
        tried[open_arcs[pick]] = True
        before = lp.fixed[u].copy()
        basis = lp.lp.highs.getBasis()
        lp.fix(u, j)
        moved = lp.solve(watch, value)
        if moved is not None and moved < value - 1e-7 * abs(value):
            value = moved
            # Around a moved unit everything may look different.
            tried[lp.unit != u[0]] = False
            continue
        lp.fix(u, before)
        lp.lp.highs.setBasis(basis)
        if moved is None or lp.solve(watch) is None:
            break
    return value


def plan_by_dive(
    problem: Problem, lp: LpOptimum, arcs: Arcs, penalty: float, room: float, watch: Watch
) -> Ints:
    """(U) owners: large units first, then moved one by one, then the rest; the LP's own rounding
    where the watch strikes before."""
    diving = DivingLp(problem, arcs, lp.certificate, penalty, room)
    if dive(diving, watch, FIRST) is None:
        return rounded(problem, lp)
    value = diving.settle(FIRST, watch)
    if value is not None:
        large = np.flatnonzero((diving.size >= FIRST) & (np.diff(arcs.first) > 1))
        relocate(diving, watch, large, value, RELOCATIONS)
        value = diving.solve(watch)
    if value is not None:
        for depth, nodes in CORES:
            core = diving.core(depth)
            if len(core) > CORE_ARCS:
                break
            answer = solve_model(
                problem,
                core,
                relaxation=room,
                watch=watch,
                rel_gap=problem.effort.rel_gap / 2,
                node_limit=nodes,
            )
            if answer.owner is not None:
                return answer.owner
        if dive(diving, watch, LARGE) is not None:
            dive(diving, watch)
    return diving.owners()
