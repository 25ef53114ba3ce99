"""Next quarter's sales, from the plan and the history of its accounts.

https://docs.dagster.io/guides/build/assets/defining-assets
"""

from collections.abc import Iterator
from typing import Any

from dagster import AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.stages.forecast import FORECAST_TABLE, forecast


@multi_asset(
    name="forecast",
    specs=[
        AssetSpec(
            key=FORECAST_TABLE,
            deps=[
                "plan_assignment",
                "int_plan__rep",
                "int_account__profile",
                "int_crm__opportunity",
                "int_opportunity__win",
            ],
            group_name="scores",
            owners=["team:revenue-analytics"],
            kinds={"statsmodels", "duckdb"},
            description="Grain: territory of the plan, region, segment or the book. Next quarter.",
        )
    ],
)
def forecast_sales(workspace: Workspace) -> Iterator[MaterializeResult[Any]]:
    """Forecast the next quarter of every territory, region and segment."""
    forecast(workspace.settings, workspace.run)
    yield from materialized(workspace.paths.warehouse, [FORECAST_TABLE])
