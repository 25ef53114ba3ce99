"""What a role covers: the accounts of the plan, with the role's own hours, visits and owners.

hours  = share of service hours x factor x service hours + hours per account
visits = share of visits x visits of the primary rep
"""

from collections.abc import Mapping

import polars as pl

from optimization.policy.fields import AccountColumn
from optimization.policy.overlay import OverlayPolicy

PRIMARY, MEMBER = "primary_rep_id", "member_id"


def covered_accounts(
    accounts: pl.DataFrame,
    primary: pl.DataFrame,
    members: pl.DataFrame,
    team: list[str],
    overlay: OverlayPolicy,
) -> pl.DataFrame:
    """The accounts that the role covers, as the planner reads accounts, with their primary rep.

    Args:
        accounts: `int_plan__account`. primary: `plan_assignment` of the plan.
        members: account_id and rep_id of who is on an account's team today, and perhaps
            member_id, the id of the CRM's record of it.
        team: rep_ids of those who fill the role.

    Accounts without owner in the plan are not covered. Where several of the role are on an
    account's team, the one of the smallest id counts as its incumbent.
    """
    owned = primary.filter(pl.col("rep_id").is_not_null()).select(
        pl.col("account_id").cast(pl.String), pl.col("rep_id").cast(pl.String).alias(PRIMARY)
    )
    if MEMBER not in members.columns:
        members = members.with_columns(pl.lit(None, dtype=pl.String).alias(MEMBER))
    incumbents = (
        members.select(pl.col("account_id", "rep_id", MEMBER).cast(pl.String))
        .filter(pl.col("rep_id").is_in(team))
        .sort("account_id", "rep_id")
        .group_by("account_id", maintain_order=True)
        .agg(pl.col("rep_id").first().alias("owner_rep_id"), pl.col(MEMBER).first())
    )
    factor = pl.lit(1.0)
    for rule in reversed(overlay.work.factors):
        factor = pl.when(_matches(rule.accounts)).then(pl.lit(rule.factor)).otherwise(factor)
    work = overlay.work
    is_pod = overlay.unit == "pod"
    return (
        accounts.with_columns(pl.col("account_id").cast(pl.String))
        .filter(_matches(overlay.accounts))
        .drop("owner_rep_id", "incumbent_rep_id")
        .join(owned, on="account_id")
        .join(incumbents, on="account_id", how="left")
        .with_columns(
            (
                work.share_of_service_hours * factor * pl.col("service_hours").cast(pl.Float64)
                + work.hours_per_account
            ).alias("service_hours"),
            (work.share_of_visits * pl.col("visits_per_year").cast(pl.Float64)).alias(
                "visits_per_year"
            ),
            incumbent_rep_id=pl.col("owner_rep_id"),
            # The planner keeps a family whole, and a pod is a family of one primary rep.
            family_id=pl.col(PRIMARY) if is_pod else pl.col("family_id"),
            # How long today's overlay rep has been on the team nobody says.
            tenure_months=pl.lit(None, dtype=pl.Float64),
        )
        .sort("account_id")
    )


def _matches(conditions: Mapping[AccountColumn, list[str]]) -> pl.Expr:
    matched = pl.lit(True)
    for column, values in conditions.items():
        matched &= pl.col(column).cast(pl.String).fill_null("").is_in(values)
    return matched
