"""How far today's data have carried a chosen plan from what it promised, signal by signal.

Loads are those of the chosen owners on today's accounts; who has no owner counts with nobody.
Targets are today's: they follow the total and the team.
"""

from datetime import date

import numpy as np
import polars as pl

from optimization.book.planning import Planning, build_planning
from optimization.book.tables import Floats
from optimization.policy import Policy
from optimization.rebalance.standing import Standing, stand
from optimization.report.result import Schema

DRIFT_SCHEMA: Schema = {
    "signal": pl.String(),  # band | level_band | penetration | without_owner | leavers
    "metric": pl.String(),
    "rep_id": pl.String(),
    "level": pl.String(),
    "member_id": pl.String(),
    "observed": pl.Float64(),
    "threshold": pl.Float64(),
    "unit": pl.String(),
    "is_passed": pl.Boolean(),
    "statement": pl.String(),
}
PENETRATION_THEN: Schema = {"rep_id": pl.String(), "market_penetration_pct": pl.Float64()}


def measure_drift(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    chosen: pl.DataFrame,
    *,
    penetration_then: pl.DataFrame | None = None,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Every signal with its threshold of `policy.rebalancing.drift`, those that pass it first.

    Args:
        accounts, reps, overrides, policy, chosen, as_of, travel_matrix: as in
            `rebalance_territories`.
        penetration_then: rep_id, market_penetration_pct of the plan when it was made; None: that
            signal is left out.

    Returns:
        `DRIFT_SCHEMA`: one row for every band of every rep and of every group of a level, every
        territory's penetration, the accounts without owner and the leavers.

    Raises:
        PlanInputError: a table or the chosen plan contradicts itself or the policy.
    """
    standing = stand(accounts, reps, chosen)
    planning = build_planning(
        standing.accounts, reps, overrides, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    rows = [
        *_bands(planning),
        *_level_bands(planning),
        *_penetration(planning, penetration_then),
        *_counts(planning, standing),
    ]
    frame = pl.DataFrame(rows, schema=DRIFT_SCHEMA)
    places = ("signal", "metric", "level", "member_id", "rep_id")
    return frame.sort("is_passed", *places, descending=[True, *[False] * len(places)])


def _loads(planning: Planning, k: int) -> tuple[Floats, Floats]:
    """(J) load of metric k by rep, whole and without giants."""
    targets, unit_of = planning.targets, planning.units.of_account
    members = np.bincount(unit_of, minlength=len(planning.units))
    # Each account brings an equal part of what its unit counts: families have one owner.
    whole = (targets.load[:, k] / members)[unit_of]
    ordinary = np.where(targets.giant[unit_of, k], 0.0, whole)
    owner, reps = planning.accounts.incumbent, len(planning.reps)
    return _by_rep(owner, whole, reps), _by_rep(owner, ordinary, reps)


def _bands(planning: Planning) -> list[dict[str, object]]:
    targets, reps = planning.targets, planning.reps
    threshold = planning.policy.rebalancing.drift.band_excess_pct
    rows: list[dict[str, object]] = []
    for k, metric in enumerate(planning.policy.metrics):
        load, ordinary = _loads(planning, k)
        limits = targets.lower[:, k], targets.upper[:, k]
        found = _excess(load, ordinary, limits, targets.scale[:, k])
        for rep_id, label, (excess, text) in zip(reps.ids, reps.labels, found, strict=True):
            text = f"{metric.name} of {label}: {text}"
            row = _row("band", metric.name, rep_id, excess, threshold, "% of target", text)
            rows.append(row)
    return rows


def _level_bands(planning: Planning) -> list[dict[str, object]]:
    threshold = planning.policy.rebalancing.drift.level_excess_pct
    rows: list[dict[str, object]] = []
    for level in planning.levels:
        load, ordinary = (level.totals(by_rep) for by_rep in _loads(planning, level.metric))
        tolerance = level.band.tolerance_pct
        limits = level.limit(-1, tolerance), level.limit(1, tolerance)
        found = _excess(load, ordinary, limits, level.scale)
        for g, (excess, text) in enumerate(found):
            metric = level.band.metric
            text = f"{metric} of {level.labels[g]}: {text}"
            row = _row("level_band", metric, None, excess, threshold, "% of target", text)
            rows.append(row | {"level": level.by, "member_id": level.groups[g]})
    return rows


def _excess(
    load: Floats, ordinary: Floats, limits: tuple[Floats, Floats], scale: Floats
) -> list[tuple[float, str]]:
    """Points of the target beyond either limit, and where each load stands, in words."""
    over, under = ordinary - limits[1], limits[0] - load
    excess = 100 * np.maximum(np.maximum(over, under), 0.0) / scale
    share = 100 * (load / scale - 1)
    found = []
    for points, away, above in zip(excess.tolist(), share.tolist(), over.tolist(), strict=True):
        side = "above" if above > 0 else "below"
        beyond = f", {points:.1f} points {side} the band" if points > 0 else ""
        found.append((points, f"{away:+.1f} % of target{beyond}"))
    return found


def _penetration(planning: Planning, then: pl.DataFrame | None) -> list[dict[str, object]]:
    if then is None:
        return []
    accounts, reps = planning.accounts, planning.reps
    sales = _by_rep(accounts.incumbent, accounts.actual_sales_usd, len(reps))
    potential = _by_rep(accounts.incumbent, accounts.potential_usd, len(reps))
    before = dict(then.select("rep_id", "market_penetration_pct").iter_rows())
    threshold = planning.policy.rebalancing.drift.penetration_change_pct
    rows = []
    for j, rep_id in enumerate(reps.ids):
        old = before.get(rep_id)
        if not old or potential[j] <= 0:
            continue
        now = 100 * sales[j] / potential[j]
        change = 100 * (now / old - 1)
        text = f"penetration of {reps.labels[j]}: {old:.1f} % then, {now:.1f} % now"
        rows.append(
            _row(
                "penetration",
                "penetration",
                rep_id,
                abs(float(change)),
                threshold,
                "% of what it was",
                text,
            )
        )
    return rows


def _counts(planning: Planning, standing: Standing) -> list[dict[str, object]]:
    wanted = planning.policy.rebalancing.drift
    nobody_may = planning.units.nobody_usd[planning.units.of_account]
    alone = int(((planning.accounts.incumbent < 0) & np.isinf(nobody_may)).sum())
    gone = ", ".join(standing.leavers[:5])
    return [
        _row(
            "without_owner",
            None,
            None,
            float(alone),
            wanted.accounts_without_owner,
            "accounts",
            f"{alone} account(s) without owner, {len(standing.new)} of them in no plan",
        ),
        _row(
            "leavers",
            None,
            None,
            float(len(standing.leavers)),
            wanted.leavers,
            "reps",
            f"{len(standing.leavers)} rep(s) of the chosen plan are gone"
            + (f": {gone}" if gone else ""),
        ),
    ]


def _row(
    signal: str,
    metric: str | None,
    rep_id: str | None,
    observed: float,
    threshold: float | None,
    unit: str,
    statement: str,
) -> dict[str, object]:
    # A millionth of a target is rounding.
    passed = threshold is not None and observed > threshold + 1e-4
    return {
        "signal": signal,
        "metric": metric,
        "rep_id": rep_id,
        "level": None,
        "member_id": None,
        "observed": round(observed, 4),
        "threshold": threshold,
        "unit": unit,
        "is_passed": passed,
        "statement": statement,
    }


def _by_rep(owner: np.ndarray, amount: Floats, reps: int) -> Floats:
    held = owner >= 0
    return np.bincount(owner[held], amount[held], reps).astype(np.float64)
