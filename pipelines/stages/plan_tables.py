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

# Table of the working database: the planner's and the verifier's name of it.
FRAMES = {
    "plan_assignment": "plan_assignment",
    "plan_summary": "plan_summary",
    "plan_target": "plan_target",
    "plan_metric": "plan_metric",
    "plan_finding": "plan_finding",
    "plan_shadow_price": "plan_binding",
}
PLAN_TABLES = (*FRAMES, "plan_metric_account")


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
    return {
        name: connection.execute(f"SELECT * FROM {table}").pl() for table, name in FRAMES.items()
    }


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
    frames = plan.tables()
    for table, name in FRAMES.items():
        frame = frames[name]
        if table == "plan_summary":
            frame = frame.with_columns(pl.lit(context.as_of).alias("as_of"))
        if table == "plan_metric":
            tiers = [band.name for band in policy.metrics if band.accounts]
            frame = frame.with_columns((~pl.col("metric").is_in(tiers)).alias("is_whole_book"))
        yield table, frame
    yield "plan_metric_account", tier_members(policy, accounts)
