"""The headcount study of a policy on planning tables, its plans side by side where that pays."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.progress import report
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.frontier import FEWEST_PAIRS, side_by_side
from pipelines.stages.plan_workers import worker_count
from pipelines.stages.planner import (
    PlanningTables,
    planning_errors,
    stop_on_violations,
    violations_of,
)

if TYPE_CHECKING:
    from optimization import Policy
    from optimization.headcount.study import Headcount


def headcount_of(tables: PlanningTables, policy: "Policy", policy_path: Path | str) -> "Headcount":
    """Study what `policy.headcount` asks for, telling the progress; every plan is verified.

    Args:
        policy_path: named in messages about the policy.

    Raises:
        GateError: the verifier objects to a plan.
        InfeasibleError, InputError, TerritoryError: as `make_plan`, of today's team.
    """
    from optimization.headcount.study import study_headcount
    from optimization.headcount.teams import Book

    asked = policy.headcount
    plans = 1 + 2 * len(asked.leavers)
    plans += (asked.fewer_seats + asked.more_seats) * asked.candidates
    workers = worker_count(plans, tables.accounts.height * tables.reps.height, FEWEST_PAIRS)
    rules = with_estimates(policy, tables.estimates)
    if workers > 1:
        solver = rules.solver.model_copy(update={"threads": 1})
        rules = rules.model_copy(update={"solver": solver})
    with planning_errors(policy, policy_path), side_by_side(workers) as run:
        study = study_headcount(
            tables.accounts,
            tables.reps,
            tables.overrides,
            rules,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
            run=run,
            progress=lambda what, done, total: report(
                f"Planning: {what} ({done} of {total})", done, total
            ),
        )
    report("Verifying the plans")
    book = Book(tables.accounts, tables.reps, tables.overrides, policy)
    for one in study.plans():
        team = one.team.of(book)
        judged = replace(tables, reps=team.reps, overrides=team.overrides)
        found = violations_of(judged, team.policy, one.plan.tables())
        stop_on_violations(found, f"the plan without {one.team.gone} and with {one.team.added}")
    return study
