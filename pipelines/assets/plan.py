"""The territory plans: the tables of all scenarios, and each scenario's as a partition.

A run solves its scenarios itself. `plan_scenario` solves one apart from it, as a partition with a
run of its own: it reads and writes Parquet and takes no lock, so partitions run side by side, in
processes or on a cluster, and the next run of `publish_scenarios` picks their plans up.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
https://docs.dagster.io/guides/build/partitions-and-backfills/partitioning-assets
"""

from collections.abc import Iterator, Sequence
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    StaticPartitionsDefinition,
    asset,
    multi_asset,
)

from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Project, Workspace
from pipelines.stages.plan import plan, solve_scenario
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.scenarios import scenario_digests

INPUTS = [
    "int_plan__account",
    "int_plan__overlay_member",
    "int_plan__overlay_rep",
    "int_plan__rep",
    "int_score__model_quality",
    "stg_crm__rep",
    "stg_plan__override",
]

SCENARIO_ASSET = "plan_scenario"

DESCRIPTIONS = {
    "plan_assignment": "Grain: plan × account. Who gets the account, what it costs and why.",
    "plan_summary": "Grain: plan. Objective, proved bound, gap and the parts of the objective.",
    "plan_target": "Grain: plan × rep × metric. Target, limits and their shadow price.",
    "plan_metric": "Grain: plan × metric. Tolerance, and the floor that no plan can go below.",
    "plan_level": "Grain: plan × group of a level × metric. Target, band and its shadow price.",
    "plan_metric_account": "Grain: plan × metric of a tier × account of that tier.",
    "plan_shadow_price": "Grain: plan × limit that binds. Slack, and what one more unit is worth.",
    "plan_frontier": "Grain: plan × plan of its frontier, where the policy asks for one.",
    "plan_headcount": "Grain: plan × team or choice of its headcount study, where asked for.",
    "plan_overlay_assignment": "Grain: plan × overlay role × account it covers.",
    "plan_overlay_balance": "Grain: plan × overlay role × overlay rep × metric.",
    "plan_overlay_summary": "Grain: plan × overlay role. Ratio, seats, cost, bound and gap.",
    "plan_finding": "Grain: observation of the planner, such as a limit that had to be relaxed.",
}

_HEADLINE = ("objective_usd", "bound_usd", "regret_usd", "optimality_gap_pct")


@multi_asset(
    name="plan",
    specs=[
        AssetSpec(
            key=table,
            deps=[*INPUTS, SCENARIO_ASSET],
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
    """Solve the planning model of every scenario of the run and unite the plans."""
    headlines = {
        str(row["scenario"]): row for row in plan(workspace.settings, workspace.run).to_dicts()
    }
    for scenario, row in headlines.items():
        context.log.info(
            f"{scenario}: {row['solver_status']}, gap {row['optimality_gap_pct']:.3f} %"
        )
        context.log_event(
            AssetMaterialization(SCENARIO_ASSET, partition=scenario, metadata=_headline(row))
        )
    chosen = headlines[workspace.settings.scenario]
    for described in materialized(workspace.paths.warehouse, DESCRIPTIONS):
        if described.asset_key is not None and described.asset_key.to_user_string() in (
            "plan_summary",
        ):
            described = described._replace(
                metadata={**(described.metadata or {}), **_headline(chosen)}
            )
        yield described


def build_scenario_asset(scenarios: Sequence[str]) -> AssetsDefinition:
    """The asset of a single scenario's plan, a partition for each of `scenarios`."""

    @asset(
        name=SCENARIO_ASSET,
        deps=INPUTS,
        partitions_def=StaticPartitionsDefinition(list(scenarios)),
        group_name="plan",
        owners=["team:sales-operations"],
        kinds={"numba", "pyomo", "highs", "parquet"},
        description="Grain: scenario, a policy file each. Its plan tables as Parquet, solved by "
        "the run or by a run of their own.",
    )
    def solved_scenario(context: AssetExecutionContext, project: Project) -> MaterializeResult[Any]:
        settings = project.settings_of(context.partition_key)
        run = RunContext.load(WorkPaths(settings.data_dir)).planning(scenario_digests(settings))
        (row,) = solve_scenario(settings, run).to_dicts()
        return MaterializeResult(metadata=_headline(row))

    return solved_scenario


def _headline(summary: dict[str, Any]) -> dict[str, float]:
    return {name: float(summary[name]) for name in _HEADLINE}
