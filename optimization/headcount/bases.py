"""Where a new seat could be based, and what it would be like.

Candidates are places of accounts. The one that saves most travel comes first, as in a p-median
problem (Hakimi 1964) whose other bases stay: most sum of visits x (distance to the nearest base
- distance to the candidate). The next ones are the best that lie apart from those before.
"""

import numpy as np
import polars as pl

from optimization.book.tables import Floats
from optimization.headcount.teams import Book, Seat, Team
from optimization.policy.studies import NewSeatPolicy

EARTH_RADIUS_KM = 6371.0088
# Half a round trip of eight hours at 70 km/h over roads 1.2 times as long as the great circle:
# from there on travel costs the same, however far.
REACH_KM = 230.0
# Candidates nearer than this to an earlier one say nothing new: an hour's drive.
APART_KM = 58.0
# Accounts that decide and are candidates, the most visited ones: all distances among them.
MOST_ACCOUNTS = 2_000


def new_seats(book: Book, team: Team, count: int, profile: NewSeatPolicy) -> list[Seat]:
    """Up to `count` seats that could be added to `team`, each with another base, the best by
    travel first. Without any coordinates one seat without base.

    A seat's manager, region, country and skills are those of the rep based nearest; its hours and
    experience as `profile` says.
    """
    number = len(team.added) + 1
    known = set(book.reps["rep_id"].cast(pl.String))
    rep_id = f"NEW-{number}"
    while rep_id in known:
        rep_id += "+"
    reps = _with_places(team.of(book).reps).filter(~pl.col("rep_id").is_in(team.gone))
    reps = reps.sort("rep_id")
    placed = reps.drop_nulls(["latitude", "longitude"])
    bases = _points(placed)
    sites = _sites(book.accounts, bases, count)
    seats = []
    for site in sites:
        near = reps.row(0, named=True)
        if placed.height:
            away = distance_km(_points(pl.DataFrame([site])), bases)[0]
            near = placed.row(int(away.argmin()), named=True)
        seats.append(hired(rep_id, f"New seat {number}", near, site, book, profile))
    if not seats:
        alike = reps.row(0, named=True) | {"latitude": None, "longitude": None}
        seats.append(hired(rep_id, f"New seat {number}", alike, None, book, profile))
    return seats


def hired(
    rep_id: str,
    name: str,
    like: dict[str, object],
    site: dict[str, object] | None,
    book: Book,
    profile: NewSeatPolicy,
) -> Seat:
    """A seat like the row `like` of the reps where `profile` says nothing, based at `site` (an
    account) or, without one, where `like` is."""
    place = like if site is None else site
    reps = book.reps
    multiplier = profile.experience_multiplier or _median(reps, "experience_multiplier")
    hours = profile.capacity_hours or _median(reps, "capacity_hours")
    levels = reps.with_columns(
        away=(pl.col("experience_multiplier").cast(pl.Float64) - multiplier).abs()
    ).sort("away", "rep_id")
    skills = profile.skill_industries
    listed = like.get("skill_industries") or ""
    return Seat(
        rep_id=rep_id,
        rep_name=name,
        manager_id=_text(like.get("manager_id")),
        region=_text(like.get("region")),
        country=_text(place.get("country") or like.get("country")),
        latitude=_number(place.get("latitude")),
        longitude=_number(place.get("longitude")),
        experience_level=_text(levels["experience_level"][0]),
        experience_multiplier=multiplier,
        capacity_hours=hours,
        skill_industries=str(listed) if skills is None else "|".join(skills),
        base_account_id=None if site is None else str(site["account_id"]),
    )


def _sites(accounts: pl.DataFrame, bases: Floats, count: int) -> list[dict[str, object]]:
    """Accounts whose places save most travel, apart from each other."""
    columns = ["account_id", "country", "latitude", "longitude"]
    placed = (
        _with_places(accounts)
        .drop_nulls(["latitude", "longitude"])
        .with_columns(weight=pl.col("visits_per_year").cast(pl.Float64).fill_null(0.0))
        .sort(["weight", "account_id"], descending=[True, False])
        .head(MOST_ACCOUNTS)
    )
    if placed.is_empty():
        return []
    points, weight = _points(placed), placed["weight"].to_numpy()
    away = distance_km(points, points)
    now = np.full(placed.height, REACH_KM)
    if bases.size:
        now = np.minimum(distance_km(points, bases).min(axis=1), REACH_KM)
    # Metres are noise: rounded, equal places tie the same way on every machine.
    saved = (weight @ np.maximum(now[:, None] - away, 0.0)).round(3)
    free = np.ones(placed.height, dtype=bool)
    chosen: list[dict[str, object]] = []
    while len(chosen) < count and free.any():
        best = int(np.argmax(np.where(free, saved, -1.0)))
        chosen.append(placed.select(columns).row(best, named=True))
        free &= away[best] > APART_KM
    return chosen


def distance_km(points: Floats, bases: Floats) -> Floats:
    """(n, m) great-circle distances of points on the unit sphere."""
    cosine = np.clip(points @ bases.T, -1, 1)
    # By the chord, which keeps its digits where places are near each other.
    chord = np.sqrt(np.maximum((1 - cosine) / 2, 0))
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(chord))


def _points(table: pl.DataFrame) -> Floats:
    phi, lam = (
        np.radians(table[name].cast(pl.Float64).to_numpy()) for name in ("latitude", "longitude")
    )
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def _with_places(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col("latitude", "longitude").cast(pl.Float64))


def _median(reps: pl.DataFrame, name: str) -> float:
    """Of those above 0: a rep without hours is nobody's example."""
    values = reps[name].cast(pl.Float64)
    value = values.filter(values > 0).median()
    return float(value) if isinstance(value, int | float) else 1.0


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
