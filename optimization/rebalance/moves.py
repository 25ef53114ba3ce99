"""Voluntary moves as part of a problem: counted by a budget of their own, or priced.

A *voluntary* move takes an account from an active incumbent who may keep it. What has no incumbent
(new accounts, those of reps who left) moves for nothing.

    w_uj   what of unit u leaves its incumbents if rep j gets it: accounts, USD or months,
           in the mean of what a unit has

The row of the budget is `sum w_uj x_uj <= limit` (`counted`); priced moves cost
`c_uj + price * w_uj` (`PricedMoves`), which for the pairs of a problem is the same as a fixed part
of the budget's dual price: nothing is stored, and every pair can still be ranked.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.book.budgets import incumbent_amounts
from optimization.book.pairing import territory_pairs
from optimization.book.planning import Planning
from optimization.engine.problem import (
    Arcs,
    Floats,
    Ints,
    Limits,
    Pairs,
    PairValues,
    Prices,
    Problem,
    Ranking,
)
from optimization.policy.balance import BudgetMeasure

BUDGET = "voluntary_moves"


@dataclass(frozen=True)
class MoveProblem:
    """A problem whose last budget counts voluntary moves, without limiting them."""

    problem: Problem
    worthless: Problem  # the same without any cost: what is left is limits and moves
    scale: float  # accounts, USD or months of one unit of the budget
    whole: float  # units of the budget if everything moved

    @property
    def place(self) -> int:
        """Place of the budget."""
        return len(self.problem.budgets) - 1

    def limited(self, most: float) -> Problem:
        """The problem with at most so many units of moves."""
        return with_limit(self.problem, self.place, most)

    def priced(self, price: float) -> Problem:
        """Cost and `price` per unit of moves, which are not limited otherwise."""
        pairs = PricedMoves(self.problem.pairs, self.place, price)
        return replace(self.problem, pairs=pairs)

    @property
    def moves_alone(self) -> Problem:
        """A problem whose cost is the moves, in units of the budget, and nothing else."""
        problem = self.worthless
        pairs = PricedMoves(problem.pairs, self.place, 1.0)
        return replace(problem, pairs=pairs)

    def used(self, owner: Ints) -> float:
        """Units of moves in a plan, (U)."""
        pairs = self.problem.pairs
        return float(pairs.at(np.arange(owner.size), owner).weight[:, self.place].sum())


def counted(planning: Planning, measure: BudgetMeasure) -> MoveProblem:
    """The planning's problem with voluntary moves counted by `measure`."""
    amount = incumbent_amounts(planning.accounts, measure)
    whole = float(amount.sum())
    scale = whole / max(len(planning.units), 1) if whole > 0 and measure != "accounts" else 1.0
    inputs = planning.pairs.inputs
    inputs = replace(inputs, move_weight=np.column_stack((inputs.move_weight, amount / scale)))
    free = replace(
        inputs,
        margin=0.0,
        cost_per_km_usd=0.0,
        cost_per_hour_usd=0.0,
        handover_usd=0.0,
        nobody_usd=np.where(np.isinf(inputs.nobody_usd), np.inf, 0.0),
    )
    threads = planning.policy.solver.threads
    # The least excess decides before moves and cost do.
    base = planning.problem.with_effort(relaxation_slack=0.0)
    whole = whole / scale
    problem = replace(
        base,
        pairs=territory_pairs(inputs, threads),
        budget_limit=np.append(base.budget_limit, whole + 1.0),
        budgets=(*base.budgets, BUDGET),
    )
    worthless = replace(
        problem, pairs=territory_pairs(free, threads), limits=without_prices(base.limits)
    )
    return MoveProblem(problem, worthless, scale, whole)


def without_prices(limits: Limits) -> Limits:
    """Hard limits alone."""
    none = np.zeros_like(limits.price_above)
    return replace(limits, price_above=none, price_below=none)


def with_limit(problem: Problem, place: int, most: float) -> Problem:
    """The problem with another limit of one budget."""
    limit = problem.budget_limit.copy()
    limit[place] = most
    return replace(problem, budget_limit=limit)


@dataclass(frozen=True)
class PricedMoves:
    """`engine.problem.Pairs` of which every unit of budget `place` costs `price` more."""

    base: Pairs
    place: int
    price: float

    @property
    def unit_count(self) -> int:
        return self.base.unit_count

    @property
    def rep_count(self) -> int:
        return self.base.rep_count

    def allowed_reps(self, unit: int) -> Ints:
        return self.base.allowed_reps(unit)

    def pair_count(self) -> int:
        return self.base.pair_count()

    def at(self, unit: Ints, rep: Ints) -> PairValues:
        return self._priced(self.base.at(unit, rep))

    def cheapest(self, prices: Prices, depth: int, units: Ints | None = None) -> Ranking:
        budget: Floats = prices.budget.copy()
        budget[self.place] += self.price
        return self.base.cheapest(replace(prices, budget=budget), depth, units)

    def all_arcs(self, units: Ints | None = None) -> Arcs:
        arcs = self.base.all_arcs(units)
        return replace(arcs, values=self._priced(arcs.values))

    def limited_to(self, reps: Ints) -> "PricedMoves":
        return replace(self, base=self.base.limited_to(reps))

    def _priced(self, values: PairValues) -> PairValues:
        cost = values.cost + self.price * values.weight[:, self.place]
        return replace(values, cost=cost)
