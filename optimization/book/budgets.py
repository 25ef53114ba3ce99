"""Move budgets: how much of what has an active incumbent may change its owner.

A hard budget is the last limit to give way. Where no plan keeps every limit, the engine looks for
the least total excess, so the unit of a budget decides what is relaxed. Were 1 the measure's whole,
1 % of all sales of the book would count no more than 1 % of one rep's target, and the plan would
move the whole company to save one territory a few points of its band. So 1 is a tenth of a mean
territory's share of the whole:

    scale = whole / (10 * reps)        weight = amount / scale        limit = limit_amount / scale

What an account brings to another rep mends at most two bands, the giver's and the taker's, of each
metric; handing it over costs the budget ten times its share of a territory. With four metrics an
ordinary account cannot pay that, so bands are relaxed before a budget.
"""

from dataclasses import dataclass

import numpy as np

from optimization.book.tables import AccountArrays, Floats
from optimization.book.units import Units
from optimization.policy import Policy
from optimization.policy.balance import BudgetMeasure

UNIT_OF_MEASURE = {"accounts": "accounts", "sales": "USD", "tenure_months": "tenure months"}
# Units of excess that a mean territory's share of a measure counts.
UNITS_OF_A_TERRITORY = 10


@dataclass(frozen=True)
class Budgets:
    """B budgets; weights and limits count scaled units, `scale` turns them into amounts."""

    names: tuple[str, ...]  # (B) measures
    weight: Floats  # (n, B) scaled units that move with the account
    limit: Floats  # (B) scaled units
    scale: Floats  # (B) accounts, USD or months of one scaled unit
    whole: Floats  # (B) accounts, USD or months that have an incumbent; 1 where nothing has

    @property
    def share(self) -> Floats:
        """(B) share of the measure's whole that one scaled unit is."""
        return self.scale / self.whole


def build_budgets(accounts: AccountArrays, policy: Policy, reps: int) -> Budgets:
    """Weights of all accounts, 0 without an active incumbent; reps: number of territories."""
    amount = budget_amounts(accounts, policy)
    whole = amount.sum(axis=0)
    whole = np.where(whole > 0, whole, 1.0)
    scale = whole / (UNITS_OF_A_TERRITORY * max(reps, 1))
    limit = np.array(
        [
            whole[b] * budget.limit_pct / 100 if budget.limit is None else budget.limit
            for b, budget in enumerate(policy.move_budgets)
        ],
        dtype=np.float64,
    )
    names = tuple(budget.measure for budget in policy.move_budgets)
    return Budgets(names, amount / scale, limit / scale, scale, whole)


def budget_amounts(accounts: AccountArrays, policy: Policy) -> Floats:
    """(n, B) accounts, USD or months that move with the account; 0 without an incumbent."""
    amounts = [incumbent_amounts(accounts, budget.measure) for budget in policy.move_budgets]
    return np.column_stack(amounts) if amounts else np.zeros((len(accounts), 0))


def incumbent_amounts(accounts: AccountArrays, measure: BudgetMeasure) -> Floats:
    """(n) accounts, USD or months of each account; 0 without an incumbent."""
    measures = {
        "accounts": np.ones(len(accounts)),
        "sales": accounts.actual_sales_usd,
        "tenure_months": np.nan_to_num(accounts.tenure_months, nan=0.0),
    }
    return np.where(accounts.incumbent >= 0, measures[measure], 0.0)


def least_use(accounts: AccountArrays, units: Units, weight: Floats) -> Floats:
    """(B) scaled units that move in every plan.

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
