"""Holdouts: open deals of accounts that change hands stay with their old owner for a while."""

from datetime import date, timedelta

import duckdb
import polars as pl

from pipelines.errors import InputError
from pipelines.lifecycle.store import PlanStore

HOLDOUT_NAME = "holdout.parquet"

# Only what an active owner hands over: nobody is left to finish the deals of one who has gone.
HOLDOUTS = """
    SELECT f.plan_id, f.scenario, o.opportunity_id, f.account_id,
        f.previous_rep_id AS holder_rep_id, f.rep_id AS new_rep_id,
        o.amount_usd::DECIMAL(18, 2) AS amount_usd,
        ($as_of::DATE + $days::INTEGER)::DATE AS expires_date
    FROM {assignment} AS f JOIN int_crm__opportunity AS o USING (account_id)
    WHERE f.is_moved AND f.rep_id IS NOT NULL AND o.is_open AND $days > 0
        AND f.scenario = $scenario
    ORDER BY f.plan_id, o.opportunity_id
"""


def holdouts_of(
    connection: duckdb.DuckDBPyConnection,
    scenario: str,
    as_of: date,
    days: int,
    assignment: str = "fct_assignment",
) -> pl.DataFrame:
    """The open deals that stay with their old owner, of the plan of one scenario.

    Args:
        days: how long, counted from the plan's first day; here from the planning date, because
            the first day is not known yet (`recorded_holdouts`).
        assignment: the table or view of the plan, with the columns of `fct_assignment`.
    """
    asked = {"as_of": as_of, "days": days, "scenario": scenario}
    return connection.execute(HOLDOUTS.format(assignment=assignment), asked).pl()


def recorded_holdouts(store: PlanStore, plan_id: str) -> pl.DataFrame:
    """The holdouts of a recorded plan, counted from its first day where that is known.

    Raises:
        InputError: the record has none.
    """
    path = store.folder / plan_id / HOLDOUT_NAME
    if not path.is_file():
        raise InputError(f"{path}: missing; the plan was recorded without holdouts")
    holdouts = pl.read_parquet(path.read_bytes())
    period = next((p for p in store.periods() if p.plan_id == plan_id), None)
    first_day = period.valid_from_date if period else store.record(plan_id).as_of
    shift = timedelta(days=(first_day - store.record(plan_id).as_of).days)
    return holdouts.with_columns(expires_date=pl.col("expires_date") + shift)


def lasting_holdouts(
    connection: duckdb.DuckDBPyConnection, store: PlanStore, plan_id: str, day: date
) -> pl.DataFrame:
    """The holdouts of a recorded plan that have not expired by `day` and whose deals are open."""
    is_open = "SELECT opportunity_id FROM int_crm__opportunity WHERE is_open"
    still_open = connection.execute(is_open).pl()["opportunity_id"].to_list()
    return recorded_holdouts(store, plan_id).filter(
        (pl.col("expires_date") >= day) & pl.col("opportunity_id").is_in(still_open)
    )
