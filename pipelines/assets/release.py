"""The publication: the only thing readers ever see.

https://docs.dagster.io/guides/build/assets
"""

from typing import Any

from dagster import AssetExecutionContext, AssetKey, MaterializeResult, MetadataValue, asset

from pipelines.assets.workspace import Workspace
from pipelines.publish.contract import MART_TABLES, META_TABLES
from pipelines.stages.publish import publish


@asset(
    deps=[AssetKey(table) for table in (*MART_TABLES, *META_TABLES)],
    group_name="publication",
    owners=["team:sales-operations"],
    kinds={"duckdb", "parquet"},
)
def release(context: AssetExecutionContext, workspace: Workspace) -> MaterializeResult[Any]:
    """Grain: one published plan. DuckDB file, Parquet, move lists and manifest, swapped in whole."""
    published = publish(
        workspace.settings, workspace.run, fence=workspace.fence, instance=context.instance
    )
    return MaterializeResult(
        metadata={
            "folder": MetadataValue.path(str(published.folder)),
            "plan_id": workspace.run.plan_id,
            "tables": len(published.rows_by_table),
            "rows": sum(published.rows_by_table.values()),
        }
    )
