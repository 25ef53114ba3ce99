"""A team other than today's, as planning tables and a policy that any planner and verifier take.

A rep who goes stays in the table of reps, without hours, and may own nothing: so the customers who
lose their rep are priced like all others who change hands, though nobody could have kept them.
Rules that could not be kept for that reason are lifted: locks to that rep, assignments, fixed
targets, least numbers of accounts; and move budgets grow by what that rep owns.
"""

from dataclasses import dataclass, replace

import polars as pl

from optimization.policy import AccountLimit, LockRule, Policy
from optimization.policy.balance import MoveBudget
from optimization.policy.ownership import EligibilityRule

GONE = "seats given up"


@dataclass(frozen=True)
class Seat:
    """A seat that nobody holds yet, with what its hire is expected to be.

    base_account_id: the account at whose place the base is; None for a seat that had one before.
    """

    rep_id: str
    rep_name: str
    manager_id: str | None
    region: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    experience_level: str | None
    experience_multiplier: float
    capacity_hours: float
    skill_industries: str
    base_account_id: str | None = None

    def row(self) -> dict[str, object]:
        """As a row of the reps."""
        return {
            **{k: v for k, v in vars(self).items() if k != "base_account_id"},
            "effective_capacity_hours": self.capacity_hours * self.experience_multiplier,
            "fte_share": 1.0,
            "ramp_share": 1.0,
            "is_vacant": True,
        }


@dataclass(frozen=True)
class Book:
    """The planning tables of today and the policy, as `plan_territories` takes them."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame
    policy: Policy


@dataclass(frozen=True)
class Team:
    """How a team differs from today's: who goes, and the seats that are added."""

    gone: tuple[str, ...] = ()
    added: tuple[Seat, ...] = ()

    def without(self, rep_id: str) -> "Team":
        """The team when `rep_id` goes too."""
        return replace(self, gone=(*self.gone, rep_id))

    def with_seat(self, seat: Seat) -> "Team":
        """The team with one seat more."""
        return replace(self, added=(*self.added, seat))

    def of(self, book: Book) -> Book:
        """`book` with this team."""
        ids = [*book.reps["rep_id"].cast(pl.String).to_list(), *(one.rep_id for one in self.added)]
        staying = [rep_id for rep_id in ids if rep_id not in self.gone]
        reps = book.reps
        if self.added:
            rows = pl.DataFrame([one.row() for one in self.added], infer_schema_length=None)
            rows = rows.select(name for name in rows.columns if name in reps.columns)
            reps = pl.concat([reps, rows], how="diagonal_relaxed")
        if not self.gone:
            return replace(book, reps=reps)
        has_gone = pl.col("rep_id").is_in(self.gone)
        hours = ("capacity_hours", "effective_capacity_hours")
        reps = reps.with_columns(
            pl.when(has_gone).then(0.0).otherwise(pl.col(name).cast(pl.Float64)).alias(name)
            for name in hours
        ).with_columns(
            pl.when(has_gone).then(0.0).otherwise(pl.col("fte_share")).alias("fte_share")
        )
        left = book.accounts.filter(pl.col("incumbent_rep_id").is_in(self.gone))
        return Book(
            accounts=book.accounts,
            reps=reps,
            overrides=_without(book.overrides, left, self.gone),
            policy=_policy(book, self.gone, staying, left),
        )


def _without(overrides: pl.DataFrame, left: pl.DataFrame, gone: tuple[str, ...]) -> pl.DataFrame:
    """The overrides without what holds accounts with those who go, and forbidding them theirs.

    The policy's rule bars them already, but rules are waived where nobody else may own an account.
    """
    action = pl.col("action").str.strip_chars().str.to_lowercase()
    holds = (action == "assign") & pl.col("rep_id").is_in(gone)
    locks = (action == "lock") & pl.col("account_id").is_in(left["account_id"].to_list())
    kept = overrides.filter(~(holds | locks).fill_null(value=False))
    barred = left.select("account_id", action=pl.lit("forbid"), rep_id="incumbent_rep_id")
    return pl.concat([kept, barred], how="diagonal_relaxed")


def _policy(book: Book, gone: tuple[str, ...], staying: list[str], left: pl.DataFrame) -> Policy:
    policy = book.policy
    metrics = [
        band.model_copy(
            update={
                "fixed_targets": {
                    rep_id: amount
                    for rep_id, amount in band.fixed_targets.items()
                    if rep_id not in gone
                }
            }
        )
        for band in policy.metrics
    ]
    rule = EligibilityRule(name=GONE, reps={"rep_id": sorted(staying)})
    limits = [_kept_limit(limit, staying) for limit in policy.account_limits]
    budgets = [_grown(budget, book, left) for budget in policy.move_budgets]
    locks = [_kept_lock(lock, book.accounts, left) for lock in policy.locks]
    return policy.model_copy(
        update={
            "metrics": metrics,
            "eligibility": [*policy.eligibility, rule],
            "account_limits": [limit for limit in limits if limit is not None],
            "move_budgets": budgets,
            "locks": [lock for lock in locks if lock is not None],
        }
    )


def _kept_limit(limit: AccountLimit, staying: list[str]) -> AccountLimit | None:
    """The limit for those of its reps who stay; None where it was for nobody else."""
    named = limit.reps.get("rep_id")
    kept = sorted(staying if named is None else set(named) & set(staying))
    if not kept:
        return None
    return limit.model_copy(update={"reps": {**limit.reps, "rep_id": kept}})


def _kept_lock(lock: LockRule, accounts: pl.DataFrame, left: pl.DataFrame) -> LockRule | None:
    """The rule for accounts whose incumbent stays."""
    ids = set(lock.account_ids if lock.account_ids is not None else accounts["account_id"])
    leaving = set(left["account_id"])
    if not ids & leaving:
        return lock
    kept = sorted(ids - leaving)
    return lock.model_copy(update={"account_ids": kept}) if kept else None


def _grown(budget: MoveBudget, book: Book, left: pl.DataFrame) -> MoveBudget:
    """The budget for the accounts of those who stay, and all that the others own on top."""
    active = book.reps["rep_id"].cast(pl.String).to_list()
    owned = book.accounts.filter(pl.col("incumbent_rep_id").is_in(active))
    taken = _amount(left, budget.measure)
    if budget.limit is not None:
        limit = budget.limit
    else:
        limit = (budget.limit_pct or 0.0) / 100 * (_amount(owned, budget.measure) - taken)
    return MoveBudget(measure=budget.measure, limit=limit + taken)


def _amount(accounts: pl.DataFrame, measure: str) -> float:
    if measure == "accounts":
        return float(accounts.height)
    column = "actual_sales_usd" if measure == "sales" else "tenure_months"
    return float(accounts[column].cast(pl.Float64).sum() or 0.0)
