"""Holding a plan's tables against what the planning tables and the policy imply."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from optimization.audit.eligibility import read_eligibility
from optimization.audit.figures import check_accounts, check_runners_up
from optimization.audit.goals import read_goals
from optimization.audit.ledger import Ints, Ledger, positions
from optimization.audit.limits import check_bands, check_levels, check_limits
from optimization.audit.money import Money
from optimization.audit.owners import check_owners
from optimization.audit.ownership import read_ownership
from optimization.audit.rules import VERIFIED_RULES, Breaches, Violation
from optimization.audit.totals import check_totals
from optimization.policy import Policy

__all__ = ["VERIFIED_RULES", "Violation", "verify_plan"]

TABLES = ("assignment", "summary", "target", "level", "binding")


def verify_plan(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    plan_frames: Mapping[str, pl.DataFrame],
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
) -> list[Violation]:
    """Every rule of `VERIFIED_RULES` that the plan breaks; empty for a sound plan.

    accounts, reps, overrides: the tables the plan was made from. plan_frames: `plan_assignment`,
    `plan_summary`, `plan_target`, `plan_level` and `plan_binding` (further tables are ignored; the
    prefix may be left out). as_of: the day lock rules are judged by. travel_matrix: from_zone,
    to_zone, hours, km. Of each rule at most 1,000 breaches are listed, then their number.

    Raises:
        KeyError: one of the four tables is missing.
    """
    frames = _frames(plan_frames)
    breaches = Breaches()
    ledger = Ledger.read(accounts, reps, overrides, policy, as_of, travel_matrix)
    owner = _owners(ledger, frames["assignment"], breaches)
    if owner is None:
        # Loads of a plan that misses or doubles accounts say nothing.
        return breaches.listed()
    assignment = frames["assignment"].sort("account_id")
    ownership = read_ownership(ledger)
    eligibility = read_eligibility(ledger, ownership)
    money = Money(ledger, ownership, eligibility)
    check_owners(money, owner, assignment, breaches)
    proposed, current = money.figures(owner), money.figures(ledger.incumbent)
    check_accounts(money, owner, assignment, proposed, current, breaches)
    check_runners_up(money, owner, assignment, breaches)
    goals = read_goals(ledger, ownership, eligibility)
    check_bands(ledger, goals, owner, frames["target"], breaches)
    check_levels(ledger, goals, owner, frames["level"], breaches)
    check_limits(money, goals, owner, proposed, frames["binding"], breaches)
    check_totals(money, goals, owner, (proposed, current), frames["summary"], breaches)
    return breaches.listed()


def _frames(plan_frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables by their names without prefix, in the singular."""
    given = {name.removeprefix("plan_"): frame for name, frame in plan_frames.items()}
    frames = {}
    for name in TABLES:
        frame = given.get(name, given.get(f"{name}s"))
        if frame is None and name == "level":
            # Plans from before there were levels have none; where the policy asks for some, every
            # missing row is a breach.
            frame = pl.DataFrame(schema={"level": pl.String})
        if frame is None:
            raise KeyError(f"plan_{name}")
        frames[name] = frame
    return frames


def _owners(ledger: Ledger, assignment: pl.DataFrame, breaches: Breaches) -> Ints | None:
    """(n) owner of every account in account_id order, J for nobody; None if that is not clear."""
    listed = assignment.group_by("account_id").agg(rows=pl.len())
    joined = (
        ledger.accounts.select("account_id", in_book=pl.lit(1))
        .join(listed, on="account_id", how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("in_book").fill_null(0), pl.col("rows").fill_null(0))
        .filter(pl.col("rows") != pl.col("in_book"))
        .sort("account_id")
    )
    breaches.add_all(
        "one_owner",
        [str(one) for one in joined["account_id"].to_list()],
        joined["in_book"].to_list(),
        joined["rows"].to_list(),
        "number of rows in plan_assignment",
    )
    if joined.height:
        return None
    rows = assignment.sort("account_id")
    owner = positions(rows["rep_id"], ledger.reps["rep_id"])
    nobody = rows["rep_id"].is_null().to_numpy()
    strange = np.flatnonzero((owner < 0) & ~nobody)
    breaches.add_all(
        "one_owner",
        rows["account_id"][strange].to_list(),
        ["a rep of the plan"] * strange.size,
        rows["rep_id"][strange].to_list(),
        "owner",
    )
    if strange.size:
        return None
    return np.where(nobody, ledger.rep_count, owner)
