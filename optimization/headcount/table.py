"""A headcount study as a table: a row for each team that was looked at, with its reason in words.

What seats are worth is known within limits: a plan found is worth `value_usd`, no plan is worth
more than `most_value_usd`. So a seat between a smaller team s and a larger one l is worth at least
value(l) - most(s), at most most(l) - value(s), and value(l) - value(s) by the plans at hand.
"""

from typing import Any

import polars as pl

from optimization.headcount.study import (
    BACKFILL,
    FEWER,
    MORE,
    REDISTRIBUTION,
    TODAY,
    VACANT,
    Headcount,
    Option,
)
from optimization.headcount.valuation import NoPlan, Valued
from optimization.policy import Policy
from optimization.report.result import Schema

HEADCOUNT_SCHEMA: Schema = {
    "option_number": pl.Int64(),
    "option_kind": pl.String(),
    "seats_change": pl.Int64(),
    "seat_count": pl.Int64(),
    "rep_id": pl.String(),
    "rep_name": pl.String(),
    "is_best": pl.Boolean(),
    "base_account_id": pl.String(),
    "base_latitude": pl.Float64(),
    "base_longitude": pl.Float64(),
    "capacity_hours": pl.Float64(),
    "workload_hours": pl.Float64(),
    "overtime_hours": pl.Float64(),
    "value_usd": pl.Float64(),
    "most_value_usd": pl.Float64(),
    "value_change_usd": pl.Float64(),
    "seat_value_usd": pl.Float64(),
    "least_seat_value_usd": pl.Float64(),
    "most_seat_value_usd": pl.Float64(),
    "seat_cost_usd": pl.Float64(),
    "value_change_after_seat_cost_usd": pl.Float64(),
    "objective_usd": pl.Float64(),
    "bound_usd": pl.Float64(),
    "optimality_gap_pct": pl.Float64(),
    "worst_band_pct": pl.Float64(),
    "worst_band_metric": pl.String(),
    "worst_band_rep_id": pl.String(),
    "relaxed_limits": pl.Int64(),
    "moved_accounts": pl.Int64(),
    "handed_over_accounts": pl.Int64(),
    "disruption_loss_usd": pl.Float64(),
    "tried_candidates": pl.Int64(),
    "possible_candidates": pl.Int64(),
    "statement": pl.String(),
}


def headcount_table(study: Headcount, reps: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """A row per option (HEADCOUNT_SCHEMA), in the order of the study.

    Args:
        reps: `int_plan__rep`, for names. policy: for what a seat costs.
    """
    columns = reps.with_columns(pl.col("rep_id").cast(pl.String))
    names = dict(columns.select("rep_id", "rep_name").iter_rows()) if "rep_name" in reps else {}
    rows = [
        _row(study, number, option, names, policy)
        for number, option in enumerate(study.options, start=1)
    ]
    return pl.DataFrame(rows, schema=HEADCOUNT_SCHEMA)


def _row(
    study: Headcount, number: int, option: Option, names: dict[str, Any], policy: Policy
) -> dict[str, Any]:
    found = option.found
    row: dict[str, Any] = dict.fromkeys(HEADCOUNT_SCHEMA)
    row |= {
        "option_number": number,
        "option_kind": option.kind,
        "seats_change": seats_change(option),
        "seat_count": study.today.seat_count + seats_change(option),
        "rep_id": option.rep_id,
        "rep_name": _name(option, names),
        "is_best": option.is_best,
        "tried_candidates": len(_rivals(study, option)) or None,
        "possible_candidates": option.alternatives or None,
        **_base(option),
        "seat_cost_usd": policy.headcount.seat_cost_usd,
    }
    if isinstance(found, NoPlan):
        return row | {"statement": f"No plan: {found.reason}."}
    cost = policy.headcount.seat_cost_usd
    change = round(found.value_usd - study.today.value_usd, 2)
    after = None if cost is None else round(change - cost * seats_change(option), 2)
    row |= {
        "capacity_hours": found.capacity_hours,
        "workload_hours": found.workload_hours,
        "overtime_hours": found.overtime_hours,
        "value_usd": found.value_usd,
        "most_value_usd": found.most_usd,
        "value_change_usd": change,
        "value_change_after_seat_cost_usd": after,
        "worst_band_pct": found.worst_band_pct,
        "worst_band_metric": found.worst_band_metric,
        "worst_band_rep_id": found.worst_band_rep_id,
        "relaxed_limits": found.relaxed_limits,
        "moved_accounts": found.moved_accounts,
        "handed_over_accounts": found.handed_over_accounts,
        "disruption_loss_usd": found.disruption_loss_usd,
        **seat_values(option),
    }
    if option.kind != VACANT:
        (summary,) = found.plan.summary.to_dicts()
        row |= {name: summary[name] for name in ("objective_usd", "bound_usd")}
        row["optimality_gap_pct"] = summary["optimality_gap_pct"]
    return row | {"statement": _statement(study, option, row, names)}


def seats_change(option: Option) -> int:
    """Seats more than today's."""
    if option.kind in (FEWER, MORE):
        team = option.found.team
        return len(team.added) - len(team.gone)
    return -1 if option.kind in (VACANT, REDISTRIBUTION) else 0


def seat_values(option: Option) -> dict[str, float | None]:
    """What the seat of this step is worth: by the plans at hand, at least, at most."""
    found, before = option.found, option.before
    empty = dict.fromkeys(("seat_value_usd", "least_seat_value_usd", "most_seat_value_usd"))
    if option.kind not in (FEWER, MORE) or before is None or isinstance(found, NoPlan):
        return empty
    small, large = (found, before) if option.kind == FEWER else (before, found)
    return {
        "seat_value_usd": round(large.value_usd - small.value_usd, 2),
        "least_seat_value_usd": round(large.value_usd - small.most_usd, 2),
        "most_seat_value_usd": round(large.most_usd - small.value_usd, 2),
    }


def _base(option: Option) -> dict[str, Any]:
    team = option.found.team
    if option.kind not in (MORE, BACKFILL) or not team.added:
        return {}
    seat = team.added[-1]
    return {
        "base_account_id": seat.base_account_id,
        "base_latitude": seat.latitude,
        "base_longitude": seat.longitude,
    }


def _name(option: Option, names: dict[str, Any]) -> str | None:
    if option.kind == MORE:
        return option.found.team.added[-1].rep_name
    return None if option.rep_id is None else names.get(option.rep_id) or option.rep_id


def _rivals(study: Headcount, option: Option) -> list[Option]:
    """The options of the same step, itself among them."""
    if option.kind not in (FEWER, MORE):
        return []
    return [
        one
        for one in study.of(option.kind)
        if one.before is option.before and seats_change(one) == seats_change(option)
    ]


def _statement(study: Headcount, option: Option, row: dict[str, Any], names: dict[str, Any]) -> str:
    if option.kind == TODAY:
        return (
            f"Today's team: the plan is worth {_usd(row['value_usd'])} a year, none is worth more "
            f"than {_usd(row['most_value_usd'])}."
        )
    if option.kind in (FEWER, MORE):
        return _of_a_step(study, option, row, names)
    name, change = row["rep_name"], row["value_change_usd"]
    if option.kind == VACANT:
        undone = study.today.workload_hours - row["workload_hours"]
        return (
            f"While nobody works the accounts of {name}: {_signed(change)} against keeping {name}, "
            f"with {undone:,.0f} hours undone and no loss of sales counted beyond the policy's "
            "loss rate."
        )
    what = f"Somebody new in the seat of {name}"
    if option.kind == REDISTRIBUTION:
        what = f"The accounts of {name} with the others"
    text = f"{what}: {_signed(change)} against keeping {name}"
    if row["seat_cost_usd"] is not None and row["seats_change"]:
        text += f", {_signed(row['value_change_after_seat_cost_usd'])} with the seat's cost saved"
    return text + "."


def _of_a_step(study: Headcount, option: Option, row: dict[str, Any], names: dict[str, Any]) -> str:
    verb = "is worth" if option.kind == MORE else "was worth"
    text = (
        f"{row['rep_name']} {verb} {_usd(row['seat_value_usd'])} a year, surely between "
        f"{_usd(row['least_seat_value_usd'])} and {_usd(row['most_seat_value_usd'])}"
    )
    if row["seat_cost_usd"] is not None:
        text += f"; {_signed(row['seat_value_usd'] - row['seat_cost_usd'])} after its cost"
    others = [one for one in _rivals(study, option) if one is not option]
    plans = [one for one in others if isinstance(one.found, Valued)]
    if option.is_best and plans:
        second = plans[0]
        behind = row["value_usd"] - second.found.value_usd  # type: ignore[union-attr]
        what = "base" if option.kind == MORE else "seat"
        label = _name(second, names) if option.kind == FEWER else "the next one"
        text += (
            f". The best of {len(plans) + 1} {what}s planned: {label} leaves {_usd(behind)} less"
        )
    return text + "."


def _usd(amount: float) -> str:
    return f"USD {amount:,.0f}"


def _signed(amount: float) -> str:
    return f"USD {amount:+,.0f} a year"
