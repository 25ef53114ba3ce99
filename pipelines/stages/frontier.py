"""The frontier of a policy on planning tables, its plans side by side where that pays."""

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
    from optimization.frontier.points import Frontier


def frontier_of(
    tables: PlanningTables, policy: "Policy", policy_path: Path | str, wanted: int
) -> "Frontier":
    """Trace the frontier of `policy`, telling the progress; every plan is verified.

    Args:
        policy_path: named in messages about the policy.
        wanted: plans, none of which is dominated.

    Raises:
        GateError: the verifier objects to a plan.
        InfeasibleError, InputError, TerritoryError: as `make_plan`, of the policy's own plan.
    """
    from optimization.frontier.trace import LANES, trace_frontier

    workers = min(LANES, study_workers(tables, wanted))
    rules = study_rules(tables, policy, workers=1)
    with planning_errors(policy, policy_path), side_by_side(workers) as run:
        traced = trace_frontier(
            tables.accounts,
            tables.reps,
            tables.overrides,
            rules,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
            wanted=wanted,
            run=run,
            lane_threads=1 if workers > 1 else None,
            progress=tell_plans,
        )
    report("Verifying the plans")
    for point in traced.points:
        found = violations_of(tables, point.policy, point.plan.tables())
        stop_on_violations(found, f"the plan '{point.variation.name}' of the frontier")
    return traced
