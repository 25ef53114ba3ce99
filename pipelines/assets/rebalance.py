"""Holding the chosen plan against new data: drift, and a proposal where it passed a threshold.

https://docs.dagster.io/guides/build/assets/defining-assets-with-multi-asset
"""

from collections.abc import Iterator
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    Config,
    MaterializeResult,
    MetadataValue,
    multi_asset,
)
from pydantic import Field

from pipelines.assets.plan import INPUTS
from pipelines.assets.table_metadata import materialized
from pipelines.assets.workspace import Workspace
from pipelines.keeping.notify import notify
from pipelines.stages.rebalance import WORKING, Kept, rebalance, settings_of_chosen
from pipelines.stages.scenarios import scenario_digests

DESCRIPTIONS = {
    WORKING[
        "kpi_drift"
    ]: "Grain: chosen plan × signal. How far the plan has drifted, and its threshold.",
    WORKING[
        "kpi_rebalance"
    ]: "Grain: proposal. What has to move, what is proved of it, and its price. "
    "Empty where no signal passed its threshold.",
    WORKING["fct_rebalance_move"]: "Grain: proposal × account that changes hands or gets its "
    "first owner.",
}


class RebalanceConfig(Config):
    """What a run of the job may be told."""

    is_forced: bool = Field(default=False, description="Propose even where nothing has drifted.")


@multi_asset(
    name="rebalance",
    specs=[
        AssetSpec(
            key=table,
            deps=INPUTS,
            group_name="rebalance",
            owners=["team:sales-operations"],
            kinds={"numba", "highs", "duckdb"},
            description=description,
        )
        for table, description in DESCRIPTIONS.items()
    ],
)
def rebalanced_territories(
    context: AssetExecutionContext, config: RebalanceConfig, workspace: Workspace
) -> Iterator[MaterializeResult[Any]]:
    """Measure the drift of the chosen plan; where it counts, propose and tell people."""
    settings, run = workspace.settings, workspace.run
    if not workspace.scenarios:
        settings = settings_of_chosen(settings, run.as_of)
        run = run.planning(scenario_digests(settings))
    kept = rebalance(settings, run, is_forced=config.is_forced)
    failures: list[str] = []
    if kept.message is not None and kept.is_new:
        failures = notify(
            settings.project.notifications,
            settings.config_path.parent,
            kept.message,
            context.log.info,
        )
        for failure in failures:
            context.log.warning(failure)
    context.instance.add_run_tags(context.run.run_id, run_tags(kept))
    for described in materialized(workspace.paths.warehouse, DESCRIPTIONS):
        key = described.asset_key
        if key is not None and key.to_user_string() == WORKING["kpi_rebalance"]:
            more = _headline(kept, failures)
            described = described._replace(metadata={**(described.metadata or {}), **more})
        yield described


def run_tags(kept: Kept) -> dict[str, str]:
    """What the list of runs shows of this one."""
    tags = {
        "territory/chosen_plan": kept.chosen.plan_id,
        "territory/drift": str(int(kept.drift["is_passed"].sum())),
    }
    if kept.proposal is not None:
        tags["territory/proposal"] = kept.proposal_id
        tags["territory/voluntary_moves"] = str(kept.proposal.kpi["voluntary_moves"].item())
    return tags


def _headline(kept: Kept, failures: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"chosen plan": kept.chosen.plan_id, "chosen because": kept.chosen.how}
    if kept.proposal is not None and kept.message is not None:
        (kpi,) = kept.proposal.kpi.to_dicts()
        found |= {
            "voluntary moves": kpi["voluntary_moves"],
            "price USD a year": kpi["price_usd"],
            "proposal": MetadataValue.md(kept.message["text"]),
        }
    if failures:
        found["notification failures"] = MetadataValue.md("\n".join(f"- {one}" for one in failures))
    return found
