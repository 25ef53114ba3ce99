"""What a scenario plans and studies beside its plan, where its policy asks: overlays, frontier and
headcount."""

import polars as pl

from pipelines.progress import report
from pipelines.stages.frontier import frontier_of
from pipelines.stages.headcount import headcount_of
from pipelines.stages.overlays import overlays_of
from pipelines.stages.plan_tables import is_studied, with_findings, write_studies
from pipelines.stages.plan_task import PlanTask, read_inputs


def study_task(task: PlanTask) -> None:
    """Make the studies that the task's policy asks for, beside its solved plan; once for a plan.

    Raises:
        GateError: the verifier objects to a plan of a study.
        InfeasibleError, InputError, TerritoryError: as `make_plan`.
    """
    policy = task.scenario.policy
    is_asked = bool(
        policy.overlays or policy.frontier.points is not None or policy.headcount.is_asked_for
    )
    if not is_asked or is_studied(task.out):
        return
    from optimization.headcount.table import headcount_table

    tables = read_inputs(task.inputs, task.scenario, task.as_of)
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
