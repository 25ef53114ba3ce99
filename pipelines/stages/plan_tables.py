"""The `plan_*` tables of the working database: written from a plan, read back for the verifier.

The planner's binding limits stand in `plan_shadow_price`, because the published `plan_binding` is
made of them by dbt, and one database holds one table of a name.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.stages.run_context import RunContext

if TYPE_CHECKING:
    from optimization import Plan, Policy

# Table and the name the planner and the verifier know its frame by.
FRAMES = {
    "plan_assignment": "assignment",
    "plan_summary": "summary",
    "plan_target": "targets",
    "plan_metric": "metrics",
    "plan_finding": "findings",
    "plan_shadow_price": "bindings",
}
PLAN_TABLES = (*FRAMES, "plan_metric_account")

BINDING_COLUMNS = {
    "constraint_kind": pl.String,
    "constraint_name": pl.String,
    "rep_id": pl.String,
    "metric": pl.String,
    "unit": pl.String,
    "limit_amount": pl.Float64,
    "used_amount": pl.Float64,
    "slack_amount": pl.Float64,
    "shadow_price_usd": pl.Float64,
    "statement": pl.String,
}

# Columns of the tables that a planner without these features leaves out, and what they then hold.
_ABSENT: dict[str, dict[str, float | bool | None]] = {
    "plan_assignment": {"handover_usd": 0.0, "unassigned": False},
    "plan_summary": {"handover_cost_usd": 0.0},
    "plan_target": {"shadow_price_below_usd": None, "shadow_price_above_usd": None},
    "plan_metric": {"soft_tolerance_pct": None},
}


def plan_frames(plan: "Plan") -> dict[str, pl.DataFrame]:
    """The tables of a plan by the names the verifier and its readers use."""
    frames = {table: _frame(plan, table) for table in FRAMES}
    frames["plan_binding"] = frames.pop("plan_shadow_price")
    return frames


def write_plan(
    connection: duckdb.DuckDBPyConnection,
    context: RunContext,
    policy: "Policy",
    accounts: pl.DataFrame,
    plan: "Plan",
) -> None:
    """Replace the `plan_*` tables by those of `plan`; each row names plan and scenario.

    Args:
        accounts: the planning table of the accounts, for the members of each tier.
    """
    identity = [
        pl.lit(context.plan_id).alias("plan_id"),
        pl.lit(context.scenario).alias("scenario"),
    ]
    for table, frame in _frames(context, policy, accounts, plan):
        connection.register("plan_rows", frame.with_columns(identity).to_arrow())
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM plan_rows")
        connection.unregister("plan_rows")


def read_plan(connection: duckdb.DuckDBPyConnection) -> dict[str, pl.DataFrame]:
    """The plan as the planner wrote it, by the verifier's names: `plan_assignment` and so on."""
    frames = {name: connection.execute(f"SELECT * FROM {name}").pl() for name in FRAMES}
    frames["plan_binding"] = frames.pop("plan_shadow_price")
    return frames


def tier_members(policy: "Policy", accounts: pl.DataFrame) -> pl.DataFrame:
    """The accounts that each metric of a part of the book counts: metric, account_id.

    accounts: `int_plan__account`. Metrics of the whole book have no rows.
    """
    schema = {"metric": pl.String, "account_id": pl.String}
    members = [pl.DataFrame(schema=schema)]
    for band in policy.metrics:
        if band.accounts:
            matches = [pl.col(name).is_in(values) for name, values in band.accounts.items()]
            counted = accounts.filter(matches).select("account_id").sort("account_id")
            members.append(counted.select(pl.lit(band.name).alias("metric"), "account_id"))
    return pl.concat(members)


def _frames(
    context: RunContext, policy: "Policy", accounts: pl.DataFrame, plan: "Plan"
) -> Iterator[tuple[str, pl.DataFrame]]:
    for table in FRAMES:
        frame = _frame(plan, table)
        if table == "plan_summary":
            frame = frame.with_columns(pl.lit(context.as_of).alias("as_of"))
        if table == "plan_metric":
            frame = _described(policy, frame)
        yield table, frame
    yield "plan_metric_account", tier_members(policy, accounts)


def _frame(plan: "Plan", table: str) -> pl.DataFrame:
    """A table of the plan with all its columns."""
    frame: pl.DataFrame | None = getattr(plan, FRAMES[table], None)
    if frame is None:
        frame = pl.DataFrame(schema=BINDING_COLUMNS)
    for column, value in _ABSENT.get(table, {}).items():
        if column not in frame.columns:
            kind = pl.Boolean if isinstance(value, bool) else pl.Float64
            frame = frame.with_columns(pl.lit(value, dtype=kind).alias(column))
    return frame


def _described(policy: "Policy", metrics: pl.DataFrame) -> pl.DataFrame:
    """`metrics` with what each measures, and whether of the whole book or of some accounts."""
    measure = {band.name: band.metric for band in policy.metrics}
    tiers = [band.name for band in policy.metrics if band.accounts]
    return metrics.with_columns(
        pl.col("metric").replace(measure).alias("measure"),
        (~pl.col("metric").is_in(tiers)).alias("is_whole_book"),
    )
