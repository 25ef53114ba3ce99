"""Targets and bands: what each rep's territory should hold of each metric.

    W_ck   sum of the loads of component c in metric k, giants counted at their cap
    T_jk   = w_jk / sum of w over the component * W_ck
    L_jk   = (1 - tolerance) * T_jk,     U_jk = (1 + tolerance) * T_jk

The weight w_jk is effective capacity, and FTE x ramp for account counts. A *component* is a
set of units and reps that can meet at all: no plan can move load between two of them.

A *giant* is a unit that no rep allowed to own it can hold inside the band. It counts in the band of
its owner as exactly what the band still holds: it fills the lower limit alone, and leaves the upper
limit to the other accounts, at most one full band of them. The load above the upper limit is
published as `giant_excess`. When the targets are refilled, a giant counts as the largest upper
limit of its reps, so that nobody else is asked to match it.
"""

from dataclasses import dataclass

import numpy as np

from optimization.policy import METRICS, MetricBand, Policy
from optimization.tables import AccountArrays, Bools, Floats, Ints, RepArrays
from optimization.units import Units

COUNT = METRICS.index("account_count")


@dataclass(frozen=True)
class Targets:
    """Loads and bands; K metrics in the order of `METRICS`."""

    load: Floats  # (U, K)
    giant: Bools  # (U, K), only in banded metrics
    component: Ints  # (J)
    target: Floats  # (J, K)
    lower: Floats  # (J, K); NaN where not banded
    upper: Floats  # (J, K); NaN where not banded
    scale: Floats  # (J, K) what one unit of relative deviation is worth: the target where positive


def unit_loads(accounts: AccountArrays, units: Units) -> Floats:
    """(U, K): hours, potential, sales and number of accounts of each unit."""
    columns = {
        "hours": accounts.service_hours,
        "potential": accounts.potential_usd,
        "sales": accounts.actual_sales_usd,
        "account_count": np.ones(len(accounts)),
    }
    return np.column_stack([units.total(columns[name]) for name in METRICS])


def components(eligible: Bools) -> Ints:
    """Component number of each rep: reps joined by a chain of units they may own; (J)."""
    label = np.arange(eligible.shape[1])
    for row in np.unique(eligible, axis=0):
        members = np.unique(label[row])
        if members.size > 1:
            label[np.isin(label, members)] = members[0]
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def build_targets(
    accounts: AccountArrays, reps: RepArrays, units: Units, policy: Policy
) -> Targets:
    """Targets of every rep and metric; bands where the policy asks for them."""
    load = unit_loads(accounts, units)
    reachable = units.eligible | units.allowed
    component = components(reachable)
    bands = {METRICS.index(band.metric): band for band in policy.metrics}
    shape = (len(reps), len(METRICS))
    target, lower, upper = np.zeros(shape), np.full(shape, np.nan), np.full(shape, np.nan)
    giant = np.zeros(load.shape, dtype=bool)
    for k in range(len(METRICS)):
        weight = reps.full_time_share if k == COUNT else reps.effective_capacity_hours
        for c in range(int(component.max(initial=-1)) + 1):
            inside = component == c
            mine = reachable[:, inside].any(axis=1)
            share = _shares(weight[inside])
            goal, huge = _refill(load[mine, k], units.allowed[mine][:, inside], share, bands.get(k))
            target[inside, k] = goal
            giant[mine, k] = huge
        if k in bands:
            tolerance = bands[k].tolerance_pct / 100
            lower[:, k] = (1 - tolerance) * target[:, k]
            upper[:, k] = (1 + tolerance) * target[:, k]
    return Targets(load, giant, component, target, lower, upper, _scale(target))


def _shares(weight: Floats) -> Floats:
    total = float(weight.sum())
    return weight / total if total > 0 else np.full(weight.size, 1 / weight.size)


def _refill(
    load: Floats, allowed: Bools, share: Floats, band: MetricBand | None
) -> tuple[Floats, Bools]:
    """Targets of one component and which of its units are giants.

    With giants G the total solves W = ordinary load + sum over G of (1 + tolerance) * s_g * W,
    where s_g is the largest share among the reps of g. Each round only lowers W, so giants only
    join.
    """
    total = float(load.sum())
    giant = np.zeros(load.size, dtype=bool)
    if band is None or load.size == 0:
        return share * total, giant
    best_share = np.where(allowed, share[None, :], 0.0).max(axis=1)
    cap_share = (1 + band.tolerance_pct / 100) * best_share
    while True:
        joined = giant | (load > cap_share * total * (1 + 1e-9))
        rest = 1 - float(cap_share[joined].sum())
        # Nearly every rep would hold a giant: the targets would collapse to nothing.
        if (joined == giant).all() or rest < 0.02:
            return share * total, giant
        giant = joined
        total = float(load[~giant].sum()) / rest


def _scale(target: Floats) -> Floats:
    """The target; the metric's mean target where a rep's is 0; 1 where the metric is all zero."""
    positive = target > 0
    count = positive.sum(axis=0)
    mean = np.where(count > 0, target.sum(axis=0) / np.maximum(count, 1), 1.0)
    return np.where(positive, target, mean[None, :])
