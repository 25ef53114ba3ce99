"""The publication: the only thing readers ever see.

https://docs.dagster.io/guides/build/assets
"""

from typing import Any

from dagster import MaterializeResult, MetadataValue, asset

from pipelines.assets.workspace import Workspace
from pipelines.publish import CONTRACT_TABLES
from pipelines.publish.layout import REPORT_NAME
from pipelines.report.lineage import LINEAGE_NAME
from pipelines.stages.publish import followed_figures, publish


@asset(
    deps=list(CONTRACT_TABLES),
    group_name="publication",
    owners=["team:sales-operations"],
    kinds={"duckdb", "parquet"},
)
def release(workspace: Workspace) -> MaterializeResult[Any]:
    """Grain: one published plan: tables, report, move lists, manifest; swapped in whole."""
    published = publish(workspace.settings, workspace.run, fence=workspace.fence)
    tables = published.manifest.tables
    return MaterializeResult(
        metadata={
            "folder": MetadataValue.path(str(published.path)),
            "report": MetadataValue.url((published.path / REPORT_NAME).as_uri()),
            "lineage": MetadataValue.url((published.path / LINEAGE_NAME).as_uri()),
            # Numbers, so that the UI draws them over runs.
            **followed_figures(published),
            "plan_id": published.plan_id,
            "tables": len(tables),
            "dagster/row_count": sum(table.rows for table in tables),
        }
    )
