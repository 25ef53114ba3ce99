"""Who fills a role: reps of the CRM with its title, or seats that the coverage ratio asks for.

Seats are based where primary reps are based, so that their work is near: a p-median (Hakimi 1964)
over the bases of the primary reps, weighed by the visits the role makes to their accounts; greedy,
then exchanges of one base until none helps.
"""

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from optimization.book.tables import Floats
from optimization.errors import PlanInputError
from optimization.overlay.coverage import PRIMARY
from optimization.policy.overlay import OverlayPolicy

EARTH_RADIUS_KM = 6371.0088
# Rounds of exchanges of bases; two or three suffice, the limit only bounds the work.
MOST_PASSES = 10


def crm_team(overlay_reps: pl.DataFrame, overlay: OverlayPolicy) -> pl.DataFrame:
    """The reps whose title has the role.

    Args:
        overlay_reps: `int_plan__overlay_rep`: the columns of `int_plan__rep` and `role`.

    Raises:
        PlanInputError: nobody has it.
    """
    title = pl.col("role").cast(pl.String).fill_null("").str.to_lowercase()
    has_role = pl.any_horizontal(title.str.contains(one, literal=True) for one in overlay.titles)
    team = overlay_reps.filter(has_role).sort("rep_id")
    if team.is_empty():
        known = sorted(set(overlay_reps["role"].drop_nulls().to_list()))
        raise PlanInputError(
            f"overlay {overlay.role}: no overlay rep has a title with "
            f"{' or '.join(repr(one) for one in overlay.titles)}; titles of overlay reps: "
            f"{', '.join(known[:8]) or 'none'}. Name the titles in capacity.overlay_roles of "
            "scoring.yaml, so that these users are read as overlay reps, or set seats.source: "
            "ratio"
        )
    return team.drop("role").with_columns(base_rep_id=pl.lit(None, dtype=pl.String))


def ratio_team(covered: pl.DataFrame, reps: pl.DataFrame, overlay: OverlayPolicy) -> pl.DataFrame:
    """As many vacant seats as the ratio asks for, of each group that `follow` sets apart.

    Args:
        covered: `covered_accounts`. reps: `int_plan__rep`, the primary reps.
    """
    known = set(reps["rep_id"].cast(pl.String))
    rows: list[dict[str, object]] = []
    for group, needed in _groups(covered, reps, overlay):
        for at in _bases(group, needed):
            host = group.row(at, named=True)
            rows.append(_seat(overlay, len(rows) + 1, host, known))
    columns = {name: reps.schema[name] for name in reps.columns}
    return pl.DataFrame(
        rows, schema={**columns, "base_rep_id": pl.String()}, infer_schema_length=None
    )


def seats_needed(covered: pl.DataFrame, reps: pl.DataFrame, overlay: OverlayPolicy) -> int:
    """Full-time seats that the ratio asks for; groups that `follow` sets apart share none."""
    return sum(needed for _, needed in _groups(covered, reps, overlay))


def _groups(
    covered: pl.DataFrame, reps: pl.DataFrame, overlay: OverlayPolicy
) -> Iterator[tuple[pl.DataFrame, int]]:
    """The primary reps of each group, and its seats."""
    keys = [pl.col(name).cast(pl.String).fill_null("") for name in overlay.follow]
    hosts = _hosts(covered, reps).with_columns(
        group=pl.concat_str([*keys, pl.lit("")], separator="\n")
    )
    for _, group in hosts.sort("group", "rep_id").group_by("group", maintain_order=True):
        amount = {
            "primary_reps": float(group.height),
            "accounts": float(group["account_count"].sum()),
            "hours": float(group["service_hours"].sum()),
        }[overlay.coverage.measure]
        yield group, overlay.coverage.seats_for(amount)


def _hosts(covered: pl.DataFrame, reps: pl.DataFrame) -> pl.DataFrame:
    """Primary reps with covered accounts, and how much of the role's work is theirs."""
    work = covered.group_by(PRIMARY).agg(
        pl.col("service_hours").sum(),
        pl.col("visits_per_year").fill_null(0.0).sum().alias("visits"),
        pl.len().alias("account_count"),
    )
    reps = reps.with_columns(pl.col("rep_id").cast(pl.String))
    # Sums in the order of the accounts may differ in the last digit; rounded they do not.
    return (
        reps.join(work, left_on="rep_id", right_on=PRIMARY)
        .with_columns(pl.col("visits", "service_hours").round(6))
        .sort("rep_id")
    )


def _seat(
    overlay: OverlayPolicy, number: int, host: dict[str, object], known: set[str]
) -> dict[str, object]:
    seats, rep_id = overlay.seats, f"{_slug(overlay.role)}-{number}"
    while rep_id in known:
        rep_id += "+"
    return {
        "rep_id": rep_id,
        "rep_name": f"{overlay.role} {number} near {host.get('rep_name') or host['rep_id']}",
        **{name: host.get(name) for name in ("manager_id", "region", "country")},
        **{name: host.get(name) for name in ("latitude", "longitude", "state", "postal_code")},
        "experience_level": None,
        "skill_industries": "|".join(seats.skill_industries),
        "experience_multiplier": seats.experience_multiplier,
        "capacity_hours": seats.capacity_hours,
        "effective_capacity_hours": seats.capacity_hours * seats.experience_multiplier,
        "fte_share": 1.0,
        "ramp_share": 1.0,
        "is_vacant": True,
        "base_rep_id": host["rep_id"],
    }


def _slug(role: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", role.casefold()).strip("-") or "overlay"


def _bases(hosts: pl.DataFrame, count: int) -> list[int]:
    """`count` rows of `hosts`, rising; one twice only where there are more seats than hosts."""
    whole, rest = divmod(count, hosts.height)
    chosen = list(range(hosts.height)) * whole
    if rest:
        chosen += _medians(distances_km(hosts), hosts["visits"].to_numpy(), rest)
    return sorted(chosen)


def _medians(away: Floats, weight: Floats, count: int) -> list[int]:
    """`count` different rows that keep the weighed distance to the nearest of them low."""
    chosen: list[int] = []
    for _ in range(count):
        chosen.append(_best(away, weight, chosen))
    for _ in range(MOST_PASSES):
        before = list(chosen)
        for place in range(count):
            others = [*chosen[:place], *chosen[place + 1 :]]
            now, tried = chosen[place], _best(away, weight, others)
            if _cost(away, weight, [*others, tried]) < _cost(away, weight, [*others, now]):
                chosen[place] = tried
        if chosen == before:
            break
    return chosen


def _best(away: Floats, weight: Floats, chosen: list[int]) -> int:
    """The row that is worth most beside those chosen; ties go to the smaller index."""
    nowhere = float(away.max(initial=0.0)) + 1.0
    now = away[:, chosen].min(axis=1, initial=nowhere)
    saved = (weight @ np.maximum(now[:, None] - away, 0.0)).round(3)
    saved[chosen] = -1.0
    return int(saved.argmax())


def _cost(away: Floats, weight: Floats, rows: list[int]) -> float:
    # Metres are noise: rounded, equal places tie the same way on every machine.
    return round(float(weight @ away[:, rows].min(axis=1)), 3)


def distances_km(hosts: pl.DataFrame) -> Floats:
    """(n, n) great-circle distances; hosts without a place are as far as the farthest."""
    phi, lam = (
        np.radians(hosts[name].cast(pl.Float64).fill_null(float("nan")).to_numpy())
        for name in ("latitude", "longitude")
    )
    half = np.sin((phi[:, None] - phi) / 2) ** 2
    half = half + np.cos(phi)[:, None] * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    away = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    away = np.where(np.isnan(away), np.nanmax(away, initial=0.0), away)
    np.fill_diagonal(away, 0.0)
    return np.asarray(away, dtype=np.float64)
