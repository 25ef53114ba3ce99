"""One row about the whole plan: its cost and proof, its parts, its value, and today's."""

import math

import numpy as np
import polars as pl

from optimization.book.tables import Floats
from optimization.report.loads import account_loads, clock_hours, overtime_usd
from optimization.report.outcome import Outcome
from optimization.report.result import SUMMARY_SCHEMA


def summarise(outcome: Outcome) -> pl.DataFrame:
    """`plan_summary`: USD a year in cents; a bound is rounded down, never up."""
    answer, parts = outcome.answer, _parts(outcome)
    objective = round(sum(parts.values()), 2)
    bound = min(max(math.floor(answer.bound * 100) / 100, 0.0), objective)
    proved = answer.status == "optimal"
    if proved:
        bound = objective
    regret = round(objective - bound, 2)
    value, current_value = _values(outcome)
    row = {
        "objective_usd": objective,
        "bound_usd": bound,
        "regret_usd": regret,
        "optimality_gap_pct": round(100 * regret / objective, 6) if objective > 0 else 0.0,
        "is_proved_optimal": proved,
        "is_repeatable": answer.is_repeatable,
        "solver_status": answer.status,
        "seed": outcome.planning.policy.seed,
        "expected_value_usd": value,
        "current_expected_value_usd": current_value,
        "current_objective_usd": _current_cost(outcome),
        **parts,
    }
    return pl.DataFrame([row], schema=SUMMARY_SCHEMA)


def _parts(outcome: Outcome) -> dict[str, float]:
    """The parts of the cost; their sum is the objective."""
    planning, values = outcome.planning, outcome.proposed
    margin = planning.policy.response.contribution_margin
    alone = np.flatnonzero(outcome.answer.owner == outcome.reps)
    return {
        "travel_cost_usd": _sum(values.travel_cost_usd),
        "disruption_cost_usd": _sum(margin * values.disruption_loss_usd),
        "fit_cost_usd": _sum(margin * values.fit_loss_usd),
        "handover_cost_usd": _sum(values.handover_usd),
        "deviation_cost_usd": round(outcome.loads.deviation_usd(planning), 2),
        "overtime_cost_usd": round(overtime_usd(planning, outcome.clock), 2),
        "unassigned_cost_usd": _sum(planning.units.nobody_usd[alone]),
    }


def _values(outcome: Outcome) -> tuple[float, float]:
    """Value of the plan and of today's ownership.

    An account without an owner keeps its sales and wins no whitespace; nobody travels to it.
    """
    margin = outcome.planning.policy.response.contribution_margin
    values, now = outcome.proposed, outcome.current
    proposed = margin * (values.expected_sales_usd - values.disruption_loss_usd)
    proposed = proposed - values.travel_cost_usd - values.handover_usd
    return _sum(proposed), _sum(margin * now.expected_sales_usd - now.travel_cost_usd)


def _current_cost(outcome: Outcome) -> float:
    """Cost of today's ownership in the plan's own terms.

    An account without an active owner costs its price where it may stay so, and otherwise the
    margin on what the best-fitting rep would win.
    """
    planning, now = outcome.planning, outcome.current
    margin = planning.policy.response.contribution_margin
    prices = np.array([*(tier.price_usd for tier in planning.policy.unassigned), np.inf])
    price = prices[planning.units.tier_of_account]
    missed = margin * planning.pairs.best_fit_usd
    idle = np.where(outcome.is_owned_today, 0.0, np.where(np.isfinite(price), price, missed))
    loads = account_loads(planning, outcome.current_owner)
    clock = clock_hours(planning, outcome.current_owner, now.travel_hours)
    return round(
        _sum(now.travel_cost_usd)
        + _sum(margin * now.fit_loss_usd)
        + _sum(idle)
        + round(loads.deviation_usd(planning), 2)
        + round(overtime_usd(planning, clock), 2),
        2,
    )


def _sum(values: Floats) -> float:
    """Exactly rounded sum in cents: independent of order and of the machine's vector width."""
    return round(math.fsum(values.tolist()), 2)
