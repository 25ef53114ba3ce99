"""Hand-made planning tables of a few rows: every column present, only what matters spelled out."""

from typing import Any

import polars as pl
from synthetic import Book

from optimization import Plan

ACCOUNT_SCHEMA = {
    "account_id": pl.String,
    "account_name": pl.String,
    "family_id": pl.String,
    "segment": pl.String,
    "industry": pl.String,
    "country": pl.String,
    "state": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "owner_rep_id": pl.String,
    "incumbent_rep_id": pl.String,
    "service_hours": pl.Float64,
    "visits_per_year": pl.Float64,
    "potential_usd": pl.Float64,
    "actual_sales_usd": pl.Float64,
    "complexity_score": pl.Float64,
    "tenure_months": pl.Float64,
}
REP_SCHEMA = {
    "rep_id": pl.String,
    "rep_name": pl.String,
    "manager_id": pl.String,
    "region": pl.String,
    "country": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "experience_level": pl.String,
    "experience_multiplier": pl.Float64,
    "capacity_hours": pl.Float64,
    "effective_capacity_hours": pl.Float64,
    "fte_share": pl.Float64,
    "ramp_share": pl.Float64,
    "skill_industries": pl.String,
    "is_vacant": pl.Boolean,
}
OVERRIDE_SCHEMA = {
    "account_id": pl.String,
    "action": pl.String,
    "rep_id": pl.String,
    "reason": pl.String,
    "expires_date": pl.Date,
}


def account(account_id: str, **columns: Any) -> dict[str, Any]:
    """100 hours, USD 1,000 potential, no owner, one family of its own, in Kansas City."""
    return {
        "account_id": account_id,
        "account_name": f"Account {account_id}",
        "family_id": account_id,
        "segment": "mid",
        "industry": "retail",
        "country": "United States",
        "state": "MO",
        "latitude": 39.1,
        "longitude": -94.6,
        "owner_rep_id": None,
        "incumbent_rep_id": None,
        "service_hours": 100.0,
        "visits_per_year": 12.0,
        "potential_usd": 1_000.0,
        "actual_sales_usd": 0.0,
        "complexity_score": 1.0,
        "tenure_months": 24.0,
    } | columns


def owned(account_id: str, rep_id: str, **columns: Any) -> dict[str, Any]:
    """An account whose owner is the active rep `rep_id`."""
    return account(account_id, owner_rep_id=rep_id, incumbent_rep_id=rep_id, **columns)


def rep(rep_id: str, **columns: Any) -> dict[str, Any]:
    """A junior rep of 1,000 hours in Kansas City who lists no skills."""
    row = {
        "rep_id": rep_id,
        "rep_name": f"Rep {rep_id}",
        "manager_id": "M0",
        "region": "north",
        "country": "United States",
        "latitude": 39.1,
        "longitude": -94.6,
        "experience_level": "junior",
        "experience_multiplier": 1.0,
        "capacity_hours": 1_000.0,
        "fte_share": 1.0,
        "ramp_share": 1.0,
        "skill_industries": "",
        "is_vacant": False,
    } | columns
    product = row["capacity_hours"] * row["experience_multiplier"]
    return {"effective_capacity_hours": product} | row


def override(account_id: str, action: str, rep_id: str | None = None) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "action": action,
        "rep_id": rep_id,
        "reason": "by hand",
        "expires_date": None,
    }


def book(
    accounts: list[dict[str, Any]],
    reps: list[dict[str, Any]],
    overrides: list[dict[str, Any]] | None = None,
) -> Book:
    return Book(
        pl.DataFrame(accounts, schema=ACCOUNT_SCHEMA),
        pl.DataFrame(reps, schema=REP_SCHEMA),
        pl.DataFrame(overrides or [], schema=OVERRIDE_SCHEMA),
    )


def frames(plan: Plan) -> dict[str, pl.DataFrame]:
    """The plan under the table names that `verify_plan` reads."""
    return plan.tables()


def owners(plan: Plan) -> dict[str, str]:
    return dict(plan.assignment.select("account_id", "rep_id").iter_rows())
