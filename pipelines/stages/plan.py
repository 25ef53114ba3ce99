"""Plan stage: the territories of a scenario, from the planning tables to the `plan_*` tables."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.errors import InfeasibleError, InputError, TerritoryError
from pipelines.progress import report
from pipelines.settings.loader import Settings
from pipelines.stages.check_results import CheckRow, append_check_results
from pipelines.stages.plan_tables import read_plan, write_plan
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

if TYPE_CHECKING:
    from optimization import Plan

_INPUTS = {
    "accounts": "SELECT * FROM int_plan__account ORDER BY account_id",
    "reps": "SELECT * FROM int_plan__rep ORDER BY rep_id",
    "overrides": "SELECT * FROM stg_plan__override ORDER BY account_id, action, rep_id",
}


def plan(settings: Settings, context: RunContext) -> "Plan":
    """Solve the planning model and write the `plan_*` tables.

    Raises:
        InfeasibleError: no plan meets the policy and the policy says to stop then.
        InputError: an override or a planning table contradicts itself.
        TerritoryError: the solver refused the model.
    """
    from optimization import Infeasible, PlanInputError, plan_territories
    from optimization.errors import SolverError

    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        inputs = read_inputs(connection)
        try:
            result = plan_territories(
                inputs["accounts"],
                inputs["reps"],
                inputs["overrides"],
                settings.policy,
                progress=lambda step, done, total: report(f"Planning: {step}", done, total),
            )
        except Infeasible as error:
            raise InfeasibleError(f"{settings.policy_path}: {error}") from None
        except PlanInputError as error:
            # The message names the account or override; the policy is not to blame.
            raise InputError(str(error)) from None
        except SolverError as error:
            raise TerritoryError(f"{settings.policy_path}: {error}") from None
        write_plan(connection, context, settings.policy, inputs["accounts"], result)
    return result


def read_inputs(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """The planner's three input tables, in a total order."""
    return {name: connection.execute(query).pl() for name, query in _INPUTS.items()}


def verified_rules() -> Mapping[str, str]:
    """What the verifier checks: each rule with a sentence that says what must hold."""
    from optimization import VERIFIED_RULES

    return VERIFIED_RULES


def verify(settings: Settings, context: RunContext) -> list[CheckRow]:
    """Check the plan in the working database outside the solver; record and return the checks.

    Every rule the verifier knows gives one row, passed or not.
    """
    from optimization import verify_plan

    report("Verifying the plan")
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        inputs = read_inputs(connection)
        violations = verify_plan(
            inputs["accounts"],
            inputs["reps"],
            inputs["overrides"],
            settings.policy,
            read_plan(connection),
        )
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
