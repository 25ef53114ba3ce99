"""All plans of a tiny book, priced one term at a time: the truth the planner is held against.

Values of single pairs come from `optimization.value`; units, holds, targets, giants, bands and the
sum of the cost are worked out again here, from the business rules and not from the planner's model.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from synthetic import Book

from optimization import Policy
from optimization.tables import AccountArrays, RepArrays, read_accounts, read_reps
from optimization.value import pair_values

Array = np.ndarray


@dataclass(frozen=True)
class EveryPlan:
    """One row per plan: who owns each unit, its cost, and how far each band is missed."""

    unit_ids: list[str]
    rep_ids: list[str]
    allowed: list[list[int]]  # reps per unit; an empty list: nobody may own the unit
    owner: Array  # (P, U)
    cost: Array  # (P) USD a year
    missed: Array  # (P, J, bands) share of the target by which the hard band is missed

    @property
    def worst(self) -> Array:
        """(P) the largest miss of any band."""
        return self.missed.max(axis=(1, 2), initial=0.0)

    @property
    def relaxation(self) -> Array:
        """(P) total widening each plan needs, in targets."""
        return self.missed.sum(axis=(1, 2))


def every_plan(book: Book, policy: Policy) -> EveryPlan:
    reps = read_reps(book.reps)
    accounts = read_accounts(book.accounts, reps)
    families = accounts.text["family_id"]
    keys = families if policy.keep_families_together else accounts.ids
    unit_ids = sorted(set(keys))
    unit_of = [unit_ids.index(key) for key in keys]
    eligible = _eligible(accounts, reps, unit_of, len(unit_ids), policy)
    allowed = _held(book, accounts, reps, unit_of, eligible)
    owner = np.array(list(itertools.product(*allowed)), dtype=int).reshape(-1, len(unit_ids))
    if not len(owner):
        none = np.zeros((0, len(reps), len(policy.metrics)))
        return EveryPlan(unit_ids, reps.ids, allowed, owner, np.zeros(0), none)
    loads = {
        "hours": accounts.service_hours,
        "potential": accounts.potential_usd,
        "sales": accounts.actual_sales_usd,
        "account_count": np.ones(len(accounts)),
    }
    cost = _pair_cost(accounts, reps, unit_of, eligible, allowed, policy)
    total = np.zeros(len(owner))
    for u in range(len(unit_ids)):
        total += cost[u, owner[:, u]]
    missed = np.zeros((len(owner), len(reps), len(policy.metrics)))
    for b, band in enumerate(policy.metrics):
        load = np.bincount(unit_of, weights=loads[band.metric], minlength=len(unit_ids))
        tolerance = band.tolerance_pct / 100
        weight = (
            reps.full_time_share
            if band.metric == "account_count"
            else reps.effective_capacity_hours
        )
        target, giant = _targets(load, weight, eligible, allowed, tolerance)
        positive = target[target > 0]
        scale = np.where(target > 0, target, positive.mean() if positive.size else 1.0)
        for j in range(len(reps)):
            mine = owner == j
            ordinary = (mine * np.where(giant, 0.0, load)[None, :]).sum(axis=1)
            filled = (mine & giant[None, :]).any(axis=1)

            def miss(
                width: float, t: float = target[j], o: Array = ordinary, f: Array = filled
            ) -> Array:
                over = o - (1 + width) * t
                # A giant fills the lower limit alone.
                under = np.where(f, 0.0, (1 - width) * t - o)
                return np.maximum(np.maximum(over, under), 0.0)

            missed[:, j, b] = miss(tolerance) / scale[j]
            if band.soft_tolerance_pct is not None:
                points = 100 * miss(band.soft_tolerance_pct / 100) / scale[j]
                total += band.soft_price_usd_per_pct * points
    total += _overtime(accounts, reps, unit_of, owner, policy)
    return EveryPlan(unit_ids, reps.ids, allowed, owner, total, missed)


def _eligible(
    accounts: AccountArrays, reps: RepArrays, unit_of: list[int], units: int, policy: Policy
) -> list[set[int]]:
    """Reps each unit may have by the rules: those that every member may have."""
    eligible = [set(range(len(reps))) for _ in range(units)]
    for i, u in enumerate(unit_of):
        for rule in policy.eligibility:
            if all(accounts.text[c][i] in values for c, values in rule.accounts.items()):
                eligible[u] &= {
                    j
                    for j in range(len(reps))
                    if all(reps.text[c][j] in values for c, values in rule.reps.items())
                    and (
                        "industry_skill" not in rule.same
                        or not reps.skills[j]
                        or accounts.text["industry"][i] in reps.skills[j]
                    )
                }
    return eligible


def _held(
    book: Book,
    accounts: AccountArrays,
    reps: RepArrays,
    unit_of: list[int],
    eligible: list[set[int]],
) -> list[list[int]]:
    """Reps each unit may have after overrides: held units one, forbidden pairs taken out."""
    allowed = [set(one) for one in eligible]
    by_rank = {"forbid": 0, "lock": 1, "assign": 2}
    rows = sorted(book.overrides.to_dicts(), key=lambda row: by_rank[row["action"]])
    for row in rows:
        i = accounts.ids.index(row["account_id"])
        u = unit_of[i]
        if row["action"] == "forbid":
            allowed[u] -= {reps.ids.index(row["rep_id"])}
        elif row["action"] == "assign":
            allowed[u] = {reps.ids.index(row["rep_id"])}
        elif accounts.incumbent[i] >= 0:
            allowed[u] = {int(accounts.incumbent[i])}
    return [sorted(one) for one in allowed]


def _pair_cost(
    accounts: AccountArrays,
    reps: RepArrays,
    unit_of: list[int],
    eligible: list[set[int]],
    allowed: list[list[int]],
    policy: Policy,
) -> Array:
    """(U, J) travel cost + margin x (disruption + sales lost against the best-fitting rep)."""
    values = pair_values(accounts, reps, policy)
    cost = np.zeros((len(allowed), len(reps)))
    for i, u in enumerate(unit_of):
        best = max(values.expected_sales_usd[i, j] for j in eligible[u] | set(allowed[u]))
        for j in range(len(reps)):
            fit_loss = max(best - values.expected_sales_usd[i, j], 0.0)
            lost = values.disruption_loss_usd[i, j] + fit_loss
            cost[u, j] += values.travel_cost_usd[i, j] + policy.response.contribution_margin * lost
    return cost


def _targets(
    load: Array, weight: Array, eligible: list[set[int]], allowed: list[list[int]], width: float
) -> tuple[Array, Array]:
    """Target of each rep and which units are giants, island by island."""
    target, giant = np.zeros(len(weight)), np.zeros(len(load), dtype=bool)
    for island in _islands([one | set(may) for one, may in zip(eligible, allowed, strict=True)]):
        units = [u for u in range(len(load)) if (eligible[u] | set(allowed[u])) & island]
        whole = sum(weight[j] for j in island)
        share = {j: weight[j] / whole if whole > 0 else 1 / len(island) for j in island}
        room = {u: (1 + width) * max(share[j] for j in allowed[u]) for u in units}
        huge: set[int] = set()
        total = sum(load[u] for u in units)
        while True:
            more = huge | {u for u in units if load[u] > room[u] * total * (1 + 1e-9)}
            left = 1 - sum(room[u] for u in more)
            if more == huge or left < 0.02:
                break
            huge = more
            total = sum(load[u] for u in units if u not in huge) / left
        giant[sorted(huge)] = True
        for j in island:
            target[j] = share[j] * total
    return target, giant


def _islands(together: list[set[int]]) -> list[set[int]]:
    islands: list[set[int]] = []
    for group in together:
        touched = [island for island in islands if island & group]
        islands = [island for island in islands if not island & group]
        islands.append(set(group).union(*touched))
    return islands


def _overtime(
    accounts: AccountArrays, reps: RepArrays, unit_of: list[int], owner: Array, policy: Policy
) -> Array:
    """(P) USD for clock hours above capacity: service at the rep's pace, and travel."""
    travel = pair_values(accounts, reps, policy).travel_hours
    clock = np.zeros((len(owner), len(reps)))
    for i, u in enumerate(unit_of):
        for j in range(len(reps)):
            hours = accounts.service_hours[i] / reps.experience_multiplier[j] + travel[i, j]
            clock[:, j] += hours * (owner[:, u] == j)
    over = np.maximum(clock - reps.capacity_hours[None, :], 0.0).sum(axis=1)
    return policy.overtime.price_usd_per_hour * over
