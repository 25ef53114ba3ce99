"""From accounts to alignment units: families merged, and who may own each of them.

Which reps may own a unit is decided in three steps: the policy's eligibility rules, then forbidden
pairs, then locks and manual assignments, which win over rules, since a person decided.
"""

from datetime import date

import numpy as np

from optimization.book.eligibility import account_classes, merged, unit_classes, without
from optimization.book.filters import matches
from optimization.book.grouping import Grouping, group_accounts
from optimization.book.locks import account_locks, unit_holds
from optimization.book.overrides import ManualDecisions, forbidden_of_units
from optimization.book.remarks import remark_each
from optimization.book.tables import AccountArrays, Bools, Floats, Ints, RepArrays
from optimization.book.units import ONLY_ELIGIBLE, Units
from optimization.errors import PlanInputError
from optimization.finding import Finding
from optimization.policy import Policy


def build_units(
    accounts: AccountArrays,
    reps: RepArrays,
    manual: ManualDecisions,
    policy: Policy,
    as_of: date | None = None,
) -> tuple[Units, list[Finding], list[str]]:
    """Merge accounts and decide who may own what.

    Returns the units, findings, and in words the limits that leave a unit without any rep (every
    rep it is not forbidden to is allowed then, so that the plan can still be made).

    Raises:
        PlanInputError: overrides contradict each other, or a lock rule lacks what it needs.
    """
    grouping, findings = group_accounts(accounts, policy, manual)
    ids, first = grouping.ids, grouping.member_first
    by_rules, rows = unit_classes(grouping, *account_classes(accounts, reps, policy))
    lock = account_locks(accounts, policy, manual, as_of)
    holds, torn = unit_holds(accounts, reps, grouping, manual, lock)
    findings.extend(torn)
    forbidden = forbidden_of_units(manual, grouping.of_account)
    _refuse_held_and_forbidden(ids, reps, holds.fixed, forbidden)
    findings.extend(_held_outside(ids, reps, holds.fixed, by_rules, rows))
    class_of, rows = without(by_rules, rows, forbidden)
    tier = _tier_of_accounts(accounts, policy)
    nobody_usd = _nobody_usd(grouping, tier, holds.fixed, policy)
    needs_owner = (holds.fixed < 0) & np.isinf(nobody_usd)
    unowned = np.flatnonzero((np.count_nonzero(rows, axis=1)[class_of] == 0) & needs_owner)
    clashes = _nobody_may_own(unowned, ids, by_rules, forbidden)
    findings.extend(
        remark_each(
            "eligibility_waived",
            [ids[u] for u in unowned],
            lambda at: f"no rep may own {ids[unowned[at]]}; its eligibility rules were waived",
            "no rep may own them; their eligibility rules were waived",
        )
    )
    class_of, rows = _waived(class_of, rows, unowned, forbidden)
    hold = holds.hold.copy()
    hold[(np.count_nonzero(rows, axis=1)[class_of] == 1) & needs_owner] = ONLY_ELIGIBLE
    units = Units(
        ids=ids,
        of_account=grouping.of_account,
        member=grouping.member,
        member_first=first,
        class_of=class_of,
        class_reps=rows,
        fixed=holds.fixed,
        hold=hold,
        hold_rule=[rule.name for rule in policy.locks],
        hold_rule_of=holds.hold_rule_of,
        nobody_usd=nobody_usd,
        tier_of_account=tier,
    )
    return units, findings, clashes


def _refuse_held_and_forbidden(
    ids: list[str], reps: RepArrays, fixed: Ints, forbidden: dict[int, list[int]]
) -> None:
    for u, others in forbidden.items():
        if fixed[u] in others:
            raise PlanInputError(
                f"overrides: {ids[u]} is held with rep {reps.ids[int(fixed[u])]} by a lock or "
                "assignment and forbidden to the same rep; remove one of the two"
            )


def _held_outside(
    ids: list[str], reps: RepArrays, fixed: Ints, class_of: Ints, rows: Bools
) -> list[Finding]:
    held = np.flatnonzero(fixed >= 0)
    outside = held[~rows[class_of[held], fixed[held]]]
    return remark_each(
        "lock_outside_eligibility",
        [ids[u] for u in outside],
        lambda at: (
            f"{ids[outside[at]]} stays with rep {reps.ids[int(fixed[outside[at]])]} although no "
            "eligibility rule allows that rep; the lock or assignment was followed"
        ),
        "locks and assignments to reps whom no eligibility rule allows were followed",
    )


def _nobody_may_own(
    unowned: Ints, ids: list[str], by_rules: Ints, forbidden: dict[int, list[int]]
) -> list[str]:
    """One sentence per cause: a class of the rules, or the overrides of a single unit."""
    causes: dict[tuple[int, int], list[int]] = {}
    for u in unowned.tolist():
        cause = (int(by_rules[u]), u if u in forbidden else -1)
        causes.setdefault(cause, []).append(u)
    sentences = []
    for members in causes.values():
        rest = len(members) - 1
        who = ids[members[0]] + (f" and {rest} more like it" if rest else "")
        verb = "are" if rest else "is"
        sentences.append(f"{who} {verb} allowed to no rep by the eligibility rules and overrides")
    return sentences


def _waived(
    class_of: Ints, rows: Bools, unowned: Ints, forbidden: dict[int, list[int]]
) -> tuple[Ints, Bools]:
    """Units that nobody may own go to a class of all reps, or of all they are not forbidden to."""
    if unowned.size == 0:
        return class_of, rows
    class_of, every = class_of.copy(), rows.shape[0]
    class_of[unowned] = every
    rows = np.vstack((rows, np.ones((1, rows.shape[1]), dtype=bool)))
    kept = {
        u: forbidden[u]
        for u in unowned.tolist()
        if u in forbidden and len(forbidden[u]) < rows.shape[1]
    }
    return merged(*without(class_of, rows, kept))


def _tier_of_accounts(accounts: AccountArrays, policy: Policy) -> Ints:
    tier = np.full(len(accounts), -1)
    for index, rule in enumerate(policy.unassigned):
        tier[(tier < 0) & matches(accounts.text, rule.accounts)] = index
    return tier


def _nobody_usd(grouping: Grouping, tier: Ints, fixed: Ints, policy: Policy) -> Floats:
    """(U) sum of the accounts' prices; inf where one needs an owner or the unit is held."""
    prices = np.array([*(rule.price_usd for rule in policy.unassigned), np.inf])
    price = np.bincount(grouping.of_account, weights=prices[tier], minlength=fixed.size)
    return np.where(fixed >= 0, np.inf, price)
