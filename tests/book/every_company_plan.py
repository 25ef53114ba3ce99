"""All plans of a tiny company, priced from its tables and policy one term at a time.

The truth that planning is held against. Only the values of single account-rep pairs (travel,
disruption, fit, handover) come from the planner; units, holds, distances, targets, giants, limits,
budgets and sums are worked out again here, from the business rules, not from the engine's arrays.
"""

import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tiny_book import Tables

from optimization.book.planning import Planning
from optimization.policy import LevelBand, MetricBand, Policy

Row = dict[str, Any]
NOBODY = "nobody"
MEASURES = {
    "hours": "service_hours",
    "potential": "potential_usd",
    "sales": "actual_sales_usd",
}


@dataclass
class EveryCompanyPlan:
    """One entry per plan, in the order of `owners`."""

    units: list[list[str]]  # accounts of each unit
    choices: list[list[str]]  # reps of each unit, and nobody
    waived: list[int]  # units whose eligibility rules had to be waived, for no rep is left
    let_off: list[int] = field(default_factory=list)  # units that cannot be kept apart
    owners: list[tuple[str, ...]] = field(default_factory=list)
    cost: np.ndarray = field(default_factory=lambda: np.zeros(0))
    relaxation: np.ndarray = field(default_factory=lambda: np.zeros(0))
    clashes: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def cheapest(self, policy: Policy, room: float) -> tuple[float, float]:
        """Least cost of plans whose relaxation the policy allows: surely, and within rounding."""
        slack = policy.solver.relaxation_slack_points / 100
        apart = self.clashes == self.clashes.min()
        least = self.relaxation[apart].min()
        surely = least + slack if least > room else least
        perhaps = least + slack + room if least > 0 else room
        return (
            float(self.cost[apart & (self.relaxation <= surely)].min()),
            float(self.cost[apart & (self.relaxation <= perhaps)].min()),
        )

    def row(self, owner_of: dict[str, str | None]) -> int:
        """The plan that gives each account to that rep; fails where a unit is torn."""
        owners = []
        for members in self.units:
            mine = {owner_of[account_id] or NOBODY for account_id in members}
            assert len(mine) == 1, f"{members} have several owners: {mine}"
            owners.append(mine.pop())
        return self.owners.index(tuple(owners))


class _Company:
    """The tables by id."""

    def __init__(self, tables: Tables, policy: Policy) -> None:
        self.policy = policy
        self.accounts = {r["account_id"]: r for r in tables.accounts.to_dicts()}
        self.reps = {r["rep_id"]: r for r in sorted(tables.reps.to_dicts(), key=_rep_id)}
        self.overrides = tables.overrides.to_dicts()
        for row in self.accounts.values():
            if row["incumbent_rep_id"] not in self.reps:
                row["incumbent_rep_id"] = None

    def groups(self, action: str) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for row in self.overrides:
            if row["action"] == action:
                found.setdefault(row["group_id"], []).append(row["account_id"])
        return list(found.values())


def every_company_plan(tables: Tables, policy: Policy, planning: Planning) -> EveryCompanyPlan:
    """planning: only its pairs are asked, for the values of single accounts."""
    company = _Company(tables, policy)
    units = _units(company)
    eligible = [_eligible(company, unit) for unit in units]
    held = [_held(company, unit) for unit in units]
    price = [
        math.inf if holder else sum(_price(company, account_id) for account_id in unit)
        for unit, holder in zip(units, held, strict=True)
    ]
    waived = [
        u for u, reps in enumerate(eligible) if not reps and not held[u] and price[u] == math.inf
    ]
    for u in waived:
        forbidden = _forbidden(company, units[u])
        eligible[u] = [r for r in company.reps if r not in forbidden] or list(company.reps)
    choices = []
    for u, unit in enumerate(units):
        near = [r for r in eligible[u] if all(_is_near(company, i, r) for i in unit)]
        if not near and price[u] == math.inf:
            near = eligible[u]
        reps = [held[u]] if held[u] else near
        choices.append([*reps, *([NOBODY] if price[u] < math.inf else [])])
    truth = EveryCompanyPlan(units, choices, waived)
    truth.owners = list(itertools.product(*choices))
    plans = _Plans(company, planning, truth, eligible, held, price)
    truth.cost = plans.pair_cost()
    truth.relaxation = np.zeros(len(truth.owners))
    for metric in policy.metrics:
        plans.add_band(metric)
    for level in policy.levels:
        for band in level.metrics:
            plans.add_level(level.by, band)
    plans.add_clock()
    plans.add_travel_limit()
    plans.add_account_limits()
    plans.add_budgets()
    truth.clashes = plans.clashes()
    return truth


def _rep_id(row: Row) -> str:
    return str(row["rep_id"])


def _units(company: _Company) -> list[list[str]]:
    """Accounts that get one owner: families and keep-together sets, joined where they overlap."""
    units = [{account_id} for account_id in company.accounts]
    families: dict[str, list[str]] = {}
    for account_id, row in company.accounts.items():
        families.setdefault(row["family_id"] or account_id, []).append(account_id)
    sets = [rule.account_ids for rule in company.policy.keep_together]
    sets += [group for group in company.groups("together") if len(group) > 1]
    if company.policy.keep_families_together:
        sets += list(families.values())
    for one in sets:
        touched = [unit for unit in units if unit & set(one)]
        units = [unit for unit in units if not unit & set(one)] + [set().union(*touched)]
    return sorted(sorted(unit) for unit in units)


def _matches(row: Row, conditions: dict[str, list[str]]) -> bool:
    return all((row[column] or "") in values for column, values in conditions.items())


def _forbidden(company: _Company, unit: list[str]) -> set[str]:
    rows = [r for r in company.overrides if r["action"] == "forbid" and r["account_id"] in unit]
    return {row["rep_id"] for row in rows}


def _eligible(company: _Company, unit: list[str]) -> list[str]:
    """Reps that all rules allow for every account, and nobody forbids."""
    reps = set(company.reps) - _forbidden(company, unit)
    for rule in company.policy.eligibility:
        for row in (company.accounts[i] for i in unit):
            if not _matches(row, rule.accounts):
                continue
            for rep_id in list(reps):
                rep = company.reps[rep_id]
                skills = {s for s in (rep["skill_industries"] or "").split("|") if s}
                known = not row["industry"] or not skills or row["industry"] in skills
                if not _matches(rep, rule.reps) or ("industry_skill" in rule.same and not known):
                    reps.remove(rep_id)
    return sorted(reps)


def _held(company: _Company, unit: list[str]) -> str | None:
    """The rep a unit is held with: an assignment, else the incumbent of most locked sales."""
    for row in company.overrides:
        if row["action"] == "assign" and row["account_id"] in unit:
            return str(row["rep_id"])
    locked: dict[str, float] = {}
    for row in (company.accounts[i] for i in unit):
        incumbent = row["incumbent_rep_id"]
        by_hand = any(
            o["action"] == "lock" and o["account_id"] == row["account_id"]
            for o in company.overrides
        )
        if incumbent and (by_hand or any(_locks(rule, row) for rule in company.policy.locks)):
            locked[incumbent] = locked.get(incumbent, 0.0) + row["actual_sales_usd"]
    return min(locked, key=lambda r: (-locked[r], r)) if locked else None


def _locks(rule: Any, row: Row) -> bool:
    def known(column: str) -> float:
        return math.nan if row[column] is None else float(row[column])

    conditions = [_matches(row, rule.accounts)]
    if rule.account_ids is not None:
        conditions.append(row["account_id"] in rule.account_ids)
    if rule.open_deal_probability_from_pct is not None:
        conditions.append(known("open_deal_probability_pct") >= rule.open_deal_probability_from_pct)
    if rule.renewal_within_days is not None:
        conditions.append(0 <= known("days_to_renewal") <= rule.renewal_within_days)
    if rule.owner_changed_within_days is not None:
        conditions.append(known("days_since_owner_change") <= rule.owner_changed_within_days)
    if rule.strategic is not None:
        conditions.append(row["is_strategic"] == rule.strategic)
    if rule.tenure_months_below is not None:
        conditions.append(known("tenure_months") < rule.tenure_months_below)
    return all(conditions)


def _price(company: _Company, account_id: str) -> float:
    """USD of leaving the account without owner: the first tier that it matches."""
    row = company.accounts[account_id]
    tiers = [t for t in company.policy.unassigned if _matches(row, t.accounts)]
    return tiers[0].price_usd if tiers else math.inf


def _is_near(company: _Company, account_id: str, rep_id: str) -> bool:
    account, rep = company.accounts[account_id], company.reps[rep_id]
    limit = company.policy.travel.max_distance_km
    places = (account["latitude"], account["longitude"], rep["latitude"], rep["longitude"])
    if limit is None or None in places or account["incumbent_rep_id"] == rep_id:
        return True
    phi, lam, psi, mu = (math.radians(angle) for angle in places)
    cosine = math.sin(phi) * math.sin(psi) + math.cos(phi) * math.cos(psi) * math.cos(lam - mu)
    distance = 6371.0088 * math.acos(max(-1.0, min(1.0, cosine)))
    return distance * company.policy.travel.circuity <= limit


class _Plans:
    """Sums over all plans; `truth.cost` and `truth.relaxation` grow term by term."""

    def __init__(
        self,
        company: _Company,
        planning: Planning,
        truth: EveryCompanyPlan,
        eligible: list[list[str]],
        held: list[str | None],
        price: list[float],
    ) -> None:
        self.company, self.truth, self.price = company, truth, price
        self.planning = planning
        # Whom a unit may ever meet: components and giants look at this, not at distances.
        self.meets = [
            sorted({*reps, *([holder] if holder else [])})
            for reps, holder in zip(eligible, held, strict=True)
        ]
        self.candidates = [
            [holder] if holder else reps for reps, holder in zip(eligible, held, strict=True)
        ]
        shape = (len(truth.owners), len(truth.units))
        self.owner = np.array(truth.owners, dtype=object).reshape(shape)
        self.is_held = [holder is not None for holder in held]
        self.values = {
            (account_id, rep_id): self._values(account_id, rep_id)
            for account_id in company.accounts
            for rep_id in company.reps
        }

    def _values(self, account_id: str, rep_id: str) -> dict[str, float]:
        account = np.array([self.planning.accounts.ids.index(account_id)])
        rep = np.array([self.planning.reps.ids.index(rep_id)])
        found = self.planning.pairs.account_values(account, rep)
        return {name: float(value[0]) for name, value in vars(found).items()}

    def _sum(self, amount_of: Any) -> np.ndarray:
        """(P) sum over units of amount_of(unit, owner)."""
        total = np.zeros(len(self.truth.owners))
        for u, choice in enumerate(self.truth.choices):
            for owner in choice:
                total[self.owner[:, u] == owner] += amount_of(u, owner)
        return total

    def _held_by(self, rep_id: str, amount_of: Any) -> np.ndarray:
        """(P) sum over the units of one rep."""
        return self._sum(lambda u, owner: amount_of(u) if owner == rep_id else 0.0)

    def pair_cost(self) -> np.ndarray:
        margin = self.company.policy.response.contribution_margin

        def cost(u: int, owner: str) -> float:
            if owner == NOBODY:
                return self.price[u]
            parts = [self.values[account_id, owner] for account_id in self.truth.units[u]]
            return math.fsum(
                one["travel_cost_usd"]
                + margin * (one["disruption_loss_usd"] + one["fit_loss_usd"])
                + one["handover_usd"]
                for one in parts
            )

        return self._sum(cost)

    def _load(self, u: int, metric: MetricBand) -> float:
        rows = [self.company.accounts[i] for i in self.truth.units[u]]
        counted = [row for row in rows if _matches(row, metric.accounts)]
        column = MEASURES.get(metric.metric)
        return math.fsum(row[column] if column else 1.0 for row in counted)

    def add_band(self, metric: MetricBand) -> None:
        """Miss of the hard band, and the price of what lies outside the soft one."""
        load = [self._load(u, metric) for u in range(len(self.truth.units))]
        width = metric.tolerance_pct / 100
        target, giants = self._targets(metric, load, width)
        positive = [t for t in target.values() if t > 0]
        mean = math.fsum(positive) / len(positive) if positive else 1.0
        for rep_id, t in target.items():
            scale = t if t > 0 else mean
            ordinary = self._held_by(rep_id, lambda u: 0.0 if u in giants else load[u])
            whole = self._held_by(rep_id, lambda u: load[u])
            over = np.maximum(ordinary - (1 + width) * t, 0.0)
            under = np.maximum((1 - width) * t - whole, 0.0)
            self.truth.relaxation += _miss(over / scale) + _miss(under / scale)
            if metric.soft_tolerance_pct is not None:
                soft = metric.soft_tolerance_pct / 100
                beyond = np.maximum(ordinary - (1 + soft) * t, 0.0)
                beyond = beyond + np.maximum((1 - soft) * t - whole, 0.0)
                self.truth.cost += metric.soft_price_usd_per_pct * 100 * beyond / scale

    def add_level(self, by: str, band: LevelBand) -> None:
        """The same for the reps of one region: the sums of their loads, and of their targets."""
        named = {metric.name: metric for metric in self.company.policy.metrics}
        metric = named.get(band.metric)
        load = [
            self._load(u, metric or MetricBand.model_validate({"metric": band.metric}))
            for u in range(len(self.truth.units))
        ]
        if metric is None:
            target, giants = self._targets(
                MetricBand.model_validate({"metric": band.metric}), load, None
            )
        else:
            target, giants = self._targets(metric, load, metric.tolerance_pct / 100)
        positive = [t for t in target.values() if t > 0]
        mean = math.fsum(positive) / len(positive) if positive else 1.0
        groups: dict[str, list[str]] = {}
        for rep_id, row in self.company.reps.items():
            if row[by]:
                groups.setdefault(row[by], []).append(rep_id)
        for members in groups.values():
            t = math.fsum(target[r] for r in members)
            scale = t if t > 0 else mean * len(members)
            whole = sum(self._held_by(r, load.__getitem__) for r in members)
            ordinary = sum(
                self._held_by(r, lambda u: 0.0 if u in giants else load[u]) for r in members
            )
            for width, is_hard in ((band.tolerance_pct, True), (band.soft_tolerance_pct, False)):
                if width is None:
                    continue
                over = np.maximum(ordinary - (1 + width / 100) * t, 0.0) / scale
                under = np.maximum((1 - width / 100) * t - whole, 0.0) / scale
                if is_hard:
                    self.truth.relaxation += _miss(over) + _miss(under)
                else:
                    self.truth.cost += band.soft_price_usd_per_pct * 100 * (over + under)

    def _targets(
        self, metric: MetricBand, load: list[float], width: float | None
    ) -> tuple[dict[str, float], set[int]]:
        """Target of each rep, and the units that no rep's band can hold, island by island."""
        company = self.company
        concerned = [
            u
            for u, unit in enumerate(self.truth.units)
            if not metric.accounts
            or any(_matches(company.accounts[i], metric.accounts) for i in unit)
        ]
        target: dict[str, float] = {}
        giants: set[int] = set()
        for island in _islands(list(company.reps), [self.meets[u] for u in concerned]):
            fixed = {r: t for r, t in metric.fixed_targets.items() if r in island}
            others = [r for r in sorted(island) if r not in fixed]
            weight = {r: _weight(company.reps[r], metric.targets) for r in others}
            whole = math.fsum(weight.values())
            share = {r: weight[r] / whole if whole > 0 else 1 / len(others) for r in others}
            units = [u for u in concerned if set(self.candidates[u]) & island]
            if width is None:
                rest, huge = math.fsum(load[u] for u in units), set()
            else:
                rest, huge = _refill(units, load, width, share, fixed, self.candidates)
            giants |= huge
            target |= fixed | {r: share[r] * rest for r in others}
        return target, giants

    def add_clock(self) -> None:
        """Overtime above capacity is priced; the ceiling, in shares of capacity, is hard."""
        overtime = self.company.policy.overtime
        if overtime.price_usd_per_hour == 0 and overtime.max_pct is None:
            return
        largest = max(r["capacity_hours"] for r in self.company.reps.values())
        for rep_id, rep in self.company.reps.items():
            hours = {
                u: math.fsum(
                    self.company.accounts[i]["service_hours"] / rep["experience_multiplier"]
                    + self.values[i, rep_id]["travel_hours"]
                    for i in unit
                )
                for u, unit in enumerate(self.truth.units)
            }
            clock = self._held_by(rep_id, hours.__getitem__)
            capacity = rep["capacity_hours"]
            scale = capacity if capacity > 0 else max(largest, 1.0)
            self.truth.cost += overtime.price_usd_per_hour * np.maximum(clock - capacity, 0.0)
            if overtime.max_pct is not None:
                ceiling = overtime.max_pct / 100 * capacity
                self.truth.relaxation += _miss(np.maximum(clock - ceiling, 0.0) / scale)

    def add_travel_limit(self) -> None:
        limit = self.company.policy.travel.max_hours_per_rep
        for rep_id in self.company.reps if limit is not None else ():
            hours = [
                math.fsum(self.values[i, rep_id]["travel_hours"] for i in unit)
                for unit in self.truth.units
            ]
            travel = self._held_by(rep_id, hours.__getitem__)
            self.truth.relaxation += _miss(np.maximum(travel / limit - 1, 0.0))

    def add_account_limits(self) -> None:
        for rule in self.company.policy.account_limits:
            count = [
                sum(_matches(self.company.accounts[i], rule.accounts) for i in unit)
                for unit in self.truth.units
            ]
            scale = max(rule.maximum if rule.maximum is not None else rule.minimum, 1)
            for rep_id, rep in self.company.reps.items():
                if not _matches(rep, rule.reps):
                    continue
                owned = self._held_by(rep_id, count.__getitem__)
                if rule.maximum is not None:
                    self.truth.relaxation += _miss(np.maximum(owned - rule.maximum, 0) / scale)
                if rule.minimum is not None:
                    self.truth.relaxation += _miss(np.maximum(rule.minimum - owned, 0) / scale)

    def add_budgets(self) -> None:
        """What leaves its active incumbent, of all that has one."""
        for budget in self.company.policy.move_budgets:
            owned = {i: r for i, r in self.company.accounts.items() if r["incumbent_rep_id"]}
            amount = {
                i: {"accounts": 1.0, "sales": row["actual_sales_usd"]}.get(
                    budget.measure, row["tenure_months"] or 0.0
                )
                for i, row in owned.items()
            }
            whole = math.fsum(amount.values()) or 1.0
            most = budget.limit_pct / 100 if budget.limit is None else budget.limit / whole

            def moved(u: int, owner: str, amount: dict[str, float] = amount) -> float:
                mine = [i for i in self.truth.units[u] if i in amount]
                return sum(amount[i] for i in mine if owned_by(i) != owner)

            def owned_by(account_id: str, owned: dict[str, Row] = owned) -> str:
                return str(owned[account_id]["incumbent_rep_id"])

            # One unit is a tenth of what a mean territory has of the measure.
            units = 10 * len(self.company.reps) * (self._sum(moved) / whole - most)
            self.truth.relaxation += _miss(np.maximum(units, 0.0))

    def clashes(self) -> np.ndarray:
        """(P) units too many at one rep, over all sets that must be separate."""
        sets = [rule.account_ids for rule in self.company.policy.must_separate]
        sets += [group for group in self.company.groups("separate") if len(group) > 1]
        total = np.zeros(len(self.truth.owners))
        for one in sets:
            places = self._separable(
                [u for u, i in enumerate(self.truth.units) if set(i) & set(one)]
            )
            for rep_id in self.company.reps:
                held = (self.owner[:, places] == rep_id).sum(axis=1)
                total += np.maximum(held - 1, 0)
        return total

    def _separable(self, units: list[int]) -> list[int]:
        """Units of a set that can have different owners; who comes too late is let off.

        Held units come first, then the others in their order; who may have no owner always fits.
        """
        kept: list[int] = []
        for u in sorted(units, key=lambda u: (not self.is_held[u], u)):
            bound = [v for v in [*kept, u] if math.isinf(self.price[v])]
            owners = itertools.product(*(self.candidates[v] for v in bound))
            if math.isfinite(self.price[u]) or any(len(set(o)) == len(bound) for o in owners):
                kept.append(u)
            else:
                self.truth.let_off.append(u)
        return kept


def _miss(share: np.ndarray) -> np.ndarray:
    """A limit missed by less than a millionth of its scale counts as kept."""
    return np.where(share > 1e-6, share, 0.0)


def _weight(rep: Row, split: str) -> float:
    if split == "headcount":
        return float(rep["fte_share"] * rep["ramp_share"])
    return float(rep["effective_capacity_hours"]) if split == "capacity" else 1.0


def _refill(
    units: list[int],
    load: list[float],
    width: float,
    share: dict[str, float],
    fixed: dict[str, float],
    candidates: list[list[str]],
) -> tuple[float, set[int]]:
    """What the reps without fixed target share, and the giants, which count as the largest band."""
    giants: set[int] = set()

    def cap(u: int, rest: float) -> float:
        return (1 + width) * max(fixed.get(r, share.get(r, 0.0) * rest) for r in candidates[u])

    def excess(rest: float, huge: set[int]) -> float:
        """Targets less loads: concave in `rest`, as caps are the largest of several lines."""
        loads = math.fsum(cap(u, rest) if u in huge else load[u] for u in units)
        return rest + math.fsum(fixed.values()) - loads

    def solve(huge: set[int]) -> float | None:
        """The smallest root; None where less than 2 % would be left to split."""
        corners = sorted(fixed[r] / s for r in fixed for s in share.values() if s > 0)
        above = [*corners, 1.0 + 60 * math.fsum(load[u] for u in units)]
        high = next((rest for rest in above if excess(rest, huge) > 0), None)
        if high is None:
            return None
        if excess(0.0, huge) >= 0:
            return 0.0
        low = 0.0
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (low, middle) if excess(middle, huge) > 0 else (middle, high)
        at = high * (1 + 1e-7) + 1e-9
        shares = [u for u in huge if cap(u, 2 * at) > 1.5 * cap(u, at)]
        left = 1 - math.fsum(cap(u, at) / at for u in shares)
        return None if left < 0.02 else high

    rest = solve(giants)
    assert rest is not None
    while True:
        joined = giants | {u for u in units if load[u] > cap(u, rest) * (1 + 1e-9)}
        refilled = solve(joined)
        if joined == giants or refilled is None:
            return rest, giants
        giants, rest = joined, refilled


def _islands(reps: list[str], together: list[list[str]]) -> list[set[str]]:
    islands = [{rep_id} for rep_id in reps]
    for group in together:
        touched = [island for island in islands if island & set(group)]
        if len(touched) > 1:
            islands = [one for one in islands if not one & set(group)] + [set().union(*touched)]
    return islands
