"""Plan stage: the territories of every scenario, from planning tables to `plan_*` tables."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import duckdb
import polars as pl

from pipelines.errors import GateError
from pipelines.progress import report
from pipelines.settings.loader import Settings
from pipelines.stages.check_results import CheckRow, append_check_results
from pipelines.stages.keep import MAY_BREAK, judged_tables, keep_task
from pipelines.stages.overlays import OVERLAY_TABLES, overlay_rules, overlay_violations
from pipelines.stages.plan_tables import is_solved, read_overlays, read_plan, unite
from pipelines.stages.plan_task import INPUTS, PlanTask, matrix_of, solve_task, write_inputs
from pipelines.stages.plan_workers import solve_tasks
from pipelines.stages.planner import PlanningTables, violations_of
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.studies import study_task
from pipelines.warehouse import session


def plan(settings: Settings, context: RunContext, *, is_studied: bool = True) -> pl.DataFrame:
    """Solve the planning model of every scenario and write the `plan_*` tables.

    Scenarios that were solved for this run already, each by a task of its own, are not solved
    again. What a policy studies beside its plan follows. A run that keeps the plan in force solves
    only its overlays. If a scenario has no plan, the run stops and names it: a comparison that
    lacks a scenario without a word would mislead.

    Args:
        is_studied: whether what policies study beside their plans is studied, too.

    Returns:
        `plan_summary`, a row per scenario.

    Raises:
        InfeasibleError: no plan meets a policy and the policy says to stop then.
        InputError: an override or a planning table contradicts itself.
        TerritoryError: the solver refused a model, or had no time for a first plan.
    """
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        write_inputs(connection, paths.planning)
        (pairs,) = connection.execute(
            "SELECT (SELECT count(*) FROM int_plan__account) * (SELECT count(*) FROM int_plan__rep)"
        ).fetchone() or (0,)
    tasks = plan_tasks(settings, context)
    if settings.kept_plan_id is None:
        solve_tasks([task for task in tasks if not is_solved(task.out, task.plan_id)], pairs)
        for task in tasks if is_studied else ():
            study_task(task)
    else:
        for task in tasks:
            keep_task(settings, task)
            study_task(task, is_studied=False)
    with session(paths.warehouse) as connection:
        unite(connection, [task.out for task in tasks])
        return connection.execute("FROM plan_summary").pl()


def plan_tasks(settings: Settings, context: RunContext) -> list[PlanTask]:
    """The task of each scenario of the run, the chosen one first."""
    paths = WorkPaths(settings.data_dir)
    # Apart: a plan that is kept must never be taken for the same plan, solved.
    out = paths.plans if settings.kept_plan_id is None else paths.kept
    return [
        PlanTask(
            scenario=scenario,
            plan_id=context.plans[scenario.name],
            as_of=context.as_of,
            inputs=paths.planning,
            out=out / scenario.name,
        )
        for scenario in settings.scenarios
    ]


def solve_scenario(settings: Settings, context: RunContext) -> pl.DataFrame:
    """Solve the chosen scenario apart from the run, which then only has to pick its plan up.

    Reads and writes Parquet only, so several may go on at once.

    Returns:
        `plan_summary` of the scenario.

    Raises:
        GateError: there are no planning tables yet.
        InfeasibleError, InputError, TerritoryError: as `plan`.
    """
    (task, *_) = plan_tasks(settings, context)
    if not task.inputs.is_dir():
        raise GateError(
            f"{task.inputs}: no planning tables yet; materialize the plan once, or start the "
            "whole run"
        )
    solve_task(task)
    return pl.read_parquet(task.out / "plan_summary.parquet", glob=False)


def read_planning_tables(
    connection: duckdb.DuckDBPyConnection, settings: Settings, context: RunContext
) -> PlanningTables:
    """What the plan of the chosen scenario is made of, from the working database."""
    frames = {name: connection.execute(query).pl() for name, query in INPUTS.items()}
    return PlanningTables(
        **frames,
        travel_matrix=matrix_of(settings.scenarios[0]),
        as_of=context.as_of,
    )


def verified_rules() -> Mapping[str, str]:
    """What the verifier checks: each rule with a sentence that says what must hold."""
    from optimization import VERIFIED_RULES

    return VERIFIED_RULES


def _checks() -> Iterator[tuple[str, str, str]]:
    """Table, rule and description of every check of the verifier."""
    for rule, description in verified_rules().items():
        yield "plan_assignment", rule, description
    for rule, description in overlay_rules().items():
        yield OVERLAY_TABLES[0], rule, description


def verify(settings: Settings, context: RunContext) -> list[CheckRow]:
    """Check the plans in the working database outside the solver; record and return the checks.

    Every rule the verifier knows gives one row, passed by all scenarios or not.
    """
    report("Verifying the plan")
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        # From the database and not from the Parquet files: what is published is made of it.
        tables = read_planning_tables(connection, settings, context)
        judged = judged_tables(settings, tables)
        plans = [
            (scenario.name, violation)
            for scenario in settings.scenarios
            for violation in violations_of(
                replace(judged, travel_matrix=matrix_of(scenario)),
                scenario.policy,
                read_plan(connection, scenario.name),
            )
        ]
        overlays = [
            (scenario.name, violation)
            for scenario in settings.scenarios
            for violation in overlay_violations(
                tables, scenario.policy, *read_overlays(connection, scenario.name)
            )
        ]
        told_only = MAY_BREAK if settings.kept_plan_id else frozenset[str]()
        rows = []
        for table, rule, description in _checks():
            violations = overlays if table == OVERLAY_TABLES[0] else plans
            broken = [(name, found) for name, found in violations if found.rule == rule]
            where = f"scenario {broken[0][0]}: " if broken and len(settings.scenarios) > 1 else ""
            rows.append(
                CheckRow(
                    gate="verifier",
                    check_name=f"verify_{rule}",
                    table_name=table,
                    column_name=None,
                    expectation_type="plan_verifier",
                    severity="warning" if rule in told_only else "error",
                    passed=not broken,
                    observed_value=str(len(broken)),
                    threshold="0",
                    rows_affected=len(broken),
                    sample_json=json.dumps([found.record_id for _, found in broken[:5]])
                    if broken
                    else None,
                    message=where + broken[0][1].message if broken else description,
                )
            )
        append_check_results(connection, context.run_id, rows)
    return rows
