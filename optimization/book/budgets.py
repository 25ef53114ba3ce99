"""Move budgets: how much of what has an active incumbent may change its owner."""

from dataclasses import dataclass

import numpy as np

from optimization.book.tables import AccountArrays, Floats
from optimization.book.units import Units
from optimization.policy import Policy

UNIT_OF_MEASURE = {"accounts": "accounts", "sales": "USD", "tenure_months": "tenure months"}


@dataclass(frozen=True)
class Budgets:
    """B budgets; weights and limits are shares of the measure's whole."""

    names: tuple[str, ...]  # (B) measures
    weight: Floats  # (n, B) share of the whole that moves with the account
    limit: Floats  # (B)
    whole: Floats  # (B) accounts, USD or months; 1 where nothing has an incumbent


def build_budgets(accounts: AccountArrays, policy: Policy) -> Budgets:
    """Weights of all accounts; 0 without an active incumbent."""
    owned = accounts.incumbent >= 0
    measures = {
        "accounts": np.ones(len(accounts)),
        "sales": accounts.actual_sales_usd,
        "tenure_months": np.nan_to_num(accounts.tenure_months, nan=0.0),
    }
    weight = np.zeros((len(accounts), len(policy.move_budgets)))
    limit, whole = np.zeros(weight.shape[1]), np.ones(weight.shape[1])
    for b, budget in enumerate(policy.move_budgets):
        amount = np.where(owned, measures[budget.measure], 0.0)
        total = float(amount.sum())
        whole[b] = total if total > 0 else 1.0
        weight[:, b] = amount / whole[b]
        limit[b] = (
            budget.limit_pct / 100 if budget.limit_pct is not None else budget.limit / whole[b]
        )
    names = tuple(budget.measure for budget in policy.move_budgets)
    return Budgets(names, weight, limit, whole)


def least_use(accounts: AccountArrays, units: Units, weight: Floats) -> Floats:
    """(B) share that moves in every plan.

    A unit that is held with a rep moves whatever other reps own of it; a free one at least what
    its incumbents own beyond the largest share of a single one.
    """
    owned = np.flatnonzero(accounts.incumbent >= 0)
    reps = max(units.class_reps.shape[1], 1)
    unit, rep = units.of_account[owned], accounts.incumbent[owned]
    pair, place = np.unique(unit * reps + rep, return_inverse=True)
    owner, holder = np.divmod(pair, reps)
    held = units.fixed[owner] >= 0
    may_keep = np.where(
        held, units.fixed[owner] == holder, units.class_reps[units.class_of[owner], holder]
    )
    moved = np.zeros(weight.shape[1])
    for b in range(weight.shape[1]):
        share = np.bincount(place, weights=weight[owned, b], minlength=pair.size)
        kept = np.zeros(len(units))
        np.maximum.at(kept, owner[may_keep], share[may_keep])
        moved[b] = max(float(share.sum() - kept.sum()), 0.0)
    return moved
