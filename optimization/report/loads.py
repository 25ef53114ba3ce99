"""What territories hold in amounts of business: loads by metric, clock hours, moves."""

from dataclasses import dataclass

import numpy as np

from optimization.book.filters import matches
from optimization.book.levels import Level
from optimization.book.planning import Planning
from optimization.book.tables import Bools, Floats, Ints
from optimization.book.targets import account_measure


@dataclass(frozen=True)
class Loads:
    """Loads of J reps in K metrics, in hours, USD or accounts; nobody's are left out."""

    whole: Floats  # (J, K)
    ordinary: Floats  # (J, K) without giants
    has_giant: Bools  # (J, K)

    def excess(self, planning: Planning) -> Floats:
        """(J, K) amounts by which hard bands are missed, either side; 0 where there is no band."""
        targets = planning.targets
        with np.errstate(invalid="ignore"):
            missed = np.fmax(self.ordinary - targets.upper, targets.lower - self.whole)
        return np.fmax(missed, 0.0)

    def deviation(self, planning: Planning) -> Floats:
        """(J, bands) distance from the target, share of it; a giant above it does not count."""
        targets, bands = planning.targets, len(planning.policy.metrics)
        away = np.maximum(self.ordinary - targets.target, targets.target - self.whole)[:, :bands]
        return np.where(targets.target[:, :bands] > 0, away, 0.0) / targets.scale[:, :bands]

    def deviation_usd(self, planning: Planning) -> float:
        """USD for what lies outside the inner bands."""
        targets, total = planning.targets, 0.0
        for k, band in enumerate(targets.bands):
            if band is None or band.soft_tolerance_pct is None:
                continue
            soft, target = band.soft_tolerance_pct / 100, targets.target[:, k]
            above = np.maximum(self.ordinary[:, k] - (1 + soft) * target, 0.0)
            below = np.maximum((1 - soft) * target - self.whole[:, k], 0.0)
            points = 100 * (above + below) / targets.scale[:, k]
            total += band.soft_price_usd_per_pct * float(points.sum())
        for level in planning.levels:
            price, inner = level.band.soft_price_usd_per_pct, level.band.soft_tolerance_pct
            if price and inner is not None:
                ordinary, whole = self.of_groups(level)
                above = np.maximum(ordinary - level.limit(1, inner), 0.0)
                below = np.maximum(level.limit(-1, inner) - whole, 0.0)
                total += price * float((100 * (above + below) / level.scale).sum())
        return total

    def of_groups(self, level: Level) -> tuple[Floats, Floats]:
        """(G) ordinary and whole loads of the groups of a level."""
        k = level.metric
        return level.totals(self.ordinary[:, k]), level.totals(self.whole[:, k])


def unit_loads(planning: Planning, owner: Ints) -> Loads:
    """Of a plan; owner: (U), J for nobody."""
    targets, reps = planning.targets, len(planning.reps)
    return _summed(owner, reps, targets.load.T, targets.giant.T)


def account_loads(planning: Planning, owner: Ints) -> Loads:
    """Of any ownership of single accounts; owner: (n), J for nobody."""
    accounts, targets = planning.accounts, planning.targets
    of = planning.units.of_account
    amounts = []
    for measure, band in zip(targets.measures, targets.bands, strict=True):
        amount = account_measure(accounts, measure)
        if band is not None and band.accounts:
            amount = np.where(matches(accounts.text, band.accounts), amount, 0.0)
        amounts.append(amount)
    stacked = np.array(amounts).reshape(len(targets.names), len(accounts))
    return _summed(owner, len(planning.reps), stacked, targets.giant[of].T)


def clock_hours(planning: Planning, owner: Ints, travel_hours: Floats) -> Floats:
    """(J) hours for service and travel; owner, travel_hours: (n), J for nobody."""
    reps = len(planning.reps)
    service = np.bincount(owner, planning.accounts.service_hours, reps + 1)[:reps]
    travel = np.bincount(owner, travel_hours, reps + 1)[:reps]
    return service / planning.reps.experience_multiplier + travel


def overtime_usd(planning: Planning, clock: Floats) -> float:
    """USD for clock hours above capacity."""
    above = np.maximum(clock - planning.reps.capacity_hours, 0.0)
    return planning.policy.overtime.price_usd_per_hour * float(above.sum())


def _summed(owner: Ints, reps: int, amounts: Floats, giants: Bools) -> Loads:
    """amounts, giants: (K, units or accounts)."""
    metrics = amounts.shape[0]
    whole, ordinary = np.zeros((reps, metrics)), np.zeros((reps, metrics))
    has_giant = np.zeros((reps, metrics), dtype=bool)
    for k in range(metrics):
        whole[:, k] = np.bincount(owner, amounts[k], reps + 1)[:reps]
        ordinary[:, k] = whole[:, k]
        if giants[k].any():
            ordinary[:, k] = np.bincount(owner, np.where(giants[k], 0.0, amounts[k]), reps + 1)[
                :reps
            ]
            has_giant[:, k] = np.bincount(owner[giants[k]], minlength=reps + 1)[:reps] > 0
    return Loads(whole, ordinary, has_giant)
