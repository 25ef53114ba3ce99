"""Record the plans of a run: the last thing before readers see them."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.lifecycle import PlanRecord, PlanStore
from pipelines.lifecycle.holdouts import HOLDOUT_NAME
from pipelines.lifecycle.record import (
    ASSIGNMENT_NAME,
    POLICY_NAME,
    SETTINGS_NAME,
    InputFile,
    text_digest,
)
from pipelines.publish.manifest import file_sha256
from pipelines.publish.snapshot import PARQUET_OPTIONS, literal
from pipelines.settings.loader import Settings
from pipelines.stages.landed_inputs import landed_files
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.scenarios import scenario_digests
from pipelines.warehouse import session

_ASSIGNMENT = """
    SELECT f.account_id, a.account_name, f.unit_id, f.territory_id, t.territory_name, f.rep_id,
        r.rep_name, f.previous_rep_id, f.incumbent_rep_id, f.is_moved, f.is_forced_move,
        f.is_new_assignment, f.is_locked, f.service_hours, f.potential_usd, f.actual_sales_usd,
        f.expected_disruption_loss_usd, f.reason_code
    FROM fct_assignment AS f
    JOIN dim_account AS a USING (account_id)
    LEFT JOIN dim_territory AS t ON t.scenario = f.scenario AND t.territory_id = f.territory_id
    LEFT JOIN dim_rep AS r ON r.scenario = f.scenario AND r.rep_id = f.rep_id
    WHERE f.plan_id = {plan_id}
    ORDER BY f.account_id
"""
_INPUTS = """
    SELECT DISTINCT source_table, source_file, file_sha256 FROM meta_load
    WHERE file_sha256 IS NOT NULL ORDER BY ALL
"""


def record_plans(settings: Settings, context: RunContext) -> None:
    """Record every plan of the working database, and let go of old undecided ones.

    The plan of the chosen scenario is proposed, unless the run is one of drafts; the others are
    drafts.

    Raises:
        GateError: another assignment was approved under the same name.
    """
    store = PlanStore(settings.data_dir)
    folder = WorkPaths(settings.data_dir).work
    linked, described = landed_files(settings)
    digests = scenario_digests(settings)
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        found = connection.execute(
            "SELECT DISTINCT plan_id, scenario FROM fct_assignment ORDER BY ALL"
        ).fetchall()
        for plan_id, scenario in found:
            assignment, holdouts = folder / ASSIGNMENT_NAME, folder / HOLDOUT_NAME
            connection.execute(
                f"COPY (SELECT * FROM fct_holdout WHERE plan_id = {literal(plan_id)} "
                f"ORDER BY opportunity_id) TO {literal(holdouts)} ({PARQUET_OPTIONS})"
            )
            connection.execute(
                f"COPY ({_ASSIGNMENT.format(plan_id=literal(plan_id))}) "
                f"TO {literal(assignment)} ({PARQUET_OPTIONS})"
            )
            policy = settings.policy_path.with_name(f"{scenario}.yaml").read_text("utf-8-sig")
            figures = _figures(connection, plan_id)
            record = record_of(
                connection,
                settings,
                replace(context, scenario=scenario, settings_digest=digests[scenario]),
                plan_id,
                policy,
                assignment,
                figures,
                account_count=int(figures["account_count"]),
            )
            store.keep(
                record,
                {
                    ASSIGNMENT_NAME: assignment,
                    HOLDOUT_NAME: holdouts,
                    POLICY_NAME: policy,
                    SETTINGS_NAME: settings_text(settings),
                    **described,
                },
                linked=linked,
                is_draft=settings.is_draft or scenario != context.scenario,
            )
            assignment.unlink()
            holdouts.unlink()
    retention = settings.project.retention
    store.prune(retention.plans, retention.landed_inputs)


def record_of(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    context: RunContext,
    plan_id: str,
    policy: str,
    assignment: Path,
    figures: dict[str, Any],
    *,
    account_count: int,
    rebalanced_from: str | None = None,
) -> PlanRecord:
    """The record of a plan whose assignment stands in a file.

    Args:
        policy: the text of its policy. figures: what is told of it, its seed among them.
        rebalanced_from: the chosen plan that it brings back into its bands.
    """
    return PlanRecord(
        plan_id=plan_id,
        run_id=context.run_id,
        company=settings.project.name,
        scenario=context.scenario,
        as_of=context.as_of,
        code_version=context.code_version,
        seed=int(figures["seed"]),
        input_digest=context.input_digest,
        settings_digest=context.settings_digest,
        policy_digest=text_digest(policy),
        inputs=input_files(connection),
        figures=figures,
        account_count=account_count,
        assignment_digest=file_sha256(assignment),
        rebalanced_from=rebalanced_from,
    )


def input_files(connection: duckdb.DuckDBPyConnection) -> tuple[InputFile, ...]:
    """The files that the working database was made of, in order."""
    return tuple(
        InputFile(table=table, file=file, sha256=digest)
        for table, file, digest in connection.execute(_INPUTS).fetchall()
    )


def _figures(connection: duckdb.DuckDBPyConnection, plan_id: str) -> dict[str, Any]:
    """The plan's row of `kpi_plan`, money as numbers."""
    cursor = connection.execute(
        "SELECT * FROM kpi_plan WHERE plan_version = 'proposed' AND plan_id = ?", [plan_id]
    )
    names = [column[0] for column in cursor.description]
    (row,) = cursor.fetchall()
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in zip(names, row, strict=True)
        if isinstance(value, bool | int | float | Decimal | str)
        and name not in ("plan_id", "scenario", "plan_version")
    }


def settings_text(settings: Settings) -> str:
    """The settings that the plan depends on, beside its policy; no place of any file."""
    content = {
        "project": settings.project.model_dump(
            mode="json", exclude={"data_dir", "sources", "sample", "scoring", "policies"}
        ),
        "scoring": settings.scoring.model_dump(mode="json"),
        "as_of": settings.as_of and settings.as_of.isoformat(),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
