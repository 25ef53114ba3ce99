"""Published figures walked back to the CRM export, and computed again from its files alone.

The second computation shares nothing with the pipeline: CSV rows, dates and plain arithmetic.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.metadata.lineage_walk import Column, ancestry, edges_of

AS_OF = date(2026, 6, 30)
YEAR_BEFORE = date(2025, 6, 30)
OPEN_STAGES = {"Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review"}
MULTIPLIERS = {"junior": 1.0, "mid": 1.25, "senior": 1.5}

DEALS = "opportunities.csv"

ORIGINS: dict[str, set[Column]] = {
    "account_count": {("accounts.csv", "Account ID")},
    "actual_sales_usd": {(DEALS, "Amount"), (DEALS, "Close Date"), (DEALS, "Stage")},
    "won_deals": {(DEALS, "Close Date"), (DEALS, "Stage")},
    "lost_deals": {(DEALS, "Close Date"), (DEALS, "Stage")},
    "open_opportunities": {(DEALS, "Created Date"), (DEALS, "Stage")},
    "avg_deal_usd": {(DEALS, "Amount"), (DEALS, "Close Date"), (DEALS, "Stage")},
    "win_rate_pct": {(DEALS, "Close Date"), (DEALS, "Stage")},
    "sales_cycle_days": {(DEALS, "Created Date"), (DEALS, "Close Date"), (DEALS, "Stage")},
    "sales_velocity_usd_per_day": {
        (DEALS, "Amount"),
        (DEALS, "Created Date"),
        (DEALS, "Close Date"),
        (DEALS, "Stage"),
    },
    "coverage_pct": {("accounts.csv", "Account ID"), ("activities.csv", "Activity ID")},
    "effective_capacity_hours": {
        ("users.csv", "FTE %"),
        ("users.csv", "Full Name"),
        ("users.csv", "Hire Date"),
        ("users.csv", "Title"),
    },
}
"""What each figure of `kpi_territory` is made of, by the files of the sample company."""


@pytest.fixture(scope="module")
def edges(sample_data_dir: Path) -> dict[Column, list[Column]]:
    path = sample_data_dir / "published" / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return edges_of(
            connection.execute(
                "SELECT table_name, column_name, upstream_table, upstream_column "
                "FROM meta_column_lineage"
            ).fetchall()
        )


@pytest.fixture(scope="module")
def again(sample_data_dir: Path) -> dict[str, dict[str, Any]]:
    """The figures of each rep's book today, from the files of the export."""
    folder = sample_data_dir / "input"
    sellers = {
        user["User ID"]: user
        for user in read(folder / "users.csv")
        if user["Title"].endswith("Account Executive")
    }
    owner = {account["Account ID"]: account["Account Owner ID"] for account in accounts_of(folder)}
    books: dict[str, dict[str, Any]] = defaultdict(lambda: defaultdict(float))
    for rep in owner.values():
        books[rep]["accounts"] += 1
    for deal in read(folder / DEALS):
        book = books[owner[deal["Account ID"]]]
        opened, closed = day(deal["Created Date"]), day(deal["Close Date"])
        is_recent = closed is not None and YEAR_BEFORE < closed <= AS_OF
        if deal["Stage"] == "Closed Won" and is_recent:
            book["won"] += 1
            book["cents"] += round(float(deal["Amount"]) * 100)
            if closed is not None and opened is not None and closed >= opened:
                book["cycle_days"] += (closed - opened).days
                book["cycles"] += 1
        elif deal["Stage"] == "Closed Lost" and is_recent:
            book["lost"] += 1
        elif deal["Stage"] in OPEN_STAGES and (opened is None or opened <= AS_OF):
            book["open"] += 1
    called = {
        call["Account ID"]
        for call in read(folder / "activities.csv")
        if YEAR_BEFORE < (day(call["Date"]) or YEAR_BEFORE) <= AS_OF
    }
    for account in called:
        books[owner[account]]["covered"] += 1
    return {rep: figures(books[rep], user) for rep, user in sellers.items()}


def figures(book: dict[str, Any], user: dict[str, str]) -> dict[str, Any]:
    won, lost = book["won"], book["lost"]
    deal = book["cents"] / 100 / won if won else None
    rate = won / (won + lost) if won + lost else None
    cycle = book["cycle_days"] / book["cycles"] if book["cycles"] else None
    return {
        "account_count": book["accounts"],
        "actual_sales_usd": book["cents"] / 100,
        "won_deals": won,
        "lost_deals": lost,
        "open_opportunities": book["open"],
        "avg_deal_usd": deal,
        "win_rate_pct": None if rate is None else 100 * rate,
        "sales_cycle_days": cycle,
        "sales_velocity_usd_per_day": (
            book["open"] * deal * rate / cycle if deal is not None and rate and cycle else None
        ),
        "coverage_pct": 100 * book["covered"] / book["accounts"] if book["accounts"] else None,
        "effective_capacity_hours": capacity(user),
    }


def capacity(user: dict[str, str]) -> float:
    hours = 1500 * float(user["FTE %"] or 100) / 100
    hired = day(user["Hire Date"])
    months = (AS_OF - hired).days / 30.4375 if hired else None
    level = "mid" if months is None or 24 <= months < 60 else "junior" if months < 24 else "senior"
    ramp = 1.0
    if user["Full Name"].lower().startswith("vacant"):
        ramp = 0.5
    elif months is not None and months < 6:
        ramp = 0.25 + 0.75 * months / 6
    return hours * round(ramp, 6) * MULTIPLIERS[level]


def accounts_of(folder: Path) -> Iterator[dict[str, str]]:
    return read(folder / "accounts.csv")


def read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def day(text: str) -> date | None:
    return datetime.strptime(text, "%m/%d/%Y").date() if text else None


@pytest.mark.parametrize("column", ORIGINS)
def test_a_figure_is_walked_to_its_source_columns_and_computed_again_from_them(
    column: str,
    edges: dict[Column, list[Column]],
    again: dict[str, dict[str, Any]],
    published: duckdb.DuckDBPyConnection,
) -> None:
    assert ancestry(edges, ("kpi_territory", column)).origins == ORIGINS[column]
    rows = published.execute(
        f"SELECT rep_id, {column} FROM kpi_territory "
        "WHERE plan_version = 'current' AND rep_id IS NOT NULL"
    ).fetchall()
    assert len(rows) == 25
    compared = 0
    for rep, value in rows:
        expected = again[rep][column]
        if value is None:
            assert expected is None, rep
            continue
        compared += 1
        # Amounts are published in cents, ratios to four digits.
        assert float(value) == pytest.approx(expected, rel=1e-6, abs=0.006), rep
    assert compared >= 20


def test_every_published_figure_leads_to_source_files_or_to_what_is_said_to_be_known(
    edges: dict[Column, list[Column]], published: duckdb.DuckDBPyConnection
) -> None:
    tables = {row[0] for row in published.execute("SELECT table_name FROM meta_table").fetchall()}
    figures_published = published.execute(
        "SELECT table_name, column_name FROM meta_column JOIN meta_table USING (table_name) "
        "WHERE is_published AND layer = 'mart'"
    ).fetchall()
    assert len(figures_published) > 150
    lost = {
        column: origin
        for column in figures_published
        for origin in ancestry(edges, column).origins
        if origin[0] in tables
    }
    assert lost == {}
