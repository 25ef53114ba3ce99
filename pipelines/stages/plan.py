"""Plan stage: the territories of a scenario, from the planning tables to the `plan_*` tables."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb

from pipelines.progress import report
from pipelines.settings.loader import Settings
from pipelines.stages.check_results import CheckRow, append_check_results
from pipelines.stages.fit_losses import ESTIMATES
from pipelines.stages.plan_tables import read_plan, write_plan
from pipelines.stages.planner import (
    PlanningTables,
    make_plan,
    read_matrix,
    travel_matrix_path,
    violations_of,
)
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

if TYPE_CHECKING:
    from optimization import Plan

_INPUTS = {
    "accounts": "SELECT * FROM int_plan__account ORDER BY account_id",
    "reps": "SELECT * FROM int_plan__rep ORDER BY rep_id",
    "overrides": "SELECT * FROM stg_plan__override ORDER BY account_id, action, rep_id, group_id",
    "estimates": ESTIMATES,
}


def plan(settings: Settings, context: RunContext) -> "Plan":
    """Solve the planning model and write the `plan_*` tables.

    Raises:
        InfeasibleError: no plan meets the policy and the policy says to stop then.
        InputError: an override or a planning table contradicts itself.
        TerritoryError: the solver refused the model, or had no time for a first plan.
    """
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        tables = read_planning_tables(connection, settings, context)
        result = make_plan(tables, settings.policy, settings.policy_path)
        write_plan(connection, context, settings.policy, tables.accounts, result)
    return result


def read_planning_tables(
    connection: duckdb.DuckDBPyConnection, settings: Settings, context: RunContext
) -> PlanningTables:
    """What the plan of a run is made of, from the working database."""
    frames = {name: connection.execute(query).pl() for name, query in _INPUTS.items()}
    return PlanningTables(
        **frames,
        travel_matrix=read_matrix(travel_matrix_path(settings.policy, settings.policy_path)),
        as_of=context.as_of,
    )


def verified_rules() -> Mapping[str, str]:
    """What the verifier checks: each rule with a sentence that says what must hold."""
    from optimization import VERIFIED_RULES

    return VERIFIED_RULES


def verify(settings: Settings, context: RunContext) -> list[CheckRow]:
    """Check the plan in the working database outside the solver; record and return the checks.

    Every rule the verifier knows gives one row, passed or not.
    """
    report("Verifying the plan")
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        tables = read_planning_tables(connection, settings, context)
        violations = violations_of(tables, settings.policy, read_plan(connection))
        rows = []
        for rule, description in verified_rules().items():
            broken = [violation for violation in violations if violation.rule == rule]
            rows.append(
                CheckRow(
                    gate="verifier",
                    check_name=f"verify_{rule}",
                    table_name="plan_assignment",
                    column_name=None,
                    expectation_type="plan_verifier",
                    severity="error",
                    passed=not broken,
                    observed_value=str(len(broken)),
                    threshold="0",
                    rows_affected=len(broken),
                    sample_json=json.dumps([v.record_id for v in broken[:5]]) if broken else None,
                    message=broken[0].message if broken else description,
                )
            )
        append_check_results(connection, context.run_id, rows)
    return rows
