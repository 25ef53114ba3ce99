"""Bands, capacities, limits and budgets: what they allow, what the plan uses, what it publishes.

A limit that the plan breaks is no violation where the policy lets limits be relaxed and the breach
is published as it is: in `relaxation_pct` for a band, as a negative slack for any other limit.
"""

import numpy as np
import polars as pl

from optimization.audit.figures import numbers
from optimization.audit.goals import Goal
from optimization.audit.held import KEPT, Held, all_limits
from optimization.audit.ledger import Floats, Ints, Ledger
from optimization.audit.level_goals import read_level_goals
from optimization.audit.money import Figures, Money
from optimization.audit.rules import Breaches


def check_bands(
    ledger: Ledger, goals: list[Goal], owner: Ints, targets: pl.DataFrame, breaches: Breaches
) -> None:
    """plan_target: targets and limits as derived; widened by exactly what the loads need."""
    keys = pl.DataFrame(
        {
            "rep_id": [rep for rep in ledger.rep_ids for _ in goals],
            "metric": [goal.name for goal in goals] * ledger.rep_count,
        },
        schema={"rep_id": pl.String, "metric": pl.String},
    )
    rows = keys.join(
        targets.with_columns(found=pl.lit(True)), on=["rep_id", "metric"], how="left",
        maintain_order="left",
    )  # fmt: skip
    if targets.height != keys.height or rows.height != keys.height:
        breaches.add("target", "plan", keys.height, targets.height, "rows of plan_target")
        rows = rows.unique(["rep_id", "metric"], keep="first", maintain_order=True)
    records = (rows["rep_id"] + "/" + rows["metric"]).to_list()
    missing = rows["found"].is_null().to_numpy()
    for at in np.flatnonzero(missing).tolist():
        breaches.add("target", records[at], "a row", "none", "plan_target")
    may_relax = ledger.policy.on_infeasible == "relax"
    for k, goal in enumerate(goals):
        part = rows.gather_every(len(goals), k)
        place = np.flatnonzero(~missing[k :: len(goals)])
        names = records[k :: len(goals)]
        _check_goal(goal, owner, part, place, names, may_relax, breaches)


def _check_goal(
    goal: Goal,
    owner: Ints,
    rows: pl.DataFrame,
    place: Ints,
    names: list[str],
    may_relax: bool,
    breaches: Breaches,
) -> None:
    """One metric: rows has one row per rep; only those of `place` exist."""
    reps = goal.target.size
    room = 1e-5 * np.maximum(goal.target, goal.scale) + 1e-4

    def same(rule: str, column: str, right: Floats, allowed: Floats) -> None:
        observed = numbers(rows[column])
        for j in place[~(np.abs(observed - right)[place] <= allowed[place])].tolist():
            breaches.add(rule, names[j], right[j], rows[column][j], column)

    same("target", "target", goal.target, room)
    if goal.band is None:
        for column in ("lower_limit", "upper_limit"):
            for j in place[rows[column].is_not_null().to_numpy()[place]].tolist():
                breaches.add("target", names[j], None, rows[column][j], column)
        nothing = np.zeros(reps)
        same("band", "relaxation_pct", nothing, np.full(reps, 1e-9))
        same("band", "giant_excess", nothing, np.full(reps, 1e-9))
        return
    lower = goal.limit(-1, goal.band.tolerance_pct)
    upper = goal.limit(1, goal.band.tolerance_pct)
    same("target", "lower_limit", lower, room)
    same("target", "upper_limit", upper, room)
    load, ordinary = goal.loads(owner, reps), goal.ordinary_loads(owner, reps)
    excess = np.where(goal.has_giant(owner, reps), np.maximum(load - upper, 0.0), 0.0)
    same("band", "giant_excess", excess, room)
    # Published is just what the load needs: neither less, which would hide a breach, nor more,
    # which would excuse one.
    needed = np.maximum(np.maximum(ordinary - upper, lower - load), 0.0)
    same("band", "relaxation_pct", 100 * needed / goal.scale, 200 * room / goal.scale)
    if not may_relax:
        for j in place[(needed > 2 * KEPT * goal.scale)[place]].tolist():
            breaches.add("band", names[j], 0, needed[j], "excess, and the policy relaxes nothing")


def check_limits(
    money: Money,
    goals: list[Goal],
    owner: Ints,
    figures: Figures,
    bindings: pl.DataFrame,
    breaches: Breaches,
) -> None:
    """plan_binding: each row as derived, each broken limit published, each budget listed."""
    ledger = money.ledger
    held = list(all_limits(ledger, goals, owner, figures))
    derived = pl.concat([_rows(ledger, one, number) for number, one in enumerate(held)] or [_NONE])
    key = ["constraint_kind", "constraint_name", "rep_id"]
    published = bindings.with_columns(row=pl.int_range(pl.len()))
    twice = published.filter(pl.struct(key).is_duplicated())
    if twice.height:
        breaches.add("binding", _record(twice.row(0, named=True)), 1, 2, "rows of a limit")
    joined = published.unique(key, keep="first").join(
        derived, on=key, how="full", coalesce=True, nulls_equal=True, suffix="_derived"
    )
    joined = joined.sort("number", "rep_id", "row", nulls_last=True)
    for row in joined.filter(pl.col("number").is_null()).iter_rows(named=True):
        breaches.add("binding", _record(row), "no row", "a row", "a limit the policy does not set")
    may_relax = ledger.policy.on_infeasible == "relax"
    for row in joined.filter(pl.col("number").is_not_null()).iter_rows(named=True):
        one = held[row["number"]]
        is_listed = row["row"] is not None
        if row["is_broken"] and one.rule is not None:
            slack = row["slack_amount"]
            told = is_listed and slack is not None and slack < 0 and may_relax
            if not told:
                what = "used, and the breach is not published" if may_relax else "used"
                breaches.add(one.rule, _record(row), row["limit"], row["used"], what)
        if is_listed:
            _check_row(row, breaches)
        elif one.kind == "move_budget":
            breaches.add("binding", _record(row), "a row", "none", "plan_binding")


def check_levels(
    ledger: Ledger, goals: list[Goal], owner: Ints, levels: pl.DataFrame, breaches: Breaches
) -> None:
    """plan_level: a row for every group and metric, with its target, limits and load as derived."""
    level_goals = read_level_goals(ledger, goals)
    rows = {(row["level"], row["member_id"], row["metric"]): row for row in levels.to_dicts()}
    if levels.height != len(level_goals):
        breaches.add("level_band", "plan", len(level_goals), levels.height, "rows of plan_level")
    for level_goal in level_goals:
        row = rows.get((level_goal.level, level_goal.member, level_goal.band.metric))
        if row is None:
            breaches.add("level_band", level_goal.name, "a row", "none", "plan_level")
            continue
        lower = level_goal.limit(-1, level_goal.band.tolerance_pct)
        upper = level_goal.limit(1, level_goal.band.tolerance_pct)
        whole, ordinary = level_goal.loads(owner, ledger.rep_count)
        needed = max(ordinary - upper, lower - whole, 0.0)
        room = 1e-5 * max(level_goal.target, level_goal.scale) + 1e-4
        points = 200 * room / level_goal.scale
        for column, right, allowed in (
            ("target", level_goal.target, room),
            ("lower_limit", lower, room),
            ("upper_limit", upper, room),
            ("metric_load", whole, room),
            ("deviation_pct", 100 * (whole / level_goal.scale - 1), points),
            ("relaxation_pct", 100 * needed / level_goal.scale, points),
        ):
            if row[column] is None or not abs(row[column] - right) <= allowed:
                breaches.add("level_band", level_goal.name, right, row[column], column)


_DERIVED = {
    "constraint_kind": pl.String,
    "constraint_name": pl.String,
    "rep_id": pl.String,
    "number": pl.Int64,
    "metric_name": pl.String,
    "unit_name": pl.String,
    "limit": pl.Float64,
    "used": pl.Float64,
    "slack": pl.Float64,
    "room": pl.Float64,
    "is_broken": pl.Boolean,
}
_NONE = pl.DataFrame(schema=_DERIVED)


def _rows(ledger: Ledger, one: Held, number: int) -> pl.DataFrame:
    reps: list[str | None] = list(ledger.rep_ids) if one.is_of_reps else [None]
    return pl.DataFrame(
        {
            "constraint_kind": [one.kind] * len(reps),
            "constraint_name": [one.name] * len(reps),
            "rep_id": reps,
            "number": [number] * len(reps),
            "metric_name": [one.metric] * len(reps),
            "unit_name": [one.unit] * len(reps),
            "limit": one.limit,
            "used": one.used,
            "slack": one.slack,
            "room": 1e-5 * np.maximum(np.abs(one.limit), one.scale) + 1e-3,
            "is_broken": one.is_broken,
        },
        schema=_DERIVED,
    ).filter(pl.Series(one.applies))


def _check_row(row: dict[str, object], breaches: Breaches) -> None:
    """The published figures of one limit; its price is the solver's and only must be one."""
    room = float(row["room"])  # type: ignore[arg-type]
    for column, right in (
        ("limit_amount", row["limit"]),
        ("used_amount", row["used"]),
        ("slack_amount", row["slack"]),
    ):
        observed = row[column]
        if observed is None or not abs(float(observed) - float(right)) <= room:  # type: ignore[arg-type]
            breaches.add("binding", _record(row), right, observed, column)
    for column, right in (("metric", row["metric_name"]), ("unit", row["unit_name"])):
        if row[column] != right:
            breaches.add("binding", _record(row), right, row[column], column)
    price = row["shadow_price_usd"]
    if price is None or not 0 <= float(price) < np.inf:  # type: ignore[arg-type]
        breaches.add("binding", _record(row), "at least 0", price, "shadow_price_usd")
    elif float(price) > 0 and not row["statement"]:  # type: ignore[arg-type]
        breaches.add("binding", _record(row), "a sentence", row["statement"], "statement")


def _record(row: dict[str, object]) -> str:
    """One name for the rule: kind, name and rep."""
    parts = (row["constraint_kind"], row["constraint_name"], row["rep_id"])
    return "/".join(str(part) for part in parts if part is not None)
