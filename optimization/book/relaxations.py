"""The hard limits a plan exceeds, in business words: what had to give where no plan keeps all."""

from dataclasses import dataclass

import numpy as np

from optimization.book.amounts import amount_in_words, holder_in_words, resource_in_words
from optimization.book.budgets import UNIT_OF_MEASURE, build_budgets
from optimization.book.planning import Planning
from optimization.book.tables import Ints


@dataclass(frozen=True)
class Relaxation:
    """One limit widened.

    points: percentage points of the rep's target, capacity or limit, or of the budget's whole.
    amount: the same in `unit` (hours, USD, accounts, tenure months).
    """

    resource: str  # of `problem.resources`, or the measure of a budget
    rep: int  # index, the first of a group; -1 for budgets
    is_upper: bool
    points: float
    amount: float
    unit: str
    statement: str


def relaxations(planning: Planning, owner: Ints) -> list[Relaxation]:
    """What `owner` (U) needs of each limit, the largest share first; empty where it keeps all."""
    plan = planning.problem.evaluate(owner)
    found = []
    for is_upper, excess in ((True, plan.excess_above), (False, plan.excess_below)):
        for j, e in np.argwhere(excess > 0).tolist():
            found.append(_of_rep(planning, j, e, is_upper, float(excess[j, e])))
    if plan.excess_budget.any():
        found.extend(_of_budgets(planning, plan.excess_budget.tolist()))
    return sorted(found, key=lambda one: (-one.points, one.resource, one.rep))


def relaxed_limits(planning: Planning, owner: Ints) -> list[str]:
    """The sentences alone."""
    return [one.statement for one in relaxations(planning, owner)]


def _of_rep(planning: Planning, j: int, e: int, is_upper: bool, share: float) -> Relaxation:
    name = planning.problem.resources[e]
    words = resource_in_words(planning, name)
    points, amount = 100 * share, share * float(words.scale[j])
    side = "raised" if is_upper else "lowered"
    statement = (
        f"{words.short} of {holder_in_words(planning, name, j)}: "
        f"{'upper' if is_upper else 'lower'} limit "
        f"{side} by {_points(points)} of {words.whole} "
        f"({words.amount(amount)})"
    )
    return Relaxation(name, j, is_upper, points, amount, words.unit, statement)


def _of_budgets(planning: Planning, excess: list[float]) -> list[Relaxation]:
    budgets = build_budgets(planning.accounts, planning.policy, len(planning.reps))
    found = []
    for b, (measure, units) in enumerate(zip(budgets.names, excess, strict=True)):
        if units > 0:
            unit, points = UNIT_OF_MEASURE[measure], 100 * units * float(budgets.share[b])
            amount = units * float(budgets.scale[b])
            statement = (
                f"move budget of {measure} raised by {_points(points)} "
                f"({amount_in_words(amount, unit)})"
            )
            found.append(Relaxation(measure, -1, True, points, amount, unit, statement))
    return found


def _points(points: float) -> str:
    """Percentage points, such as `2.3 points`."""
    return f"{points:.1f} points" if points >= 0.1 else f"{points:.2g} points"
