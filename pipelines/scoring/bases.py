"""Where to base the reps of vacant seats: where the accounts are farthest from the bases there are.

Weighted k-means on the sphere in which the bases of active reps stay where they are and only those
of vacant seats move (Lloyd's algorithm with fixed centres). Each starts at the account whose
distance weighs most given the others, so there is no draw.
"""

import numpy as np
import polars as pl

from pipelines.scoring.evidence import Floats

EARTH_RADIUS_KM = 6371.0088
# Accounts that decide, the heaviest: n × bases distances are taken in every step.
MOST_ACCOUNTS = 5_000
STEPS = 50

SCHEMA = {
    "rep_id": pl.String,
    "base_account_id": pl.String,
    "account_count": pl.Int64,
    "mean_distance_km": pl.Float64,
    "current_mean_distance_km": pl.Float64,
}


def propose_bases(accounts: pl.DataFrame, reps: pl.DataFrame, seats: pl.DataFrame) -> pl.DataFrame:
    """One row per vacant seat that a base can be proposed for: `SCHEMA`, sorted by rep_id.

    The base is the account nearest to the middle of those that are nearer to it than to any other
    base. Proposals go to seats so that present bases move least.

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
    free = _moved(points, weight, fixed, _starts(points, weight, fixed, seats.height))
    if not free.size:
        return pl.DataFrame(schema=SCHEMA)
    nearest = np.argmin(_km(points, np.vstack((fixed, free))), axis=1) - fixed.shape[0]
    known = np.vstack((fixed, now[~np.isnan(now).any(axis=1)]))
    today = _km(points, known).min(axis=1) if known.size else None
    proposal, seat = linear_sum_assignment(np.nan_to_num(_km(free, now), nan=0.0))
    rows = []
    for own, of in zip(proposal.tolist(), seat.tolist(), strict=True):
        here = np.nonzero(nearest == own)[0]
        if not here.size:
            continue
        base = here[int(np.argmin(_km(free[[own]], points[here])[0]))]
        rows.append(
            {
                "rep_id": seats["rep_id"][of],
                "base_account_id": placed["account_id"][int(base)],
                "account_count": int(here.size),
                "mean_distance_km": _mean(_km(points[[base]], points[here])[0], weight[here]),
                "current_mean_distance_km": (
                    None if today is None else _mean(today[here], weight[here])
                ),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("rep_id")


def _starts(points: Floats, weight: Floats, fixed: Floats, count: int) -> Floats:
    """Up to `count` places of accounts, each where weighted squared distance is largest."""
    free = np.empty((0, 3))
    for _ in range(count):
        bases = np.vstack((fixed, free))
        away = weight * _km(points, bases).min(axis=1) ** 2 if bases.size else weight
        best = int(np.argmax(away))
        if away[best] <= 0:
            break  # every account has a base at its door
        free = np.vstack((free, points[best]))
    return free


def _moved(points: Floats, weight: Floats, fixed: Floats, free: Floats) -> Floats:
    """`free` bases moved to the middle of the accounts nearest to them until none changes."""
    for _ in range(STEPS):
        nearest = np.argmin(_km(points, np.vstack((fixed, free))), axis=1) - fixed.shape[0]
        moved = free.copy()
        for own in range(free.shape[0]):
            here = nearest == own
            if here.any():
                middle = (points[here] * weight[here, None]).sum(axis=0)
                length = np.linalg.norm(middle)
                moved[own] = middle / length if length > 0 else free[own]
        if np.array_equal(moved, free):
            break
        free = moved
    return free


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
