"""The problem as the search kernels see it: units with a choice, and every limit as an upper side.

Units with one candidate are part of the background. Each limit becomes an upper side of a signed
amount (loads as they are, fills with a minus), so that the kernels know one kind of limit only.
"""

from dataclasses import dataclass

import numpy as np

from optimization.engine.problem import (
    TOLERANCE,
    Arcs,
    Bools,
    Floats,
    Ints,
    PairValues,
    Prices,
    Problem,
)
from optimization.engine.search_kernels import Field

# Penalties of a course's start: what lies above a limit must cost clearly more than the limit's
# dual price, or plans settle there. Hard limits beyond soft ones often have no dual price, so the
# soft price and a multiple of the typical price of an amount come on top: with a fiftieth of that
# multiple, plans of 40 territories in four bands end 0.6 % dearer.
DUAL_SHARE, SOFT_SHARE, TYPICAL_SHARE = 2.5, 1.0, 10.0


@dataclass(frozen=True)
class Ground:
    """The problem as the kernels see it, and the sums of the units without a choice."""

    units: Ints  # (F) units with a choice
    field: Field
    base: tuple[Floats, Floats, Floats, float]
    start: Ints  # (F) arcs of the start
    penalty: Floats  # (J + 1, Q) first penalties
    budget_penalty: Floats  # (B)
    team_penalty: Floats  # (Z)
    clash_penalty: float
    spread: float  # typical USD between a unit's two cheapest arcs

    @classmethod
    def of(cls, problem: Problem, arcs: Arcs, owner: Ints, prices: Prices | None) -> "Ground":
        arcs = _with_pairs(problem, arcs, owner)
        sides, teams = Sides.of(problem), TeamSides.of(problem)
        unit = arcs.unit
        reps, budgets = problem.rep_count, len(problem.budgets)
        at_start = np.flatnonzero(arcs.rep == owner[unit])
        choices = np.diff(arcs.first)
        units = np.flatnonzero(choices > 1)
        fixed = at_start[choices == 1]
        base_y = np.zeros((reps + 1, sides.column.size))
        np.add.at(base_y, owner[choices == 1], sides.amounts(_part(arcs.values, fixed)))
        base = (
            base_y,
            teams.held(owner[choices == 1], _part(arcs.values, fixed)),
            arcs.values.weight[fixed].sum(axis=0),
            float(arcs.values.cost[fixed].sum()),
        )
        duals = prices or Prices.zero(reps, len(problem.resources), budgets)
        priced = arcs.values.priced(arcs.rep, duals)
        free = np.flatnonzero(choices[unit] > 1)
        order = free[np.lexsort((arcs.rep[free], priced[free], unit[free]))]
        rank_of = np.empty(len(arcs), np.int64)
        rank_of[order] = np.arange(order.size)
        values = _part(arcs.values, order)
        first = np.concatenate(([0], np.cumsum(choices[units]))).astype(np.int64)
        local = np.repeat(np.arange(units.size), choices[units])
        rep = arcs.rep[order]
        priced = priced[order]
        gaps = priced[first[:-1] + 1] - priced[first[:-1]]
        spread = float(np.mean(gaps)) if gaps.size else 0.0
        amount = sides.amounts(values)
        typical = float(np.abs(amount).mean()) if amount.size else 0.0
        if spread <= 0:
            spread = float(np.abs(values.cost).mean()) / 10 if values.cost.size else 0.0
        spread = max(spread, 1e-9)
        base_price = spread / max(typical, 1e-9)
        dual = np.zeros((reps + 1, sides.column.size))
        dual[:-1] = sides.duals(duals)
        soft_price = sides.limit[:, :, 1]
        is_soft = np.isinf(sides.limit[:, :, 2])
        dual = np.where(is_soft, np.minimum(dual, soft_price), dual)
        hard_part = np.maximum(dual - soft_price, 0.0)
        first_penalty = (
            DUAL_SHARE * hard_part + SOFT_SHARE * soft_price + TYPICAL_SHARE * base_price
        )
        team_dual = teams.duals(duals)
        team_hard = np.maximum(team_dual - teams.limit[:, 1], 0.0)
        apart_first, apart = _apart(problem, units)
        field = Field(
            first=first,
            rep=rep,
            cost=values.cost,
            priced=priced,
            amount=amount,
            weight=np.ascontiguousarray(values.weight),
            unit=local,
            into_first=np.concatenate(
                ([0], np.cumsum(np.bincount(rep, minlength=reps + 1)))
            ).astype(np.int64),
            into_arc=np.argsort(rep, kind="stable").astype(np.int64),
            limit=sides.limit,
            dual=dual,
            least=1.05 * hard_part + 0.05 * base_price,
            floor=sides.floor(dual),
            budget=problem.budget_limit + TOLERANCE / 2,
            budget_dual=duals.budget,
            budget_least=1.05 * duals.budget + 0.05 * base_price,
            clash_least=3 * spread,
            standing=_standing(problem, owner, choices > 1, unit[order], rep),
            apart_first=apart_first,
            apart=apart,
            team=teams.row,
            team_amount=teams.amounts(values),
            team_limit=teams.limit,
            team_dual=team_dual,
            team_least=1.05 * team_hard + 0.05 * base_price,
        )
        return cls(
            units=units,
            field=field,
            base=base,
            start=rank_of[at_start[units]],
            penalty=first_penalty,
            budget_penalty=1.5 * duals.budget + base_price,
            team_penalty=DUAL_SHARE * team_hard
            + SOFT_SHARE * teams.limit[:, 1]
            + TYPICAL_SHARE * base_price,
            clash_penalty=10 * spread,
            spread=spread,
        )


@dataclass(frozen=True)
class Sides:
    """Every limit as an upper side of a signed amount: loads as they are, fills with a minus."""

    column: Ints  # (Q) resource
    sign: Floats  # (Q) 1 for a load, -1 for a fill
    limit: Floats  # (J + 1, Q, 3) soft limit, soft price, hard limit; row J limits nothing

    @classmethod
    def of(cls, problem: Problem) -> "Sides":
        limits, reps = problem.limits, problem.rep_count
        columns, signs, rows = [], [], []
        for sign, soft, price, hard in (
            (1.0, limits.soft_upper, limits.price_above, limits.upper),
            (-1.0, -limits.soft_lower, limits.price_below, -limits.lower),
        ):
            for e in np.flatnonzero(~limits.is_team).tolist():
                if np.isinf(hard[:, e]).all() and not (price[:, e] > 0).any():
                    continue
                row = np.full((reps + 1, 3), np.inf)
                row[:, 1] = 0.0
                row[:-1, 0] = np.where(price[:, e] > 0, soft[:, e], np.inf)
                row[:-1, 1] = price[:, e]
                row[:-1, 2] = hard[:, e] + TOLERANCE / 2
                columns.append(e)
                signs.append(sign)
                rows.append(row)
        limit = np.stack(rows, axis=1) if rows else np.zeros((reps + 1, 0, 3))
        return cls(np.array(columns, np.int64), np.array(signs), np.ascontiguousarray(limit))

    def amounts(self, values: PairValues) -> Floats:
        """(n, Q) signed amounts of n pairs."""
        both = np.where(self.sign > 0, values.load[:, self.column], -values.fill[:, self.column])
        return np.ascontiguousarray(both)

    def floor(self, dual: Floats) -> Floats:
        """(J + 1) lowest soft cost less amounts at dual prices, over all amounts within limits."""
        soft, price, hard = (self.limit[:, :, k] for k in range(3))
        beyond = dual > price
        at = np.where(beyond, hard, np.where(dual > 0, soft, 0.0))
        over = np.where(beyond & (price > 0), hard, 0.0) - np.where(beyond & (price > 0), soft, 0.0)
        return (price * over - dual * at).sum(axis=1)

    def duals(self, prices: Prices) -> Floats:
        """(J, Q) dual prices of the sides."""
        return np.where(self.sign > 0, prices.above[:, self.column], prices.below[:, self.column])


@dataclass(frozen=True)
class TeamSides:
    """Every limit of a team as an upper side: a row for each team and side."""

    column: Ints  # (P) resource
    sign: Floats  # (P) 1 for a load, -1 for a fill
    row: Ints  # (J + 1, P) -1 without a limit
    first: Ints  # (Z) first rep of the team
    side: Ints  # (Z) place of the side
    limit: Floats  # (Z, 3) soft limit, soft price, hard limit

    @classmethod
    def of(cls, problem: Problem) -> "TeamSides":
        limits, reps = problem.limits, problem.rep_count
        columns: list[int] = []
        signs: list[float] = []
        rows, firsts, sides = [], [], []
        limit, count = [np.zeros((0, 3))], 0
        for sign, soft, price, hard in (
            (1.0, limits.soft_upper, limits.price_above, limits.upper),
            (-1.0, -limits.soft_lower, limits.price_below, -limits.lower),
        ):
            for e in np.flatnonzero(limits.is_team).tolist():
                first = np.flatnonzero(np.isfinite(hard[:, e]) | (price[:, e] > 0))
                if not first.size:
                    continue
                number = np.full(reps, -1)
                number[first] = count + np.arange(first.size)
                assert limits.place is not None
                rows.append(np.append(number[limits.place[:, e]], -1))
                at = np.where(price[first, e] > 0, soft[first, e], np.inf)
                most = hard[first, e] + TOLERANCE / 2
                limit.append(np.column_stack((at, price[first, e], most)))
                firsts.append(first)
                sides.append(np.full(first.size, len(columns)))
                columns.append(e)
                signs.append(sign)
                count += first.size
        none = np.zeros(0, np.int64)
        return cls(
            column=np.array(columns, np.int64),
            sign=np.array(signs),
            row=np.column_stack(rows) if rows else np.zeros((reps + 1, 0), np.int64),
            first=np.concatenate([none, *firsts]),
            side=np.concatenate([none, *sides]),
            limit=np.concatenate(limit),
        )

    def amounts(self, values: PairValues) -> Floats:
        """(n, P) signed amounts of n pairs."""
        both = np.where(self.sign > 0, values.load[:, self.column], -values.fill[:, self.column])
        return np.ascontiguousarray(both)

    def held(self, rep: Ints, values: PairValues) -> Floats:
        """(Z) what n pairs with these reps bring to the teams."""
        row, amount = self.row[rep], self.amounts(values)
        return np.bincount(row[row >= 0], amount[row >= 0], self.first.size).astype(np.float64)

    def duals(self, prices: Prices) -> Floats:
        """(Z) dual prices of the rows, none above the soft price where there is no hard limit."""
        above, below = prices.above[self.first], prices.below[self.first]
        column = self.column[self.side]
        one = np.arange(self.first.size)
        dual = np.where(self.sign[self.side] > 0, above[one, column], below[one, column])
        soft = np.isinf(self.limit[:, 2])
        return np.where(soft, np.minimum(dual, self.limit[:, 1]), dual)


def _with_pairs(problem: Problem, arcs: Arcs, owner: Ints) -> Arcs:
    """The arcs and the pairs of the start that are missing among them."""
    unit = arcs.unit
    has = np.zeros(owner.size, dtype=bool)
    has[unit[arcs.rep == owner[unit]]] = True
    lacking = np.flatnonzero(~has)
    if not lacking.size:
        return arcs
    extra = problem.pairs.at(lacking, owner[lacking])
    unit = np.concatenate((unit, lacking))
    rep = np.concatenate((arcs.rep, owner[lacking]))
    order = np.lexsort((rep, unit))
    values = PairValues(
        **{
            name: np.concatenate((value, getattr(extra, name)))[order]
            for name, value in vars(arcs.values).items()
        }
    )
    count = np.bincount(unit, minlength=owner.size)
    return Arcs(np.concatenate(([0], np.cumsum(count))).astype(np.int64), rep[order], values)


def _part(values: PairValues, chosen: Ints) -> PairValues:
    return PairValues(**{name: value[chosen] for name, value in vars(values).items()})


def _apart(problem: Problem, units: Ints) -> tuple[Ints, Ints]:
    """For each unit with a choice, those with a choice that must not share its rep (CSR)."""
    place = np.full(problem.unit_count, -1)
    place[units] = np.arange(units.size)
    keys = [np.zeros(0, np.int64)]
    for members in problem.separate:
        mine = np.unique(place[members][place[members] >= 0])
        both = (mine[:, None] * units.size + mine[None, :])[~np.eye(mine.size, dtype=bool)]
        keys.append(both)
    first, second = np.divmod(np.unique(np.concatenate(keys)), max(units.size, 1))
    count = np.bincount(first, minlength=units.size)
    return np.concatenate(([0], np.cumsum(count))).astype(np.int64), second


def _standing(problem: Problem, owner: Ints, has_choice: Bools, unit: Ints, rep: Ints) -> Floats:
    """For each arc (unit, rep), the members of its unit's sets that stand at that rep for good."""
    width = problem.rep_count + 1
    met = [np.zeros(0, np.int64)]
    for members in problem.separate:
        at = owner[members[~has_choice[members]]]
        at = at[at < problem.rep_count]
        met.append((members[has_choice[members]][:, None] * width + at[None, :]).ravel())
    keys, counts = np.unique(np.concatenate(met), return_counts=True)
    mine = unit * width + rep
    place = np.minimum(np.searchsorted(keys, mine), max(keys.size - 1, 0))
    if not keys.size:
        return np.zeros(unit.size)
    return np.where(keys[place] == mine, counts[place], 0).astype(float)
