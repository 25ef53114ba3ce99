"""Figures and the certificate in plain words."""

from collections.abc import Mapping
from typing import Any

import polars as pl

METRIC_NAMES = {
    "hours": "service hours",
    "potential": "potential",
    "sales": "sales",
    "account_count": "number of accounts",
    "clock_hours": "hours with travel",
}


REASON_NAMES = {
    "moved_for_travel": "travel costs less with another rep",
    "moved_for_balance": "their rep is full, or another needs them to reach the band",
    "moved_for_fit": "another rep fits them better",
    "moved_with_family": "they go with their account family",
    "moved_for_eligibility": "a rule bars their rep",
    "moved_to_separate": "they must be apart from another account",
    "forced_move": "their rep has left",
    "new_assignment": "they had no rep",
    "assigned": "a person assigned them",
    "locked": "a lock or override decides",
    "only_eligible": "only one rep may own them",
    "unassigned": "they stay without rep",
}


def reason_name(code: str | None) -> str:
    """The code of a reason for people; an unknown one keeps its name."""
    return "unknown" if code is None else REASON_NAMES.get(code, code.replace("_", " "))


def metric_name(metric: str) -> str:
    """A metric for people; a metric of the policy keeps its name."""
    return METRIC_NAMES.get(metric, metric.replace("_", " "))


def number(value: Any, digits: int = 0) -> str:
    """With thousands separators; a dash where it is unknown."""
    return "–" if value is None else f"{float(value):,.{digits}f}"


def capitalised(text: str) -> str:
    """With a capital letter at its start."""
    return text[:1].upper() + text[1:]


def usd(value: Any) -> str:
    """Whole dollars."""
    return "–" if value is None else f"USD {float(value):,.0f}"


def in_force(plan: Mapping[str, Any]) -> str:
    """Of a plan that is shown on new data and was not made by the run; else nothing.

    plan: its row of `kpi_plan`.
    """
    if plan.get("solver_status") != "kept":
        return ""
    return (
        "This is the plan in force on new data; nothing was planned. Accounts that it does not "
        "know, or whose rep has left, stand with the cheapest territory that stays in band."
    )


def certificate(plan: Mapping[str, Any]) -> str:
    """How far the proposed plan can be from the best one, in one or two sentences.

    plan: its row of `kpi_plan`.
    """
    if plan["objective_usd"] is None or plan["bound_usd"] is None:
        return "Nothing is proved about this plan."
    cost = f"This plan costs {usd(plan['objective_usd'])} a year"
    if plan["is_proved_optimal"]:
        sentence = f"{cost}. It is proved that no plan under the same policy costs less."
    else:
        sentence = (
            f"{cost}. It is proved that no plan under the same policy costs less than "
            f"{usd(plan['bound_usd'])}: at most {usd(plan['regret_usd'])} a year "
            f"({number(plan['optimality_gap_pct'], 2)} %) could still be saved."
        )
    if plan["is_repeatable"] is False:
        sentence += " The search was stopped by the clock, so a second run may find another plan."
    return sentence


def changes_sentence(plan: Mapping[str, Any]) -> str:
    """How many accounts change their rep, get one, or stay without.

    plan: the row of `kpi_plan` of the proposed plan.
    """
    moved = number(plan["moved_accounts"])
    parts = [f"{moved} of {number(plan['account_count'])} accounts change their rep"]
    if plan.get("forced_moves"):
        parts.append(f"{number(plan['forced_moves'])} whose rep has left get another")
    if plan.get("new_assignments"):
        parts.append(f"{number(plan['new_assignments'])} that had none get one")
    if plan.get("unassigned_accounts"):
        parts.append(f"{number(plan['unassigned_accounts'])} stay without one")
    start = ", ".join(parts[:-1])
    return f"{start} and {parts[-1]}." if start else f"{parts[-1]}."


def balance_sentences(balance: pl.DataFrame, loads: pl.DataFrame) -> list[str]:
    """One sentence for each metric the policy bands.

    balance: `kpi_balance`; loads: `kpi_territory_balance`.
    """
    rows = {(row["metric"], row["plan_version"]): row for row in balance.to_dicts()}
    inside = _reps_inside(loads)
    sentences = []
    for metric in dict.fromkeys(metric for metric, _ in rows):
        before, after = rows.get((metric, "current")), rows.get((metric, "proposed"))
        if before is None or after is None or after["tolerance_pct"] is None:
            continue
        off = float(after["max_deviation_without_giants_pct"])
        today, reps = inside.get((metric, "current"), (0, 0))
        planned, _ = inside.get((metric, "proposed"), (0, 0))
        sentence = (
            f"{capitalised(metric_name(metric))}: {number(today) if today else 'none'} of "
            f"{number(reps)} reps are within {number(after['tolerance_pct'], 1)} % of their "
            f"target today, {'all' if planned == reps else number(planned) if planned else 'none'} "
            f"in the plan. The farthest is "
            f"{number(before['max_deviation_pct'], 1)} % off today and "
            f"{number(after['max_deviation_pct'], 1)} % in the plan"
        )
        if after["max_deviation_pct"] > off + 0.05:
            sentence += f" ({number(off, 1)} % without units too large for any rep)"
        if off > float(after["tolerance_pct"]) + 0.05:
            sentence += ": no plan was found that keeps every limit, so this band gave way"
        sentences.append(f"{sentence}.")
    return sentences


# Deviations are published with four digits.
_ROUNDING_PCT = 0.01


def _reps_inside(loads: pl.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    """Of each metric and version: territories inside their band, and all of them."""
    tolerance = pl.col("target_amount").abs() * _ROUNDING_PCT / 100
    lowest = pl.col("lower_limit_amount").fill_null(float("-inf")) - tolerance
    highest = pl.col("upper_limit_amount").fill_null(float("inf")) + tolerance
    counted = loads.group_by("metric", "plan_version").agg(
        pl.col("load_amount").is_between(lowest, highest).sum().alias("inside"),
        pl.len().alias("all"),
    )
    return {(metric, version): (ok, total) for metric, version, ok, total in counted.rows()}


def capacity_sentence(today: Mapping[str, Any] | None, plan: Mapping[str, Any] | None) -> str:
    """What the whole book takes of the team's hours; empty where that is unknown.

    today, plan: the company's rows of `kpi_rollup`.
    """
    if plan is None or plan.get("workload_ratio") is None:
        return ""
    ratio = 100 * float(plan["workload_ratio"])
    sentence = (
        f"The book takes {number(plan['workload_hours'])} hours a year with travel, the team has "
        f"{number(plan['capacity_hours'])}: {number(ratio)} % of its capacity"
    )
    if today is not None and today.get("workload_ratio") is not None:
        sentence += f", today {number(100 * float(today['workload_ratio']))} %"
    if ratio > 100:
        sentence += ". No assignment makes up for that; balance only shares it out"
    return f"{sentence}."


def cards(
    current: Mapping[str, Any],
    proposed: Mapping[str, Any],
    team: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, str]]:
    """The figures at the top: name, value, and what it was before or means.

    current, proposed: rows of `kpi_plan`; team: the company's rows of `kpi_rollup`, by version.
    """
    found = [
        {
            "name": "Accounts that move",
            "value": number(proposed["moved_accounts"]),
            "note": f"{number(proposed['retained_accounts_pct'], 1)} % of the accounts with a rep "
            "keep theirs",
        },
        {
            "name": "Sales changing hands",
            "value": usd(proposed["moved_sales_usd"]),
            "note": f"expected loss {usd(proposed['expected_disruption_loss_usd'])} a year",
        },
        {
            "name": "Expected value a year",
            "value": usd(proposed["expected_value_usd"]),
            "note": f"today {usd(current['expected_value_usd'])}",
        },
        {
            "name": "Travel hours a year",
            "value": number(proposed["travel_hours"]),
            "note": f"today {number(current['travel_hours'])}",
        },
        {
            "name": "Proved gap",
            "value": "–"
            if proposed["optimality_gap_pct"] is None
            else f"{number(proposed['optimality_gap_pct'], 2)} %",
            "note": "proved optimal"
            if proposed["is_proved_optimal"]
            else f"at most {usd(proposed['regret_usd'])} a year could be saved",
        },
    ]
    planned = team.get("proposed", {}).get("workload_ratio")
    today = team.get("current", {}).get("workload_ratio")
    if planned is not None:
        found.insert(
            3,
            {
                "name": "Workload of the team",
                "value": f"{number(100 * float(planned))} %",
                "note": "of its capacity"
                + ("" if today is None else f"; today {number(100 * float(today))} %"),
            },
        )
    return found
