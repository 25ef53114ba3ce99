"""The book as the chosen plan left it: its owners as incumbents of today's accounts and reps.

The chosen plan says who owns an account, whatever the CRM says by now: a plan that was not written
back yet is in force all the same. Seats own territories: one that has fallen vacant keeps its
accounts for whoever comes; only a rep who is no longer in the team leaves them behind.
"""

from dataclasses import dataclass

import polars as pl

from optimization.errors import PlanInputError
from optimization.finding import Finding

CHOSEN_COLUMNS = ("account_id", "rep_id")


@dataclass(frozen=True)
class Standing:
    """Today's accounts under the chosen plan.

    accounts: `int_plan__account` with `owner_rep_id` and `incumbent_rep_id` of the chosen plan;
    accounts it does not know keep those of the data. is_new: no owner in plan or data. is_left:
    their owner is no longer in the team. new, left, closed, leavers: ids, sorted; closed accounts
    are those of the plan that the data no longer have.
    """

    accounts: pl.DataFrame
    new: list[str]
    left: list[str]
    closed: list[str]
    leavers: list[str]
    findings: tuple[Finding, ...]


def stand(accounts: pl.DataFrame, reps: pl.DataFrame, chosen: pl.DataFrame) -> Standing:
    """Put the owners of a chosen plan into the planning table of the accounts.

    accounts: `int_plan__account`. reps: `int_plan__rep`. chosen: account_id, rep_id (null: nobody)
    and any further columns.

    Raises:
        PlanInputError: a column is missing, or the chosen plan names an account twice.
    """
    for column in CHOSEN_COLUMNS:
        if column not in chosen.columns:
            raise PlanInputError(f"the chosen plan has no column {column}")
    plan = chosen.select(
        pl.col("account_id").cast(pl.String), planned=pl.col("rep_id").cast(pl.String)
    )
    twice = plan.filter(pl.col("account_id").is_duplicated())
    if twice.height:
        raise PlanInputError(
            f"the chosen plan names account {twice['account_id'].sort()[0]} more than once"
        )
    team = reps["rep_id"].cast(pl.String).to_list()
    joined = accounts.join(
        plan.with_columns(in_plan=pl.lit(True)),
        on="account_id",
        how="left",
        maintain_order="left",
    ).with_columns(pl.col("in_plan").fill_null(False))
    in_data = pl.col("owner_rep_id").cast(pl.String)
    owner = pl.when("in_plan").then("planned").otherwise(in_data)
    standing = joined.with_columns(owner=owner).with_columns(
        incumbent=pl.when(pl.col("owner").is_in(team)).then("owner"),
        differs=pl.col("in_plan") & in_data.is_not_null() & in_data.ne_missing(pl.col("planned")),
    )
    left = standing.filter(pl.col("owner").is_not_null() & pl.col("incumbent").is_null())
    new = standing.filter(pl.col("owner").is_null())
    known = accounts["account_id"].cast(pl.String).to_list()
    closed = plan.filter(~pl.col("account_id").is_in(known))
    planned_accounts = standing.with_columns(
        owner_rep_id="owner", incumbent_rep_id="incumbent"
    ).select(accounts.columns)
    return Standing(
        accounts=planned_accounts,
        new=new["account_id"].sort().to_list(),
        left=left["account_id"].sort().to_list(),
        closed=closed["account_id"].sort().to_list(),
        leavers=left["owner"].unique().sort().to_list(),
        findings=_differences(standing.filter("differs")),
    )


def _differences(rows: pl.DataFrame) -> tuple[Finding, ...]:
    """Accounts whose owner in the data is not the chosen plan's."""
    if not rows.height:
        return ()
    first = rows.sort("account_id").row(0, named=True)
    text = (
        f"{rows.height} account(s) have another owner in the data than in the chosen plan, which "
        f"counts: {first['account_id']} belongs to {first['planned'] or 'nobody'} by the plan and "
        f"to {first['owner_rep_id']} by the data"
    )
    return (Finding("info", "owner_differs_from_plan", first["account_id"], rows.height, text),)
