"""From the engine's answer to the plan's tables; every number is recomputed from the book."""

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from optimization.book.planning import Planning
from optimization.book.tables import Floats, Ints
from optimization.book.units import ASSIGNED, LOCKED
from optimization.engine.answer import Answer
from optimization.engine.problem import TOLERANCE
from optimization.report.binding import NO_PRICE, bindings
from optimization.report.explain import Explanation, explain
from optimization.report.outcome import Outcome
from optimization.report.result import (
    ASSIGNMENT_SCHEMA,
    FINDING_SCHEMA,
    LEVEL_SCHEMA,
    METRIC_SCHEMA,
    TARGET_SCHEMA,
    Finding,
    Plan,
)
from optimization.report.summary import summarise

MONEY_DECIMALS = 4
AMOUNT_DECIMALS = 6


def extract_plan(
    planning: Planning, answer: Answer, floors: dict[str, float], findings: Sequence[Finding]
) -> Plan:
    """The tables of a plan, sorted and rounded (money per account to 0.0001 USD).

    floors: proved floor of the largest relative deviation by metric, %; metrics that are left out
    have none. findings: what the solve noticed, beside those of the planning tables.
    """
    outcome = Outcome(planning, answer)
    return Plan(
        assignment=_assignment(outcome, explain(outcome)),
        summary=summarise(outcome),
        targets=_targets(outcome),
        metrics=_metrics(planning, floors),
        levels=_levels(outcome),
        bindings=bindings(outcome),
        findings=_findings([*planning.findings, *findings]),
    )


def _assignment(outcome: Outcome, why: Explanation) -> pl.DataFrame:
    planning, accounts, reps = outcome.planning, outcome.planning.accounts, outcome.planning.reps
    unit, owner = planning.units.of_account, outcome.owner
    owned, unassigned = outcome.is_owned_today, outcome.is_unassigned
    margin = planning.policy.response.contribution_margin
    now, then = outcome.current, outcome.proposed
    had_owner = (accounts.owner_rep_id != "").to_numpy()
    held = np.isin(planning.units.hold, (LOCKED, ASSIGNED))
    names = pl.Series([*reps.ids, None], dtype=pl.String)

    def rep(index: Ints) -> pl.Series:
        return names.gather(np.where(index < 0, len(reps), index))

    def money(values: Floats) -> Floats:
        return values.round(MONEY_DECIMALS)

    def amount(values: Floats) -> Floats:
        return values.round(AMOUNT_DECIMALS)

    def today(values: Floats) -> pl.Series:
        return pl.Series(np.where(owned, values, np.nan)).fill_nan(None)

    value = margin * (then.expected_sales_usd - then.disruption_loss_usd)
    return pl.DataFrame(
        {
            "account_id": accounts.text["account_id"],
            "unit_id": pl.Series(planning.units.ids, dtype=pl.String).gather(unit),
            "rep_id": rep(owner),
            "previous_rep_id": accounts.owner_rep_id.replace("", None),
            "incumbent_rep_id": rep(accounts.incumbent),
            "is_moved": outcome.is_moved,
            "is_forced_move": had_owner & ~owned & ~unassigned,
            "is_new_assignment": ~had_owner & ~owned & ~unassigned,
            "is_locked": held[unit],
            "unassigned": unassigned,
            "service_hours": amount(accounts.service_hours),
            "visits_per_year": amount(accounts.visits_per_year),
            "travel_hours": amount(then.travel_hours),
            "distance_km": amount(then.distance_km),
            "current_travel_hours": today(amount(now.travel_hours)),
            "current_distance_km": today(amount(now.distance_km)),
            "expected_sales_usd": money(then.expected_sales_usd),
            "current_expected_sales_usd": today(money(now.expected_sales_usd)),
            "travel_cost_usd": money(then.travel_cost_usd),
            "disruption_loss_usd": money(then.disruption_loss_usd),
            "fit_loss_usd": money(then.fit_loss_usd),
            "handover_usd": money(then.handover_usd),
            "value_usd": money(value - then.travel_cost_usd - then.handover_usd),
            "reason_code": why.codes,
            "reason": why.sentences,
            "runner_up_rep_id": rep(why.runner_up),
            "runner_up_delta_usd": pl.Series(money(why.delta_usd)).fill_nan(None),
        },
        schema=ASSIGNMENT_SCHEMA,
    )


def _targets(outcome: Outcome) -> pl.DataFrame:
    """One row per rep and metric, reps in order, metrics in the policy's."""
    planning, targets = outcome.planning, outcome.planning.targets
    shape, bands = targets.target.shape, len(planning.policy.metrics)
    is_banded = np.broadcast_to(np.arange(shape[1]) < bands, shape)
    relax = outcome.loads.excess(planning) / targets.scale
    relax = np.where(relax > TOLERANCE, relax, 0.0)
    over = np.where(outcome.loads.has_giant, outcome.loads.whole - targets.upper, 0.0)
    below, above = np.zeros(shape), np.zeros(shape)
    prices, limits = outcome.answer.prices, planning.problem.limits
    below[:, :bands] = np.maximum(prices.below - limits.price_below, 0.0)[:, :bands]
    above[:, :bands] = np.maximum(prices.above - limits.price_above, 0.0)[:, :bands]

    def flat(values: Floats) -> Floats:
        return values.round(AMOUNT_DECIMALS).reshape(-1)

    def banded(values: Floats) -> pl.Series:
        return pl.Series(np.where(is_banded, values, np.nan).round(AMOUNT_DECIMALS).reshape(-1))

    return pl.DataFrame(
        {
            "rep_id": np.repeat(np.array(planning.reps.ids, dtype=object), shape[1]),
            "metric": np.tile(np.array(targets.names, dtype=object), shape[0]),
            "target": flat(targets.target),
            "lower_limit": banded(targets.lower).fill_nan(None),
            "upper_limit": banded(targets.upper).fill_nan(None),
            # Rounded up: the published width must hold the plan.
            "relaxation_pct": np.ceil(relax * 1e8).reshape(-1) / 1e6,
            "shadow_price_usd": _per_point(below + above),
            "shadow_price_below_usd": _per_point(below),
            "shadow_price_above_usd": _per_point(above),
            "giant_excess": flat(np.maximum(over, 0.0)),
        },
        schema=TARGET_SCHEMA,
    )


def _levels(outcome: Outcome) -> pl.DataFrame:
    """One row per group and metric, levels and metrics in the policy's order, groups in theirs."""
    problem, prices = outcome.planning.problem, outcome.answer.prices
    frames = [pl.DataFrame(schema=LEVEL_SCHEMA)]
    for level in outcome.planning.levels:
        e, first, count = problem.resources.index(level.resource), level.first, len(level.groups)
        ordinary, whole = outcome.loads.of_groups(level)
        lower = level.limit(-1, level.band.tolerance_pct)
        upper = level.limit(1, level.band.tolerance_pct)
        missed = np.maximum(np.maximum(ordinary - upper, lower - whole), 0.0) / level.scale
        missed = np.where(missed > TOLERANCE, missed, 0.0)
        below = np.maximum(prices.below[first, e] - problem.limits.price_below[first, e], 0.0)
        above = np.maximum(prices.above[first, e] - problem.limits.price_above[first, e], 0.0)
        slack = np.minimum(upper - ordinary, whole - lower)
        at_limit = slack <= TOLERANCE * level.scale
        frame = pl.DataFrame(
            {
                "level": [level.by] * count,
                "member_id": list(level.groups),
                "metric": [level.band.metric] * count,
                "target": level.target.round(AMOUNT_DECIMALS),
                "metric_load": whole.round(AMOUNT_DECIMALS),
                "deviation_pct": (100 * (whole / level.scale - 1)).round(AMOUNT_DECIMALS),
                "lower_limit": lower.round(AMOUNT_DECIMALS),
                "upper_limit": upper.round(AMOUNT_DECIMALS),
                "tolerance_pct": [level.band.tolerance_pct] * count,
                "soft_tolerance_pct": [level.band.soft_tolerance_pct] * count,
                # Rounded up: the published width must hold the plan.
                "relaxation_pct": np.ceil(missed * 1e8) / 1e6,
                "shadow_price_below_usd": (below / 100).round(MONEY_DECIMALS),
                "shadow_price_above_usd": (above / 100).round(MONEY_DECIMALS),
                "is_binding": at_limit | (below > NO_PRICE) | (above > NO_PRICE),
            },
            schema=LEVEL_SCHEMA,
        )
        frames.append(frame)
    return pl.concat(frames)


def _per_point(price: Floats) -> Floats:
    """USD per percentage point of the target, from USD per target."""
    return (price / 100).round(MONEY_DECIMALS).reshape(-1)


def _metrics(planning: Planning, floors: dict[str, float]) -> pl.DataFrame:
    targets = planning.targets
    records = [
        {
            "metric": name,
            "measure": measure,
            "tolerance_pct": band.tolerance_pct if band else None,
            "soft_tolerance_pct": band.soft_tolerance_pct if band else None,
            # Rounded down: a floor must not be overstated.
            "floor_pct": math.floor(floors[name] * 1e4) / 1e4 if name in floors else None,
        }
        for name, measure, band in zip(targets.names, targets.measures, targets.bands, strict=True)
    ]
    return pl.DataFrame(records, schema=METRIC_SCHEMA)


def _findings(findings: Sequence[Finding]) -> pl.DataFrame:
    records = [
        {
            "severity": one.severity,
            "rule": one.rule,
            "record_id": one.record_id,
            "affected_rows": one.affected_rows,
            "message": one.message,
        }
        for one in findings
    ]
    frame = pl.DataFrame(records, schema=FINDING_SCHEMA)
    return frame.sort("severity", "rule", "record_id", "message", nulls_last=True)
