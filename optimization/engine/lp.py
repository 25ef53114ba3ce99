"""The exact linear relaxation over all pairs, by column generation on a core of units.

Given prices settle most units: their priced cost at the best rep is far below that at any other.
Those stay there, and the LP (`core_lp`) holds the others with a few pairs each. After each solve
every allowed pair of every unit is priced with the new duals: pairs of negative reduced cost enter,
and so do units that another rep would now take for less. When nothing enters, the optimum of the
core is the optimum over all pairs and the bound of its prices equals its value.

The simplex starts from the basis that comes with the prices (`basis`), where there is one; larger
problems without prices get them from the smoothed dual (`prices`).
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.engine.answer import Tell
from optimization.engine.basis import basis_of, warm
from optimization.engine.bound import Certificate, limit_terms, valid_prices
from optimization.engine.core import unsettled_units
from optimization.engine.core_lp import CoreLp
from optimization.engine.prices import fit_prices
from optimization.engine.problem import Floats, Ints, PairValues, Prices, Problem, Ranking
from optimization.engine.watch import Watch
from optimization.errors import SolverError

# Up to this many pairs all of them are columns from the start.
ALL_PAIRS = 20_000
# Units per rep from which prices are fitted before the first LP.
FITTED_PER_REP = 100
# Units per rep in the core of an LP with prices, pairs of each at the start, and units per rep that
# may enter in one round: a single territory whose price is far off would draw in a third of all.
CORE_PER_REP = 25
START_PAIRS = 4
ENTRANTS_PER_REP = 10
# Pairs of a unit that may enter in one round.
PAIRS_PER_ROUND = 3
ROUND_LIMIT = 60
# Reduced cost, in the scale of the LP (typical costs 100), from which a pair enters.
ENTRY = 1e-6
# Shares of a fractional plan below this are rounding.
SHARE = 1e-9


@dataclass(frozen=True)
class LpOptimum:
    """The linear relaxation with its proof.

    certificate: bound over all pairs; where `is_exact`, equal to `value`.
    value: USD of the fractional plan, priced excess of hard limits included.
    unit, rep, share: the fractional plan, shares above 1e-9, by unit and rep.
    relaxation: total excess of hard limits in the fractional plan, in scaled units.
    is_exact: no pair of the problem has a negative reduced cost.
    """

    certificate: Certificate
    value: float
    unit: Ints
    rep: Ints
    share: Floats
    relaxation: float
    is_exact: bool

    @property
    def prices(self) -> Prices:
        return self.certificate.prices


def solve_lp(
    problem: Problem,
    *,
    penalty: float,
    relaxation: float = 0.0,
    start: Prices | None = None,
    watch: Watch,
    tell: Tell | None = None,
    rel_gap: float = 0.0,
    round_limit: int = ROUND_LIMIT,
) -> LpOptimum:
    """Solve the linear relaxation over all allowed pairs.

    penalty: USD per scaled unit of excess of a hard limit or budget, finite: every restricted LP
    has a solution. Where the optimum has excess beyond `relaxation`, no fractional plan keeps the
    limits, or the penalty is too small to show one.
    relaxation: total excess that costs nothing.
    start: prices near the optimum; with them only unsettled units are in the LP. Prices of an
    earlier `LpOptimum` bring its basis along.
    rel_gap: share of the value at which to stop short of the optimum.
    round_limit: LPs at most; with 0 every unit stands at its cheapest rep at the prices of `start`.

    Raises:
        SolverError: HiGHS refused the arrays, or a unit has no allowed rep.
    """
    if start is None and problem.unit_count > FITTED_PER_REP * max(problem.rep_count, 1):
        start = fit_prices(problem, watch, tell, penalty=penalty)
    solving = Relaxation(problem, penalty, relaxation, start, watch, tell, rel_gap)
    return solving.solve(round_limit)


class Relaxation:
    """The rounds of one solve; afterwards units can be placed and everything priced out again."""

    def __init__(
        self,
        problem: Problem,
        penalty: float,
        relaxation: float,
        start: Prices | None,
        watch: Watch,
        tell: Tell | None,
        rel_gap: float,
    ) -> None:
        self.rel_gap = rel_gap
        self.problem, self.penalty, self.relaxation = problem, penalty, relaxation
        self.watch, self.tell = watch, tell
        self.key_base = problem.rep_count + 1
        zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
        prices = valid_prices(problem.limits, start or zero)
        self.best = Certificate(-np.inf, prices)
        ranking = problem.pairs.cheapest(prices, START_PAIRS)
        if ranking.rep.shape[0] and (ranking.rep[:, 0] < 0).any():
            unit = int(np.flatnonzero(ranking.rep[:, 0] < 0)[0])
            raise SolverError(f"unit {unit} has no rep that may own it")
        self._certify(prices, ranking)
        self.owner = ranking.rep[:, 0].copy()  # where units outside the core stand
        self.is_closed = np.zeros(problem.unit_count, dtype=bool)  # units that take no new pairs
        self.values = problem.pairs.at(np.arange(problem.unit_count), self.owner)
        self.lp = CoreLp(problem, penalty, relaxation, _money(ranking), self._whole())
        basis = basis_of(start)
        units = self._core(ranking, start is not None, basis.unit)
        self.lp.enter(units, ranking.priced[units, 0], _of(self.values, units), self.owner[units])
        if problem.pairs.pair_count() <= ALL_PAIRS:
            arcs = problem.pairs.all_arcs(units)
            self.lp.add_pairs(units[arcs.unit], arcs.rep)
        else:
            self._add_ranked(units, ranking)
        self.lp.add_pairs(basis.unit, basis.rep)
        self.lp.start_from(basis, self.owner)

    def solve(self, round_limit: int) -> LpOptimum:
        answer = self._settled()
        broken = 0
        for number in range(round_limit):
            is_feasible = number > 0 and not broken
            if self.watch.is_over():
                break
            if not self.lp.run(self.watch.left, is_feasible=is_feasible):
                break
            answer = self._solved()
            prices = valid_prices(self.problem.limits, self.lp.prices())
            extra = {key: price for key, price in self.lp.set_prices().items() if price > 0}
            ranking = self._ranked(prices, extra)
            self._certify(prices, ranking, sum(extra.values()))
            shortfall = answer.value - self.best.bound
            if self.rel_gap > 0 and shortfall <= self.rel_gap * abs(answer.value):
                return self._with_basis(answer)
            broken = self.lp.add_broken_sets(self.lp.shares())
            entered = self._enter(prices, ranking)
            if not broken and not entered:
                return self._with_basis(replace(answer, is_exact=True))
        return replace(answer, certificate=self.best)

    # -- units that get one rep --------------------------------------------------------------------

    def place(self, units: Ints, reps: Ints) -> None:
        """Give each unit, which is in the LP, to one rep for good; `resolve` comes next."""
        self.is_closed[units] = True
        self.lp.keep_only(units, reps)

    def release(self, units: Ints) -> None:
        """Take back the placing of units: all their columns are open again."""
        self.is_closed[units] = False
        self.lp.open_all(units)

    def complete(self, unit: int) -> Ints:
        """All pairs of a unit become columns; its allowed reps, rising."""
        reps = self.problem.pairs.allowed_reps(unit)
        units = np.full(reps.size, unit)
        if self.lp.owner_row[unit] < 0:
            one, owner = units[:1], self.owner[units[:1]]
            least = self.problem.pairs.at(units, reps).priced(reps, self.best.prices).min()
            self.lp.enter(one, np.array([least]), _of(self.values, one), owner)
            self.lp.add_pairs(units, reps)
            self.lp.settle(one, owner)
        self.lp.add_pairs(units, reps)
        self.is_closed[unit] = True
        return reps

    def resolve(self, round_limit: int) -> float | None:
        """Solve again, then price out and solve at most `round_limit` times; USD of the last LP.

        None where the watch struck.
        """
        for number in range(round_limit + 1):
            if self.watch.is_over() or not self.lp.run(self.watch.left, is_feasible=number > 0):
                return None
            if number == round_limit:
                break
            prices = valid_prices(self.problem.limits, self.lp.prices())
            ranking = self.problem.pairs.cheapest(prices, PAIRS_PER_ROUND)
            if not self._enter(prices, ranking):
                break
        outside = self.lp.owner_row < 0
        return self.lp.objective() + float(self.values.cost[outside].sum())

    def owners(self) -> Ints:
        """(U) every unit at its largest share in the last LP; ties go to the smaller rep."""
        lp, owner = self.lp, self.owner.copy()
        share = lp.shares()
        order = np.lexsort((-lp.rep, share))
        owner[lp.unit[order]] = lp.rep[order]
        return owner

    def _with_basis(self, answer: LpOptimum) -> LpOptimum:
        prices = warm(self.best.prices, self.lp.basis())
        return replace(answer, certificate=Certificate(self.best.bound, prices))

    # -- the core --------------------------------------------------------------------------------

    def _core(self, ranking: Ranking, is_priced: bool, split: Ints) -> Ints:
        """Units of the first LP; those with one pair stay outside."""
        is_open = (ranking.rep[:, 1:] >= 0).any(axis=1)
        units = np.flatnonzero(is_open)
        count = CORE_PER_REP * self.problem.rep_count
        if is_priced and count < units.size:
            units = unsettled_units(ranking, self.values, count)
        # Rows of separate sets know only columns, so their units are always in.
        return np.unique(np.concatenate([units, split, *self.problem.separate]))

    def _whole(self) -> tuple[Floats, Floats, Floats]:
        """Load, fill and weight of all units where they stand."""
        totals = self.problem.limits.totals
        load, fill = totals(self.owner, self.values.load), totals(self.owner, self.values.fill)
        return load, fill, self.values.weight.sum(axis=0)

    def _enter(self, prices: Prices, ranking: Ranking) -> int:
        """Add pairs of negative reduced cost, and the units outside that have one."""
        lp, room = self.lp, ENTRY * self.lp.money
        best = ranking.priced[:, 0]
        outside = np.flatnonzero((lp.owner_row < 0) & (ranking.rep[:, 0] != self.owner))
        now = _of(self.values, outside).priced(self.owner[outside], prices)
        saved = now - best[outside]
        most = ENTRANTS_PER_REP * self.problem.rep_count
        first = np.argsort(-saved, kind="stable")[:most]
        outside = np.sort(outside[first[saved[first] > room]])
        inside = np.flatnonzero((lp.owner_row >= 0) & ~self.is_closed)
        dual = lp.dual[lp.owner_row[inside]] * lp.money + lp.offset[inside]
        cheaper = ranking.priced[inside] < dual[:, None] - room
        row, place = np.nonzero(cheaper & (ranking.rep[inside] >= 0))
        entered = lp.add_pairs(inside[row], ranking.rep[inside[row], place])
        lp.enter(outside, best[outside], _of(self.values, outside), self.owner[outside])
        entered += self._add_ranked(outside, ranking)
        lp.settle(outside, self.owner[outside])
        return entered

    def _add_ranked(self, units: Ints, ranking: Ranking) -> int:
        """Columns for units that just came in: their ranked reps and where they stood."""
        row, place = np.nonzero(ranking.rep[units] >= 0)
        return self.lp.add_pairs(
            np.concatenate((units[row], units)),
            np.concatenate((ranking.rep[units[row], place], self.owner[units])),
        )

    # -- the bound -------------------------------------------------------------------------------

    def _ranked(self, prices: Prices, extra: dict[tuple[int, int], float]) -> Ranking:
        """The cheapest pairs of all units, prices of separate sets (set, rep) included."""
        ranking = self.problem.pairs.cheapest(prices, PAIRS_PER_ROUND)
        if not extra:
            return ranking
        units = np.unique(np.concatenate([self.problem.separate[s] for s, _ in extra]))
        arcs = self.problem.pairs.all_arcs(units)
        priced = np.full((units.size, self.key_base), np.inf)
        priced[arcs.unit, arcs.rep] = arcs.values.priced(arcs.rep, prices)
        for (s, rep), price in extra.items():
            priced[np.searchsorted(units, self.problem.separate[s]), rep] += price
        depth = ranking.rep.shape[1]
        order = np.argsort(priced, axis=1, kind="stable")[:, :depth]
        best = np.take_along_axis(priced, order, axis=1)
        ranking.rep[units], ranking.priced[units] = np.where(np.isfinite(best), order, -1), best
        return ranking

    def _certify(self, prices: Prices, ranking: Ranking, set_prices: float = 0.0) -> None:
        """Keep the best bound; each set lets its price be earned once per rep."""
        bound = float(ranking.priced[:, 0].sum()) - set_prices
        bound -= limit_terms(self.problem, prices, self.relaxation)
        if bound > self.best.bound:
            self.best = Certificate(bound, prices)
        if self.tell:
            self.tell("relaxation", self.best.bound, None)

    # -- the answer ------------------------------------------------------------------------------

    def _settled(self) -> LpOptimum:
        """Every unit at its owner: the plan there is before the first LP is solved."""
        evaluation = self.problem.evaluate(self.owner)
        excess = evaluation.relaxation
        return self._answer(
            np.arange(self.problem.unit_count),
            self.owner,
            np.ones(self.problem.unit_count),
            evaluation.objective + self.penalty * max(excess - self.relaxation, 0.0),
            excess,
        )

    def _solved(self) -> LpOptimum:
        """The plan of the LP just solved, with the units outside where they stand."""
        lp = self.lp
        outside = np.flatnonzero(lp.owner_row < 0)
        share = lp.shares()
        kept = share > SHARE
        return self._answer(
            np.concatenate((lp.unit[kept], outside)),
            np.concatenate((lp.rep[kept], self.owner[outside])),
            np.concatenate((share[kept], np.ones(outside.size))),
            lp.objective() + float(self.values.cost[outside].sum()),
            lp.excess(),
        )

    def _answer(
        self, unit: Ints, rep: Ints, share: Floats, value: float, excess: float
    ) -> LpOptimum:
        order = np.argsort(unit * self.key_base + rep)
        return LpOptimum(self.best, value, unit[order], rep[order], share[order], excess, False)


def _of(values: PairValues, at: Ints) -> PairValues:
    return PairValues(values.cost[at], values.load[at], values.fill[at], values.weight[at])


def _money(ranking: Ranking) -> float:
    """USD of one unit of cost in the LP: typical differences of 100, since tolerances of HiGHS are
    absolute, and none above 1e6."""
    spread = ranking.priced - ranking.priced[:, :1]
    spread = spread[np.isfinite(spread)]
    money = max(float(spread.mean()) / 100, float(spread.max()) / 1e6) if spread.size else 0.0
    # Rounding noise of equal costs is no spread: dividing by 1e-17 would make costs infinite.
    return money if money > 1e-9 else 1.0
