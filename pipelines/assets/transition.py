"""From today's owners to those of the plan: history, holdouts, drift, proposals, challenges.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from typing import Any

from dagster import AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.publish.contract import META_TABLES
from pipelines.stages.transition import TRANSITION_TABLES, write_transition

INPUTS = [
    *("fct_assignment", "int_crm__opportunity", "int_plan__account", "int_plan__rep"),
    *("dim_owner", "stg_plan__override"),
]


@multi_asset(
    name="transition",
    specs=[
        AssetSpec(
            key=table,
            deps=INPUTS,
            group_name="marts",
            owners=["team:sales-operations"],
            kinds={"polars", "duckdb"},
            description=META_TABLES[table],
        )
        for table in TRANSITION_TABLES
    ],
)
def transition_tables(workspace: Workspace) -> Iterator[MaterializeResult[Any]]:
    """Write the history of owners and what the way to the new ones needs."""
    write_transition(workspace.settings, workspace.run)
    yield from materialized(workspace.paths.warehouse, TRANSITION_TABLES)
