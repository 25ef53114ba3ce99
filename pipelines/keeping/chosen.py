"""The plan that today's data are held against."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.errors import GateError
from pipelines.lifecycle import PlanStore


@dataclass(frozen=True)
class ChosenPlan:
    """A plan in force.

    owners: account_id, rep_id. penetration: rep_id, market_penetration_pct when it was made; None
    where its release is no longer kept. how: in words, why it is this plan.
    """

    plan_id: str
    owners: pl.DataFrame
    penetration: pl.DataFrame | None
    how: str


def chosen_plan(data_dir: Path, day: date | None) -> ChosenPlan:
    """The plan effective on `day` (None: today by the clock), else the one that is published.

    Raises:
        GateError: there is neither.
    """
    store = PlanStore(data_dir)
    period = store.chosen(day or store.today())
    releases = data_dir / "releases"
    if period is not None:
        return ChosenPlan(
            period.plan_id,
            store.assignment(period.plan_id).select("account_id", "rep_id"),
            _penetration(releases / period.plan_id),
            f"effective from {period.valid_from_date}",
        )
    published = (data_dir / "published").resolve()
    file = published / "parquet" / "fct_assignment.parquet"
    if not file.is_file():
        raise GateError(
            f"{data_dir}: no plan is effective and none is published, so there is nothing to keep "
            "true; run `territory run` first"
        )
    owners = pl.read_parquet(file.read_bytes()).select("plan_id", "account_id", "rep_id")
    (plan_id,) = _plans_named(owners, published.name)
    return ChosenPlan(
        plan_id,
        owners.filter(plan_id=plan_id).select("account_id", "rep_id"),
        _penetration(published),
        "published; no plan is effective",
    )


def _plans_named(owners: pl.DataFrame, release: str) -> list[str]:
    """The plan a release is named after; its first where it holds several others."""
    plans = owners["plan_id"].unique().sort().to_list()
    return [release] if release in plans else plans[:1]


def _penetration(release: Path) -> pl.DataFrame | None:
    file = release / "parquet" / "kpi_territory.parquet"
    territory = release / "parquet" / "dim_territory.parquet"
    if not (file.is_file() and territory.is_file()):
        return None
    seats = pl.read_parquet(territory.read_bytes()).select("scenario", "territory_id", "rep_id")
    rows = pl.read_parquet(file.read_bytes()).filter(
        (pl.col("plan_version") == "proposed") & (pl.col("plan_id") == release.name)
    )
    return (
        rows.join(seats, on=["scenario", "territory_id"])
        .select("rep_id", pl.col("market_penetration_pct").cast(pl.Float64))
        .sort("rep_id")
    )
