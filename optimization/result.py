"""What a plan is made of, as tables. The caller adds plan_id, scenario and as_of."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Finding:
    """An observation that does not stop the plan."""

    severity: str  # info | warning
    rule: str
    record_id: str | None
    affected_rows: int
    message: str


ASSIGNMENT_SCHEMA: dict[str, pl.DataType] = {
    "account_id": pl.String(),
    "unit_id": pl.String(),
    "rep_id": pl.String(),
    "previous_rep_id": pl.String(),
    "incumbent_rep_id": pl.String(),
    "is_moved": pl.Boolean(),
    "is_forced_move": pl.Boolean(),
    "is_new_assignment": pl.Boolean(),
    "is_locked": pl.Boolean(),
    "service_hours": pl.Float64(),
    "visits_per_year": pl.Float64(),
    "travel_hours": pl.Float64(),
    "distance_km": pl.Float64(),
    "current_travel_hours": pl.Float64(),
    "current_distance_km": pl.Float64(),
    "expected_sales_usd": pl.Float64(),
    "current_expected_sales_usd": pl.Float64(),
    "travel_cost_usd": pl.Float64(),
    "disruption_loss_usd": pl.Float64(),
    "fit_loss_usd": pl.Float64(),
    "value_usd": pl.Float64(),
    "reason_code": pl.String(),
    "reason": pl.String(),
    "runner_up_rep_id": pl.String(),
    "runner_up_delta_usd": pl.Float64(),
}
SUMMARY_SCHEMA: dict[str, pl.DataType] = {
    "objective_usd": pl.Float64(),
    "bound_usd": pl.Float64(),
    "regret_usd": pl.Float64(),
    "optimality_gap_pct": pl.Float64(),
    "is_proved_optimal": pl.Boolean(),
    "is_repeatable": pl.Boolean(),
    "solver_status": pl.String(),
    "seed": pl.Int64(),
    "expected_value_usd": pl.Float64(),
    "current_expected_value_usd": pl.Float64(),
    "current_objective_usd": pl.Float64(),
    "travel_cost_usd": pl.Float64(),
    "disruption_cost_usd": pl.Float64(),
    "fit_cost_usd": pl.Float64(),
    "deviation_cost_usd": pl.Float64(),
    "overtime_cost_usd": pl.Float64(),
    "unassigned_cost_usd": pl.Float64(),
}
TARGET_SCHEMA: dict[str, pl.DataType] = {
    "rep_id": pl.String(),
    "metric": pl.String(),
    "target": pl.Float64(),
    "lower_limit": pl.Float64(),
    "upper_limit": pl.Float64(),
    "relaxation_pct": pl.Float64(),
    "shadow_price_usd": pl.Float64(),
    "giant_excess": pl.Float64(),
}
METRIC_SCHEMA: dict[str, pl.DataType] = {
    "metric": pl.String(),
    "tolerance_pct": pl.Float64(),
    "floor_pct": pl.Float64(),
}
FINDING_SCHEMA: dict[str, pl.DataType] = {
    "severity": pl.String(),
    "rule": pl.String(),
    "record_id": pl.String(),
    "affected_rows": pl.Int64(),
    "message": pl.String(),
}


@dataclass(frozen=True)
class Plan:
    """A territory plan with its certificate.

    assignment: one row per account, by account_id. Hours, kilometres and USD are a year.
    summary: one row: cost, proved bound, gap, parts of the cost, value before and after.
    targets: rep x metric: target, hard limits, relaxation, price of the limit, giant excess.
    metrics: metric: tolerance and the proved floor of the largest relative deviation, %.
    findings: what was noticed and did not stop the plan.
    """

    assignment: pl.DataFrame
    summary: pl.DataFrame
    targets: pl.DataFrame
    metrics: pl.DataFrame
    findings: pl.DataFrame
