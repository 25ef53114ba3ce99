"""Every limit the policy sets, in amounts, beside what the plan uses of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimization.audit.goals import Goal
from optimization.audit.ledger import Bools, Floats, Ints, Ledger
from optimization.audit.level_goals import LevelGoal, read_level_goals
from optimization.audit.money import Figures
from optimization.audit.ownership import sums

# Share of a limit by which it may be missed and still counts as kept.
KEPT = 1e-6
UNITS = {"hours": "hours", "potential": "USD", "sales": "USD", "account_count": "accounts"}
BUDGET_UNITS = {"accounts": "accounts", "sales": "USD", "tenure_months": "tenure months"}


@dataclass(frozen=True)
class Held:
    """One kind of limit held against the plan: one place per rep, or a single one for a budget or a
    group of reps."""

    kind: str
    name: str
    metric: str | None
    unit: str
    limit: Floats
    used: Floats
    applies: Bools
    scale: Floats  # amounts that one unit of relative excess stands for
    rule: str | None  # broken by a breach that is not published; None: priced or published apart
    side: int = 1  # 1: at most the limit, -1: at least

    @property
    def is_of_reps(self) -> bool:
        return self.kind != "move_budget" and not self.kind.startswith("level_")

    @property
    def slack(self) -> Floats:
        return self.side * (self.limit - self.used)

    @property
    def is_broken(self) -> Bools:
        return self.applies & (self.slack < -2 * KEPT * self.scale)


def clock_hours(ledger: Ledger, owner: Ints, figures: Figures) -> Floats:
    """(J) hours that the reps need for service and travel."""
    reps = ledger.rep_count
    service = sums(owner, reps + 1, ledger.amount("service_hours"))[:reps]
    travel = sums(owner, reps + 1, figures.travel_hours)[:reps]
    return service / ledger.of_reps("experience_multiplier") + travel


def budget_amounts(ledger: Ledger, measure: str) -> Floats:
    """(n) what each account with an active incumbent counts in a move budget."""
    amount = {
        "accounts": np.ones(ledger.account_count),
        "sales": ledger.amount("actual_sales_usd"),
        "tenure_months": np.nan_to_num(ledger.amount("tenure_months")),
    }[measure]
    return np.where(ledger.incumbent >= 0, amount, 0.0)


def all_limits(ledger: Ledger, goals: list[Goal], owner: Ints, figures: Figures) -> Iterator[Held]:
    reps, policy = ledger.rep_count, ledger.policy
    every = np.ones(reps, dtype=bool)
    for goal in goals:
        yield from _band_limits(goal, owner, reps)
    for level_goal in read_level_goals(ledger, goals):
        yield from _level_limits(level_goal, owner, reps)
    capacity, clock = ledger.of_reps("capacity_hours"), clock_hours(ledger, owner, figures)
    full = np.where(capacity > 0, capacity, max(float(capacity.max(initial=0.0)), 1.0))
    if policy.overtime.price_usd_per_hour > 0:
        yield Held(
            "capacity", "clock_hours", None, "hours", capacity, clock, every, full, None
        )  # fmt: skip
    if policy.overtime.max_pct is not None:
        ceiling = policy.overtime.max_pct / 100 * capacity
        yield Held(
            "overtime_ceiling", "clock_hours", None, "hours", ceiling, clock, every, full,
            "overtime_ceiling",
        )  # fmt: skip
    if policy.travel.max_hours_per_rep is not None:
        limit = np.full(reps, policy.travel.max_hours_per_rep)
        travel = sums(owner, reps + 1, figures.travel_hours)[:reps]
        yield Held(
            "travel_limit", "travel_hours", None, "hours", limit, travel, every, limit,
            "travel_limit",
        )  # fmt: skip
    for rule in policy.account_limits:
        counted = ledger.matching(rule.accounts).astype(np.float64)
        owned = sums(owner, reps + 1, counted)[:reps]
        concerned = ledger.matching_reps(rule.reps)
        for side, number in ((1, rule.maximum), (-1, rule.minimum)):
            if number is not None:
                name = rule.name
                if rule.minimum is not None and rule.maximum is not None:
                    name += " (maximum)" if side > 0 else " (minimum)"
                limit = np.full(reps, float(number))
                scale = np.full(reps, max(float(rule.maximum or rule.minimum or 1), 1.0))
                yield Held(
                    "account_limit", name, None, "accounts", limit, owned, concerned, scale,
                    "account_limit", side,
                )  # fmt: skip
    for budget in policy.move_budgets:
        amount = budget_amounts(ledger, budget.measure)
        whole = float(amount.sum())
        most = budget.limit if budget.limit is not None else (budget.limit_pct or 0) / 100 * whole
        used = float(amount[(ledger.incumbent >= 0) & (ledger.incumbent != owner)].sum())
        yield Held(
            "move_budget", budget.measure, None, BUDGET_UNITS[budget.measure], np.array([most]),
            np.array([used]), np.ones(1, dtype=bool),
            np.array([(whole if whole > 0 else 1.0) / max(reps, 1)]), "move_budget",
        )  # fmt: skip


def _band_limits(goal: Goal, owner: Ints, reps: int) -> Iterator[Held]:
    """The sides of a hard band and of the inner one; giants count toward lower sides only."""
    if goal.band is None:
        return
    every = np.ones(reps, dtype=bool)
    load, ordinary = goal.loads(owner, reps), goal.ordinary_loads(owner, reps)
    unit = UNITS[goal.band.metric]
    bands = [("upper_band", "lower_band", goal.band.tolerance_pct)]
    if goal.band.soft_tolerance_pct is not None and goal.band.soft_price_usd_per_pct > 0:
        bands.append(("soft_upper", "soft_lower", goal.band.soft_tolerance_pct))
    for upper, lower, tolerance in bands:
        for kind, side, used in ((upper, 1, ordinary), (lower, -1, load)):
            limit = goal.limit(side, tolerance)
            yield Held(kind, goal.name, goal.name, unit, limit, used, every, goal.scale, None, side)


def _level_limits(level_goal: LevelGoal, owner: Ints, reps: int) -> Iterator[Held]:
    """The sides of the bands of one group."""
    band, one = level_goal.band, np.ones(1, dtype=bool)
    load, ordinary = (np.array([amount]) for amount in level_goal.loads(owner, reps))
    scale, unit = np.array([level_goal.scale]), UNITS[level_goal.measure]
    bands = [("level_upper", "level_lower", band.tolerance_pct, "level_band")]
    if band.soft_tolerance_pct is not None and band.soft_price_usd_per_pct > 0:
        bands.append(("level_soft_upper", "level_soft_lower", band.soft_tolerance_pct, ""))
    for upper, lower, tolerance, rule in bands:
        for kind, side, used in ((upper, 1, ordinary), (lower, -1, load)):
            limit = np.array([level_goal.limit(side, tolerance)])
            yield Held(
                kind,
                level_goal.name,
                band.metric,
                unit,
                limit,
                used,
                one,
                scale,
                rule or None,
                side,
            )
