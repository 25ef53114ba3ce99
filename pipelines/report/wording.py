"""Figures and the certificate in plain words."""

from collections.abc import Mapping
from typing import Any

import polars as pl

METRIC_NAMES = {
    "hours": "service hours",
    "potential": "potential",
    "sales": "sales",
    "account_count": "number of accounts",
}


def metric_name(metric: str) -> str:
    """A metric for people; a metric of the policy keeps its name."""
    return METRIC_NAMES.get(metric, metric.replace("_", " "))


def number(value: Any, digits: int = 0) -> str:
    """With thousands separators; a dash where it is unknown."""
    return "–" if value is None else f"{float(value):,.{digits}f}"


def usd(value: Any) -> str:
    """Whole dollars."""
    return "–" if value is None else f"USD {float(value):,.0f}"


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


def balance_sentences(balance: pl.DataFrame) -> list[str]:
    """One sentence for each metric the policy bands.

    balance: `kpi_balance`.
    """
    rows = {(row["metric"], row["plan_version"]): row for row in balance.to_dicts()}
    sentences = []
    for metric in dict.fromkeys(metric for metric, _ in rows):
        before, after = rows.get((metric, "current")), rows.get((metric, "proposed"))
        if before is None or after is None or after["tolerance_pct"] is None:
            continue
        name = metric_name(metric)
        off = float(after["max_deviation_without_giants_pct"])
        limit = float(after["tolerance_pct"])
        inside = "inside" if off <= limit + 0.01 else "outside"
        sentence = (
            f"{name[0].upper()}{name[1:]}: the rep farthest from target is "
            f"{number(before['max_deviation_pct'], 1)} % off today and "
            f"{number(after['max_deviation_pct'], 1)} % in the plan"
        )
        if after["max_deviation_pct"] > off + 0.05:
            sentence += f" ({number(off, 1)} % without units too large for any rep)"
        sentences.append(f"{sentence}, {inside} the band of {number(limit, 1)} %.")
    return sentences


def cards(current: Mapping[str, Any], proposed: Mapping[str, Any]) -> list[dict[str, str]]:
    """The figures at the top: name, value, and what it was before or means."""
    return [
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
