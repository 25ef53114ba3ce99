"""What a rebalancing proposes, as tables.

`kpi_rebalance` (one row), `fct_rebalance_move` (an account that changes hands or gets its first
owner) and the plan's own tables, which the verifier checks like any other plan's.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from optimization.book.planning import Planning
from optimization.book.relaxations import relaxations
from optimization.book.tables import Floats, Ints
from optimization.engine.problem import Evaluation
from optimization.rebalance.lexicographic import Rebalanced
from optimization.rebalance.moves import MoveProblem
from optimization.rebalance.standing import Standing
from optimization.report.result import Plan, Schema

MOVE_SCHEMA: Schema = {
    "account_id": pl.String(),
    "unit_id": pl.String(),
    "from_rep_id": pl.String(),
    "to_rep_id": pl.String(),
    "move_kind": pl.String(),  # voluntary | forced | new
    "service_hours": pl.Float64(),
    "potential_usd": pl.Float64(),
    "actual_sales_usd": pl.Float64(),
    "disruption_loss_usd": pl.Float64(),
    "travel_hours_change": pl.Float64(),
    "reason_code": pl.String(),
    "reason": pl.String(),
}
KPI_SCHEMA: Schema = {
    "is_needed": pl.Boolean(),
    "voluntary_moves": pl.Int64(),
    "forced_moves": pl.Int64(),
    "new_assignments": pl.Int64(),
    "closed_accounts": pl.Int64(),
    "leavers": pl.Int64(),
    "moved_sales_usd": pl.Float64(),
    "move_measure": pl.String(),
    "moved_amount": pl.Float64(),
    "fewest_amount": pl.Float64(),
    "is_proved_fewest": pl.Boolean(),
    "broken_limits_before": pl.Int64(),
    "broken_limits_after": pl.Int64(),
    "excess_before_pct": pl.Float64(),
    "excess_after_pct": pl.Float64(),
    "least_excess_pct": pl.Float64(),
    "stay_cost_usd": pl.Float64(),
    "cost_usd": pl.Float64(),
    "price_usd": pl.Float64(),
    "cost_bound_usd": pl.Float64(),
    "resolve_cost_bound_usd": pl.Float64(),
    "most_resolve_saves_usd": pl.Float64(),
    "is_repeatable": pl.Boolean(),
}


@dataclass(frozen=True)
class Proposal:
    """The smallest change of a chosen plan that was found to restore its bands.

    kpi: `kpi_rebalance`, one row: how much moves and the least that has to, what of the bands was
        broken and is, what the change costs a year against staying (`price_usd`), and the most
        that a re-solve of everything could save beside it (`most_resolve_saves_usd`).
    moves: `fct_rebalance_move`, by account_id. plan: the whole plan with its certificate, made of
    `accounts`, on which the verifier judges it. broken_before, broken_after: the limits in words.
    """

    kpi: pl.DataFrame
    moves: pl.DataFrame
    plan: Plan
    accounts: pl.DataFrame
    broken_before: tuple[str, ...]
    broken_after: tuple[str, ...]


def stay_owner(planning: Planning) -> Ints:
    """(U) what happens if nobody acts: everybody keeps what they have, and the rest goes to the
    cheapest rep, bands or not. Units of several incumbents stay with the one who owns most."""
    from optimization.engine.problem import Prices

    problem = planning.problem
    home = problem.incumbent if problem.incumbent is not None else np.full(problem.unit_count, -1)
    zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    cheapest = problem.pairs.cheapest(zero, 1).rep[:, 0]
    held = planning.units.fixed
    return np.where(held >= 0, held, np.where(home >= 0, home, cheapest))


def propose(
    planning: Planning, moves: MoveProblem, found: Rebalanced, standing: Standing, plan: Plan
) -> Proposal:
    """Tables and sentences from a plan, against staying."""
    stay = stay_owner(planning)
    before, after = planning.problem.evaluate(stay), planning.problem.evaluate(found.owner)
    rows = _moves(planning, plan)
    count = dict(rows.group_by("move_kind").len().iter_rows())
    is_voluntary = pl.col("move_kind") == "voluntary"
    measure = planning.policy.rebalancing.measure
    kpi = {
        "is_needed": bool(rows.height) or not before.is_feasible,
        "voluntary_moves": count.get("voluntary", 0),
        "forced_moves": count.get("forced", 0),
        "new_assignments": count.get("new", 0),
        "closed_accounts": len(standing.closed),
        "leavers": len(standing.leavers),
        "moved_sales_usd": round(float(rows.filter(is_voluntary)["actual_sales_usd"].sum()), 2),
        "move_measure": measure,
        "moved_amount": round(found.moves * moves.scale, 4),
        # Rounded down, as every bound, and never below what no plan can move.
        "fewest_amount": max(round(found.fewest_moves * moves.scale - 5e-5, 4), 0.0),
        "is_proved_fewest": found.is_fewest,
        "broken_limits_before": _broken(before),
        "broken_limits_after": _broken(after),
        "excess_before_pct": _points(before.relaxation),
        "excess_after_pct": _points(after.relaxation),
        "least_excess_pct": _points(found.least_relaxation),
        "stay_cost_usd": round(before.objective, 2),
        "cost_usd": round(after.objective, 2),
        "price_usd": round(after.objective - before.objective, 2),
        "cost_bound_usd": round(found.cost_bound, 2),
        "resolve_cost_bound_usd": round(found.any_bound, 2),
        "most_resolve_saves_usd": round(max(after.objective - found.any_bound, 0.0), 2),
        "is_repeatable": found.is_repeatable,
    }
    if found.is_fewest:
        kpi["fewest_amount"] = kpi["moved_amount"]
    return Proposal(
        kpi=pl.DataFrame([kpi], schema=KPI_SCHEMA),
        moves=rows,
        plan=plan,
        accounts=standing.accounts,
        broken_before=tuple(one.statement for one in relaxations(planning, stay)),
        broken_after=tuple(one.statement for one in relaxations(planning, found.owner)),
    )


def _moves(planning: Planning, plan: Plan) -> pl.DataFrame:
    """Accounts whose owner changes, or that get one."""
    accounts = planning.accounts
    amounts: dict[str, Floats] = {
        "potential_usd": accounts.potential_usd,
        "actual_sales_usd": accounts.actual_sales_usd,
    }
    rows = plan.assignment.with_columns(**{k: pl.Series(v) for k, v in amounts.items()})
    kind = (
        pl.when("is_moved")
        .then(pl.lit("voluntary"))
        .when("is_forced_move")
        .then(pl.lit("forced"))
        .when("is_new_assignment")
        .then(pl.lit("new"))
    )
    return (
        rows.with_columns(
            move_kind=kind,
            from_rep_id="previous_rep_id",
            to_rep_id="rep_id",
            travel_hours_change=pl.col("travel_hours")
            - pl.col("current_travel_hours").fill_null(0.0),
        )
        .filter(pl.col("move_kind").is_not_null())
        .select(*MOVE_SCHEMA)
        .sort("account_id")
    )


def _broken(plan: Evaluation) -> int:
    parts = (plan.excess_above, plan.excess_below, plan.excess_budget)
    return int(sum((part > 0).sum() for part in parts)) + plan.clashes


def _points(excess: float) -> float:
    """Percentage points of a target."""
    return round(100 * excess, 4)
