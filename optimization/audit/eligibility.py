"""Which reps each unit may have: the eligibility rules, forbidden pairs, and what holds a unit.

Accounts that the rules treat alike share one row of reps; a unit's row is what all of its accounts
have in common.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from optimization.audit.ledger import Bools, Ints, Ledger
from optimization.audit.ownership import Ownership


@dataclass(frozen=True)
class Eligibility:
    """Rows of reps that units share."""

    reps: Bools  # (C, J) reps that the rules and the overrides leave
    kind: Ints  # (U) row of each unit
    holder: Ints  # (U) the only rep of a held unit, -1 free

    def is_allowed(self, unit: Ints, rep: Ints) -> Bools:
        """Whether the plan may make the pairs, distances apart."""
        held = self.holder[unit]
        return np.where(held >= 0, held == rep, self.reps[self.kind[unit], rep])


def read_eligibility(ledger: Ledger, ownership: Ownership) -> Eligibility:
    """Apply every rule of the policy to every kind of account there is."""
    kind, example = _kinds(ledger)
    rows = np.array([_row(ledger, i) for i in example.tolist()], dtype=bool)
    rows = rows.reshape(example.size, ledger.rep_count)
    of_unit, rows = _common(ownership, kind, rows)
    return _without_forbidden(ownership, of_unit, rows)


def _kinds(ledger: Ledger) -> tuple[Ints, Ints]:
    """(n) number of each account's kind, and one account of every kind."""
    kind = np.zeros(ledger.account_count, dtype=np.int64)
    columns: list[Ints] = []
    for rule in ledger.policy.eligibility:
        concerned = ledger.matching(rule.accounts)
        columns.append(concerned.astype(np.int64))
        if "country" in rule.same:
            country = ledger.accounts["country"].rank("dense").cast(pl.Int64).to_numpy()
            columns.append(np.where(concerned, country, 0))
        if "industry_skill" in rule.same:
            columns.append(np.where(concerned, ledger.industry + 1, 0))
    for column in columns:
        joint = kind * (int(column.max(initial=0)) + 1) + column
        kind = np.unique(joint, return_inverse=True)[1].astype(np.int64)
    return kind, np.unique(kind, return_index=True)[1].astype(np.int64)


def _row(ledger: Ledger, account: int) -> Bools:
    """Reps that every rule lets own this account."""
    mine = ledger.accounts.row(account, named=True)
    allowed = np.ones(ledger.rep_count, dtype=bool)
    for rule in ledger.policy.eligibility:
        if not all(mine[column] in accepted for column, accepted in rule.accounts.items()):
            continue
        allowed &= ledger.matching_reps(rule.reps)
        if "country" in rule.same and mine["country"]:
            allowed &= ledger.reps["country"].is_in(["", mine["country"]]).to_numpy()
        if "industry_skill" in rule.same:
            allowed &= ~ledger.is_stranger[ledger.industry[account]]
    return allowed


def _common(ownership: Ownership, kind: Ints, rows: Bools) -> tuple[Ints, Bools]:
    """Row of each unit: what the kinds of its accounts have in common."""
    pairs = pl.DataFrame({"unit": ownership.unit, "kind": kind}).unique().sort("unit", "kind")
    mixed = pairs.filter(pl.len().over("unit") > 1).group_by("unit").agg("kind").sort("unit")
    of_unit = np.zeros(ownership.unit_count, dtype=np.int64)
    of_unit[pairs["unit"].to_numpy()] = pairs["kind"].to_numpy()
    added: dict[tuple[int, ...], int] = {}
    for unit, kinds in mixed.iter_rows():
        of_unit[unit] = added.setdefault(tuple(kinds), rows.shape[0] + len(added))
    if added:
        shared = [np.logical_and.reduce(rows[list(kinds)])[None, :] for kinds in added]
        rows = np.vstack([rows, *shared])
    return of_unit, rows


def _without_forbidden(ownership: Ownership, of_unit: Ints, rows: Bools) -> Eligibility:
    """Take the forbidden reps out.

    The rules are waived for a unit that needs an owner and is left without any rep: it may have
    every rep it is not forbidden to, or all if it is forbidden to all.
    """
    reps = rows.shape[1]
    of_unit, last = of_unit.copy(), rows.shape[0]
    added: list[Bools] = []

    def give(unit: int, row: Bools) -> None:
        of_unit[unit] = last + len(added)
        added.append(row)

    needs_owner = (ownership.holder < 0) & ~ownership.may_stay
    units, first = np.unique(ownership.forbidden // max(reps, 1), return_index=True)
    for unit, pairs in zip(units.tolist(), np.split(ownership.forbidden, first[1:]), strict=False):
        row, barred = rows[of_unit[unit]].copy(), pairs % reps
        row[barred] = False
        if needs_owner[unit] and not row.any():
            row[:] = True
            row[barred] = barred.size == reps
        give(unit, row)
    final = np.vstack([rows, *added, np.ones((1, reps), dtype=bool)])
    of_unit[needs_owner & ~_has_any(final)[of_unit]] = final.shape[0] - 1
    return Eligibility(final, of_unit, ownership.holder)


def _has_any(rows: Bools) -> Bools:
    """Rows that hold any rep."""
    return np.count_nonzero(rows, axis=1) > 0
