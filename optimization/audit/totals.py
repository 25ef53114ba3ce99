"""Whether plan_summary is what the accounts and territories add up to."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from optimization.audit.goals import Goal
from optimization.audit.held import clock_hours
from optimization.audit.ledger import Ints, Ledger
from optimization.audit.level_goals import read_level_goals
from optimization.audit.money import Figures, Money
from optimization.audit.rules import Breaches

PARTS = (
    "travel_cost_usd",
    "disruption_cost_usd",
    "fit_cost_usd",
    "handover_cost_usd",
    "deviation_cost_usd",
    "overtime_cost_usd",
    "unassigned_cost_usd",
)
# Sums are published in cents.
CENTS, RELATIVE = 0.02, 1e-9


def check_totals(
    money: Money,
    goals: list[Goal],
    owner: Ints,
    figures: tuple[Figures, Figures],
    summary: pl.DataFrame,
    breaches: Breaches,
) -> None:
    """figures: of the plan's owners and of today's."""
    if summary.height != 1:
        breaches.add("objective", "plan", 1, summary.height, "rows of plan_summary")
        return
    row = summary.row(0, named=True)
    proposed, current = figures
    parts = _parts(money, goals, owner, proposed)
    for column in PARTS:
        _same(breaches, "objective", row, column, parts[column])
    total = sum(row[column] for column in PARTS if row[column] is not None)
    _same(breaches, "objective", row, "objective_usd", total, 0.05)
    _gap(row, breaches)
    today = _today(money, goals, current)
    _same(breaches, "current_objective", row, "current_objective_usd", today, 0.05)
    margin = money.ledger.policy.response.contribution_margin
    values = {"expected_value_usd": proposed, "current_expected_value_usd": current}
    for column, one in values.items():
        value = margin * (one.expected_sales_usd - one.disruption_loss_usd)
        value = value - one.travel_cost_usd - one.handover_usd
        _same(breaches, "expected_value", row, column, math.fsum(value.tolist()))


def _parts(money: Money, goals: list[Goal], owner: Ints, figures: Figures) -> dict[str, float]:
    ledger = money.ledger
    margin = ledger.policy.response.contribution_margin
    alone = owner == ledger.rep_count
    price = money.ownership.price_usd[alone]
    return {
        "travel_cost_usd": math.fsum(figures.travel_cost_usd.tolist()),
        "disruption_cost_usd": margin * math.fsum(figures.disruption_loss_usd.tolist()),
        "fit_cost_usd": margin * math.fsum(figures.fit_loss_usd.tolist()),
        "handover_cost_usd": math.fsum(figures.handover_usd.tolist()),
        "deviation_cost_usd": _deviations(ledger, goals, owner),
        "overtime_cost_usd": _overtime(ledger, owner, figures),
        "unassigned_cost_usd": math.fsum(price[np.isfinite(price)].tolist()),
    }


def _deviations(ledger: Ledger, goals: list[Goal], owner: Ints) -> float:
    """USD for what lies outside the inner bands of reps and of groups."""
    reps = ledger.rep_count
    groups = sum(
        level_goal.deviation_usd(owner, reps) for level_goal in read_level_goals(ledger, goals)
    )
    return groups + sum(_deviation(goal, owner, reps) for goal in goals)


def _deviation(goal: Goal, owner: Ints, reps: int) -> float:
    """USD for what lies outside the inner band; giants count toward the lower side only."""
    band = goal.band
    if band is None or band.soft_tolerance_pct is None:
        return 0.0
    over = goal.ordinary_loads(owner, reps) - goal.limit(1, band.soft_tolerance_pct)
    under = goal.limit(-1, band.soft_tolerance_pct) - goal.loads(owner, reps)
    points = 100 * (np.maximum(over, 0.0) + np.maximum(under, 0.0)) / goal.scale
    return band.soft_price_usd_per_pct * float(points.sum())


def _overtime(ledger: Ledger, owner: Ints, figures: Figures) -> float:
    above = clock_hours(ledger, owner, figures) - ledger.of_reps("capacity_hours")
    return ledger.policy.overtime.price_usd_per_hour * float(np.maximum(above, 0.0).sum())


def _today(money: Money, goals: list[Goal], current: Figures) -> float:
    """Cost of today's ownership in the plan's terms.

    An account without an active owner costs its price where it may stay so, and otherwise the
    margin on what the best-fitting rep would win.
    """
    ledger = money.ledger
    margin = ledger.policy.response.contribution_margin
    owner = np.where(ledger.incumbent >= 0, ledger.incumbent, ledger.rep_count)
    alone = ledger.incumbent < 0
    price = money.ownership.price_usd
    missed = margin * (money.best_sales - ledger.amount("actual_sales_usd"))
    idle = np.where(np.isfinite(price), price, missed)[alone]
    return (
        math.fsum(current.travel_cost_usd.tolist())
        + margin * math.fsum(current.fit_loss_usd[~alone].tolist())
        + math.fsum(idle.tolist())
        + _deviations(ledger, goals, owner)
        + _overtime(ledger, owner, current)
    )


def _gap(row: Mapping[str, Any], breaches: Breaches) -> None:
    objective, bound = row["objective_usd"], row["bound_usd"]
    regret, gap = row["regret_usd"], row["optimality_gap_pct"]
    if bound is None or objective is None or not 0 <= bound <= objective:
        breaches.add("gap", "plan", f"between 0 and {objective}", bound, "bound_usd")
        return
    if regret is None or not abs(regret - (objective - bound)) <= 0.011:
        breaches.add("gap", "plan", objective - bound, regret, "regret_usd")
    share = 100 * (objective - bound) / objective if objective > 0 else 0.0
    if gap is None or not abs(gap - share) <= 1e-4:
        breaches.add("gap", "plan", share, gap, "optimality_gap_pct")
    if row["is_proved_optimal"] and not (regret or 0.0) <= 0.011:
        breaches.add("gap", "plan", 0, regret, "regret_usd of a plan proved optimal")


def _same(
    breaches: Breaches,
    rule: str,
    row: Mapping[str, Any],
    column: str,
    right: float,
    room: float = CENTS,
) -> None:
    observed = row[column]
    if observed is None or not abs(observed - right) <= room + RELATIVE * abs(right):
        breaches.add(rule, "plan", round(right, 2), observed, column)
