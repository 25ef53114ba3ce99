"""Where to base the reps of vacant seats: where the accounts are farthest from the bases there are.

A p-median problem in which the bases of active reps stay where they are and those of vacant seats
are places of accounts: least Σ weight × min(distance, `REACH_KM`). Beyond a day's drive it no
longer matters how far an account is, or a few remote ones would decide. Solved by choosing one base
after the other and then each again given the others, until none changes; there is no draw.
"""

import numpy as np
import polars as pl

from pipelines.scoring.evidence import Floats

EARTH_RADIUS_KM = 6371.0088
# Half a round trip of eight hours at 70 km/h, over roads 1.2 times as long as the great circle.
REACH_KM = 230.0
# Accounts that decide, the heaviest: all distances among them are taken.
MOST_ACCOUNTS = 2_000
ROUNDS = 20

SCHEMA = {
    "rep_id": pl.String,
    "base_account_id": pl.String,
    "account_count": pl.Int64,
    "mean_distance_km": pl.Float64,
    "current_mean_distance_km": pl.Float64,
}


def propose_bases(accounts: pl.DataFrame, reps: pl.DataFrame, seats: pl.DataFrame) -> pl.DataFrame:
    """One row per vacant seat that a base can be proposed for: `SCHEMA`, sorted by rep_id.

    Its accounts are those in reach that are nearer to it than to any other base. Proposals go to
    seats so that present bases move least.

    Args:
        accounts: account_id, latitude, longitude, weight above 0.
        reps: latitude, longitude of the active reps' bases.
        seats: rep_id, latitude, longitude (NULL without a base), of the vacant seats.
    """
    from scipy.optimize import linear_sum_assignment

    placed = accounts.drop_nulls(["latitude", "longitude"])
    placed = placed.sort(["weight", "account_id"], descending=[True, False]).head(MOST_ACCOUNTS)
    seats = seats.sort("rep_id")
    if seats.is_empty() or placed.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    points, now = _points(placed), _points(seats)
    weight = placed["weight"].cast(pl.Float64).to_numpy()
    fixed = _points(reps.drop_nulls(["latitude", "longitude"]).sort("latitude", "longitude"))
    away = np.minimum(_km(points, points), REACH_KM)
    chosen = _chosen(away, weight, _nearest(points, fixed), seats.height)
    if not chosen:
        return pl.DataFrame(schema=SCHEMA)
    free = points[chosen]
    distance = _km(points, np.vstack((fixed, free)))
    nearest = np.argmin(distance, axis=1) - fixed.shape[0]
    in_reach = distance.min(axis=1) < REACH_KM
    known = np.vstack((fixed, now[~np.isnan(now).any(axis=1)]))
    today = _km(points, known).min(axis=1) if known.size else None
    proposal, seat = linear_sum_assignment(np.nan_to_num(_km(free, now), nan=0.0))
    rows = []
    for own, of in zip(proposal.tolist(), seat.tolist(), strict=True):
        here = np.nonzero((nearest == own) & in_reach)[0]
        base = chosen[own]
        rows.append(
            {
                "rep_id": seats["rep_id"][of],
                "base_account_id": placed["account_id"][base],
                "account_count": int(here.size),
                "mean_distance_km": _mean(_km(points[[base]], points[here])[0], weight[here]),
                "current_mean_distance_km": (
                    None if today is None else _mean(today[here], weight[here])
                ),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("rep_id")


def _nearest(points: Floats, bases: Floats) -> Floats:
    """(n) distance of the nearest base, `REACH_KM` at most."""
    if not bases.size:
        return np.full(points.shape[0], REACH_KM)
    return np.minimum(_km(points, bases).min(axis=1), REACH_KM)


def _chosen(away: Floats, weight: Floats, present: Floats, count: int) -> list[int]:
    """Up to `count` accounts as bases; (n, n) `away` and (n) `present` are cut at the reach."""
    chosen: list[int] = []
    for _ in range(count):
        best, saved = _best(away, weight, _with(away, present, chosen))
        if saved <= 0:
            break  # every account has a base at its door
        chosen.append(best)
    for _ in range(ROUNDS):
        before = list(chosen)
        for place in range(len(chosen)):
            others = chosen[:place] + chosen[place + 1 :]
            best, _ = _best(away, weight, _with(away, present, others))
            chosen[place] = best
        if chosen == before:
            break
    return chosen


def _with(away: Floats, present: Floats, chosen: list[int]) -> Floats:
    return np.minimum(present, away[:, chosen].min(axis=1)) if chosen else present


def _best(away: Floats, weight: Floats, present: Floats) -> tuple[int, float]:
    """The account that saves most as a base, and what it saves."""
    saved = weight @ np.maximum(present[:, None] - away, 0.0)
    best = int(np.argmax(saved))
    return best, float(saved[best])


def _mean(values: Floats, weight: Floats) -> float:
    return round(float(np.average(values, weights=weight)), 3)


def _points(table: pl.DataFrame) -> Floats:
    """(n, 3) on the unit sphere; NaN where the place is unknown."""
    phi, lam = (
        np.radians(table[name].cast(pl.Float64).fill_null(np.nan).to_numpy())
        for name in ("latitude", "longitude")
    )
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def _km(points: Floats, bases: Floats) -> Floats:
    """(n, m) great-circle distances."""
    cosine = np.clip(points @ bases.T, -1, 1)
    # By the chord, which keeps its digits where places are near each other.
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.maximum((1 - cosine) / 2, 0))))
