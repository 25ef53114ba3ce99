"""The whole planning model as one matrix, for the general solvers.

    minimise    cost of pairs + overtime + penalty * band excess
    subject to  one rep for each unit; load - excess <= upper; fill + excess >= lower;
                clock hours - overtime <= capacity; moved sales <= budget

Columns: pairs, then overtime (J), then excess above and below of each metric (8 J). Rows of reps
are scaled to the target or the capacity. Bands are elastic because hard ones may have no plan at
all, and then a solver could only say so.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from benchmarks.case import METRICS, Bools, Case, Floats, Ints

# USD for missing a band by a whole target: a point costs 100,000, more than any account's travel.
PENALTY_USD = 1e7
# Above this many pairs the solvers get the cheapest reps of each unit only: with all of them
# 20,000 x 100 has 1.9 million binaries, and neither solver ended its first relaxation.
MOST_PAIRS, CHEAPEST = 400_000, 25


@dataclass(frozen=True)
class WholeModel:
    """min cost @ y with lower <= matrix @ y <= upper; the first `unit.size` columns are binary."""

    unit: Ints  # (P) unit of each pair
    rep: Ints  # (P)
    cost: Floats  # (P + 9 J)
    matrix: sp.csr_matrix
    lower: Floats
    upper: Floats
    unit_count: int

    def owner(self, value: Floats) -> Ints:
        """Rep of each unit from the values of the pairs."""
        owner = np.full(self.unit_count, -1, dtype=np.int64)
        order = np.argsort(value, kind="stable")
        owner[self.unit[order]] = self.rep[order]
        return owner


def build_model(case: Case) -> WholeModel:
    """The matrix of a case, over all pairs or the cheapest ones of each unit."""
    cost, clock = case.unit_pairs()
    unit, rep = np.nonzero(_candidates(case, cost))
    pairs, reps, units = unit.size, len(case.reps), case.unit_count
    bands, column = case.bands, np.arange(unit.size)
    blocks: list[sp.csr_matrix] = [_rows(np.ones(pairs), unit, column, units)]
    lower, upper = [np.ones(units)], [np.ones(units)]
    rep_rows = [_rows(clock[unit, rep] / case.reps.capacity_hours[rep], rep, column, reps)]
    lower.append(np.full(reps, -np.inf))
    upper.append(np.ones(reps))
    for k in range(len(METRICS)):
        load, scale = case.unit_load[unit, k], bands.target[rep, k]
        above = np.where(bands.is_giant[unit, k], 0.0, load) / scale
        fill = np.minimum(load, bands.lower[rep, k]) / scale
        rep_rows += [_rows(above, rep, column, reps), _rows(fill, rep, column, reps)]
        lower += [np.full(reps, -np.inf), np.full(reps, 1 - bands.tolerance[k])]
        upper += [np.full(reps, 1 + bands.tolerance[k]), np.full(reps, np.inf)]
    # Overtime and excess above lighten a row, excess below fills it.
    sign = np.repeat([-1.0] + [-1.0, 1.0] * len(METRICS), reps)
    slack = sp.vstack((sp.csr_matrix((units, sign.size)), sp.diags(sign)))
    body = sp.hstack((sp.vstack((*blocks, *rep_rows)), slack))
    budget = sp.csr_matrix(np.concatenate((moved_share(case, unit, rep), np.zeros(sign.size))))
    (limit,) = case.policy.move_budgets
    overtime = case.policy.overtime.price_usd_per_hour * case.reps.capacity_hours
    penalty = np.full(2 * len(METRICS) * reps, PENALTY_USD)
    return WholeModel(
        unit=unit,
        rep=rep,
        cost=np.concatenate((cost[unit, rep], overtime, penalty)),
        matrix=sp.vstack((body, budget)).tocsr(),
        lower=np.concatenate((*lower, [-np.inf])),
        upper=np.concatenate((*upper, [(limit.limit_pct or 0.0) / 100])),
        unit_count=units,
    )


def moved_share(case: Case, unit: Ints, rep: Ints) -> Floats:
    """Share of all incumbent sales that moves when the rep gets the unit, for pairs."""
    accounts = case.accounts
    owned = accounts.incumbent >= 0
    reps = len(case.reps)
    sales = np.where(owned, accounts.sales, 0.0)
    of_unit = np.bincount(accounts.unit, weights=sales, minlength=case.unit_count)
    key = accounts.unit[owned] * reps + accounts.incumbent[owned]
    mine = np.bincount(key, weights=accounts.sales[owned], minlength=case.unit_count * reps)
    moved: Floats = (of_unit[unit] - mine[unit * reps + rep]) / max(sales.sum(), 1e-9)
    return moved


def _candidates(case: Case, cost: Floats) -> Bools:
    """Pairs the solvers may use; (U, J)."""
    units, reps = cost.shape
    allowed = np.ones((units, reps), dtype=bool)
    for unit, rep in case.forbidden:
        allowed[unit, rep] = False
    if units * reps > MOST_PAIRS:
        ranked = np.argpartition(np.where(allowed, cost, np.inf), CHEAPEST, axis=1)[:, :CHEAPEST]
        near = np.zeros((units, reps), dtype=bool)
        np.put_along_axis(near, ranked, True, axis=1)
        today = case.accounts.incumbent
        near[case.accounts.unit[today >= 0], today[today >= 0]] = True
        allowed &= near
    held = case.fixed >= 0
    allowed[held] = False
    allowed[held, case.fixed[held]] = True
    return allowed


def _rows(value: Floats, row: Ints, column: Ints, rows: int) -> sp.csr_matrix:
    return sp.csr_matrix((value, (row, column)), shape=(rows, column.size))
