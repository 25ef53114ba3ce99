"""Alignment units: families merged, eligibility, locks and manual overrides applied.

A unit is what gets one owner: an account family, or a single account. Which reps may own it is
decided in three steps: the policy's eligibility rules, then locks and manual assignments (which
win over rules, since a person decided), then forbidden pairs.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.errors import PlanInputError
from optimization.policy import Policy
from optimization.result import Finding
from optimization.tables import AccountArrays, Bools, Floats, Ints, Override, RepArrays
from optimization.value import industry_known

FREE, LOCKED, ASSIGNED, ONLY_ELIGIBLE = "free", "locked", "assigned", "only_eligible"


@dataclass(frozen=True)
class Units:
    """U units, sorted by unit_id; every account belongs to exactly one."""

    ids: list[str]
    of_account: Ints  # (n) unit of each account
    eligible: Bools  # (U, J) by the policy's rules
    allowed: Bools  # (U, J) after locks, assignments and forbidden pairs
    hold: list[str]  # (U) free | locked | assigned | only_eligible

    def __len__(self) -> int:
        return len(self.ids)

    def total(self, values: Floats) -> Floats:
        """Sum account values, (n) or (n, J), by unit, always in the order of account_id."""
        summed = np.zeros((len(self), *values.shape[1:]))
        np.add.at(summed, self.of_account, values)
        return summed


def build_units(
    accounts: AccountArrays, reps: RepArrays, overrides: Sequence[Override], policy: Policy
) -> tuple[Units, list[Finding], list[str]]:
    """Merge families and decide who may own what.

    Returns the units, findings, and the named limits that leave a unit without any rep (in that
    case every rep is allowed for it, so that the plan can still be made).

    Raises:
        PlanInputError: overrides contradict each other, or assign to an unknown rep.
    """
    keys = accounts.text["account_id"]
    if policy.keep_families_together:
        families = accounts.text["family_id"]
        keys = [family or own for family, own in zip(families, keys, strict=True)]
    ids = sorted(set(keys))
    place = {unit_id: u for u, unit_id in enumerate(ids)}
    of_account = np.array([place[key] for key in keys], dtype=np.int64)
    findings: list[Finding] = []
    clashes: list[str] = []

    by_account = _eligible_accounts(accounts, reps, policy)
    eligible = np.ones((len(ids), len(reps)), dtype=bool)
    np.logical_and.at(eligible, of_account, by_account)
    manual = _manual(accounts, reps, overrides, findings)
    forbidden = np.zeros_like(eligible)
    for i, j in manual.forbidden:
        forbidden[of_account[i], j] = True
    hold = [FREE] * len(ids)
    allowed = eligible & ~forbidden
    for u, j, kind in _holders(accounts, reps, ids, of_account, manual, policy, findings):
        if forbidden[u, j]:
            raise PlanInputError(
                f"overrides: {ids[u]} is held with rep {reps.ids[j]} by a lock or assignment "
                "and forbidden to the same rep; remove one of the two"
            )
        if not eligible[u, j]:
            findings.append(
                Finding(
                    "warning",
                    "lock_outside_eligibility",
                    ids[u],
                    1,
                    f"{ids[u]} stays with rep {reps.ids[j]} although no eligibility rule allows "
                    "that rep; the lock or assignment was followed",
                )
            )
        allowed[u] = False
        allowed[u, j] = True
        hold[u] = kind
    for u in np.flatnonzero(~allowed.any(axis=1)).tolist():
        clashes.append(f"{ids[u]} is allowed to no rep by the eligibility rules and overrides")
        allowed[u] = ~forbidden[u] if not forbidden[u].all() else True
        findings.append(
            Finding(
                "warning",
                "eligibility_waived",
                ids[u],
                1,
                f"no rep may own {ids[u]}; its eligibility rules were waived",
            )
        )
    for u in np.flatnonzero(allowed.sum(axis=1) == 1).tolist():
        if hold[u] == FREE:
            hold[u] = ONLY_ELIGIBLE
    return Units(ids, of_account, eligible, allowed, hold), findings, clashes


def _matches(text: Mapping[str, list[str]], conditions: Mapping[Any, list[str]], n: int) -> Bools:
    matched = np.ones(n, dtype=bool)
    for column, values in conditions.items():
        accepted = set(values)
        matched &= np.array([value in accepted for value in text[column]], dtype=bool)
    return matched


def _eligible_accounts(accounts: AccountArrays, reps: RepArrays, policy: Policy) -> Bools:
    """Pairs that every eligibility rule of the policy lets meet; (n, J)."""
    allowed = np.ones((len(accounts), len(reps)), dtype=bool)
    for rule in policy.eligibility:
        concerned = _matches(accounts.text, rule.accounts, len(accounts))
        accepted = np.repeat(
            _matches(reps.text, rule.reps, len(reps))[None, :], len(accounts), axis=0
        )
        if "country" in rule.same:
            here = np.array(accounts.text["country"], dtype=object)[:, None]
            there = np.array(reps.text["country"], dtype=object)[None, :]
            accepted &= ((here == there) | (here == "") | (there == "")).astype(bool)
        if "industry_skill" in rule.same:
            known = industry_known(accounts, reps)
            no_industry = np.array([not value for value in accounts.text["industry"]], dtype=bool)
            no_skills = np.array([not skills for skills in reps.skills], dtype=bool)
            accepted &= known | no_industry[:, None] | no_skills[None, :]
        allowed &= accepted | ~concerned[:, None]
    return allowed


@dataclass(frozen=True)
class _Manual:
    """Overrides resolved to indices of accounts and reps."""

    assigned: dict[int, int]
    locked: set[int]
    forbidden: list[tuple[int, int]]


def _manual(
    accounts: AccountArrays,
    reps: RepArrays,
    overrides: Sequence[Override],
    findings: list[Finding],
) -> _Manual:
    account_place = {account_id: i for i, account_id in enumerate(accounts.ids)}
    rep_place = {rep_id: j for j, rep_id in enumerate(reps.ids)}
    assigned: dict[int, int] = {}
    locked: set[int] = set()
    forbidden: list[tuple[int, int]] = []
    for one in overrides:
        where = f"override row {one.row} (account {one.account_id}, {one.action})"
        i = account_place.get(one.account_id)
        if i is None:
            findings.append(
                Finding(
                    "warning",
                    "override_unknown_account",
                    one.account_id,
                    1,
                    f"{where}: no such account in the plan; the row has no effect",
                )
            )
            continue
        if one.action == "lock":
            if accounts.incumbent[i] < 0:
                findings.append(
                    Finding(
                        "warning",
                        "lock_without_incumbent",
                        one.account_id,
                        1,
                        f"{where}: the account has no active owner to stay with; not locked",
                    )
                )
            else:
                locked.add(i)
            continue
        j = rep_place.get(one.rep_id)
        if one.action == "assign":
            if j is None:
                raise PlanInputError(
                    f"{where}: rep {one.rep_id} is no active rep or vacant seat of the plan"
                )
            if assigned.setdefault(i, j) != j:
                raise PlanInputError(
                    f"{where}: the account is assigned to {reps.ids[assigned[i]]} and to "
                    f"{one.rep_id}; keep one"
                )
        elif j is None:
            findings.append(
                Finding(
                    "warning",
                    "override_unknown_rep",
                    one.account_id,
                    1,
                    f"{where}: rep {one.rep_id} is not in the plan; the row has no effect",
                )
            )
        else:
            forbidden.append((i, j))
    for i in sorted(locked & set(assigned)):
        if accounts.incumbent[i] != assigned[i]:
            raise PlanInputError(
                f"overrides: account {accounts.ids[i]} is locked to "
                f"{reps.ids[accounts.incumbent[i]]} and assigned to {reps.ids[assigned[i]]}; "
                "keep one"
            )
    return _Manual(assigned, locked, forbidden)


def _holders(
    accounts: AccountArrays,
    reps: RepArrays,
    ids: list[str],
    of_account: Ints,
    manual: _Manual,
    policy: Policy,
    findings: list[Finding],
) -> list[tuple[int, int, str]]:
    """(unit, rep, kind) for every unit that a lock or an assignment holds in place.

    A manual assignment beats a lock within a family. Locks of one family that name several
    incumbents go to the rep with the largest locked sales, then the smaller rep_id.
    """
    assigned_by_unit: dict[int, int] = {}
    for i, j in sorted(manual.assigned.items()):
        u = int(of_account[i])
        if assigned_by_unit.setdefault(u, j) != j:
            raise PlanInputError(
                f"overrides: family {ids[u]} is assigned to {reps.ids[assigned_by_unit[u]]} and to "
                f"{reps.ids[j]}; a family has one owner, keep one"
            )
    locked = set(manual.locked)
    for rule in policy.locks:
        concerned = _matches(accounts.text, rule.accounts, len(accounts))
        if rule.tenure_months_below is not None:
            with np.errstate(invalid="ignore"):
                concerned &= accounts.tenure_months < rule.tenure_months_below
        locked |= {int(i) for i in np.flatnonzero(concerned & (accounts.incumbent >= 0))}
    sales_by_unit: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for i in sorted(locked):
        sales = float(accounts.actual_sales_usd[i])
        sales_by_unit[int(of_account[i])][int(accounts.incumbent[i])] += sales
    holders = [(u, j, ASSIGNED) for u, j in sorted(assigned_by_unit.items())]
    for u, sales_by_rep in sorted(sales_by_unit.items()):
        if u in assigned_by_unit:
            continue
        j = min(sales_by_rep, key=lambda rep: (-sales_by_rep[rep], rep))
        if len(sales_by_rep) > 1:
            findings.append(
                Finding(
                    "warning",
                    "family_locked_to_several",
                    ids[u],
                    len(sales_by_rep),
                    f"members of family {ids[u]} are locked to {len(sales_by_rep)} reps; the "
                    f"family goes to {reps.ids[j]}, who has its largest locked sales",
                )
            )
        holders.append((u, j, LOCKED))
    return holders
