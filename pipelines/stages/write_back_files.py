"""The files for the CRM, of a release or a proposal, from a plan and what landed of territories."""

from pathlib import Path

import duckdb
import polars as pl

from pipelines.publish.snapshot import DATABASE_NAME
from pipelines.settings.loader import Settings
from pipelines.stages.run_context import RunContext
from pipelines.writeback.account_team import write_team_files
from pipelines.writeback.files import system_of, write_crm_files
from pipelines.writeback.ids import System
from pipelines.writeback.snapshot import landed_territories

_ASSIGNMENT = """
    SELECT f.account_id, a.account_name, f.rep_id, r.rep_name,
        a.owner_rep_id AS previous_rep_id, t.territory_name
    FROM fct_assignment AS f
    JOIN dim_account AS a USING (account_id)
    LEFT JOIN dim_rep AS r ON r.scenario = f.scenario AND r.rep_id = f.rep_id
    LEFT JOIN dim_territory AS t ON t.scenario = f.scenario AND t.territory_id = f.territory_id
    WHERE f.scenario = ? ORDER BY f.account_id
"""
# Of reps who are there: nobody sits in a seat of the ratio yet.
_OVERLAYS = """
    SELECT f.overlay_role, f.account_id, a.account_name, f.overlay_rep_id, f.overlay_rep_name,
        f.incumbent_overlay_rep_id, f.incumbent_member_id
    FROM fct_overlay_assignment AS f
    JOIN dim_account AS a USING (account_id)
    WHERE f.scenario = ? AND (f.plan_id, f.overlay_role, f.overlay_rep_id) IN (
        SELECT (plan_id, overlay_role, overlay_rep_id) FROM kpi_overlay_balance
        WHERE NOT is_vacant
    )
    ORDER BY f.overlay_role, f.account_id
"""
_HOLDOUTS = "SELECT * FROM fct_holdout WHERE scenario = ? ORDER BY opportunity_id"


def write_back_files(release: Path, settings: Settings, context: RunContext) -> None:
    """Write `crm/` of the release in the folder `release`, for the chosen scenario's plan."""
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as connection:
        assignment = connection.execute(_ASSIGNMENT, [context.scenario]).pl()
        holdouts = connection.execute(_HOLDOUTS, [context.scenario]).pl()
        overlays = connection.execute(_OVERLAYS, [context.scenario]).pl()
    write_plan_files_for_crm(release, settings, assignment, holdouts)
    write_team_files(release, overlays, _system(settings, assignment))


def write_plan_files_for_crm(
    folder: Path, settings: Settings, assignment: pl.DataFrame, holdouts: pl.DataFrame
) -> None:
    """Write `crm/` into `folder`, as `write_crm_files`, against the source as it was read.

    Args:
        assignment: account_id, account_name, rep_id, rep_name, previous_rep_id (the owner in the
            source), territory_name.
    """
    connector = settings.connectors.get("crm")
    source = settings.sources["crm"]
    system = _system(settings, assignment)
    tables = settings.landed_dir / "crm" / "current" if connector else source.path
    write_crm_files(
        folder,
        assignment,
        holdouts,
        system,
        landed_territories(tables, source.table_prefix, source.table_suffix),
    )


def _system(settings: Settings, assignment: pl.DataFrame) -> System | None:
    """Which CRM the plan's ids are of."""
    connector = settings.connectors.get("crm")
    return system_of(assignment["account_id"].to_list(), connector.type if connector else None)
