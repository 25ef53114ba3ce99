"""One judge for every plan: value, cost, balance, moves and travel of any owner of each account.

    verdict = judge(case, rep)        # rep: (n) index of each account's owner, -1 for nobody

Value and cost differ by a constant, the value of serving every account by its best-fitting rep
without travel, moves or overtime: the plan of least cost is the plan of highest value. Bands count
giants (units larger than any band that may hold them) as DESIGN.md does: nothing toward an upper
limit, and toward a lower limit what fills it.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.case import METRICS, Case, Floats, Ints

# Accounts evaluated at a time; a million rows of twenty columns would take 160 MB at once.
BLOCK_ACCOUNTS = 200_000
# Share of a target by which a band may be missed and still counts as kept.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Balance:
    """One metric over all territories, in % of the target."""

    metric: str
    tolerance_pct: float
    max_deviation_pct: float
    excess_pct: float  # of the worst territory beyond its band, 0 where all keep it
    total_excess_pct: float  # over all territories and both sides

    @property
    def is_met(self) -> bool:
        return self.excess_pct <= 100 * TOLERANCE


@dataclass(frozen=True)
class Verdict:
    """What a plan is worth and what it keeps. USD and hours a year."""

    value_usd: float  # expected value less overtime and handovers
    cost_usd: float  # what the planner minimises: travel, moves, lost fit, overtime
    expected_value_usd: float
    overtime_usd: float
    travel_hours: float
    moved_accounts: int
    moved_sales_usd: float
    moved_sales_pct: float  # of the sales that have an incumbent
    budget_pct: float
    unassigned_accounts: int
    split_families: int
    broken_holds: int  # accounts of locked or assigned units that are with another rep
    forbidden_pairs: int
    balance: tuple[Balance, ...]

    @property
    def worst_excess_pct(self) -> float:
        return max(one.excess_pct for one in self.balance)

    @property
    def keeps_bands(self) -> bool:
        return all(one.is_met for one in self.balance)

    @property
    def keeps_budget(self) -> bool:
        return self.moved_sales_pct <= self.budget_pct + 100 * TOLERANCE

    @property
    def keeps_rules(self) -> bool:
        """Everybody has an owner, families, locks, assignments and forbidden reps are honoured."""
        return not (
            self.unassigned_accounts
            or self.split_families
            or self.broken_holds
            or self.forbidden_pairs
        )

    @property
    def is_feasible(self) -> bool:
        return self.keeps_bands and self.keeps_budget and self.keeps_rules

    @property
    def faults(self) -> list[str]:
        """What the plan does not keep, in words, bands apart."""
        counted = {
            "accounts without owner": self.unassigned_accounts,
            "families split": self.split_families,
            "locked accounts moved": self.broken_holds,
            "forbidden pairs": self.forbidden_pairs,
        }
        faults = [f"{count:,} {what}" for what, count in counted.items() if count]
        if not self.keeps_budget:
            faults.append(f"moves {self.moved_sales_pct:.1f} % of sales")
        return faults


def judge(case: Case, rep: Ints) -> Verdict:
    """Hold a plan against the case; rep: (n) in the order of account_id, -1 for nobody."""
    accounts, reps, policy = case.accounts, case.reps, case.policy
    margin = policy.response.contribution_margin
    # Nobody visits an account without owner; it keeps its sales and wins nothing.
    expected = travel_cost = travel_hours = disruption = handover = fit_loss = 0.0
    clock = np.zeros(len(reps))
    for start in range(0, len(accounts), BLOCK_ACCOUNTS):
        block = np.arange(start, min(start + BLOCK_ACCOUNTS, len(accounts)))
        owned = block[rep[block] >= 0]
        amounts = case.pairs(owned, rep[owned])
        block_expected = accounts.sales[block].sum() - accounts.sales[owned].sum()
        block_expected += amounts.expected_usd.sum()
        expected += block_expected
        fit_loss += case.best_expected_usd[block].sum() - block_expected
        travel_cost += amounts.travel_cost_usd.sum()
        travel_hours += amounts.travel_hours.sum()
        disruption += amounts.disruption_usd.sum()
        handover += amounts.handover_usd.sum()
        clock += np.bincount(rep[owned], weights=amounts.clock_hours, minlength=len(reps))
    extra_hours = np.maximum(clock - reps.capacity_hours, 0.0).sum()
    overtime = policy.overtime.price_usd_per_hour * extra_hours
    expected_value = margin * (expected - disruption) - travel_cost
    moved = (accounts.incumbent >= 0) & (rep >= 0) & (rep != accounts.incumbent)
    incumbent_sales = accounts.sales[accounts.incumbent >= 0].sum()
    (budget,) = policy.move_budgets
    return Verdict(
        value_usd=float(expected_value - overtime - handover),
        cost_usd=float(travel_cost + margin * (disruption + fit_loss) + handover + overtime),
        expected_value_usd=float(expected_value),
        overtime_usd=float(overtime),
        travel_hours=float(travel_hours),
        moved_accounts=int(moved.sum()),
        moved_sales_usd=float(accounts.sales[moved].sum()),
        moved_sales_pct=float(100 * accounts.sales[moved].sum() / max(incumbent_sales, 1e-9)),
        budget_pct=float(budget.limit_pct or 0.0),
        unassigned_accounts=int((rep < 0).sum()),
        split_families=_split_families(case, rep),
        broken_holds=_broken_holds(case, rep),
        forbidden_pairs=sum(
            int((rep[accounts.unit == unit] == banned).sum()) for unit, banned in case.forbidden
        ),
        balance=balance_of(case, rep),
    )


def balance_of(case: Case, rep: Ints) -> tuple[Balance, ...]:
    """Deviations and excess of each metric."""
    bands = case.bands
    above, fill = territory_loads(case, rep, bands.lower)
    middle = territory_loads(case, rep, bands.target)[1]
    found = []
    for k, metric in enumerate(METRICS):
        target = bands.target[:, k]
        over = (above[:, k] - bands.upper[:, k]) / target
        under = (bands.lower[:, k] - fill[:, k]) / target
        excess = np.maximum(np.maximum(over, under), 0.0)
        deviation = np.maximum(above[:, k] / target - 1, 1 - middle[:, k] / target)
        found.append(
            Balance(
                metric=metric,
                tolerance_pct=float(100 * bands.tolerance[k]),
                max_deviation_pct=float(100 * deviation.max()),
                excess_pct=float(100 * excess.max()),
                total_excess_pct=float(100 * excess.sum()),
            )
        )
    return tuple(found)


def territory_loads(case: Case, rep: Ints, cap: Floats) -> tuple[Floats, Floats]:
    """What counts toward the upper sides, and what toward `cap` from below; (J, 4) each.

    A family that the plan splits counts as one piece at each of its owners.
    """
    reps = len(case.reps)
    owned = np.flatnonzero(rep >= 0)
    key = case.accounts.unit[owned] * reps + rep[owned]
    pieces, of_account = np.unique(key, return_inverse=True)
    unit, owner = np.divmod(pieces, reps)
    above, fill = np.zeros((reps, len(METRICS))), np.zeros((reps, len(METRICS)))
    for k in range(len(METRICS)):
        load = np.bincount(of_account, weights=case.accounts.load[owned, k], minlength=pieces.size)
        is_giant = case.bands.is_giant[unit, k] & (load > case.bands.upper[owner, k])
        above[:, k] = np.bincount(owner, weights=np.where(is_giant, 0.0, load), minlength=reps)
        fill[:, k] = np.bincount(owner, weights=np.minimum(load, cap[owner, k]), minlength=reps)
    return above, fill


def _split_families(case: Case, rep: Ints) -> int:
    """Families of which some accounts have another owner than others."""
    unit = case.accounts.unit
    lowest = np.full(case.unit_count, np.iinfo(np.int64).max)
    highest = np.full(case.unit_count, -2)
    np.minimum.at(lowest, unit, rep)
    np.maximum.at(highest, unit, rep)
    return int((lowest != highest).sum())


def _broken_holds(case: Case, rep: Ints) -> int:
    held = case.fixed[case.accounts.unit]
    return int(((held >= 0) & (rep != held)).sum())
