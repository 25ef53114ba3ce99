"""Which limits bind, and what one more unit of each would be worth, in business units.

Prices of the engine are USD per scaled unit: divided by the scale they are USD per hour, dollar or
account. Where a limit is soft up to a price and hard beyond it, the part of the price up to the
soft price belongs to the soft limit and the rest to the hard one (see `engine.bound`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from optimization.book.budgets import UNIT_OF_MEASURE, budget_amounts, build_budgets
from optimization.book.filters import matches
from optimization.book.levels import Level
from optimization.book.tables import Bools, Floats
from optimization.engine.problem import TOLERANCE
from optimization.policy import LIMIT_PREFIX, AccountLimit, MetricBand
from optimization.report.outcome import Outcome
from optimization.report.result import BINDING_SCHEMA
from optimization.report.wording import grouped, one_decimal

DECIMALS = 6
# USD per scaled unit below which a price is the solver's rounding.
NO_PRICE = 1e-6
UNITS = {"hours": "hours", "potential": "USD", "sales": "USD", "account_count": "accounts"}
# How a sentence speaks of one unit; of dollars by the thousand, because one is worth cents.
ONE_UNIT = {
    "hours": ("hour", 1.0),
    "USD": ("USD 1,000", 1_000.0),
    "accounts": ("account", 1.0),
    "tenure months": ("month", 1.0),
}
ASKS = {
    "accounts": "that may change its owner",
    "sales": "of sales that may change their owner",
    "tenure_months": "of tenure that may change its owner",
}


@dataclass(frozen=True)
class Limit:
    """One kind of limit, in amounts: a place per rep or group, or a single one for a budget."""

    kind: str
    name: str
    metric: str | None
    unit: str
    what: str  # what is limited: "capacity of {rep}"
    asks: str  # what one more unit would be: "of capacity for {rep}"
    limit: Floats
    used: Floats
    scale: Floats  # amount of one scaled unit
    price: Floats  # USD per scaled unit
    applies: Bools
    side: int = 1  # 1: at most, -1: at least
    names: tuple[str, ...] | None = None  # of each place, where they differ

    def rows(self, rep_ids: list[str | None], labels: list[str]) -> pl.DataFrame:
        """The places that bind, are priced or are broken; of a budget always."""
        slack = self.side * (self.limit - self.used)
        price = np.where(self.price > NO_PRICE, self.price, 0.0)
        shown = self.applies & ((price > 0) | (slack <= TOLERANCE * self.scale))
        frame = pl.DataFrame(
            {
                "constraint_name": pl.Series(
                    self.names or [self.name] * len(labels), dtype=pl.String
                ),
                "rep_id": pl.Series(rep_ids, dtype=pl.String),
                "label": pl.Series(labels, dtype=pl.String),
                "limit_amount": self.limit.round(DECIMALS),
                "used_amount": self.used.round(DECIMALS),
                "slack_amount": slack.round(DECIMALS),
                "shadow_price_usd": (price / self.scale).round(DECIMALS),
                "is_broken": slack < -TOLERANCE * self.scale,
            }
        )
        if self.kind != "move_budget":
            frame = frame.filter(pl.Series(shown))
        return frame.select(
            pl.lit(self.kind).alias("constraint_kind"),
            "constraint_name",
            "rep_id",
            pl.lit(self.metric, dtype=pl.String).alias("metric"),
            pl.lit(self.unit).alias("unit"),
            "limit_amount",
            "used_amount",
            "slack_amount",
            "shadow_price_usd",
            self._statement().alias("statement"),
        )

    def _statement(self) -> pl.Expr:
        """What one more unit is worth, and by how much the limit is missed where it is."""
        one, times = ONE_UNIT[self.unit]
        if self.unit == "USD":
            subject = f"{one} {'more' if self.side > 0 else 'less'}"
        else:
            subject = f"One more {one}" if self.side > 0 else f"One {one} less"
        price, slack = pl.col("shadow_price_usd"), pl.col("slack_amount")
        what, gap = _with_label(self.what), one_decimal(-slack)
        amount = [pl.lit(" by USD "), gap] if self.unit == "USD" else [
            pl.lit(" by "), gap, pl.lit(f" {self.unit}")
        ]  # fmt: skip
        verb = "exceeds the " if self.side > 0 else "falls short of the "
        missed = pl.concat_str(pl.lit(f"The plan {verb}"), what, *amount, pl.lit("."))
        worth = pl.concat_str(
            pl.lit(f"{subject} "), _with_label(self.asks), pl.lit(" is worth USD "),
            _dollars(price * times), pl.lit(" a year."),
        )  # fmt: skip
        is_open = slack > TOLERANCE * float(self.scale.max(initial=1.0))
        state = pl.when(is_open).then(pl.lit(" does not bind.")).otherwise(pl.lit(" is reached."))
        return (
            pl.when(pl.col("is_broken") & (price > 0))
            .then(pl.concat_str(missed, pl.lit(" "), worth))
            .when(pl.col("is_broken"))
            .then(missed)
            .when(price > 0)
            .then(worth)
            .otherwise(pl.concat_str(pl.lit("The "), what, state))
        )


def bindings(outcome: Outcome) -> pl.DataFrame:
    """`plan_binding`: limits that bind, have a price or are broken, and every move budget."""
    reps = outcome.planning.reps
    frames = [
        one.rows(list(reps.ids), reps.labels)
        for one in (*_bands(outcome), *_hours(outcome), *_account_limits(outcome))
    ]
    for level in outcome.planning.levels:
        labels = list(level.labels)
        frames += [one.rows([None] * len(labels), labels) for one in _level(outcome, level)]
    frames += [one.rows([None], [""]) for one in _budgets(outcome)]
    frames = [frame.cast(BINDING_SCHEMA) for frame in frames]  # type: ignore[arg-type]
    return pl.concat(frames) if frames else pl.DataFrame(schema=BINDING_SCHEMA)


def _with_label(words: str) -> pl.Expr:
    """The words with each row's rep in them."""
    before, rep, after = words.partition("{rep}")
    label = pl.col("label") if rep else pl.lit("")
    return pl.concat_str(pl.lit(before), label, pl.lit(after))


def _dollars(amount: pl.Expr) -> pl.Expr:
    """USD, with cents below 10."""
    cents = (amount * 100).round(0).cast(pl.Int64)
    small = pl.concat_str(
        (cents // 100).cast(pl.String), pl.lit("."), (cents % 100).cast(pl.String).str.zfill(2)
    )
    return pl.when(amount < 10).then(small).otherwise(grouped(amount))


def _bands(outcome: Outcome) -> Iterator[Limit]:
    """The sides of every band; giants count toward lower sides only."""
    for k, band in enumerate(outcome.planning.targets.bands):
        if band is not None:
            yield from _band(outcome, k, band)


def _band(outcome: Outcome, k: int, band: MetricBand) -> Iterator[Limit]:
    targets, prices = outcome.planning.targets, outcome.answer.prices
    limits, loads = outcome.planning.problem.limits, outcome.loads
    every = np.ones(outcome.reps, dtype=bool)
    name, unit, scale = band.name, UNITS[band.metric], targets.scale[:, k]
    called = name.replace("_", " ")
    soft_above = np.minimum(prices.above[:, k], limits.price_above[:, k])
    soft_below = np.minimum(prices.below[:, k], limits.price_below[:, k])
    yield Limit(
        kind="upper_band", name=name, metric=name, unit=unit,
        what=f"upper limit of {called} of {{rep}}",
        asks=f"in the upper limit of {called} for {{rep}}", limit=targets.upper[:, k],
        used=loads.ordinary[:, k], scale=scale, price=prices.above[:, k] - soft_above,
        applies=every,
    )  # fmt: skip
    yield Limit(
        kind="lower_band", name=name, metric=name, unit=unit,
        what=f"lower limit of {called} of {{rep}}",
        asks=f"in the lower limit of {called} for {{rep}}", limit=targets.lower[:, k],
        used=loads.whole[:, k], scale=scale, price=prices.below[:, k] - soft_below,
        applies=every, side=-1,
    )  # fmt: skip
    if band.soft_tolerance_pct is None or band.soft_price_usd_per_pct == 0:
        return
    soft, target = band.soft_tolerance_pct / 100, targets.target[:, k]
    yield Limit(
        kind="soft_upper", name=name, metric=name, unit=unit,
        what=f"inner upper limit of {called} of {{rep}}",
        asks=f"in the inner upper limit of {called} for {{rep}}", limit=(1 + soft) * target,
        used=loads.ordinary[:, k], scale=scale, price=soft_above, applies=every,
    )  # fmt: skip
    yield Limit(
        kind="soft_lower", name=name, metric=name, unit=unit,
        what=f"inner lower limit of {called} of {{rep}}",
        asks=f"in the inner lower limit of {called} for {{rep}}", limit=(1 - soft) * target,
        used=loads.whole[:, k], scale=scale, price=soft_below, applies=every, side=-1,
    )  # fmt: skip


def _level(outcome: Outcome, level: Level) -> Iterator[Limit]:
    """The sides of the bands of groups; {rep} stands for the group."""
    problem, prices = outcome.planning.problem, outcome.answer.prices
    e, first = problem.resources.index(level.resource), level.first
    ordinary, whole = outcome.loads.of_groups(level)
    called = level.band.metric.replace("_", " ")
    measure = outcome.planning.targets.measures[level.metric]
    band = level.band
    sides = (
        (1, "upper", ordinary, prices.above, problem.limits.price_above),
        (-1, "lower", whole, prices.below, problem.limits.price_below),
    )
    for side, word, used, price, soft_price in sides:
        soft = np.minimum(price[first, e], soft_price[first, e])
        kinds = [(f"level_{word}", "", band.tolerance_pct, price[first, e] - soft)]
        if band.soft_tolerance_pct is not None and band.soft_price_usd_per_pct > 0:
            kinds.append((f"level_soft_{word}", "inner ", band.soft_tolerance_pct, soft))
        for kind, inner, tolerance, shadow in kinds:
            yield Limit(
                kind=kind, name=level.resource, metric=band.metric, unit=UNITS[measure],
                what=f"{inner}{word} limit of {called} of {{rep}}",
                asks=f"in the {inner}{word} limit of {called} for {{rep}}",
                limit=level.limit(side, tolerance), used=used, scale=level.scale, price=shadow,
                applies=np.ones(len(level.groups), dtype=bool), side=side,
                names=tuple(level.name(g) for g in range(len(level.groups))),
            )  # fmt: skip


def _hours(outcome: Outcome) -> Iterator[Limit]:
    """Capacity, the ceiling of overtime, and the limit of travel."""
    planning, policy = outcome.planning, outcome.planning.policy
    names, prices = list(planning.problem.resources), outcome.answer.prices
    every = np.ones(outcome.reps, dtype=bool)
    capacity = planning.reps.capacity_hours
    if "clock_hours" in names:
        e = names.index("clock_hours")
        scale = planning.pairs.inputs.capacity_hours
        soft = np.minimum(prices.above[:, e], planning.problem.limits.price_above[:, e])
        if policy.overtime.price_usd_per_hour > 0:
            yield Limit(
                kind="capacity", name="clock_hours", metric=None, unit="hours",
                what="capacity of {rep}", asks="of capacity for {rep}", limit=capacity,
                used=outcome.clock, scale=scale, price=soft, applies=every,
            )  # fmt: skip
        if policy.overtime.max_pct is not None:
            yield Limit(
                kind="overtime_ceiling", name="clock_hours", metric=None, unit="hours",
                what="overtime ceiling of {rep}", asks="below the overtime ceiling for {rep}",
                limit=policy.overtime.max_pct / 100 * capacity, used=outcome.clock, scale=scale,
                price=prices.above[:, e] - soft, applies=every,
            )  # fmt: skip
    if policy.travel.max_hours_per_rep is not None:
        e = names.index("travel_hours")
        limit = np.full(outcome.reps, policy.travel.max_hours_per_rep)
        yield Limit(
            kind="travel_limit", name="travel_hours", metric=None, unit="hours",
            what="travel limit of {rep}", asks="of travel allowed to {rep}", limit=limit,
            used=outcome.travel, scale=limit, price=prices.above[:, e], applies=every,
        )  # fmt: skip


def _account_limits(outcome: Outcome) -> Iterator[Limit]:
    planning, prices = outcome.planning, outcome.answer.prices
    for rule in planning.policy.account_limits:
        e = planning.problem.resources.index(LIMIT_PREFIX + rule.name)
        counted = matches(planning.accounts.text, rule.accounts).astype(np.float64)
        used = np.bincount(outcome.owner, counted, outcome.reps + 1)[:-1].astype(np.float64)
        applies = matches(planning.reps.text, rule.reps)
        scale = np.full(outcome.reps, float(max(rule.maximum or rule.minimum or 1, 1)))
        sides = ((1, rule.maximum, prices.above[:, e]), (-1, rule.minimum, prices.below[:, e]))
        for side, number, price in sides:
            if number is not None:
                most = "maximum" if side > 0 else "minimum"
                yield Limit(
                    kind="account_limit", name=_side_name(rule, most), metric=None,
                    unit="accounts", what=f"{most} '{rule.name}' of {{rep}}",
                    asks=f"in the {most} '{rule.name}' for {{rep}}",
                    limit=np.full(outcome.reps, float(number)), used=used, scale=scale,
                    price=price, applies=applies, side=side,
                )  # fmt: skip


def _side_name(rule: AccountLimit, most: str) -> str:
    """The rule's name; with both limits in one rule, which of them."""
    both = rule.minimum is not None and rule.maximum is not None
    return f"{rule.name} ({most})" if both else rule.name


def _budgets(outcome: Outcome) -> Iterator[Limit]:
    """Amounts of what has an active incumbent; the budget's scale turns prices into USD of each."""
    planning = outcome.planning
    budgets = build_budgets(planning.accounts, planning.policy, outcome.reps)
    amount = budget_amounts(planning.accounts, planning.policy)
    for b, measure in enumerate(budgets.names):
        yield Limit(
            kind="move_budget", name=measure, metric=None, unit=UNIT_OF_MEASURE[measure],
            what=f"move budget of {measure.replace('_', ' ')}", asks=ASKS[measure],
            limit=budgets.limit[b : b + 1] * budgets.scale[b],
            used=np.array([float(amount[outcome.is_moved, b].sum())]),
            scale=budgets.scale[b : b + 1], price=outcome.answer.prices.budget[b : b + 1],
            applies=np.ones(1, dtype=bool),
        )  # fmt: skip
