"""What a release says of itself: runs, tables, columns, lineage, metrics, checks and findings.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.publish.contract import MART_TABLES, META_TABLES
from pipelines.stages.metadata import describe_run
from pipelines.stages.transition import TRANSITION_TABLES

# Loads, quarantine and what was noticed are written, and are assets, where it happens: at ingest.
AT_INGEST = (
    *("meta_load", "quarantined_row", "record_history", "custom_field"),
    *("meta_finding_row", "meta_drift"),
)
WRITTEN_HERE = [table for table in META_TABLES if table not in (*AT_INGEST, *TRANSITION_TABLES)]


@multi_asset(
    name="metadata",
    specs=[
        AssetSpec(
            key=table,
            # After the marts and, through their blocking checks, after every gate.
            deps=[*MART_TABLES, *AT_INGEST, *TRANSITION_TABLES, "plan_finding"],
            group_name="metadata",
            owners=["team:data-engineering"],
            kinds={"duckdb"},
            description=META_TABLES[table],
        )
        for table in WRITTEN_HERE
    ],
)
def metadata_tables(
    context: AssetExecutionContext, workspace: Workspace
) -> Iterator[MaterializeResult[Any]]:
    """Write the `meta_*` tables of the run."""
    steps = {
        step.step_key: step.end_time - step.start_time
        for step in context.instance.get_run_step_stats(context.run_id)
        if step.start_time and step.end_time
    }
    begun = context.instance.get_run_stats(context.run_id).start_time
    now = datetime.now(UTC)
    describe_run(
        workspace.settings,
        workspace.run,
        started_at=datetime.fromtimestamp(begun, UTC) if begun else now,
        finished_at=now,
        step_seconds=steps,
    )
    yield from materialized(workspace.paths.warehouse, WRITTEN_HERE)
