"""From the solver's answer to the published frames; every number is recomputed from the tables."""

import math

import numpy as np
import polars as pl

from optimization.bound import Answer
from optimization.explain import Explanation, explain
from optimization.policy import METRICS
from optimization.problem import TOLERANCE, Planning
from optimization.result import (
    ASSIGNMENT_SCHEMA,
    FINDING_SCHEMA,
    METRIC_SCHEMA,
    SUMMARY_SCHEMA,
    TARGET_SCHEMA,
    Finding,
    Plan,
)
from optimization.tables import Floats, Ints
from optimization.units import ASSIGNED, LOCKED

MONEY_DECIMALS = 4
AMOUNT_DECIMALS = 6


def extract_plan(
    planning: Planning, answer: Answer, floors: dict[str, float], findings: list[Finding]
) -> Plan:
    """The five frames of a plan, sorted and rounded (money per account to 0.0001 USD)."""
    assignment = _assignment(planning, answer, explain(planning, answer))
    return Plan(
        assignment=assignment,
        summary=_summary(planning, answer),
        targets=_targets(planning, answer),
        metrics=_metrics(planning, floors),
        findings=_findings([*planning.findings, *findings]),
    )


def _assignment(planning: Planning, answer: Answer, why: Explanation) -> pl.DataFrame:
    accounts, reps, values = planning.accounts, planning.reps, planning.values
    n = len(accounts)
    unit = planning.units.of_account
    owner = answer.owner[unit]
    rows = np.arange(n)
    incumbent = accounts.incumbent
    owned = incumbent >= 0
    margin = planning.policy.response.contribution_margin
    expected = values.expected_sales_usd[rows, owner]
    disruption = values.disruption_loss_usd[rows, owner]
    travel_cost = values.travel_cost_usd[rows, owner]
    has_owner = np.array([bool(rep) for rep in accounts.owner_rep_id], dtype=bool)
    held = np.array([kind in (LOCKED, ASSIGNED) for kind in planning.units.hold], dtype=bool)

    def today(pairs: Floats, decimals: int) -> list[float | None]:
        found = np.round(pairs[rows, np.where(owned, incumbent, 0)], decimals).tolist()
        return [value if mine else None for value, mine in zip(found, owned, strict=True)]

    return pl.DataFrame(
        {
            "account_id": accounts.ids,
            "unit_id": [planning.units.ids[u] for u in unit],
            "rep_id": _names(reps.ids, owner),
            "previous_rep_id": [rep or None for rep in accounts.owner_rep_id],
            "incumbent_rep_id": _names(reps.ids, incumbent),
            "is_moved": owned & (incumbent != owner),
            "is_forced_move": has_owner & ~owned,
            "is_new_assignment": ~has_owner & ~owned,
            "is_locked": held[unit],
            "service_hours": accounts.service_hours.round(AMOUNT_DECIMALS),
            "visits_per_year": accounts.visits_per_year.round(AMOUNT_DECIMALS),
            "travel_hours": values.travel_hours[rows, owner].round(AMOUNT_DECIMALS),
            "distance_km": values.distance_km[rows, owner].round(AMOUNT_DECIMALS),
            "current_travel_hours": today(values.travel_hours, AMOUNT_DECIMALS),
            "current_distance_km": today(values.distance_km, AMOUNT_DECIMALS),
            "expected_sales_usd": expected.round(MONEY_DECIMALS),
            "current_expected_sales_usd": today(values.expected_sales_usd, MONEY_DECIMALS),
            "travel_cost_usd": travel_cost.round(MONEY_DECIMALS),
            "disruption_loss_usd": disruption.round(MONEY_DECIMALS),
            "fit_loss_usd": planning.fit_loss_usd[rows, owner].round(MONEY_DECIMALS),
            "value_usd": (margin * (expected - disruption) - travel_cost).round(MONEY_DECIMALS),
            "reason_code": why.codes,
            "reason": why.sentences,
            "runner_up_rep_id": _names(reps.ids, why.runner_up),
            "runner_up_delta_usd": [
                None if math.isnan(delta) else round(delta, MONEY_DECIMALS)
                for delta in why.delta_usd.tolist()
            ],
        },
        schema=ASSIGNMENT_SCHEMA,
    )


def _names(ids: list[str], index: Ints) -> list[str | None]:
    return [ids[j] if j >= 0 else None for j in index.tolist()]


def _summary(planning: Planning, answer: Answer) -> pl.DataFrame:
    problem, values = planning.problem, planning.values
    margin = planning.policy.response.contribution_margin
    owner = answer.owner[planning.units.of_account]
    rows = np.arange(owner.size)
    slack = problem.slack_values(answer.owner)
    travel = _sum(values.travel_cost_usd[rows, owner])
    disruption = _sum(margin * values.disruption_loss_usd[rows, owner])
    fit = _sum(margin * planning.fit_loss_usd[rows, owner])
    deviation, overtime = _slack_costs(planning, slack)
    objective = round(travel + disruption + fit + deviation + overtime, 2)
    # A bound is rounded down, so that rounding cannot turn it into an overstatement.
    bound = min(max(math.floor(answer.bound * 100) / 100, 0.0), objective)
    regret = round(objective - bound, 2)
    proved = answer.status == "optimal"
    if proved:
        bound, regret = objective, 0.0
    current_value, current_cost = _current(planning)
    expected = _sum(
        margin * (values.expected_sales_usd[rows, owner] - values.disruption_loss_usd[rows, owner])
        - values.travel_cost_usd[rows, owner]
    )
    row = {
        "objective_usd": objective,
        "bound_usd": bound,
        "regret_usd": regret,
        "optimality_gap_pct": round(100 * regret / objective, 6) if objective > 0 else 0.0,
        "is_proved_optimal": proved,
        "is_repeatable": answer.is_repeatable,
        "solver_status": answer.status,
        "seed": planning.policy.seed,
        "expected_value_usd": expected,
        "current_expected_value_usd": current_value,
        "current_objective_usd": current_cost,
        "travel_cost_usd": travel,
        "disruption_cost_usd": disruption,
        "fit_cost_usd": fit,
        "deviation_cost_usd": deviation,
        "overtime_cost_usd": overtime,
        # No tier may stay unassigned yet: every account has an owner.
        "unassigned_cost_usd": 0.0,
    }
    return pl.DataFrame([row], schema=SUMMARY_SCHEMA)


def _sum(values: Floats) -> float:
    """Exactly rounded sum in cents: independent of order and of the machine's vector width."""
    return round(math.fsum(values.tolist()), 2)


def _slack_costs(planning: Planning, slack: Floats) -> tuple[float, float]:
    """(deviation, overtime) in USD for slacks (J, G)."""
    totals = {"relax": 0.0, "deviation": 0.0, "overtime": 0.0}
    for g, kind in enumerate(planning.problem.slacks):
        totals[kind.name] += math.fsum((slack[:, g] * kind.price).tolist())
    return round(totals["deviation"], 2), round(totals["overtime"], 2)


def _current(planning: Planning) -> tuple[float, float]:
    """Value and cost of today's ownership, in the plan's own terms.

    An account without an incumbent keeps its sales and wins no whitespace; nobody travels to it.
    """
    accounts, values = planning.accounts, planning.values
    margin = planning.policy.response.contribution_margin
    rows = np.arange(len(accounts))
    owned = accounts.incumbent >= 0
    rep = np.where(owned, accounts.incumbent, 0)
    if not len(accounts):
        return 0.0, 0.0
    expected = np.where(owned, values.expected_sales_usd[rows, rep], accounts.actual_sales_usd)
    travel = np.where(owned, values.travel_cost_usd[rows, rep], 0.0)
    best = values.expected_sales_usd[rows, rep] + planning.fit_loss_usd[rows, rep]
    fit = np.maximum(best - expected, 0.0)
    load = _current_rows(planning, owned, rep)
    excess = np.maximum(load - planning.problem.limit, 0.0)
    slack = np.zeros((len(planning.reps), len(planning.problem.slacks)))
    for q, row in enumerate(planning.problem.rows):
        slack[:, row.slack] = np.maximum(slack[:, row.slack], excess[:, q])
    deviation, overtime = _slack_costs(planning, slack)
    cost = round(_sum(travel) + _sum(margin * fit) + deviation + overtime, 2)
    return _sum(margin * expected - travel), cost


def _current_rows(planning: Planning, owned: np.ndarray, rep: Ints) -> Floats:
    """Row loads (J, Q) of today's ownership; a unit's load is shared out by its accounts' loads."""
    accounts, targets = planning.accounts, planning.targets
    columns = {
        "hours": accounts.service_hours,
        "potential": accounts.potential_usd,
        "sales": accounts.actual_sales_usd,
        "account_count": np.ones(len(accounts)),
    }
    rows = np.arange(len(accounts))
    clock = (
        accounts.service_hours / planning.reps.experience_multiplier[rep]
        + planning.values.travel_hours[rows, rep]
    )
    capacity = planning.reps.capacity_hours
    load = np.zeros(planning.problem.limit.shape)
    for q, row in enumerate(planning.problem.rows):
        if row.metric < 0:
            scale = np.where(capacity > 0, capacity, max(float(capacity.max(initial=0.0)), 1.0))
            amount = clock
        else:
            scale, amount = targets.scale[:, row.metric], columns[METRICS[row.metric]]
        sign = -1.0 if row.name.endswith("lower") else 1.0
        np.add.at(load[:, q], rep[owned], sign * amount[owned])
        load[:, q] /= scale
    return load


def _targets(planning: Planning, answer: Answer) -> pl.DataFrame:
    problem, targets = planning.problem, planning.targets
    slack = problem.slack_values(answer.owner)
    prices = answer.certificate.prices
    load = np.zeros(targets.target.shape)
    np.add.at(load, answer.owner, targets.load)
    has_giant = np.zeros(load.shape, dtype=bool)
    np.logical_or.at(has_giant, answer.owner, targets.giant)
    records = []
    for j, rep_id in enumerate(planning.reps.ids):
        for k, metric in enumerate(METRICS):
            relax = price = 0.0
            banded = not math.isnan(targets.upper[j, k])
            for q, row in enumerate(problem.rows):
                if row.metric == k and problem.slacks[row.slack].name == "relax":
                    price += float(prices[j, q])
                    relax = float(slack[j, row.slack])
            relax = relax if relax > TOLERANCE else 0.0
            over = float(load[j, k] - targets.upper[j, k]) if banded else 0.0
            records.append(
                {
                    "rep_id": rep_id,
                    "metric": metric,
                    "target": round(float(targets.target[j, k]), AMOUNT_DECIMALS),
                    "lower_limit": round(float(targets.lower[j, k]), AMOUNT_DECIMALS)
                    if banded
                    else None,
                    "upper_limit": round(float(targets.upper[j, k]), AMOUNT_DECIMALS)
                    if banded
                    else None,
                    # Rounded up: the published width must hold the plan.
                    "relaxation_pct": math.ceil(relax * 1e8) / 1e6,
                    "shadow_price_usd": round(price / 100, MONEY_DECIMALS),
                    "giant_excess": round(max(over, 0.0), AMOUNT_DECIMALS)
                    if has_giant[j, k]
                    else 0.0,
                }
            )
    return pl.DataFrame(records, schema=TARGET_SCHEMA)


def _metrics(planning: Planning, floors: dict[str, float]) -> pl.DataFrame:
    tolerance = {band.metric: band.tolerance_pct for band in planning.policy.metrics}
    records = [
        {
            "metric": metric,
            "tolerance_pct": tolerance.get(metric),  # type: ignore[call-overload]
            "floor_pct": math.floor(floors[metric] * 1e4) / 1e4,
        }
        for metric in METRICS
    ]
    return pl.DataFrame(records, schema=METRIC_SCHEMA)


def _findings(findings: list[Finding]) -> pl.DataFrame:
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
