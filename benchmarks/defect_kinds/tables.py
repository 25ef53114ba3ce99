"""Kinds of defect of whole columns and tables; a rate means nothing for them."""

from datetime import timedelta

import polars as pl

from benchmarks.defect_kinds.kind import Injected, Kind, Rows, Tables
from benchmarks.defect_kinds.rows import (
    ACCOUNT,
    ACCOUNTS,
    ACTIVITIES,
    ACTIVITY,
    DEAL,
    DEALS,
    US_DATE,
)

NOWHERE = Injected()
STALE_DAYS = 45


def _all_one_owner(tables: Tables, rows: Rows, rate: float) -> Injected:
    owner = tables[ACCOUNTS]["Account Owner ID"].drop_nulls()[0]
    tables[ACCOUNTS] = tables[ACCOUNTS].with_columns(pl.lit(owner).alias("Account Owner ID"))
    return NOWHERE


def _renamed(tables: Tables, rows: Rows, rate: float) -> Injected:
    tables[ACCOUNTS] = tables[ACCOUNTS].rename({"Annual Revenue": "Yearly Turnover"})
    return NOWHERE


def _missing(tables: Tables, rows: Rows, rate: float) -> Injected:
    tables[DEALS] = tables[DEALS].drop("Close Date")
    return NOWHERE


def _unmapped_missing(tables: Tables, rows: Rows, rate: float) -> Injected:
    tables[DEALS] = tables[DEALS].drop("Quantity")
    return NOWHERE


def _retyped(tables: Tables, rows: Rows, rate: float) -> Injected:
    tables[ACCOUNTS] = tables[ACCOUNTS].with_columns(
        ("about " + pl.col("Employees")).alias("Employees")
    )
    return NOWHERE


def _retyped_readably(tables: Tables, rows: Rows, rate: float) -> Injected:
    words = pl.col("Strategic").replace({"1": "yes", "0": "no"})
    tables[ACCOUNTS] = tables[ACCOUNTS].with_columns(words.alias("Strategic"))
    return NOWHERE


def _cents(tables: Tables, rows: Rows, rate: float) -> Injected:
    cents = (pl.col("Amount").cast(pl.Float64) * 100).round(0).cast(pl.Int64).cast(pl.String)
    tables[DEALS] = tables[DEALS].with_columns(cents.alias("Amount"))
    return NOWHERE


def _stale(tables: Tables, rows: Rows, rate: float) -> Injected:
    days = pl.col("Date").str.to_date(US_DATE)
    latest = tables[ACTIVITIES].select(days.max()).item()
    tables[ACTIVITIES] = tables[ACTIVITIES].filter(days <= latest - timedelta(days=STALE_DAYS))
    return NOWHERE


def _fifth_missing(tables: Tables, rows: Rows, rate: float) -> Injected:
    tables[DEALS] = (
        tables[DEALS]
        .gather_every(5, offset=0)
        .vstack(pl.concat([tables[DEALS].gather_every(5, offset=i) for i in (1, 2, 3)]))
    )
    return NOWHERE


def _spike(tables: Tables, rows: Rows, rate: float) -> Injected:
    deals = tables[DEALS]
    copies = deals.head(deals.height // 2).with_columns(
        ("007" + pl.col("Opportunity ID").str.slice(3)).alias("Opportunity ID")
    )
    tables[DEALS] = pl.concat([deals, copies])
    return NOWHERE


def _column_emptied(tables: Tables, rows: Rows, rate: float) -> Injected:
    half = pl.int_range(pl.len()) % 2 == 0
    emptied = pl.when(half).then(None).otherwise(pl.col("Industry"))
    tables[ACCOUNTS] = tables[ACCOUNTS].with_columns(emptied.alias("Industry"))
    return NOWHERE


def _swapped_headings(tables: Tables, rows: Rows, rate: float) -> Injected:
    names = {"Created Date": "Close Date", "Close Date": "Created Date"}
    tables[DEALS] = tables[DEALS].rename(names)
    return NOWHERE


def _kind(name, table, column, rules, inject):
    columns = (column,) if isinstance(column, str) else column
    return Kind(name, "table", table, columns, rules, inject, wave=0)


TABLE_KINDS = (
    _kind(
        "all accounts one owner",
        ACCOUNT,
        "owner_rep_id",
        ("account_owners_differ",),
        _all_one_owner,
    ),
    _kind("renamed column", ACCOUNT, "Annual Revenue", ("missing_column",), _renamed),
    _kind("missing column", DEAL, "Close Date", ("missing_column",), _missing),
    _kind("missing column nobody maps", DEAL, "Quantity", ("missing_column",), _unmapped_missing),
    _kind("re-typed column", ACCOUNT, "employee_count", ("retyped_column",), _retyped),
    _kind(
        "re-typed column, still readable",
        ACCOUNT,
        "Strategic",
        ("retyped_column",),
        _retyped_readably,
    ),
    _kind("wrong unit in a whole column (cents)", DEAL, "amount_usd", ("level_shifted",), _cents),
    _kind("stale feed", ACTIVITY, "activity_date", ("stale_feed",), _stale),
    _kind("a fifth of the children missing", DEAL, (), ("rows_lost",), _fifth_missing),
    _kind("volume spike", DEAL, (), ("rows_gained",), _spike),
    _kind("half a column emptied", ACCOUNT, "industry", ("nulls_gained",), _column_emptied),
    _kind(
        "swapped headings (dates)",
        DEAL,
        ("closed_date", "opened_date"),
        ("opportunity_dates_in_order",),
        _swapped_headings,
    ),
)
