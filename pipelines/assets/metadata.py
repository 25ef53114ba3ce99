"""What a release says of itself: runs, tables, columns, lineage, metrics, checks and findings.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.publish.contract import MART_TABLES, META_TABLES
from pipelines.stages.metadata import describe_run

# Loads and quarantine are written, and are assets, where they happen: at ingest.
WRITTEN_HERE = {
    name: description
    for name, description in META_TABLES.items()
    if name not in ("meta_load", "quarantined_row")
}


@multi_asset(
    name="metadata",
    specs=[
        AssetSpec(
            key=table,
            # After the marts and, through their blocking checks, after every gate.
            deps=[*MART_TABLES, "plan_finding", "meta_load"],
            group_name="metadata",
            owners=["team:data-engineering"],
            kinds={"duckdb"},
            description=description,
        )
        for table, description in WRITTEN_HERE.items()
    ],
)
def metadata_tables(
    context: AssetExecutionContext, workspace: Workspace
) -> Iterator[MaterializeResult[Any]]:
    """Write the `meta_*` tables of the run."""
    stats = context.instance.get_run_stats(context.run_id)
    describe_run(workspace.settings, workspace.run, started_at_seconds=stats.start_time)
    yield from materialized(workspace.paths.warehouse, WRITTEN_HERE)
