"""The problem the engine solves, as arrays.

Symbols (units u in U, reps j in J, resources e in E, budgets b in B)
    x_uj     1 if unit u belongs to rep j; j = |J| is *nobody* and holds no resource
    c_uj     cost, USD a year
    a_uje    load:  what u takes of resource e of rep j, counted against the upper sides
    f_uje    fill:  what u brings toward the lower sides; the load unless a unit is a giant
    w_ujb    weight of the pair (u, j) in budget b, in the unit that excess is measured in

minimise    sum c_uj x_uj
            + sum_je price_above_je * max(load_je - soft_upper_je, 0)
            + sum_je price_below_je * max(soft_lower_je - fill_je, 0)
subject to  sum_j x_uj = 1
            lower_je <= fill_je,   load_je <= upper_je                    (hard limits)
            sum_uj w_ujb x_uj <= budget_limit_b                           (hard)
            at most one unit of every `separate` set at any one rep
with load_je = sum_u a_uje x_uj and fill_je = sum_u f_uje x_uj.

A limit may be of a *team* (the reps of a manager or region): then load_je and fill_je are sums over
its members, counted in the place of the first of them (`Limits.place`), and so is the limit.

Loads are scaled: 1 is the rep's whole target or capacity. Excess of hard limits and budgets is
measured in that scale; their sum is the *relaxation* of a plan, 0 for a plan that keeps them all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Array = TypeVar("Array", Floats, Ints)

# Scaled loads from which HiGHS no longer treats rows reliably (from 1e15 it drops them silently).
COEFFICIENT_LIMIT = 1e7
# Share of a target by which a limit may be missed and still counts as kept: 1 in a million.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Limits:
    """Limits of every rep and resource, (J, E) each; infinite where there is none."""

    lower: Floats
    upper: Floats
    soft_lower: Floats
    soft_upper: Floats
    price_below: Floats  # USD per scaled unit, 0 without a soft lower limit
    price_above: Floats  # USD per scaled unit, 0 without a soft upper limit
    # (J, E) the rep in whose place the loads of each rep count: the first of the team where a limit
    # is a team's, whose other members have none of their own. None: everybody's in their own.
    place: Ints | None = None

    @classmethod
    def none(cls, reps: int, resources: int) -> "Limits":
        """Limits that limit nothing."""
        shape = (reps, resources)
        return cls(
            lower=np.full(shape, -np.inf),
            upper=np.full(shape, np.inf),
            soft_lower=np.full(shape, -np.inf),
            soft_upper=np.full(shape, np.inf),
            price_below=np.zeros(shape),
            price_above=np.zeros(shape),
        )

    @property
    def is_team(self) -> Bools:
        """(E) resources whose limits are of teams."""
        if self.place is None:
            return np.zeros(self.upper.shape[1], dtype=bool)
        return (self.place != np.arange(self.upper.shape[0])[:, None]).any(axis=0)

    def of(self, reps: Ints) -> "Limits":
        """The limits of some reps, rising; a team's are those of its members among them."""
        if self.place is None:
            return self._mapped(lambda value, _: value[reps])
        team = self.place[reps]
        local = np.empty(team.shape, dtype=np.int64)
        for e in range(team.shape[1]):
            _, first, of = np.unique(team[:, e], return_index=True, return_inverse=True)
            local[:, e] = first[of]
        is_first = local == np.arange(reps.size)[:, None]
        mine = self._mapped(lambda value, none: np.where(is_first, self.shared(value)[reps], none))
        return replace(mine, place=local)

    def seen_by(self, reps: Ints) -> "Limits":
        """The limits that each of some reps is under, (n, E), a team's in every member's row."""
        return self._mapped(lambda value, _: self.shared(value)[reps])

    def less(self, load: Floats, fill: Floats) -> "Limits":
        """What is left of the limits beside a load and a fill, (J, E) each."""
        return replace(
            self,
            lower=self.lower - fill,
            upper=self.upper - load,
            soft_lower=self.soft_lower - fill,
            soft_upper=self.soft_upper - load,
        )

    def _mapped(self, change: Callable[[Floats, float], Floats]) -> "Limits":
        """Each array changed; the second argument is what stands for no limit there."""
        return Limits(
            lower=change(self.lower, -np.inf),
            upper=change(self.upper, np.inf),
            soft_lower=change(self.soft_lower, -np.inf),
            soft_upper=change(self.soft_upper, np.inf),
            price_below=change(self.price_below, 0.0),
            price_above=change(self.price_above, 0.0),
        )

    # -- where loads count -----------------------------------------------------------------------

    def at(self, rep: Ints) -> tuple[Ints, ...]:
        """Index of (J, E) where what pairs (n) bring to reps counts, for `np.add.at`."""
        if self.place is None:
            return (rep,)
        return self.place[rep], np.arange(self.place.shape[1])[None, :]

    def totals(self, rep: Ints, values: Floats) -> Floats:
        """(J, E) sums of values (n, E) of pairs with reps (n); those of nobody are left out."""
        reps, resources = self.upper.shape
        total = np.zeros((reps + 1, resources))
        for e in range(resources):
            at = rep if self.place is None else np.append(self.place[:, e], reps)[rep]
            total[:, e] = np.bincount(at, weights=values[:, e], minlength=reps + 1)
        return total[:-1]

    def shared(self, values: Array) -> Array:
        """(J, E) values of every rep's place: a team's, in the row of each of its members."""
        if self.place is None:
            return values
        return values[self.place, np.arange(self.place.shape[1])]

    def own(self, values: Floats) -> Floats:
        """(J, E) values that are shared, each of them in its place only."""
        if self.place is None:
            return values
        return np.where(self.place == np.arange(self.place.shape[0])[:, None], values, 0.0)


@dataclass(frozen=True)
class Prices:
    """A dual price, >= 0, of every limit. Any such prices prove a lower bound (see `bound`).

    The price of a team's limit stands in the row of every member, so that what a pair costs at the
    prices is the same sum for all limits.
    """

    above: Floats  # (J, E) USD per scaled unit of load
    below: Floats  # (J, E) USD per scaled unit of fill
    budget: Floats  # (B) USD per unit of weight

    @classmethod
    def zero(cls, reps: int, resources: int, budgets: int) -> "Prices":
        return cls(np.zeros((reps, resources)), np.zeros((reps, resources)), np.zeros(budgets))


@dataclass(frozen=True)
class PairValues:
    """What given pairs cost and take: n pairs."""

    cost: Floats  # (n)
    load: Floats  # (n, E)
    fill: Floats  # (n, E)
    weight: Floats  # (n, B)

    def priced(self, rep: Ints, prices: Prices) -> Floats:
        """Cost at the prices of all limits, (n): c + above . a - below . f + budget . w."""
        total = self.cost + self.weight @ prices.budget
        held = rep < prices.above.shape[0]
        at = np.where(held, rep, 0)
        limits = (prices.above[at] * self.load - prices.below[at] * self.fill).sum(axis=1)
        return total + np.where(held, limits, 0.0)

    def stake(self, rep: Ints, prices: Prices) -> Floats:
        """What is at stake for the limits, (n) USD: above . a + below . f; 0 for nobody."""
        held = rep < prices.above.shape[0]
        at = np.where(held, rep, 0)
        limits = (prices.above[at] * self.load + prices.below[at] * self.fill).sum(axis=1)
        return np.where(held, limits, 0.0)


@dataclass(frozen=True)
class Ranking:
    """The cheapest reps of some units at given prices, best first; (n, depth) each.

    Missing places hold rep -1 and priced cost inf. Ties go to the smaller rep index.
    """

    rep: Ints
    priced: Floats


@dataclass(frozen=True)
class Arcs:
    """Chosen pairs, grouped by unit: those of unit u are first[u] : first[u + 1], reps rising."""

    first: Ints  # (U + 1)
    rep: Ints  # (A)
    values: PairValues  # of the A pairs

    @property
    def unit(self) -> Ints:
        """Unit of each arc, (A)."""
        return np.repeat(np.arange(self.first.size - 1), np.diff(self.first))

    def __len__(self) -> int:
        return self.rep.size


class Pairs(Protocol):
    """Where pair values come from: stored matrices, or functions of accounts and reps.

    Units and reps are indices. Rep `rep_count` is nobody; only units that may stay unassigned have
    that pair. Implementations are deterministic whatever the number of threads.
    """

    @property
    def unit_count(self) -> int: ...

    @property
    def rep_count(self) -> int: ...

    def allowed_reps(self, unit: int) -> Ints:
        """Reps that may own the unit, rising; with `rep_count` last where it may have nobody."""
        ...

    def at(self, unit: Ints, rep: Ints) -> PairValues:
        """Values of the pairs (unit[k], rep[k]), allowed or not."""
        ...

    def cheapest(self, prices: Prices, depth: int, units: Ints | None = None) -> Ranking:
        """The `depth` allowed reps of lowest priced cost, over *all* allowed pairs of the units.

        units: (n) rising; None for all of them. The basis of bounds and of candidate lists.
        """
        ...

    def all_arcs(self, units: Ints | None = None) -> Arcs:
        """Every allowed pair of the units (of all of them by default); `first` has n + 1 places."""
        ...

    def pair_count(self) -> int:
        """Number of allowed pairs."""
        ...

    def limited_to(self, reps: Ints) -> "Pairs":
        """The same units and reps, but only pairs with `reps` (rising) and with nobody allowed.

        Units with a single allowed rep keep it.
        """
        ...


@dataclass(frozen=True)
class Effort:
    """How hard the engine works. Work limits keep plans repeatable; the clock does not."""

    rel_gap: float = 1e-4  # share of the objective at which the search may stop
    node_limit: int = 10_000  # branch-and-bound nodes per integer model
    search_steps: int = 0  # local-search evaluations a round, millions; 0: chosen by size
    rounds: int = 3  # rounds of improvement after the first plan
    threads: int = 1
    # Relaxation above the least that a plan may have where that is cheaper, in scaled units.
    relaxation_slack: float = 0.0


@dataclass(frozen=True)
class Problem:
    """Everything that decides a plan. Never changed in place."""

    pairs: Pairs
    limits: Limits
    resources: tuple[str, ...]  # (E) names
    budget_limit: Floats = field(default_factory=lambda: np.zeros(0))  # (B)
    budgets: tuple[str, ...] = ()  # (B) names
    separate: tuple[Ints, ...] = ()  # sets of two or more units that need different owners
    incumbent: Ints | None = None  # (U) today's rep, -1 without one: a place to start from
    effort: Effort = field(default_factory=Effort)
    seed: int = 7

    @property
    def unit_count(self) -> int:
        return self.pairs.unit_count

    @property
    def rep_count(self) -> int:
        return self.pairs.rep_count

    def evaluate(self, owner: Ints) -> "Evaluation":
        """Cost and limits of a plan; owner: (U) rep index, `rep_count` for nobody."""
        values = self.pairs.at(np.arange(self.unit_count), owner)
        return Evaluation(
            problem=self,
            pair_cost=float(values.cost.sum()),
            load=self.limits.totals(owner, values.load),
            fill=self.limits.totals(owner, values.fill),
            budget_use=values.weight.sum(axis=0),
            clashes=self._clashes(owner),
        )

    def _clashes(self, owner: Ints) -> int:
        """Number of units too many at one rep, over all separate sets."""
        count = 0
        for members in self.separate:
            held = owner[members]
            held = held[held < self.rep_count]
            count += held.size - np.unique(held).size
        return count

    def widened(self, owner: Ints) -> "Problem":
        """The problem with each limit that a plan exceeds widened to what it needs; owner: (U)."""
        plan, limits = self.evaluate(owner), self.limits
        return replace(
            self,
            limits=replace(
                limits,
                upper=np.where(plan.excess_above > 0, plan.load, limits.upper),
                lower=np.where(plan.excess_below > 0, plan.fill, limits.lower),
            ),
            budget_limit=np.where(plan.excess_budget > 0, plan.budget_use, self.budget_limit),
        )

    def with_effort(self, **changes: float) -> "Problem":
        return replace(self, effort=replace(self.effort, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Evaluation:
    """A plan held against its problem."""

    problem: Problem
    pair_cost: float
    load: Floats  # (J, E)
    fill: Floats  # (J, E)
    budget_use: Floats  # (B)
    clashes: int

    @property
    def excess_above(self) -> Floats:
        """(J, E) load above the hard upper limits; misses within the tolerance are 0."""
        return _beyond(self.load - self.problem.limits.upper)

    @property
    def excess_below(self) -> Floats:
        """(J, E) fill missing to the hard lower limits."""
        return _beyond(self.problem.limits.lower - self.fill)

    @property
    def excess_budget(self) -> Floats:
        """(B) use above the budgets."""
        return _beyond(self.budget_use - self.problem.budget_limit)

    @property
    def relaxation(self) -> float:
        """Total excess of hard limits and budgets, 0 for a plan that keeps them all."""
        parts = (self.excess_above, self.excess_below, self.excess_budget)
        return float(sum(part.sum() for part in parts))

    @property
    def is_feasible(self) -> bool:
        return self.relaxation == 0.0 and self.clashes == 0

    @property
    def soft_cost(self) -> Floats:
        """(J, E) USD for what lies beyond the soft limits."""
        limits = self.problem.limits
        above = np.maximum(self.load - limits.soft_upper, 0.0)
        below = np.maximum(limits.soft_lower - self.fill, 0.0)
        return limits.price_above * above + limits.price_below * below

    @property
    def objective(self) -> float:
        """Cost in USD; relaxations are not priced."""
        return self.pair_cost + float(self.soft_cost.sum())


def _beyond(excess: Floats) -> Floats:
    return np.where(excess > TOLERANCE, excess, 0.0)
