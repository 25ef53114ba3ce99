"""The columns of the planning tables: which must be there, what the others default to.

A table of a company's own rarely has them all. Whatever is left out is unknown, and costs or gains
nothing: no whitespace without potential, no travel without visits, no family without a parent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class TableColumns:
    """One kind of planning table.

    Attributes:
        key: what a record is called by in messages.
        needed: columns without which it means nothing.
        text, numbers, booleans: the other columns, by type; unknown where left out.
        defaults: what a column that is left out is filled with instead.
    """

    key: str
    needed: tuple[str, ...]
    text: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.needed, *self.text, *self.numbers, *self.booleans)))


ACCOUNTS = TableColumns(
    key="account_id",
    needed=("account_id", "service_hours"),
    text=(
        *("account_id", "family_id", "segment", "industry", "country", "state", "postal_code"),
        *("market_area_id", "owner_rep_id", "incumbent_rep_id"),
    ),
    numbers=(
        *("service_hours", "visits_per_year", "potential_usd", "actual_sales_usd"),
        *("complexity_score", "tenure_months", "latitude", "longitude"),
    ),
)
LOCK_FACTS = TableColumns(
    key="account_id",
    needed=(),
    numbers=("open_deal_probability_pct", "days_to_renewal", "days_since_owner_change"),
    booleans=("is_strategic",),
)
REPS = TableColumns(
    key="rep_id",
    needed=("rep_id", "capacity_hours"),
    text=(
        *("rep_id", "rep_name", "manager_id", "manager_name", "region", "country"),
        "experience_level",
        *("skill_industries", "state", "postal_code"),
    ),
    numbers=(
        *("capacity_hours", "effective_capacity_hours", "experience_multiplier"),
        *("fte_share", "ramp_share", "latitude", "longitude"),
    ),
)
OVERRIDES = TableColumns(
    key="account_id",
    needed=("account_id", "action"),
    text=("account_id", "action", "rep_id", "group_id", "reason", "expires_date"),
)


def completed_accounts(accounts: pl.DataFrame) -> pl.DataFrame:
    """`accounts` with every column the planner reads, except those that only lock rules ask for.

    An account without a family is its own; owner and incumbent stand for each other.
    """
    frame = _with_unknown(accounts, ACCOUNTS)
    owner, incumbent = pl.col("owner_rep_id"), pl.col("incumbent_rep_id")
    if "incumbent_rep_id" not in accounts.columns:
        incumbent = owner
    return frame.with_columns(
        pl.coalesce("family_id", "account_id").alias("family_id"),
        pl.coalesce(owner, incumbent).alias("owner_rep_id"),
        incumbent.alias("incumbent_rep_id"),
    )


def completed_reps(reps: pl.DataFrame) -> pl.DataFrame:
    """`reps` with every column the planner reads: a multiplier of 1, full time, fully ramped."""
    frame = _with_unknown(reps, REPS).with_columns(
        pl.col("experience_multiplier", "fte_share", "ramp_share").fill_null(1.0)
    )
    return frame.with_columns(
        pl.coalesce(
            "effective_capacity_hours", pl.col("capacity_hours") * pl.col("experience_multiplier")
        ).alias("effective_capacity_hours")
    )


def completed_overrides(overrides: pl.DataFrame | None) -> pl.DataFrame:
    """`overrides` with every column the planner reads; empty without a table."""
    frame = pl.DataFrame(schema={"account_id": pl.String}) if overrides is None else overrides
    return _with_unknown(frame, OVERRIDES)


def typed(frame: pl.DataFrame, columns: TableColumns) -> Mapping[str, type[pl.DataType]]:
    """The type each known column of `frame` must have."""
    kinds: dict[str, type[pl.DataType]] = dict.fromkeys(columns.text, pl.String)
    kinds |= dict.fromkeys(columns.numbers, pl.Float64)
    kinds |= dict.fromkeys(columns.booleans, pl.Boolean)
    return {name: kind for name, kind in kinds.items() if name in frame.columns}


def _with_unknown(frame: pl.DataFrame, columns: TableColumns) -> pl.DataFrame:
    missing = {name: pl.String for name in columns.text if name not in frame.columns}
    missing_numbers = {name: pl.Float64 for name in columns.numbers if name not in frame.columns}
    return frame.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in ({**missing, **missing_numbers}).items()
    )
