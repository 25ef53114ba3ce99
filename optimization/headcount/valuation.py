"""What a team is worth a year with the best plan found for it, and what it can be worth at most.

    value  = expected value of the plan - price of deviations - overtime - price of unowned accounts
    most   = margin x (sales + the win of the best-fitting rep), summed - proved bound of the cost

The cost that plans minimise counts fit against the best rep there is, who is another one in another
team; values compare across teams, costs do not. Without unowned accounts, value + regret = most.
"""

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from optimization.errors import Infeasible, NoPlanYet, why_no_plan
from optimization.headcount.teams import Book, Team
from optimization.planner import plan_territories
from optimization.report.result import Plan

if TYPE_CHECKING:
    from optimization.book.planning import Planning


@dataclass(frozen=True)
class Valued:
    """A team with its plan. Money is USD a year, hours are clock hours a year.

    Attributes:
        most_usd: no plan of this team is worth more.
        capacity_hours, workload_hours: of the whole team; service and travel.
        worst_band_pct: the largest deviation from any target, with its metric and rep.
        moved_accounts: what leaves a rep who stays; handed_over_accounts: what leaves one who goes.
    """

    team: Team
    plan: Plan
    value_usd: float
    most_usd: float
    seat_count: int
    capacity_hours: float
    workload_hours: float
    overtime_hours: float
    worst_band_pct: float
    worst_band_metric: str | None
    worst_band_rep_id: str | None
    moved_accounts: int
    handed_over_accounts: int
    disruption_loss_usd: float

    @property
    def relaxed_limits(self) -> int:
        """Limits that had to give way; `most_usd` holds within the widened ones."""
        gave_way = pl.col("rule").is_in(["band_relaxed", "eligibility_waived"])
        return self.plan.findings.filter(gave_way).height


@dataclass(frozen=True)
class NoPlan:
    """A team without a plan, and why."""

    team: Team
    reason: str


def value_team(
    book: Book, as_of: date | None, travel_matrix: pl.DataFrame | None, team: Team
) -> Valued | NoPlan:
    """Plan for `team`; why there is no plan comes as a value, since processes may be between.

    Raises:
        PlanInputError, SolverError: as `plan_territories`.
    """
    from optimization.book.planning import build_planning

    asked = team.of(book)
    tables = (asked.accounts, asked.reps, asked.overrides, asked.policy)
    try:
        plan = plan_territories(*tables, as_of=as_of, travel_matrix=travel_matrix)
    except Infeasible as error:
        return NoPlan(team, why_no_plan(error.limits))
    except NoPlanYet:
        return NoPlan(team, why_no_plan(()))
    kept = plan.assignment.filter(pl.col("rep_id").is_in(team.gone))
    if kept.height:
        return NoPlan(team, f"nobody else may own account {kept['account_id'][0]}")
    planning = build_planning(*tables, as_of=as_of, travel_matrix=travel_matrix)
    return _valued(team, plan, planning)


def _valued(team: Team, plan: Plan, planning: "Planning") -> Valued:
    from optimization.report.loads import account_loads, clock_hours

    (summary,) = plan.summary.to_dicts()
    assignment, accounts, reps = plan.assignment, planning.accounts, planning.reps
    value = summary["expected_value_usd"] - sum(
        summary[name] for name in ("deviation_cost_usd", "overtime_cost_usd", "unassigned_cost_usd")
    )
    margin = planning.policy.response.contribution_margin
    ceiling = margin * math.fsum((accounts.actual_sales_usd + planning.pairs.best_fit_usd).tolist())
    owner = reps.find(assignment["rep_id"].fill_null(""))
    owner = np.where(owner < 0, len(reps), owner)
    clock = clock_hours(planning, owner, assignment["travel_hours"].to_numpy())
    away = account_loads(planning, owner).deviation(planning)
    worst = divmod(int(away.argmax()), away.shape[1]) if away.size else None
    is_moved = pl.col("is_moved")
    has_gone = pl.col("incumbent_rep_id").is_in(team.gone).fill_null(value=False)
    return Valued(
        team=team,
        plan=plan,
        value_usd=round(value, 2),
        most_usd=round(max(ceiling - summary["bound_usd"], value), 2),
        seat_count=len(reps) - len(team.gone),
        capacity_hours=round(float(reps.capacity_hours.sum()), 4),
        workload_hours=round(float(clock.sum()), 4),
        overtime_hours=round(float(np.maximum(clock - reps.capacity_hours, 0.0).sum()), 4),
        worst_band_pct=round(100 * float(away.max(initial=0.0)), 4),
        worst_band_metric=None if worst is None else planning.policy.metrics[worst[1]].name,
        worst_band_rep_id=None if worst is None else reps.ids[worst[0]],
        moved_accounts=assignment.filter(is_moved & ~has_gone).height,
        handed_over_accounts=assignment.filter(is_moved & has_gone).height,
        disruption_loss_usd=round(float(assignment["disruption_loss_usd"].sum()), 2),
    )
