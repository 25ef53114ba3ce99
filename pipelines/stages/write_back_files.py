"""The files for the CRM in a release, from its own tables and what landed of territories."""

from pathlib import Path

import duckdb

from pipelines.publish.snapshot import DATABASE_NAME
from pipelines.settings.loader import Settings
from pipelines.stages.run_context import RunContext
from pipelines.writeback.files import system_of, write_crm_files
from pipelines.writeback.snapshot import landed_territories

_ASSIGNMENT = """
    SELECT f.account_id, a.account_name, f.rep_id, r.rep_name, f.previous_rep_id, t.territory_name
    FROM fct_assignment AS f
    JOIN dim_account AS a USING (account_id)
    LEFT JOIN dim_rep AS r ON r.scenario = f.scenario AND r.rep_id = f.rep_id
    LEFT JOIN dim_territory AS t ON t.scenario = f.scenario AND t.territory_id = f.territory_id
    WHERE f.scenario = ? ORDER BY f.account_id
"""
_HOLDOUTS = "SELECT * FROM fct_holdout WHERE scenario = ? ORDER BY opportunity_id"


def write_back_files(release: Path, settings: Settings, context: RunContext) -> None:
    """Write `crm/` of the release in the folder `release`, for the chosen scenario's plan."""
    with duckdb.connect(str(release / DATABASE_NAME), read_only=True) as connection:
        assignment = connection.execute(_ASSIGNMENT, [context.scenario]).pl()
        holdouts = connection.execute(_HOLDOUTS, [context.scenario]).pl()
    connector = settings.connectors.get("crm")
    source = settings.sources["crm"]
    system = system_of(assignment["account_id"].to_list(), connector.type if connector else None)
    folder = settings.landed_dir / "crm" / "current" if connector else source.path
    write_crm_files(
        release,
        assignment,
        holdouts,
        system,
        landed_territories(folder, source.table_prefix, source.table_suffix),
    )
