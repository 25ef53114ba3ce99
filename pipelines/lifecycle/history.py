"""Who owned which account when, by the plans that were effective: periods of type 2.

An account changes its owner on the first day of a plan, or on a later day of its own where the plan
was made effective with dated moves; until then it stays with whoever had it.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import polars as pl

from pipelines.lifecycle.store import PlanStore
from pipelines.lifecycle.timeline import Period

HISTORY_SCHEMA = {
    "account_id": pl.String,
    "territory_id": pl.String,
    "rep_id": pl.String,
    "plan_id": pl.String,
    "valid_from_date": pl.Date,
    "valid_to_date": pl.Date,
    "is_current": pl.Boolean,
    "rep_name": pl.String,
}
_KEY = ["account_id", "valid_from_date"]
_OWNER = ["territory_id", "rep_id"]


def assignment_history(store: PlanStore) -> pl.DataFrame:
    """One row for each account and period with one owner, in order of account and time.

    `plan_id` is the plan that gave the account this owner; neighbouring periods with the same
    owner are one. `valid_to_date` is the last day, NULL in the row that lasts (`is_current`). An
    account that the next plan no longer has ends with the plan that had it. `rep_name` is what the
    newest effective plan with this rep calls him, NULL where none does.
    """
    former = pl.DataFrame(schema={"account_id": pl.String, **dict.fromkeys(_OWNER, pl.String)})
    parts = [pl.DataFrame(schema={name: HISTORY_SCHEMA[name] for name in HISTORY_SCHEMA})]
    for period in store.periods():
        assignment = _owners(store, period)
        parts += _rows(period, assignment, _former(assignment, former))
        # What a plan would have moved later never moved if another plan came first.
        last = pl.concat(part.select("account_id", *_OWNER, "valid_from_date") for part in parts)
        former = last.sort("valid_from_date").group_by("account_id").last().drop("valid_from_date")
    names = recorded_names(store)
    return _merged(pl.concat(parts, how="diagonal")).with_columns(
        rep_name=pl.col("rep_id").replace_strict(names, default=None, return_dtype=pl.String)
    )


def recorded_names(store: PlanStore) -> dict[str, str]:
    """The name of each rep as the newest effective plan with this rep recorded it."""
    names: dict[str, str] = {}
    for period in store.periods():
        assignment = store.assignment(period.plan_id)
        if "rep_name" in assignment.columns:
            named = assignment.select("rep_id", "rep_name").drop_nulls().unique("rep_id")
            names |= dict(named.iter_rows())
    return names


def owners_on(store: PlanStore, day: date) -> pl.DataFrame:
    """Every account with its owner on `day`: the rows of the history that hold then."""
    history = assignment_history(store)
    lasts = pl.col("valid_to_date").is_null() | (pl.col("valid_to_date") >= day)
    return history.filter((pl.col("valid_from_date") <= day) & lasts)


def dated_moves(period: Period) -> Mapping[str, date]:
    """The accounts of a plan that move later than on its first day, and when."""
    moves = dict(period.details).get("dated_moves") or {}
    assert isinstance(moves, Mapping)
    return {account: date.fromisoformat(day) for account, day in moves.items()}


def _owners(store: PlanStore, period: Period) -> pl.DataFrame:
    dates = dated_moves(period)
    assignment = store.assignment(period.plan_id)
    if "previous_rep_id" not in assignment.columns:
        assignment = assignment.with_columns(previous_rep_id=pl.lit(None, pl.String))
    moves = pl.DataFrame(
        {"account_id": list(dates), "move_date": list(dates.values())},
        schema={"account_id": pl.String, "move_date": pl.Date},
    )
    chosen = assignment.select("account_id", *_OWNER, "previous_rep_id")
    return chosen.join(moves, on="account_id", how="left")


def _former(assignment: pl.DataFrame, former: pl.DataFrame) -> pl.DataFrame:
    """The owner before the plan: by the plan before it, else as the source had it."""
    joined = assignment.filter(pl.col("move_date").is_not_null()).join(
        former.with_columns(is_known=pl.lit(True)), on="account_id", how="left", suffix="_before"
    )
    source = pl.col("previous_rep_id")
    return joined.select(
        "account_id",
        "move_date",
        territory_id=pl.when("is_known")
        .then("territory_id_before")
        .otherwise(pl.when(source.is_null()).then(pl.lit("UNASSIGNED")).otherwise("T-" + source)),
        rep_id=pl.when("is_known").then("rep_id_before").otherwise(source),
    )


def _rows(
    period: Period, assignment: pl.DataFrame, waiting: pl.DataFrame
) -> Iterator[pl.DataFrame]:
    """The periods of every account within one plan."""
    first, last = period.valid_from_date, period.valid_to_date
    end = pl.lit(last, pl.Date)
    start = pl.coalesce("move_date", pl.lit(first, pl.Date))
    moved = assignment.with_columns(start=start)
    if last is not None:
        moved = moved.filter(pl.col("start") <= last)
        day_before = pl.min_horizontal(pl.col("move_date") - timedelta(days=1), end)
    else:
        day_before = pl.col("move_date") - timedelta(days=1)
    yield moved.select(
        "account_id",
        *_OWNER,
        plan_id=pl.lit(period.plan_id),
        valid_from_date="start",
        valid_to_date=end,
        is_current=pl.lit(False),
    )
    yield waiting.filter(pl.col("move_date") > first).select(
        "account_id",
        *_OWNER,
        plan_id=pl.lit(period.plan_id),
        valid_from_date=pl.lit(first, pl.Date),
        valid_to_date=day_before,
        is_current=pl.lit(False),
    )


def _merged(rows: pl.DataFrame) -> pl.DataFrame:
    """Neighbouring periods with one owner as one period, named by the plan that began it."""
    ordered = rows.sort(_KEY)
    is_same = pl.all_horizontal(
        *(pl.col(name).eq_missing(pl.col(name).shift()) for name in ("account_id", *_OWNER)),
        pl.col("valid_from_date") == pl.col("valid_to_date").shift() + pl.duration(days=1),
    )
    numbered = ordered.with_columns(island=(~is_same.fill_null(False)).cum_sum())
    return (
        numbered.group_by("island", maintain_order=True)
        .agg(
            pl.first("account_id", "territory_id", "rep_id", "plan_id", "valid_from_date"),
            pl.last("valid_to_date"),
        )
        .drop("island")
        .with_columns(is_current=pl.col("valid_to_date").is_null(), rep_name=pl.lit(None))
        .select(pl.col(name).cast(kind) for name, kind in HISTORY_SCHEMA.items())
    )
