"""Alignment units: what gets one owner, and who that may be.

A unit is an account family, a keep-together set with the families of its members, or a single
account. Units that the same reps may own share an eligibility *class*, so that nothing here is
ever as large as units x reps.
"""

from dataclasses import dataclass

import numpy as np

from optimization.book.tables import Bools, Floats, Ints

# Why a unit has the reps it has.
FREE, LOCKED, ASSIGNED, ONLY_ELIGIBLE = range(4)
HOLD_NAMES = ("free", "locked", "assigned", "only_eligible")


@dataclass(frozen=True)
class Units:
    """U units, sorted by id; every account belongs to exactly one."""

    ids: list[str]  # (U) family_id or account_id; the smallest of them in a keep-together set
    of_account: Ints  # (n) unit of each account
    member: Ints  # (n) accounts, those of unit u at member_first[u] : member_first[u + 1]
    member_first: Ints  # (U + 1)
    class_of: Ints  # (U) eligibility class
    class_reps: Bools  # (C, J) reps each class may have, by the rules and forbidden pairs
    fixed: Ints  # (U) the only rep, by a lock or an assignment, inside its class or not; -1: free
    hold: Ints  # (U) FREE, LOCKED, ASSIGNED or ONLY_ELIGIBLE
    hold_rule: list[str]  # names of the policy's lock rules
    hold_rule_of: Ints  # (U) the rule that locks the unit; -1: none, or the manual list
    nobody_usd: Floats  # (U) USD a year of having no owner; inf: it must have one
    tier_of_account: Ints  # (n) row of the policy's `unassigned` that lets it go; -1: none

    def __len__(self) -> int:
        return self.class_of.size

    def total(self, values: Floats) -> Floats:
        """Sum account values, (n) or (n, K), by unit, always in the order of account_id."""
        if values.ndim == 1:
            summed = np.bincount(self.of_account, weights=values, minlength=len(self))
            return summed.astype(np.float64)
        columns = [self.total(values[:, k]) for k in range(values.shape[1])]
        return np.column_stack(columns) if columns else np.zeros((len(self), 0))

    def members(self, unit: int) -> Ints:
        """Accounts of a unit, rising."""
        return self.member[self.member_first[unit] : self.member_first[unit + 1]]

    def allowed_reps(self, unit: int) -> Ints:
        """Reps that may own the unit, rising; distance limits apart."""
        if self.fixed[unit] >= 0:
            return self.fixed[unit : unit + 1]
        return np.flatnonzero(self.class_reps[self.class_of[unit]])
