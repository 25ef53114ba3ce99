"""What the tables and the policy imply, derived without the planning model (for `verify`).

Written on purpose with other means than the model: dictionaries and scalar arithmetic per account
instead of arrays of pairs, so that one mistake is unlikely to stand in both.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from optimization.policy import Policy

Row = dict[str, Any]


@dataclass
class Recheck:
    """Units, what holds them, and functions that price a given ownership."""

    policy: Policy
    accounts: dict[str, Row]
    reps: dict[str, Row]
    unit_of: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    incumbent: dict[str, str | None] = field(default_factory=dict)
    previous: dict[str, str | None] = field(default_factory=dict)
    eligible: dict[str, set[str]] = field(default_factory=dict)
    allowed: dict[str, set[str]] = field(default_factory=dict)
    held: dict[str, tuple[str, str]] = field(default_factory=dict)
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    is_hopeless: dict[str, bool] = field(default_factory=dict)
    targets: dict[tuple[str, str], float] = field(default_factory=dict)
    scale: dict[tuple[str, str], float] = field(default_factory=dict)
    giant: set[tuple[str, str]] = field(default_factory=set)
    served: float = 1.0

    def load(self, account_id: str, metric: str) -> float:
        """What one account adds to a metric of its territory."""
        row = self.accounts[account_id]
        if metric == "account_count":
            return 1.0
        if metric == "potential":
            return _number(row["potential_usd"], _number(row["actual_sales_usd"], 0.0))
        column = {"hours": "service_hours", "sales": "actual_sales_usd"}[metric]
        return _number(row[column], 0.0)

    def travel_hours(self, account_id: str, rep_id: str) -> float:
        """Hours on the road a year; mean over reps with a base where this rep has none."""
        account, rep = self.accounts[account_id], self.reps[rep_id]
        visits = _number(account["visits_per_year"], 0.0)
        if _place(account) is None:
            return 0.0
        if _place(rep) is not None:
            return visits * self._trip(account, rep)
        based = [other for other in self.reps.values() if _place(other) is not None]
        if not based:
            return 0.0
        return visits * math.fsum(self._trip(account, other) for other in based) / len(based)

    def _trip(self, account: Row, rep: Row) -> float:
        travel = self.policy.travel
        here, there = _place(account), _place(rep)
        assert here is not None
        assert there is not None
        kilometres = 2 * _distance_km(here, there) * travel.circuity
        return min(kilometres / travel.speed_km_per_hour, travel.cap_hours_per_visit)

    def expected_sales(self, account_id: str, rep_id: str) -> float:
        """USD a year of the account with the rep."""
        row, rep, response = self.accounts[account_id], self.reps[rep_id], self.policy.response
        sales, hours = _number(row["actual_sales_usd"], 0.0), self.load(account_id, "hours")
        received = hours * self.served
        won = response.max_whitespace_share * received / (received + response.half_share_hours)
        needed = 1 + min(max((_number(row["complexity_score"], 1.0) - 1) / 2, 0.0), 0.5)
        short = min(max(needed - rep["experience_multiplier"], 0.0), 0.5)
        fit = 1 - response.experience_penalty * short / 0.5
        skills = _skills(rep)
        if row["industry"] and skills and row["industry"] not in skills:
            fit *= 1 - response.skill_penalty
        return sales + max(self.load(account_id, "potential") - sales, 0.0) * won * fit

    def disruption(self, account_id: str, rep_id: str) -> float:
        """USD of sales lost a year by leaving the incumbent for the rep."""
        incumbent = self.incumbent[account_id]
        if incumbent is None or incumbent == rep_id:
            return 0.0
        rule, row, rep = self.policy.disruption, self.accounts[account_id], self.reps[rep_id]
        relief = 0.0
        if rep["experience_multiplier"] >= self.reps[incumbent]["experience_multiplier"]:
            relief += rule.relief_for_experience
        if (row["industry"] or "") in _skills(rep):
            relief += rule.relief_for_skill
        return _number(row["actual_sales_usd"], 0.0) * rule.loss_rate * (1 - relief)

    def best_sales(self, account_id: str) -> float:
        """Expected sales with the best-fitting rep the account's unit may have."""
        unit = self.unit_of[account_id]
        return max(
            self.expected_sales(account_id, rep_id)
            for rep_id in self.eligible[unit] | self.allowed[unit]
        )

    def facts(self, account_id: str, rep_id: str) -> dict[str, float | None]:
        """The figures plan_assignment must show for the account with this owner."""
        travel, policy = self.travel_hours(account_id, rep_id), self.policy.travel
        expected = self.expected_sales(account_id, rep_id)
        loss, cost = self.disruption(account_id, rep_id), self._travel_cost(travel)
        today = self.incumbent[account_id]
        before = None if today is None else self.travel_hours(account_id, today)
        margin = self.policy.response.contribution_margin
        return {
            "service_hours": self.load(account_id, "hours"),
            "visits_per_year": _number(self.accounts[account_id]["visits_per_year"], 0.0),
            "travel_hours": travel,
            "distance_km": travel * policy.speed_km_per_hour,
            "current_travel_hours": before,
            "current_distance_km": None if before is None else before * policy.speed_km_per_hour,
            "expected_sales_usd": expected,
            "current_expected_sales_usd": None
            if today is None
            else self.expected_sales(account_id, today),
            "travel_cost_usd": cost,
            "disruption_loss_usd": loss,
            "fit_loss_usd": self.best_sales(account_id) - expected,
            "value_usd": margin * (expected - loss) - cost,
        }

    def _travel_cost(self, hours: float) -> float:
        travel = self.policy.travel
        kilometres = hours * travel.speed_km_per_hour
        return kilometres * travel.cost_per_km_usd + hours * travel.cost_per_hour_usd

    def territory_loads(
        self, owner: Mapping[str, str]
    ) -> tuple[
        dict[tuple[str, str], float], dict[tuple[str, str], float], dict[tuple[str, str], bool]
    ]:
        """Per rep and metric: whole load, load without giants, and whether a giant is there."""
        whole: dict[tuple[str, str], float] = defaultdict(float)
        ordinary: dict[tuple[str, str], float] = defaultdict(float)
        giants: dict[tuple[str, str], bool] = defaultdict(bool)
        for account_id, rep_id in owner.items():
            for metric in ("hours", "potential", "sales", "account_count"):
                amount = self.load(account_id, metric)
                whole[rep_id, metric] += amount
                if (self.unit_of[account_id], metric) in self.giant:
                    giants[rep_id, metric] = True
                else:
                    ordinary[rep_id, metric] += amount
        return whole, ordinary, giants

    def costs(self, owner: Mapping[str, str]) -> dict[str, float]:
        """The parts of the objective in USD a year."""
        margin = self.policy.response.contribution_margin
        hours = {key: self.travel_hours(key, rep_id) for key, rep_id in owner.items()}
        clock: dict[str, float] = defaultdict(float)
        for account_id, rep_id in owner.items():
            pace = self.reps[rep_id]["experience_multiplier"]
            clock[rep_id] += self.load(account_id, "hours") / pace + hours[account_id]
        price = self.policy.overtime.price_usd_per_hour
        return {
            "travel_cost_usd": math.fsum(self._travel_cost(h) for h in hours.values()),
            "disruption_cost_usd": margin
            * math.fsum(self.disruption(key, rep_id) for key, rep_id in owner.items()),
            "fit_cost_usd": margin
            * math.fsum(
                self.best_sales(key) - self.expected_sales(key, rep_id)
                for key, rep_id in owner.items()
            ),
            "deviation_cost_usd": self._deviation_cost(owner),
            "overtime_cost_usd": price
            * math.fsum(
                max(clock[rep_id] - rep["capacity_hours"], 0.0) for rep_id, rep in self.reps.items()
            ),
        }

    def _deviation_cost(self, owner: Mapping[str, str]) -> float:
        _, ordinary, giants = self.territory_loads(owner)
        total = 0.0
        for band in self.policy.metrics:
            if band.soft_tolerance_pct is None:
                continue
            soft = band.soft_tolerance_pct / 100
            for rep_id in self.reps:
                key = (rep_id, band.metric)
                target, scale = self.targets[key], self.scale[key]
                over = (ordinary[key] - (1 + soft) * target) / scale
                under = 0.0 if giants[key] else ((1 - soft) * target - ordinary[key]) / scale
                total += band.soft_price_usd_per_pct * 100 * max(over, under, 0.0)
        return total

    def values(self, owner: Mapping[str, str]) -> dict[str, float]:
        """Value of the plan and of today's ownership, and today's cost in the plan's terms."""
        margin = self.policy.response.contribution_margin
        proposed = math.fsum(
            margin * (self.expected_sales(key, rep_id) - self.disruption(key, rep_id))
            - self._travel_cost(self.travel_hours(key, rep_id))
            for key, rep_id in owner.items()
        )
        current = []
        for key, rep_id in self.incumbent.items():
            if rep_id is None:
                current.append(margin * _number(self.accounts[key]["actual_sales_usd"], 0.0))
            else:
                travel = self._travel_cost(self.travel_hours(key, rep_id))
                current.append(margin * self.expected_sales(key, rep_id) - travel)
        return {"expected_value_usd": proposed, "current_expected_value_usd": math.fsum(current)}


def recheck(
    accounts: pl.DataFrame, reps: pl.DataFrame, overrides: pl.DataFrame, policy: Policy
) -> Recheck:
    """Derive units, holds, eligibility and targets from the tables."""
    truth = Recheck(
        policy,
        {row["account_id"]: _plain(row) for row in accounts.sort("account_id").to_dicts()},
        {row["rep_id"]: _plain(row) for row in reps.sort("rep_id").to_dicts()},
    )
    for account_id, row in truth.accounts.items():
        family = row["family_id"] if policy.keep_families_together else None
        unit = family or account_id
        truth.unit_of[account_id] = unit
        truth.members.setdefault(unit, []).append(account_id)
        known = row["incumbent_rep_id"] in truth.reps
        truth.incumbent[account_id] = row["incumbent_rep_id"] if known else None
        truth.previous[account_id] = row["owner_rep_id"] or None
    team = math.fsum(rep["effective_capacity_hours"] for rep in truth.reps.values())
    required = math.fsum(truth.load(key, "hours") for key in truth.accounts)
    truth.served = min(1.0, team / required) if required > 0 else 1.0
    _rules(truth)
    _manual(truth, overrides)
    for unit in truth.members:
        free = {r for r in truth.eligible[unit] if (unit, r) not in truth.forbidden}
        truth.is_hopeless[unit] = False
        if unit in truth.held:
            free = {truth.held[unit][0]}
        elif not free:
            free = {r for r in truth.reps if (unit, r) not in truth.forbidden}
            truth.is_hopeless[unit] = not free
            free = free or set(truth.reps)
        truth.allowed[unit] = free
    for metric in ("hours", "potential", "sales", "account_count"):
        _targets(truth, metric)
    return truth


def _rules(truth: Recheck) -> None:
    for unit, members in truth.members.items():
        fits = set(truth.reps)
        for rule in truth.policy.eligibility:
            for account_id in members:
                row = truth.accounts[account_id]
                if all(row[column] in values for column, values in rule.accounts.items()):
                    fits = {r for r in fits if _satisfies(rule, row, truth.reps[r])}
        truth.eligible[unit] = fits


def _satisfies(rule: Any, account: Row, rep: Row) -> bool:
    if not all((rep[column] or "") in values for column, values in rule.reps.items()):
        return False
    countries = (account["country"], rep["country"])
    if "country" in rule.same and all(countries) and countries[0] != countries[1]:
        return False
    stranger = account["industry"] and _skills(rep) and account["industry"] not in _skills(rep)
    return not ("industry_skill" in rule.same and stranger)


def _manual(truth: Recheck, overrides: pl.DataFrame) -> None:
    locked: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    keep: set[str] = set()
    for row in overrides.to_dicts():
        account_id, action = row["account_id"], str(row["action"]).strip().lower()
        if account_id not in truth.accounts:
            continue
        unit = truth.unit_of[account_id]
        if action == "assign":
            truth.held[unit] = (row["rep_id"], "assign")
        elif action == "forbid" and row["rep_id"] in truth.reps:
            truth.forbidden.add((unit, row["rep_id"]))
        elif action == "lock":
            keep.add(account_id)
    for rule in truth.policy.locks:
        for account_id, row in truth.accounts.items():
            young = rule.tenure_months_below is None or (
                row["tenure_months"] is not None and row["tenure_months"] < rule.tenure_months_below
            )
            if young and all((row[c] or "") in v for c, v in rule.accounts.items()):
                keep.add(account_id)
    for account_id in sorted(keep):
        incumbent = truth.incumbent[account_id]
        if incumbent is not None:
            sales = _number(truth.accounts[account_id]["actual_sales_usd"], 0.0)
            locked[truth.unit_of[account_id]][incumbent] += sales
    for unit, by_rep in locked.items():
        if unit not in truth.held:
            truth.held[unit] = (min(by_rep, key=lambda r: (-by_rep[r], r)), "lock")


def _targets(truth: Recheck, metric: str) -> None:
    """Targets by component; giants counted at the largest limit of their reps."""
    loads = {
        unit: math.fsum(truth.load(key, metric) for key in members)
        for unit, members in truth.members.items()
    }
    tolerance = next(
        (b.tolerance_pct / 100 for b in truth.policy.metrics if b.metric == metric), None
    )
    for island in _islands(truth):
        units = [u for u in truth.members if (truth.eligible[u] | truth.allowed[u]) & island]
        weight = {r: _weight(truth.reps[r], metric) for r in sorted(island)}
        whole = math.fsum(weight.values())
        share = {r: w / whole if whole > 0 else 1 / len(island) for r, w in weight.items()}
        total = math.fsum(loads[u] for u in units)
        giants: set[str] = set()
        while tolerance is not None:
            cap = {u: (1 + tolerance) * max(share[r] for r in truth.allowed[u]) for u in units}
            joined = giants | {u for u in units if loads[u] > cap[u] * total * (1 + 1e-9)}
            rest = 1 - math.fsum(cap[u] for u in joined)
            if joined == giants or rest < 0.02:
                break
            giants = joined
            total = math.fsum(loads[u] for u in units if u not in giants) / rest
        truth.giant |= {(u, metric) for u in giants}
        for rep_id in island:
            truth.targets[rep_id, metric] = share[rep_id] * total
    positive = [truth.targets[r, metric] for r in truth.reps if truth.targets[r, metric] > 0]
    mean = math.fsum(positive) / len(positive) if positive else 1.0
    for rep_id in truth.reps:
        target = truth.targets[rep_id, metric]
        truth.scale[rep_id, metric] = target if target > 0 else mean


def _islands(truth: Recheck) -> list[set[str]]:
    """Reps joined by units that either may own."""
    islands: list[set[str]] = [{rep_id} for rep_id in truth.reps]
    for together in {frozenset(truth.eligible[u] | truth.allowed[u]) for u in truth.members}:
        touched = [island for island in islands if island & together]
        if len(touched) > 1:
            islands = [island for island in islands if not island & together]
            islands.append(set().union(*touched))
    return islands


def _weight(rep: Row, metric: str) -> float:
    if metric == "account_count":
        return _number(rep["fte_share"], 1.0) * _number(rep["ramp_share"], 1.0)
    return float(rep["effective_capacity_hours"])


def _plain(row: Row) -> Row:
    """The row with NaN as None and decimals as floats."""
    numbers = (int, float)
    plain: Row = {}
    for name, value in row.items():
        if isinstance(value, bool) or value is None or isinstance(value, str):
            plain[name] = value
        elif isinstance(value, numbers) or hasattr(value, "as_tuple"):
            plain[name] = None if math.isnan(float(value)) else float(value)
        else:
            plain[name] = value
    return plain


def _number(value: float | None, missing: float) -> float:
    return missing if value is None else float(value)


def _place(row: Row) -> tuple[float, float] | None:
    if row["latitude"] is None or row["longitude"] is None:
        return None
    return row["latitude"], row["longitude"]


def _skills(rep: Row) -> set[str]:
    parts: Iterable[str] = (rep["skill_industries"] or "").split("|")
    return {part.strip() for part in parts if part.strip()}


def _distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great circle by the spherical law of cosines' stable form (atan2), radius 6371.0088 km."""
    phi, psi = math.radians(here[0]), math.radians(there[0])
    turn = math.radians(there[1] - here[1])
    across = math.hypot(
        math.cos(psi) * math.sin(turn),
        math.cos(phi) * math.sin(psi) - math.sin(phi) * math.cos(psi) * math.cos(turn),
    )
    along = math.sin(phi) * math.sin(psi) + math.cos(phi) * math.cos(psi) * math.cos(turn)
    return 6371.0088 * math.atan2(across, along)
