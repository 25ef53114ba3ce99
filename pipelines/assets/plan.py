"""The territory plan: all its tables from one solve.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, MaterializeResult, multi_asset

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.stages.plan import plan

INPUTS = [
    "int_plan__account",
    "int_plan__rep",
    "int_score__model_quality",
    "stg_plan__override",
]

DESCRIPTIONS = {
    "plan_assignment": "Grain: plan × account. Who gets the account, what it costs and why.",
    "plan_summary": "Grain: plan. Objective, proved bound, gap and the parts of the objective.",
    "plan_target": "Grain: plan × rep × metric. Target, limits and their shadow price.",
    "plan_metric": "Grain: plan × metric. Tolerance, and the floor that no plan can go below.",
    "plan_metric_account": "Grain: plan × metric of a tier × account of that tier.",
    "plan_shadow_price": "Grain: plan × limit that binds. Slack, and what one more unit is worth.",
    "plan_finding": "Grain: observation of the planner, such as a limit that had to be relaxed.",
}


@multi_asset(
    name="plan",
    specs=[
        AssetSpec(
            key=table,
            deps=INPUTS,
            group_name="plan",
            owners=["team:sales-operations"],
            kinds={"numba", "pyomo", "highs", "duckdb"},
            description=description,
        )
        for table, description in DESCRIPTIONS.items()
    ],
)
def planned_territories(
    context: AssetExecutionContext, workspace: Workspace
) -> Iterator[MaterializeResult[Any]]:
    """Solve the planning model of the scenario."""
    result = plan(workspace.settings, workspace.run)
    (summary,) = result.summary.to_dicts()
    context.log.info(f"{summary['solver_status']}, gap {summary['optimality_gap_pct']:.3f} %")
    headline = {
        name: float(summary[name])
        for name in ("objective_usd", "bound_usd", "regret_usd", "optimality_gap_pct")
    }
    for described in materialized(workspace.paths.warehouse, DESCRIPTIONS):
        if described.asset_key is not None and described.asset_key.to_user_string() in (
            "plan_summary",
        ):
            described = described._replace(metadata={**(described.metadata or {}), **headline})
        yield described
