"""Where to base the reps of vacant seats: geographic clusters of the accounts nobody serves."""

import numpy as np
import polars as pl

from pipelines.scoring.evidence import Floats

EARTH_RADIUS_KM = 6371.0088

SCHEMA = {
    "rep_id": pl.String,
    "base_account_id": pl.String,
    "account_count": pl.Int64,
    "mean_distance_km": pl.Float64,
    "current_mean_distance_km": pl.Float64,
}


def propose_bases(accounts: pl.DataFrame, seats: pl.DataFrame, seed: int) -> pl.DataFrame:
    """One row per vacant seat that a base can be proposed for: `SCHEMA`, sorted by rep_id.

    The accounts are split among the seats by k-means on the sphere; the base is the account
    nearest to the middle of its cluster. Clusters go to seats so that present bases move least.

    Args:
        accounts: account_id, latitude, longitude, weight above 0; those to be served.
        seats: rep_id, latitude, longitude (NULL without a base), of the vacant seats.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    placed = accounts.drop_nulls(["latitude", "longitude"]).sort("account_id")
    seats = seats.sort("rep_id")
    points = _points(placed)
    places = np.unique(points, axis=0).shape[0] if placed.height else 0
    count = min(seats.height, places)
    if count == 0:
        return pl.DataFrame(schema=SCHEMA)
    weight = placed["weight"].cast(pl.Float64).to_numpy()
    with threadpool_limits(limits=1):
        model = KMeans(count, n_init=10, random_state=seed).fit(points, sample_weight=weight)
    now = _points(seats)
    away = np.array([_km(centre, now) for centre in _unit(model.cluster_centers_)])
    cluster, seat = linear_sum_assignment(np.nan_to_num(away, nan=0.0))
    rows = []
    for own, of in zip(cluster.tolist(), seat.tolist(), strict=True):
        here = np.nonzero(model.labels_ == own)[0]
        middle = _unit(model.cluster_centers_[[own]])[0]
        base = here[int(np.argmin(_km(middle, points[here])))]
        current = _km(now[of], points[here])
        rows.append(
            {
                "rep_id": seats["rep_id"][of],
                "base_account_id": placed["account_id"][int(base)],
                "account_count": int(here.size),
                "mean_distance_km": _mean(_km(points[base], points[here]), weight[here]),
                "current_mean_distance_km": (
                    None if np.isnan(current).any() else _mean(current, weight[here])
                ),
            }
        )
    return pl.DataFrame(rows, schema=SCHEMA).sort("rep_id")


def _mean(values: Floats, weight: Floats) -> float:
    return round(float(np.average(values, weights=weight)), 3)


def _points(table: pl.DataFrame) -> Floats:
    """(n, 3) on the unit sphere; NaN where the place is unknown."""
    phi, lam = (
        np.radians(table[name].cast(pl.Float64).fill_null(np.nan).to_numpy())
        for name in ("latitude", "longitude")
    )
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def _unit(points: Floats) -> Floats:
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True), dtype=np.float64)


def _km(point: Floats, others: Floats) -> Floats:
    """Great-circle distances from one point to others."""
    return np.asarray(
        2 * EARTH_RADIUS_KM * np.arcsin(np.clip(np.linalg.norm(others - point, axis=1) / 2, 0, 1))
    )
