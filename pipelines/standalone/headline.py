"""A plan in a few sentences: what changes, what it costs, how good that provably is."""

from collections.abc import Mapping
from typing import Any

import polars as pl

DEAREST_LIMITS = 3
MOST_WARNINGS = 5

WHY_IT_ENDED = {
    "within_gap": "that is within the gap the policy asks for",
    "work_limit": "the search ended at its work limit",
    "time_limit": "the search ended at its time limit, so another run may end elsewhere",
    "interrupted": "you stopped the search, so another run may end elsewhere",
}


def headline(frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """The plan in sentences.

    frames: `plan_assignment`, `plan_summary`, `plan_target`, `plan_metric`, `plan_binding` and
    `plan_finding`.
    """
    (summary,) = frames["plan_summary"].to_dicts()
    return [
        _changes(frames["plan_assignment"], frames["plan_target"]),
        *_certificate(summary),
        _value(summary),
        *_balance(frames["plan_metric"], frames["plan_target"]),
        *_limits(frames["plan_binding"]),
        *_warnings(frames["plan_finding"]),
    ]


def _changes(assignment: pl.DataFrame, targets: pl.DataFrame) -> str:
    moved = int(assignment["is_moved"].sum())
    left = assignment["rep_id"].null_count()
    owned = assignment["incumbent_rep_id"].is_not_null().sum()
    text = (
        f"{assignment.height:,} accounts, {targets['rep_id'].n_unique():,} reps: {moved:,} of "
        f"{owned:,} accounts with an active owner change it"
    )
    return text + (f", {left:,} stay without owner." if left else ".")


def _certificate(summary: Mapping[str, Any]) -> list[str]:
    cost, bound = summary["objective_usd"], summary["bound_usd"]
    if summary["is_proved_optimal"]:
        return [f"It costs {cost:,.0f} USD a year, proved: no plan under this policy costs less."]
    why = WHY_IT_ENDED.get(summary["solver_status"], "the search ended")
    return [
        f"It costs {cost:,.0f} USD a year; no plan under this policy costs less than {bound:,.0f}.",
        f"So at most {summary['regret_usd']:,.0f} USD ({summary['optimality_gap_pct']:.3f} %) "
        f"could still be saved; {why}.",
    ]


def _value(summary: Mapping[str, Any]) -> str:
    today, plan = summary["current_expected_value_usd"], summary["expected_value_usd"]
    return f"Expected value: {today:,.0f} USD a year today, {plan:,.0f} with the plan."


def _balance(metrics: pl.DataFrame, targets: pl.DataFrame) -> list[str]:
    """Each band: kept by everybody, or by how much it had to be widened and for how many."""
    sentences = []
    for band in metrics.drop_nulls("tolerance_pct").iter_rows(named=True):
        widened = targets.filter(
            (pl.col("metric") == band["metric"]) & (pl.col("relaxation_pct") > 0)
        )["relaxation_pct"]
        name = f"{band['metric'].replace('_', ' ')} within ±{band['tolerance_pct']:g} %"
        if widened.is_empty():
            sentences.append(f"Balance: {name} of target for every rep.")
        else:
            floor = band["floor_pct"]
            sentences.append(
                f"Balance: {name} of target, widened for {len(widened)} reps by up to "
                f"{max(widened.to_list()):.1f} points"
                + (f"; no plan's largest deviation is below {floor:.1f} %." if floor else ".")
            )
    return sentences


def _limits(bindings: pl.DataFrame) -> list[str]:
    dearest = bindings.filter(pl.col("shadow_price_usd") > 0).sort(
        ["shadow_price_usd", "constraint_kind", "constraint_name", "rep_id"],
        descending=[True, False, False, False],
    )
    # USD a year for a whole hour or account compare; a dollar's worth is another scale.
    per_unit = dearest.filter(pl.col("unit") != "USD").head(DEAREST_LIMITS)
    return [f"Limit: {statement}" for statement in per_unit["statement"].to_list()]


def _warnings(findings: pl.DataFrame) -> list[str]:
    warnings = findings.filter(pl.col("severity") == "warning")["message"].to_list()
    more = len(warnings) - MOST_WARNINGS
    return [f"Warning: {message}" for message in warnings[:MOST_WARNINGS]] + (
        [f"… and {more} more warnings in plan_finding."] if more > 0 else []
    )
