"""A proposal to rebalance as a plan of the store: recorded, then approved like any other."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from pipelines.keeping.chosen import ChosenPlan
from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.holdouts import HOLDOUT_NAME, holdouts_of
from pipelines.lifecycle.record import (
    ASSIGNMENT_NAME,
    CHOSEN_NAME,
    POLICY_NAME,
    SETTINGS_NAME,
)
from pipelines.settings.loader import Settings
from pipelines.stages.landed_inputs import landed_files
from pipelines.stages.plan_record import record_of, settings_text
from pipelines.stages.run_context import RunContext

if TYPE_CHECKING:
    from optimization import Proposal

BY_REBALANCE = "territory rebalance"
_UNASSIGNED = "UNASSIGNED"


def proposed_assignment(
    proposal: "Proposal", accounts: pl.DataFrame, reps: pl.DataFrame
) -> pl.DataFrame:
    """The plan that a proposal would make, with the columns a record of a plan has.

    `previous_rep_id` is the owner by the chosen plan, `source_rep_id` the one in the source.

    Args:
        accounts: `int_plan__account`. reps: `int_plan__rep`.
    """
    seats = reps.select(
        "rep_id",
        "rep_name",
        territory_name=pl.concat_str(
            pl.when(pl.col("region").is_not_null())
            .then(pl.format("{} / ", "region"))
            .otherwise(pl.lit("")),
            "rep_name",
        ),
    )
    amounts = accounts.select(
        *("account_id", "account_name", "potential_usd", "actual_sales_usd"),
        source_rep_id="owner_rep_id",
    )
    return (
        proposal.plan.assignment.join(amounts, on="account_id", how="left")
        .join(seats, on="rep_id", how="left")
        .select(
            "account_id",
            "account_name",
            "unit_id",
            territory_id=pl.when(pl.col("rep_id").is_null())
            .then(pl.lit(_UNASSIGNED))
            .otherwise("T-" + pl.col("rep_id")),
            territory_name="territory_name",
            rep_id="rep_id",
            rep_name="rep_name",
            previous_rep_id="previous_rep_id",
            source_rep_id="source_rep_id",
            incumbent_rep_id="incumbent_rep_id",
            is_moved="is_moved",
            is_forced_move="is_forced_move",
            is_new_assignment="is_new_assignment",
            is_locked="is_locked",
            service_hours="service_hours",
            potential_usd=pl.col("potential_usd").round(2),
            actual_sales_usd=pl.col("actual_sales_usd").round(2),
            expected_disruption_loss_usd=pl.col("disruption_loss_usd").round(2),
            reason_code="reason_code",
        )
        .sort("account_id")
    )


def proposed_holdouts(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    context: RunContext,
    proposal_id: str,
    assignment: pl.DataFrame,
) -> pl.DataFrame:
    """The open deals that stay with their old owner under a proposal.

    Args:
        connection: the working database, with `int_crm__opportunity`.
    """
    rows = assignment.select("account_id", "previous_rep_id", "rep_id", "is_moved").with_columns(
        plan_id=pl.lit(proposal_id), scenario=pl.lit(context.scenario)
    )
    connection.register("proposed_assignment", rows.to_arrow())
    try:
        days = settings.policy.transition.holdout_days
        return holdouts_of(connection, context.scenario, context.as_of, days, "proposed_assignment")
    finally:
        connection.unregister("proposed_assignment")


def record_proposal(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    context: RunContext,
    chosen: ChosenPlan,
    proposal_id: str,
    proposal: "Proposal",
    assignment: pl.DataFrame,
    holdouts: pl.DataFrame,
) -> None:
    """Record the plan that a proposal would make, as proposed, unless it is recorded already.

    Raises:
        GateError: another assignment was approved under this name.
    """
    store = PlanStore(settings.data_dir)
    policy = settings.policy_path.read_text("utf-8-sig")
    figures = _figures(proposal)
    linked, described = landed_files(settings)
    with TemporaryDirectory(prefix="territory-proposal-") as name:
        frames: Mapping[str, pl.DataFrame] = {
            ASSIGNMENT_NAME: assignment,
            HOLDOUT_NAME: holdouts,
            CHOSEN_NAME: chosen.owners.select("account_id", "rep_id").sort("account_id"),
        }
        for file, frame in frames.items():
            frame.write_parquet(Path(name) / file)
        record = record_of(
            connection,
            settings,
            context,
            proposal_id,
            policy,
            Path(name) / ASSIGNMENT_NAME,
            figures,
            account_count=assignment.height,
            rebalanced_from=chosen.plan_id,
        )
        store.keep(
            record,
            {file: Path(name) / file for file in frames}
            | {POLICY_NAME: policy, SETTINGS_NAME: settings_text(settings)}
            | described,
            linked=linked,
            by=BY_REBALANCE,
            why=f"brings {chosen.plan_id} back into its bands: "
            f"{figures['moved_accounts']} voluntary move(s)",
        )
    retention = settings.project.retention
    store.prune(retention.plans, retention.landed_inputs)


def _figures(proposal: "Proposal") -> dict[str, Any]:
    """What is told of the plan: its certificate, and what the rebalancing moves and costs."""
    (summary,), (kpi,) = proposal.plan.summary.to_dicts(), proposal.kpi.to_dicts()
    return {
        "moved_accounts": kpi["voluntary_moves"],
        "is_repeatable": kpi["is_repeatable"],
        **{name: value for name, value in kpi.items() if value is not None},
        **{name: value for name, value in summary.items() if value is not None},
    }
