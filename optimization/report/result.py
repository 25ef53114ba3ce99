"""What a plan is made of, as tables. The caller adds plan_id, scenario and as_of.

Hours, kilometres and USD are a year. Text is NULL where there is nothing to say.
"""

from dataclasses import dataclass

import polars as pl

from optimization.finding import Finding

__all__ = [
    "ASSIGNMENT_SCHEMA",
    "BINDING_SCHEMA",
    "FINDING_SCHEMA",
    "LEVEL_SCHEMA",
    "METRIC_SCHEMA",
    "SUMMARY_SCHEMA",
    "TARGET_SCHEMA",
    "Finding",
    "Plan",
    "Schema",
]

Schema = dict[str, pl.DataType]

ASSIGNMENT_SCHEMA: Schema = {
    "account_id": pl.String(),
    "unit_id": pl.String(),
    "rep_id": pl.String(),
    "previous_rep_id": pl.String(),
    "incumbent_rep_id": pl.String(),
    "is_moved": pl.Boolean(),
    "is_forced_move": pl.Boolean(),
    "is_new_assignment": pl.Boolean(),
    "is_locked": pl.Boolean(),
    "unassigned": pl.Boolean(),
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
    "handover_usd": pl.Float64(),
    "value_usd": pl.Float64(),
    "reason_code": pl.String(),
    "reason": pl.String(),
    "runner_up_rep_id": pl.String(),
    "runner_up_delta_usd": pl.Float64(),
}
SUMMARY_SCHEMA: Schema = {
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
    "handover_cost_usd": pl.Float64(),
    "deviation_cost_usd": pl.Float64(),
    "overtime_cost_usd": pl.Float64(),
    "unassigned_cost_usd": pl.Float64(),
}
TARGET_SCHEMA: Schema = {
    "rep_id": pl.String(),
    "metric": pl.String(),
    "target": pl.Float64(),
    "lower_limit": pl.Float64(),
    "upper_limit": pl.Float64(),
    "relaxation_pct": pl.Float64(),
    "shadow_price_usd": pl.Float64(),
    "shadow_price_below_usd": pl.Float64(),
    "shadow_price_above_usd": pl.Float64(),
    "giant_excess": pl.Float64(),
}
METRIC_SCHEMA: Schema = {
    "metric": pl.String(),
    "measure": pl.String(),
    "tolerance_pct": pl.Float64(),
    "soft_tolerance_pct": pl.Float64(),
    "floor_pct": pl.Float64(),
}
LEVEL_SCHEMA: Schema = {
    "level": pl.String(),
    "member_id": pl.String(),
    "metric": pl.String(),
    "target": pl.Float64(),
    "metric_load": pl.Float64(),
    "deviation_pct": pl.Float64(),
    "lower_limit": pl.Float64(),
    "upper_limit": pl.Float64(),
    "tolerance_pct": pl.Float64(),
    "soft_tolerance_pct": pl.Float64(),
    "relaxation_pct": pl.Float64(),
    "shadow_price_below_usd": pl.Float64(),
    "shadow_price_above_usd": pl.Float64(),
    "is_binding": pl.Boolean(),
}
BINDING_SCHEMA: Schema = {
    "constraint_kind": pl.String(),
    "constraint_name": pl.String(),
    "rep_id": pl.String(),
    "metric": pl.String(),
    "unit": pl.String(),
    "limit_amount": pl.Float64(),
    "used_amount": pl.Float64(),
    "slack_amount": pl.Float64(),
    "shadow_price_usd": pl.Float64(),
    "statement": pl.String(),
}
FINDING_SCHEMA: Schema = {
    "severity": pl.String(),
    "rule": pl.String(),
    "record_id": pl.String(),
    "affected_rows": pl.Int64(),
    "message": pl.String(),
}


@dataclass(frozen=True)
class Plan:
    """A territory plan with its certificate.

    assignment: one row per account, by account_id; rep_id is NULL where nobody owns it.
    summary: one row: cost, proved bound, gap, parts of the cost, value before and after.
    targets: rep x metric: target, hard limits, relaxation in % of the target, giant excess, and
        what one percentage point more of the hard band is worth, below, above and in sum.
    metrics: metric: what it measures, its tolerances, and the proved floor of the largest relative
        deviation, %.
    levels: group x metric of every level of the policy: target, load, hard limits, relaxation in %
        of the target, what one percentage point more of either side is worth, whether it binds.
    bindings: every limit that binds, is priced or is broken, and every move budget: amounts in
        `unit` and what one more unit is worth, USD a year.
    findings: what was noticed and did not stop the plan.
    """

    assignment: pl.DataFrame
    summary: pl.DataFrame
    targets: pl.DataFrame
    metrics: pl.DataFrame
    levels: pl.DataFrame
    bindings: pl.DataFrame
    findings: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """The plan under the names that the verifier and the warehouse use."""
        return {
            "plan_assignment": self.assignment,
            "plan_summary": self.summary,
            "plan_target": self.targets,
            "plan_metric": self.metrics,
            "plan_level": self.levels,
            "plan_binding": self.bindings,
            "plan_finding": self.findings,
        }
