"""The plans of overlay roles as tables: who covers what, what each rep holds, and the certificate.

Hours, kilometres and USD are a year. `potential` and `sales` of an overlay rep are those of the
accounts covered: the same that the account owners hold. Sums over roles count them twice.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from optimization.overlay.coverage import MEMBER, PRIMARY
from optimization.overlay.plan import PlannedOverlay
from optimization.overlay.problem import PODS, RATIO_NAMES
from optimization.overlay.wording import overlay_reasons
from optimization.report.result import FINDING_SCHEMA, Schema

OVERLAY_ASSIGNMENT_SCHEMA: Schema = {
    "overlay_role": pl.String(),
    "account_id": pl.String(),
    "primary_rep_id": pl.String(),
    "overlay_rep_id": pl.String(),
    "overlay_rep_name": pl.String(),
    "incumbent_overlay_rep_id": pl.String(),
    "incumbent_member_id": pl.String(),
    "is_moved": pl.Boolean(),
    "is_new_assignment": pl.Boolean(),
    "service_hours": pl.Float64(),
    "visits_per_year": pl.Float64(),
    "travel_hours": pl.Float64(),
    "distance_km": pl.Float64(),
    "travel_cost_usd": pl.Float64(),
    "disruption_loss_usd": pl.Float64(),
    "handover_usd": pl.Float64(),
    "reason_code": pl.String(),
    "reason": pl.String(),
    "runner_up_rep_id": pl.String(),
    "runner_up_delta_usd": pl.Float64(),
}
OVERLAY_BALANCE_SCHEMA: Schema = {
    "overlay_role": pl.String(),
    "overlay_rep_id": pl.String(),
    "overlay_rep_name": pl.String(),
    "is_vacant": pl.Boolean(),
    "region": pl.String(),
    "base_rep_id": pl.String(),
    "base_latitude": pl.Float64(),
    "base_longitude": pl.Float64(),
    "metric": pl.String(),
    "target_amount": pl.Float64(),
    "load_amount": pl.Float64(),
    "deviation_pct": pl.Float64(),
    "lower_limit_amount": pl.Float64(),
    "upper_limit_amount": pl.Float64(),
    "tolerance_pct": pl.Float64(),
    "relaxation_pct": pl.Float64(),
    "shadow_price_below_usd": pl.Float64(),
    "shadow_price_above_usd": pl.Float64(),
    "statement": pl.String(),
}
OVERLAY_SUMMARY_SCHEMA: Schema = {
    "overlay_role": pl.String(),
    "coverage_unit": pl.String(),
    "seat_source": pl.String(),
    "ratio_measure": pl.String(),
    "ratio_per_seat": pl.Float64(),
    "seat_count": pl.Int64(),
    "seats_needed": pl.Int64(),
    "primary_rep_count": pl.Int64(),
    "account_count": pl.Int64(),
    "service_hours": pl.Float64(),
    "travel_hours": pl.Float64(),
    "capacity_hours": pl.Float64(),
    "workload_ratio": pl.Float64(),
    "hours_max_deviation_pct": pl.Float64(),
    "hours_floor_pct": pl.Float64(),
    "relaxed_limits": pl.Int64(),
    "moved_accounts": pl.Int64(),
    "kept_accounts": pl.Int64(),
    "new_accounts": pl.Int64(),
    "objective_usd": pl.Float64(),
    "bound_usd": pl.Float64(),
    "optimality_gap_pct": pl.Float64(),
    "is_proved_optimal": pl.Boolean(),
    "is_repeatable": pl.Boolean(),
    "solver_status": pl.String(),
    "travel_cost_usd": pl.Float64(),
    "disruption_cost_usd": pl.Float64(),
    "handover_cost_usd": pl.Float64(),
    "deviation_cost_usd": pl.Float64(),
    "overtime_cost_usd": pl.Float64(),
    "statement": pl.String(),
}
OVERLAY_SCHEMAS: dict[str, Schema] = {
    "plan_overlay_assignment": OVERLAY_ASSIGNMENT_SCHEMA,
    "plan_overlay_balance": OVERLAY_BALANCE_SCHEMA,
    "plan_overlay_summary": OVERLAY_SUMMARY_SCHEMA,
}
DECIMALS = 6


def overlay_tables(overlays: Sequence[PlannedOverlay]) -> dict[str, pl.DataFrame]:
    """The tables of `OVERLAY_SCHEMAS`, roles in the order of the policy."""
    made = [
        [_assignment(one), balance, _summary(one, balance)]
        for one in overlays
        for balance in [_balance(one)]
    ]
    return {
        name: pl.concat(
            [pl.DataFrame(schema=schema), *(frames[at].cast(schema) for frames in made)]  # type: ignore[arg-type]
        )
        for at, (name, schema) in enumerate(OVERLAY_SCHEMAS.items())
    }


def overlay_findings(overlays: Sequence[PlannedOverlay]) -> pl.DataFrame:
    """What was noticed of each role, as `plan_finding` has it."""
    found = [
        one.plan.findings.with_columns(
            pl.concat_str(pl.lit("overlay_"), "rule").alias("rule"),
            pl.concat_str(pl.lit(f"overlay {one.problem.overlay.role}: "), "message").alias(
                "message"
            ),
        )
        for one in overlays
    ]
    return pl.concat([pl.DataFrame(schema=FINDING_SCHEMA), *found])


def _assignment(planned: PlannedOverlay) -> pl.DataFrame:
    """A row per covered account, by account_id."""
    problem = planned.problem
    names = problem.reps.select(pl.col("rep_id").cast(pl.String), overlay_rep_name="rep_name")
    return (
        planned.plan.assignment.join(
            problem.accounts.select("account_id", PRIMARY, MEMBER),
            on="account_id",
            maintain_order="left",
        )
        .join(names, on="rep_id", how="left", maintain_order="left")
        .with_columns(
            pl.lit(problem.overlay.role).alias("overlay_role"),
            pl.col("rep_id").alias("overlay_rep_id"),
            pl.col("incumbent_rep_id").alias("incumbent_overlay_rep_id"),
            pl.col(MEMBER).alias("incumbent_member_id"),
            pl.col("incumbent_rep_id").is_null().alias("is_new_assignment"),
            overlay_reasons(pl.col("reason"), is_pod=problem.overlay.unit == "pod"),
        )
        .select(*OVERLAY_ASSIGNMENT_SCHEMA)
    )


def _balance(planned: PlannedOverlay) -> pl.DataFrame:
    """Rows per rep: the metrics of the plan, primary reps and clock hours (target: capacity)."""
    problem, plan = planned.problem, planned.plan
    held = _held(planned)
    loads = held.unpivot(index="rep_id", variable_name="metric", value_name="load_amount")
    targets = plan.targets.join(
        plan.metrics.select("metric", "tolerance_pct"), on="metric", how="left"
    )
    capacity = problem.reps.select(
        pl.col("rep_id").cast(pl.String),
        pl.lit("clock_hours").alias("metric"),
        pl.col("capacity_hours").cast(pl.Float64).alias("capacity"),
    )
    says = (
        plan.bindings.with_columns(metric=_metric_of_limit())
        .filter(pl.col("rep_id").is_not_null())
        .group_by("rep_id", "metric")
        .agg(pl.col("statement").sort().str.join(" "))
    )
    away = pl.col("load_amount") / pl.col("target_amount") - 1
    order = pl.DataFrame(
        {
            "metric": ["hours", "clock_hours", PODS, "account_count", "potential", "sales"],
            "place": range(6),
        }
    )
    return (
        loads.join(targets, on=["rep_id", "metric"], how="left")
        .join(capacity, on=["rep_id", "metric"], how="left")
        .join(says, on=["rep_id", "metric"], how="left")
        .join(_seat_columns(problem.reps), on="rep_id")
        .join(order, on="metric")
        .with_columns(
            pl.lit(problem.overlay.role).alias("overlay_role"),
            pl.col("rep_id").alias("overlay_rep_id"),
            pl.coalesce("target", "capacity").alias("target_amount"),
            pl.col("lower_limit").alias("lower_limit_amount"),
            pl.col("upper_limit").alias("upper_limit_amount"),
        )
        .with_columns(
            pl.when(pl.col("target_amount") > 0)
            .then(100 * away)
            .round(DECIMALS)
            .alias("deviation_pct")
        )
        .sort("rep_id", "place")
        .select(*OVERLAY_BALANCE_SCHEMA)
    )


def _held(planned: PlannedOverlay) -> pl.DataFrame:
    """What each rep holds of each metric, 0 for reps without accounts."""
    problem = planned.problem
    accounts = problem.accounts.select(
        "account_id",
        PRIMARY,
        pl.col("actual_sales_usd").cast(pl.Float64).fill_null(0.0).alias("sales"),
        pl.col("potential_usd").cast(pl.Float64).alias("potential"),
    )
    sums = (
        planned.plan.assignment.join(accounts, on="account_id")
        .group_by("rep_id")
        .agg(
            pl.col("service_hours").sort_by("account_id").sum().alias("hours"),
            pl.col("travel_hours").sort_by("account_id").sum().alias("travel"),
            pl.col(PRIMARY).n_unique().cast(pl.Float64).alias(PODS),
            pl.len().cast(pl.Float64).alias("account_count"),
            pl.coalesce("potential", "sales").sort_by("account_id").sum().alias("potential"),
            pl.col("sales").sort_by("account_id").sum(),
        )
    )
    reps = problem.reps.select(
        pl.col("rep_id").cast(pl.String), pl.col("experience_multiplier").cast(pl.Float64)
    )
    filled = reps.join(sums, on="rep_id", how="left").with_columns(
        pl.exclude("rep_id").fill_null(0)
    )
    clock = pl.col("hours") / pl.col("experience_multiplier") + pl.col("travel")
    return filled.select(
        "rep_id",
        pl.col("hours").round(DECIMALS),
        clock.round(DECIMALS).alias("clock_hours"),
        PODS,
        "account_count",
        pl.col("potential", "sales").round(DECIMALS),
    )


def _seat_columns(reps: pl.DataFrame) -> pl.DataFrame:
    return reps.select(
        pl.col("rep_id").cast(pl.String),
        pl.col("rep_name").cast(pl.String).alias("overlay_rep_name"),
        "is_vacant",
        "region",
        "base_rep_id",
        pl.col("latitude").alias("base_latitude"),
        pl.col("longitude").alias("base_longitude"),
    )


def _metric_of_limit() -> pl.Expr:
    """The metric a binding limit is about."""
    name = pl.col("constraint_name")
    ratio = {label: PODS if of == PODS else "account_count" for of, label in RATIO_NAMES.items()}
    metric = pl.col("metric")
    for label, of in ratio.items():
        metric = pl.when(name.str.starts_with(label)).then(pl.lit(of)).otherwise(metric)
    return pl.when(name == "clock_hours").then(name).otherwise(metric)


def _summary(planned: PlannedOverlay, balance: pl.DataFrame) -> pl.DataFrame:
    """One row: the ratio, the team, the balance, the moves and the certificate."""
    problem, plan, overlay = planned.problem, planned.plan, planned.problem.overlay
    (summary,) = plan.summary.to_dicts()
    assignment = plan.assignment
    capacity = float(problem.reps["capacity_hours"].cast(pl.Float64).sum())
    hours = balance.filter(pl.col("metric") == "hours")["deviation_pct"].abs().max()
    clock = float(balance.filter(pl.col("metric") == "clock_hours")["load_amount"].sum())
    floor = dict(plan.metrics.select("metric", "floor_pct").iter_rows()).get("hours")
    primaries = problem.accounts[PRIMARY].n_unique()
    moved = int(assignment["is_moved"].sum())
    owned = int(assignment["incumbent_rep_id"].is_not_null().sum())
    row = {
        "overlay_role": overlay.role,
        "coverage_unit": overlay.unit,
        "seat_source": overlay.seats.source,
        "ratio_measure": overlay.coverage.measure,
        "ratio_per_seat": overlay.coverage.per_seat,
        "seat_count": problem.reps.height,
        "seats_needed": problem.seats_needed,
        "primary_rep_count": primaries,
        "account_count": assignment.height,
        "service_hours": round(float(assignment["service_hours"].sum()), DECIMALS),
        "travel_hours": round(float(assignment["travel_hours"].sum()), DECIMALS),
        "capacity_hours": round(capacity, DECIMALS),
        "workload_ratio": round(clock / capacity, DECIMALS) if capacity else None,
        "hours_max_deviation_pct": hours,
        "hours_floor_pct": floor,
        "relaxed_limits": planned.relaxed_limits,
        "moved_accounts": moved,
        "kept_accounts": owned - moved,
        "new_accounts": assignment.height - owned,
        **{name: summary[name] for name in OVERLAY_SUMMARY_SCHEMA if name in summary},
    }
    return pl.DataFrame([row | {"statement": _statement(row)}], schema=OVERLAY_SUMMARY_SCHEMA)


def _statement(row: dict[str, Any]) -> str:
    """What a reader wants to know first."""
    seats, measure = row["seat_count"], row["ratio_measure"]
    counts = {"primary_reps": "primary_rep_count", "accounts": "account_count"}
    amount = row[counts.get(measure, "service_hours")]
    text = (
        f"{row['overlay_role']}: {_counted(seats, 'seat')} for "
        f"{_counted(row['primary_rep_count'], 'primary rep')} and "
        f"{_counted(row['account_count'], 'account')}, 1 to {amount / max(seats, 1):,.1f} "
        f"{measure.replace('_', ' ')}; the ratio of 1 to {row['ratio_per_seat']:,.10g} asks for "
        f"{row['seats_needed']}"
    )
    if row["relaxed_limits"]:
        text += f"; {_counted(row['relaxed_limits'], 'limit')} had to give way"
    return text + "."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
