"""What a scenario plans and studies beside its plan, where its policy asks: overlays, frontier and
headcount."""

from typing import TYPE_CHECKING

import polars as pl

from pipelines.progress import report
from pipelines.stages.frontier import frontier_of
from pipelines.stages.headcount import headcount_of
from pipelines.stages.overlays import overlays_of
from pipelines.stages.plan_tables import is_studied as has_studies
from pipelines.stages.plan_tables import with_findings, write_studies
from pipelines.stages.plan_task import PlanTask, read_inputs
from pipelines.stages.planner import PlanningTables

if TYPE_CHECKING:
    from optimization import Policy


def study_task(task: PlanTask, *, is_studied: bool = True) -> None:
    """Make what the task's policy asks for beside its solved plan; once for a plan.

    Args:
        is_studied: whether that is more than overlays.

    Raises:
        GateError: the verifier objects to a plan of a study.
        InfeasibleError, InputError, TerritoryError: as `make_plan`.
    """
    policy = task.scenario.policy
    if not is_studied:
        policy = without_studies(policy)
    is_asked = bool(
        policy.overlays or policy.frontier.points is not None or policy.headcount.is_asked_for
    )
    if not is_asked or has_studies(task.out):
        return
    from optimization.headcount.table import headcount_table

    tables = read_inputs(task.inputs, task.scenario, task.as_of)
    policy = without_who_left(policy, tables)
    path = task.scenario.policy_path
    frames: dict[str, pl.DataFrame] = {}
    if policy.overlays:
        assignment = pl.read_parquet(task.out / "plan_assignment.parquet", glob=False)
        frames |= overlays_of(tables, policy, path, assignment)
        frames["plan_finding"] = with_findings(task.out, frames["plan_finding"])
    if policy.frontier.points is not None:
        report(f"Frontier of scenario {task.scenario.name}")
        frames["plan_frontier"] = frontier_of(tables, policy, path, policy.frontier.points).table()
    if policy.headcount.is_asked_for:
        report(f"Headcount of scenario {task.scenario.name}")
        study = headcount_of(tables, policy, path)
        frames["plan_headcount"] = headcount_table(study, tables.reps, policy)
    write_studies(task.out, frames)


def without_studies(policy: "Policy") -> "Policy":
    """The policy with its overlays alone."""
    off = {"frontier": type(policy.frontier)(), "headcount": type(policy.headcount)()}
    return policy.model_copy(update=off)


def without_who_left(policy: "Policy", tables: PlanningTables) -> "Policy":
    """The policy without leavers who have left by now: a policy outlives the people it names.

    A rep has left who is not in the team and still owns accounts; one nobody knows stays, and is
    refused.
    """
    team, owners = set(tables.reps["rep_id"]), set(tables.accounts["owner_rep_id"])
    asked = policy.headcount
    left = [rep for rep in asked.leavers if rep in owners - team]
    if not left:
        return policy
    report(f"headcount.leavers: {', '.join(left)} left already; take them out of the policy")
    stay = [rep for rep in asked.leavers if rep not in left]
    return policy.model_copy(update={"headcount": asked.model_copy(update={"leavers": stay})})
