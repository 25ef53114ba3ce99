"""What stays where it is: manual assignments, the manual list of locks, and lock rules.

For an account the first match wins: the manual list, then the policy's rules in their order. In a
unit of several accounts a manual assignment beats every lock, and locks that name several
incumbents go to the rep with the largest locked sales, then the smaller rep_id.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from optimization.book.filters import matches
from optimization.book.grouping import Grouping
from optimization.book.overrides import ManualDecisions
from optimization.book.remarks import remark_each
from optimization.book.tables import ACCOUNT_TABLE, AccountArrays, Bools, Floats, Ints, RepArrays
from optimization.book.units import ASSIGNED, FREE, LOCKED
from optimization.errors import PlanInputError
from optimization.finding import Finding
from optimization.policy import LockRule, Policy

NO_LOCK, MANUAL = -2, -1


@dataclass(frozen=True)
class Holds:
    """Who holds each unit, (U) each; see `Units`."""

    fixed: Ints
    hold: Ints
    hold_rule_of: Ints


def account_locks(
    accounts: AccountArrays, policy: Policy, manual: ManualDecisions, as_of: date | None
) -> Ints:
    """(n) the lock of each account: index of a rule, MANUAL or NO_LOCK. Only with an incumbent.

    Raises:
        PlanInputError: a rule needs a column that the accounts lack, or a date that is not given.
    """
    lock = np.full(len(accounts), NO_LOCK)
    lock[list(manual.locked)] = MANUAL
    owned = accounts.incumbent >= 0
    for index, rule in enumerate(policy.locks):
        if rule.expires_on is not None and as_of is None:
            raise PlanInputError(
                f"policy locks '{rule.name}': expires_on needs the date of the plan; give as_of"
            )
        if rule.is_in_force(as_of):
            lock[owned & (lock == NO_LOCK) & rule_concerns(rule, accounts)] = index
    return lock


def rule_concerns(rule: LockRule, accounts: AccountArrays) -> Bools:
    """Accounts that meet all conditions of the rule; (n). Unknown values meet none.

    Raises:
        PlanInputError: a condition needs a column that the accounts lack.
    """
    concerned = matches(accounts.text, rule.accounts)
    if rule.account_ids is not None:
        concerned &= accounts.text["account_id"].is_in(rule.account_ids).to_numpy()
    if rule.open_deal_probability_from_pct is not None:
        chance = _needed(rule, "open_deal_probability_pct", accounts)
        concerned &= chance >= rule.open_deal_probability_from_pct
    if rule.renewal_within_days is not None:
        days = _needed(rule, "days_to_renewal", accounts)
        concerned &= (days >= 0) & (days <= rule.renewal_within_days)
    if rule.owner_changed_within_days is not None:
        days = _needed(rule, "days_since_owner_change", accounts)
        concerned &= days <= rule.owner_changed_within_days
    if rule.strategic is not None:
        concerned &= _needed(rule, "is_strategic", accounts) == float(rule.strategic)
    if rule.tenure_months_below is not None:
        concerned &= accounts.tenure_months < rule.tenure_months_below
    return concerned


def _needed(rule: LockRule, column: str, accounts: AccountArrays) -> Floats:
    if column in accounts.absent_columns:
        raise PlanInputError(
            f"policy locks '{rule.name}' needs the column {column}, which {ACCOUNT_TABLE} lacks; "
            "add the column or take the condition out"
        )
    values: Floats = getattr(accounts, column)
    return values


def unit_holds(
    accounts: AccountArrays,
    reps: RepArrays,
    grouping: Grouping,
    manual: ManualDecisions,
    lock: Ints,
) -> tuple[Holds, list[Finding]]:
    """Resolve locks of accounts, (n), to units.

    Raises:
        PlanInputError: accounts of one unit are assigned to different reps.
    """
    units = len(grouping.ids)
    fixed = np.full(units, -1)
    hold = np.full(units, FREE)
    hold_rule_of = np.full(units, -1)
    findings = _lock_units(accounts, reps, grouping, lock, fixed, hold_rule_of, manual)
    hold[fixed >= 0] = LOCKED
    assigned: dict[int, int] = {}
    for i, j in sorted(manual.assigned.items()):
        u = int(grouping.of_account[i])
        if assigned.setdefault(u, j) != j:
            raise PlanInputError(
                f"overrides: family {grouping.ids[u]} is assigned to {reps.ids[assigned[u]]} and "
                f"to {reps.ids[j]}; a family has one owner, keep one"
            )
        fixed[u], hold[u], hold_rule_of[u] = j, ASSIGNED, -1
    return Holds(fixed, hold, hold_rule_of), findings


def _lock_units(
    accounts: AccountArrays,
    reps: RepArrays,
    grouping: Grouping,
    lock: Ints,
    fixed: Ints,
    hold_rule_of: Ints,
    manual: ManualDecisions,
) -> list[Finding]:
    """Fill `fixed` and `hold_rule_of` of the locked units; findings about contradicting locks."""
    locked = np.flatnonzero(lock != NO_LOCK)
    unit, rep = grouping.of_account[locked], accounts.incumbent[locked]
    pair, place = np.unique(unit * max(len(reps), 1) + rep, return_inverse=True)
    sales = np.bincount(place, weights=accounts.actual_sales_usd[locked], minlength=pair.size)
    first_rule = np.full(pair.size, np.iinfo(np.int64).max)
    np.minimum.at(first_rule, place, lock[locked])
    owner, holder = np.divmod(pair, max(len(reps), 1))
    order = np.lexsort((holder, -sales, owner))
    best = order[np.concatenate(([True], np.diff(owner[order]) != 0))] if pair.size else order
    fixed[owner[best]] = holder[best]
    hold_rule_of[owner[best]] = first_rule[best]
    claims = np.bincount(owner, minlength=fixed.size)
    settled = {int(grouping.of_account[i]) for i in manual.assigned}
    torn = [u for u in np.flatnonzero(claims > 1).tolist() if u not in settled]
    return remark_each(
        "family_locked_to_several",
        [grouping.ids[u] for u in torn],
        lambda at: (
            f"members of family {grouping.ids[torn[at]]} are locked to {claims[torn[at]]} reps; "
            f"the family goes to {reps.ids[int(fixed[torn[at]])]}, who has its largest locked sales"
        ),
        "families locked to several reps go to the one with the largest locked sales",
    )
