"""Reps and their territories as the report carries them, with a colour that its neighbours lack."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from pipelines.report.columns import plain, records
from pipelines.report.projection import Frame

# Of the palette of Okabe and Ito, what stands out from white and from each other for every common
# kind of colour blindness; grey, vermillion and black have other meanings on the map.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#8C6D00", "#5B3A8C")

# A territory shares its colour with none of this many nearest.
NEIGHBOURS = 5


def rep_rows(reps: pl.DataFrame, accounts: pl.DataFrame, frame: Frame) -> list[dict[str, Any]]:
    """One row a rep, in the order of `reps`: who, where, and the colour of the territory."""
    base = frame.place(
        reps["longitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        reps["latitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
    )
    colours = territory_colours(_middles(reps, accounts, frame, base))
    return [
        {
            "id": row["rep_id"],
            "name": row["rep_name"] or row["rep_id"],
            "territory": row["territory_id"],
            "manager": row["manager_name"] or row["manager_id"] or "",
            "region": row["region"] or "",
            "level": row["experience_level"] or "",
            "is_vacant": bool(row["is_vacant"]),
            "x": _unit(base[index, 0]),
            "y": _unit(base[index, 1]),
            "colour": colours[index],
        }
        for index, row in enumerate(reps.to_dicts())
    ]


def territory_colours(middles: np.ndarray) -> list[int]:
    """A colour for each territory that the nearest ones do not have, rarest first.

    Args:
        middles: (territories, 2), NaN where a territory has no place.
    """
    uses = [0] * len(COLOURS)
    chosen: list[int] = []
    for index, middle in enumerate(middles):
        distance = np.hypot(*(middles[:index] - middle).T) if index else np.array([])
        near = np.argsort(np.nan_to_num(distance, nan=np.inf), kind="stable")[:NEIGHBOURS]
        taken = {chosen[other] for other in near}
        free = [colour for colour in range(len(COLOURS)) if colour not in taken]
        colour = min(free or range(len(COLOURS)), key=lambda c: (uses[c], c))
        uses[colour] += 1
        chosen.append(colour)
    return chosen


def territory_columns(
    territories: pl.DataFrame, territory_ids: Sequence[str]
) -> dict[str, dict[str, list[Any]]]:
    """`kpi_territory` by version and column, in the order of `territory_ids`; None without row."""
    result: dict[str, dict[str, list[Any]]] = {}
    numeric = [
        name for name, kind in territories.schema.items() if kind.is_numeric() or kind.is_decimal()
    ]
    for version in ("current", "proposed"):
        order = pl.DataFrame({"territory_id": list(territory_ids)}, {"territory_id": pl.String})
        rows = order.join(
            territories.filter(pl.col("plan_version") == version),
            on="territory_id",
            how="left",
            maintain_order="left",
        )
        result[version] = {name: plain(rows[name]) for name in numeric}
    return result


def load_rows(loads: pl.DataFrame, territory_ids: Sequence[str]) -> dict[str, list[list[Any]]]:
    """By metric: territory, target, band, and the load before and after of each territory."""
    position = {territory: index for index, territory in enumerate(territory_ids)}
    rows: dict[tuple[str, str], list[Any]] = {}
    for row in records(loads):
        entry = rows.setdefault(
            (row["metric"], row["territory_id"]),
            [
                position[row["territory_id"]],
                row["target_amount"],
                row["lower_limit_amount"],
                row["upper_limit_amount"],
                None,
                None,
                None,
                None,
            ],
        )
        shift = 0 if row["plan_version"] == "current" else 1
        entry[4 + shift] = row["load_amount"]
        entry[6 + shift] = row["deviation_pct"]
    result: dict[str, list[list[Any]]] = {}
    for (metric, _), entry in rows.items():
        result.setdefault(metric, []).append(entry)
    return result


def level_rows(loads: pl.DataFrame) -> dict[str, dict[str, list[list[Any]]]]:
    """By level and metric, as `load_rows`: the group's name in place of the territory.

    loads: `kpi_level_balance`. Levels with one group balance nothing and are left out.
    """
    groups: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for row in records(loads):
        of_metric = groups.setdefault((row["level"], row["metric"]), {})
        entry = of_metric.setdefault(
            row["member_id"],
            [
                row["member_name"] or row["member_id"],
                row["target_amount"],
                row["lower_limit_amount"],
                row["upper_limit_amount"],
                *[None] * 4,
            ],
        )
        shift = 0 if row["plan_version"] == "current" else 1
        entry[4 + shift] = row["load_amount"]
        entry[6 + shift] = row["deviation_pct"]
    result: dict[str, dict[str, list[list[Any]]]] = {}
    for (level, metric), entries in groups.items():
        if len(entries) > 1:
            result.setdefault(level, {})[metric] = list(entries.values())
    return result


def _middles(
    reps: pl.DataFrame, accounts: pl.DataFrame, frame: Frame, base: np.ndarray
) -> np.ndarray:
    """The mean place of each territory's accounts; the rep's base where it has none."""
    means = accounts.group_by("rep_id").agg(
        pl.col("longitude").cast(pl.Float64).mean(), pl.col("latitude").cast(pl.Float64).mean()
    )
    joined = reps.select("rep_id").join(means, on="rep_id", how="left", maintain_order="left")
    place = frame.place(
        joined["longitude"].fill_null(float("nan")).to_numpy(),
        joined["latitude"].fill_null(float("nan")).to_numpy(),
    )
    return np.where(np.isfinite(place), place, base)


def _unit(value: float) -> int | None:
    return round(float(value)) if np.isfinite(value) else None
