"""A small company as raw tables: every case the models must tell apart, by name of the account.

The planning date is 2026-06-30, so the trailing year starts on 2025-07-01.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
AS_OF = "2026-06-30"
SEATS = ("R1", "R2", "R3", "R4")

REPS: list[dict[str, Any]] = [
    {"rep_id": "R1", "rep_name": "Ada Birch", "manager_id": "M1", "region": "East",
     "experience_level": "Senior", "hire_date": "2015-01-01", "latitude": 42.36,
     "longitude": -71.06, "hourly_cost_usd": 90, "country": "USA"},
    {"rep_id": "R2", "rep_name": "Ben Cole", "manager_id": "M1", "region": "East",
     "hire_date": "2023-06-30", "fte_share": 0.5, "capacity_hours": 1600, "postal_code": "02139",
     "hourly_cost_usd": 70},
    {"rep_id": "R3", "rep_name": "Cyd Dorn", "manager_name": "Max Ober", "region": "West",
     "hire_date": "2026-03-31", "city": "Austin", "state": "Texas", "hourly_cost_usd": 50},
    {"rep_id": "R4", "rep_name": "Vacant seat West 4", "region": "West", "is_active": "false"},
    {"rep_id": "R5", "rep_name": "Eve Falk", "end_date": "2026-01-31", "hire_date": "2020-01-01"},
    {"rep_id": "R6", "rep_name": "Fay Grant", "fte_share": 0},
    {"rep_id": "M1", "rep_name": "Lee Nash", "is_active": "false", "role": "Manager"},
]  # fmt: skip

ACCOUNTS: list[dict[str, Any]] = [
    {"account_id": "root", "owner_rep_id": "R1", "industry": "Technology", "state": "MA",
     "employee_count": 5000, "annual_revenue_usd": 2_000_000_000, "country": "US",
     "latitude": 42.3, "longitude": -71.1, "owner_since_date": "2024-06-30",
     "renewal_date": "2026-08-29", "is_strategic": "true"},
    {"account_id": "child", "parent_account_id": "root", "owner_rep_id": "R1", "state": "mA",
     "postal_code": "02139-4307", "country": "USA", "industry": "technology",
     "employee_count": 300, "annual_revenue_usd": 60_000_000},
    {"account_id": "grandchild", "parent_account_id": "child", "owner_rep_id": "R2",
     "city": "Cambridge", "state": "Massachusetts", "industry": "Retail",
     "employee_count": 40, "annual_revenue_usd": 5_000_000},
    {"account_id": "loop a", "parent_account_id": "loop b", "owner_rep_id": "R2"},
    {"account_id": "loop b", "parent_account_id": "loop a", "owner_rep_id": "R2"},
    {"account_id": "below the loop", "parent_account_id": "loop a", "owner_rep_id": "R2"},
    {"account_id": "own parent", "parent_account_id": "own parent", "owner_rep_id": "R3",
     "state": "TX", "country": "United States of America", "industry": "Retail",
     "employee_count": 90},
    {"account_id": "orphan", "parent_account_id": "gone", "owner_rep_id": "R3",
     "latitude": 0, "longitude": 0, "state": "TX"},
    {"account_id": "of a leaver", "owner_rep_id": "R5", "country": "France", "city": "Paris"},
    {"account_id": "of a stranger", "owner_rep_id": "R99", "country": "Australia", "state": "WA"},
    {"account_id": "without owner", "industry": "Beekeeping", "segment": "Key accounts"},
    {"account_id": "of the vacant seat", "owner_rep_id": "R4", "industry": "Technology",
     "state": "MA", "employee_count": 10, "annual_revenue_usd": 1_000_000},
]  # fmt: skip

OPPORTUNITIES: list[dict[str, Any]] = [
    # Inside the year: its first and last day.
    {"account_id": "root", "status": "won", "opened_date": "2025-06-01",
     "closed_date": "2025-07-01", "amount_usd": "1000.10", "product_id": "P1", "rep_id": "R1"},
    {"account_id": "root", "status": "won", "opened_date": "2026-05-31",
     "closed_date": "2026-06-30", "amount_usd": "2000.20", "product_id": "P2", "rep_id": "R1"},
    # Outside: the day before it starts, the day after it ends.
    {"account_id": "root", "status": "won", "opened_date": "2025-06-01",
     "closed_date": "2025-06-30", "amount_usd": 5000, "product_id": "P1", "rep_id": "R2"},
    {"account_id": "root", "status": "won", "opened_date": "2026-06-01",
     "closed_date": "2026-07-01", "amount_usd": 7000, "product_id": "P1", "rep_id": "R2"},
    {"account_id": "root", "status": "lost", "opened_date": "2026-01-01",
     "closed_date": "2026-03-01", "amount_usd": 0, "product_id": "P1", "rep_id": "R1"},
    {"account_id": "root", "status": "open", "stage": "Engaging", "opened_date": "2026-06-01",
     "product_id": "P1", "rep_id": "R1"},
    {"account_id": "root", "status": "open", "stage": "Prospecting", "rep_id": "R1"},
    # Its amount is that of its lines: 3 × 100.50 + 2 × 10.
    {"account_id": "child", "status": "won", "opened_date": "2025-12-01",
     "closed_date": "2026-01-30", "rep_id": "R2"},
    {"account_id": "grandchild", "status": "won", "opened_date": "2026-02-01",
     "closed_date": "2026-02-11", "amount_usd": 400, "product_id": "P1", "rep_id": "R2"},
    {"account_id": "own parent", "status": "won", "opened_date": "2026-04-01",
     "closed_date": "2026-03-01", "amount_usd": 100, "product_id": "P9", "rep_id": "R3"},
    {"account_id": None, "status": "open", "stage": "Engaging", "rep_id": "R3"},
    {"account_id": "nobody knows", "status": "won", "closed_date": "2026-01-01",
     "amount_usd": 999, "rep_id": "R98"},
    {"account_id": "orphan", "status": "won", "amount_usd": 50, "rep_id": "R3"},
    {"account_id": "child", "status": "open", "stage": "Proposal/Price Quote", "rep_id": "R2",
     "probability_pct": 55},
]  # fmt: skip

LINES: list[dict[str, Any]] = [
    {"opportunity_id": "O08", "line_number": 1, "product_id": "P1", "quantity": 3,
     "unit_price_usd": "100.50"},
    {"opportunity_id": "O08", "line_number": 2, "product_id": "P2", "quantity": 2,
     "unit_price_usd": 10},
]  # fmt: skip

PRODUCTS: list[dict[str, Any]] = [
    {"product_id": "P1", "product_name": "Sensor", "list_price_usd": 100, "complexity_rating": 1},
    {"product_id": "P2", "product_name": "Platform", "list_price_usd": 900, "complexity_rating": 3},
]

ACTIVITIES: list[dict[str, Any]] = [
    {"account_id": "root", "rep_id": "R1", "activity_date": "2026-06-30", "duration_hours": 20},
    {"account_id": "root", "rep_id": "R1", "activity_date": "2025-06-30", "duration_hours": 500},
    {"account_id": "child", "rep_id": "R2", "activity_date": "2026-01-05", "duration_hours": 8},
    {"account_id": "child", "rep_id": "R97", "activity_date": "2026-01-06"},
    {"account_id": "orphan", "rep_id": "R3", "activity_date": "2026-07-01", "duration_hours": 9},
    {"account_id": "elsewhere", "rep_id": "R3", "activity_date": "2026-05-01"},
]

OVERRIDES: list[dict[str, Any]] = [
    {"account_id": "root", "action": "lock", "expires_date": "2026-06-30"},
    {"account_id": "child", "action": "lock", "expires_date": "2026-06-29"},
    {"account_id": "gone", "action": "forbid", "rep_id": "R1"},
    {"account_id": "orphan", "action": "separate", "group_id": " rivals "},
]

POSTAL_CODES: list[dict[str, Any]] = [
    {"postal_code": "02139", "city": "Cambridge", "state": "MA", "county_fips": "25017",
     "latitude": 42.36, "longitude": -71.10},
    {"postal_code": "02140", "city": "Cambridge", "state": "MA", "county_fips": "25017",
     "latitude": 42.40, "longitude": -71.14},
    {"postal_code": "78701", "city": "Austin", "state": "TX", "county_fips": "48453",
     "latitude": 30.27, "longitude": -97.74},
]  # fmt: skip

COUNTY_BUSINESS: list[dict[str, Any]] = [
    {"county_fips": "25017", "naics": "54", "employment": 90_000, "establishments": 7000},
    {"county_fips": "25017", "naics": "44-45", "employment": 1, "establishments": 1},
    {"county_fips": "48453", "naics": "44", "employment": 30_000, "establishments": 2000},
    {"county_fips": "48453", "naics": "45", "employment": 20_000, "establishments": 1000},
    {"county_fips": "09001", "naics": "54", "employment": 40_000, "establishments": 5000},
    {"county_fips": "25017", "naics": "00", "employment": 800_000, "establishments": 50_000},
]


def raw_columns() -> dict[str, list[str]]:
    """The columns of each raw table, as the dbt project declares them."""
    sources = yaml.safe_load((PROJECT / "models" / "sources.yml").read_text())["sources"]
    (raw,) = (source for source in sources if source["name"] == "raw")
    return {table["name"]: [c["name"] for c in table["columns"]] for table in raw["tables"]}


def write_raw_tables(warehouse: Path, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Create every raw table in the file `warehouse`, all text, with `rows` by table name."""
    with duckdb.connect(str(warehouse)) as connection:
        for table, columns in raw_columns().items():
            types = ("BIGINT" if c == "row_number" else "VARCHAR" for c in columns)
            declared = ", ".join(f"{c} {t}" for c, t in zip(columns, types, strict=True))
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({declared})")
            records = pl.DataFrame(
                [
                    [str(number) if c == "row_number" else _text(row.get(c)) for c in columns]
                    for number, row in enumerate(rows.get(table, ()), 1)
                ],
                schema=dict.fromkeys(columns, pl.String),
                orient="row",
            )
            connection.register("records", records.to_arrow())
            connection.execute(f"INSERT INTO {table} SELECT * FROM records")
            connection.unregister("records")


def small_company() -> dict[str, list[dict[str, Any]]]:
    """The rows of the small company by raw table."""
    return {
        "raw_crm__account": [{"account_name": a["account_id"].title(), **a} for a in ACCOUNTS],
        "raw_crm__rep": REPS,
        "raw_crm__product": PRODUCTS,
        "raw_crm__opportunity": [
            {"opportunity_id": f"O{number:02}", "stage": o["status"].title(), **o}
            for number, o in enumerate(OPPORTUNITIES, 1)
        ],
        "raw_crm__opportunity_line": LINES,
        "raw_crm__activity": [
            {"activity_id": f"A{number}", **a} for number, a in enumerate(ACTIVITIES, 1)
        ],
        "raw_plan__override": OVERRIDES,
        "raw_market__postal_code": POSTAL_CODES,
        "raw_market__county_business": COUNTY_BUSINESS,
        "raw_market__county_population": [
            {"county_fips": "25017", "county_name": "Middlesex County", "population": 1_600_000,
             "population_change": 32_000}
        ],
        "raw_market__county_employment": [
            {"county_fips": "25017", "employment": 900_000, "is_suppressed": "false",
             "year": 2025, "quarter": 3},
            {"county_fips": "15005", "employment": 0, "is_suppressed": "true",
             "year": 2025, "quarter": 3},
        ],
    }  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
