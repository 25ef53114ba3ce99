"""The publication: the only thing readers ever see.

https://docs.dagster.io/guides/build/assets
"""

from typing import Any

from dagster import MaterializeResult, MetadataValue, asset

from pipelines.assets.workspace import Workspace
from pipelines.publish import CONTRACT_TABLES
from pipelines.stages.publish import followed_figures, page_links, plan_in_words, publish


@asset(
    deps=list(CONTRACT_TABLES),
    group_name="publication",
    owners=["team:sales-operations"],
    kinds={"duckdb", "parquet"},
)
def release(workspace: Workspace) -> MaterializeResult[Any]:
    """Grain: one published plan: tables, report, move lists, manifest; swapped in whole.

    Its pages open while `territory serve` runs, which `make dev` starts.
    """
    published = publish(workspace.settings, workspace.run, fence=workspace.fence)
    tables = published.manifest.tables
    return MaterializeResult(
        metadata={
            "in words": MetadataValue.md(plan_in_words(workspace.settings, published)),
            **{
                name: MetadataValue.url(address)
                for name, address in page_links(workspace.settings, published).items()
            },
            "folder": MetadataValue.path(str(published.path)),
            # Numbers, so that the UI draws them over runs.
            **followed_figures(published),
            "plan_id": published.plan_id,
            "dagster/row_count": sum(table.rows for table in tables),
        }
    )
