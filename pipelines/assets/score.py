"""What fitted models say of accounts and deals, between the dbt parts.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.stages.score import SCORE_TABLES, score

INPUTS = [
    "int_account__feature",
    "int_account__history",
    "int_account__location",
    "int_opportunity__feature",
    "int_rep__capacity",
    "int_rep__location",
]


@multi_asset(
    name="score",
    specs=[
        AssetSpec(
            key=table,
            deps=INPUTS,
            group_name="scores",
            owners=["team:revenue-analytics"],
            kinds={"scikitlearn", "duckdb"},
            description=description,
        )
        for table, description in SCORE_TABLES.items()
    ],
)
def fitted_scores(
    context: AssetExecutionContext, workspace: Workspace
) -> Iterator[MaterializeResult[Any]]:
    """Fit the models of potential, sales and winning."""
    for name, reason in score(workspace.settings, workspace.run).items():
        context.log.info(f"{name}: {reason}")
    yield from materialized(workspace.paths.warehouse, SCORE_TABLES)
