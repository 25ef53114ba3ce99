"""The headcount study of a policy on planning tables, its plans side by side where that pays."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.progress import report
from pipelines.stages.planner import (
    PlanningTables,
    planning_errors,
    stop_on_violations,
    violations_of,
)
from pipelines.stages.study_workers import side_by_side, study_rules, study_workers, tell_plans

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
    workers = study_workers(tables, plans)
    rules = study_rules(tables, policy, workers)
    with planning_errors(policy, policy_path), side_by_side(workers) as run:
        study = study_headcount(
            tables.accounts,
            tables.reps,
            tables.overrides,
            rules,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
            run=run,
            progress=tell_plans,
        )
    report("Verifying the plans")
    book = Book(tables.accounts, tables.reps, tables.overrides, policy)
    for one in study.plans():
        team = one.team.of(book)
        judged = replace(tables, reps=team.reps, overrides=team.overrides)
        found = violations_of(judged, team.policy, one.plan.tables())
        stop_on_violations(found, f"the plan without {one.team.gone} and with {one.team.added}")
    return study
