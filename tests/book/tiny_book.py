"""Planning tables of a few rows: every column present, only what matters spelled out."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from optimization.book.planning import Planning, build_planning
from optimization.policy import Policy

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
    "open_deal_probability_pct": pl.Float64,
    "days_to_renewal": pl.Int64,
    "days_since_owner_change": pl.Int64,
    "is_strategic": pl.Boolean,
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
    "group_id": pl.String,
}


@dataclass(frozen=True)
class Tables:
    """The three tables that `build_planning` reads."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame

    def planned(
        self,
        policy: dict[str, Any] | None = None,
        as_of: date | None = None,
        travel_matrix: pl.DataFrame | None = None,
    ) -> Planning:
        return build_planning(
            self.accounts,
            self.reps,
            self.overrides,
            Policy.model_validate(policy or {}),
            as_of=as_of,
            travel_matrix=travel_matrix,
        )


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
        "open_deal_probability_pct": None,
        "days_to_renewal": None,
        "days_since_owner_change": None,
        "is_strategic": False,
    } | columns


def owned(account_id: str, rep_id: str, **columns: Any) -> dict[str, Any]:
    """An account whose owner is the active rep `rep_id`."""
    return account(account_id, owner_rep_id=rep_id, incumbent_rep_id=rep_id, **columns)


def rep(rep_id: str, **columns: Any) -> dict[str, Any]:
    """A junior rep of 1,000 hours in Kansas City who lists no skills."""
    row: dict[str, Any] = {
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


def override(
    account_id: str, action: str, rep_id: str | None = None, group_id: str | None = None
) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "action": action,
        "rep_id": rep_id,
        "reason": "by hand",
        "expires_date": None,
        "group_id": group_id,
    }


def tables(
    accounts: list[dict[str, Any]],
    reps: list[dict[str, Any]],
    overrides: list[dict[str, Any]] | None = None,
) -> Tables:
    return Tables(
        pl.DataFrame(accounts, schema=ACCOUNT_SCHEMA),
        pl.DataFrame(reps, schema=REP_SCHEMA),
        pl.DataFrame(overrides or [], schema=OVERRIDE_SCHEMA),
    )


def rules_of(planning: Planning) -> list[str]:
    return [finding.rule for finding in planning.findings]


def fixed_rep(planning: Planning, account_id: str) -> str | None:
    """The rep that holds the account's unit, None where the unit is free."""
    i = planning.accounts.ids.index(account_id)
    j = int(planning.units.fixed[planning.units.of_account[i]])
    return planning.reps.ids[j] if j >= 0 else None


def allowed(planning: Planning, account_id: str) -> list[str]:
    """Reps that may own the account's unit."""
    i = planning.accounts.ids.index(account_id)
    unit = int(planning.units.of_account[i])
    return [planning.reps.ids[j] for j in planning.units.allowed_reps(unit)]
