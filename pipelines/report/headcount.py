"""The study of headcount in plain words: which seat, where, and what if somebody leaves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from pipelines.report.columns import records
from pipelines.report.wording import number, usd

Row = Mapping[str, Any]

_DECISIONS = {
    "backfill": "somebody new takes the seat",
    "redistribution": "the others take the accounts",
}


def headcount(study: pl.DataFrame) -> dict[str, Any]:
    """Sentences and rows for the report; no rows where nothing was studied.

    study: `kpi_headcount` of one plan, in the order of its options.
    """
    rows = [row | {"label": _label(row)} for row in records(study)]
    return {"sentences": list(sentences(rows)), "rows": rows}


def sentences(rows: Sequence[Row]) -> Iterator[str]:
    """What the study answers, one sentence or two for each question."""
    for today in (row for row in rows if row["option_kind"] == "today"):
        yield (
            f"Today's {number(today['seat_count'])} seats have a book of "
            f"{number(today['workload_hours'])} hours a year, travel included, and "
            f"{number(today['capacity_hours'])} hours to work it in."
        )
    for row in rows:
        if row["option_kind"] in ("fewer", "more") and row["is_best"]:
            yield _of_a_step(row)
    leavers = dict.fromkeys(row["rep_id"] for row in rows if row["option_kind"] in _DECISIONS)
    for rep_id in leavers:
        yield from _of_a_leaver([row for row in rows if row["rep_id"] == rep_id])


def _of_a_step(row: Row) -> str:
    value, cost = row["seat_value_usd"], row["seat_cost_usd"]
    tried, possible = row["tried_candidates"] or 1, row["possible_candidates"] or 1
    among = f"{number(tried)} planned" + (f" of {number(possible)}" if possible > tried else "")
    proved = f"proved: {usd(row['least_seat_value_usd'])} to {usd(row['most_seat_value_usd'])}"
    if row["option_kind"] == "fewer":
        sentence = (
            f"{number(row['seat_count'])} seats: giving up {row['rep_name']} costs least "
            f"({among}). The plan then brings {usd(value)} a year less ({proved})."
        )
    else:
        sentence = (
            f"{number(row['seat_count'])} seats: the best base for the new one is {place(row)} "
            f"({among}). The plan then brings {usd(value)} a year more ({proved})."
        )
    if cost is None:
        return f"{sentence} What a seat costs is not counted."
    net = float(value) - float(cost)
    is_open = row["least_seat_value_usd"] < float(cost) < row["most_seat_value_usd"]
    doubt = (
        ", which better plans might turn: the cost lies between the proved limits"
        if is_open
        else ""
    )
    if row["option_kind"] == "fewer":
        verb = "saves" if net < 0 else "loses"
        return (
            f"{sentence} A seat costs {usd(cost)}, so giving it up {verb} {usd(abs(net))}{doubt}."
        )
    verb = "pays for itself and brings" if net >= 0 else "falls short of its cost by"
    return f"{sentence} A seat costs {usd(cost)}: it {verb} {usd(abs(net))}{doubt}."


def _of_a_leaver(rows: Sequence[Row]) -> Iterator[str]:
    name = next((row["rep_name"] for row in rows if row["rep_name"]), rows[0]["rep_id"])
    found = {row["option_kind"]: row for row in rows}
    parts = [
        f"{_changed(found[kind])} if {words}"
        for kind, words in _DECISIONS.items()
        if kind in found and found[kind]["value_change_usd"] is not None
    ]
    best = next((kind for kind in _DECISIONS if kind in found and found[kind]["is_best"]), None)
    if not parts or best is None:
        yield f"If {name} leaves: no plan keeps the limits of the policy."
        return
    saved = found[best]["seat_cost_usd"] is not None
    yield (
        f"If {name} leaves, the plan is worth " + ", and ".join(parts) + ". "
        f"It is better that {_DECISIONS[best]}"
        + (", the cost of the seat counted." if saved else ", before what a seat costs.")
    )


def _changed(row: Row) -> str:
    amount = float(row["value_change_usd"])
    return f"{usd(abs(amount))} a year {'less' if amount < 0 else 'more'}"


def place(row: Row) -> str:
    """Where the base of a seat is, as people say it."""
    named = ", ".join(str(row[key]) for key in ("base_city", "base_state") if row[key])
    if named:
        return named
    if row["base_country"]:
        return str(row["base_country"])
    if row["base_latitude"] is None:
        return "an unknown place"
    return f"{float(row['base_latitude']):.2f}, {float(row['base_longitude']):.2f}"


def _label(row: Row) -> str:
    name = row["rep_name"] or row["rep_id"] or ""
    return {
        "today": "Today's team",
        "fewer": f"Without {name}",
        "more": f"{name} in {place(row)}",
        "backfill": f"{name} leaves, somebody new in the seat",
        "redistribution": f"{name} leaves, the others take the accounts",
        "vacant": f"{name} leaves, nobody works the accounts",
    }.get(row["option_kind"], name)
