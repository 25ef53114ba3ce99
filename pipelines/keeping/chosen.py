"""The plan that today's data are held against."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.errors import GateError
from pipelines.lifecycle import Period, PlanStore
from pipelines.publish.retention import plan_of


@dataclass(frozen=True)
class ChosenPlan:
    """A plan in force.

    owners: account_id, rep_id. penetration: rep_id, market_penetration_pct when it was made; None
    where its record does not say. how: in words, why it is this plan.
    """

    plan_id: str
    owners: pl.DataFrame
    penetration: pl.DataFrame | None
    how: str


def plan_in_force(data_dir: Path, day: date | None) -> Period | None:
    """The period of the plan effective on `day` (None: today by the clock), else of the first one
    to come; None where no plan has been made effective."""
    store = PlanStore(data_dir)
    day = day or store.today()
    ahead = (period for period in store.periods() if period.valid_from_date > day)
    return store.chosen(day) or next(ahead, None)


def chosen_plan(data_dir: Path, day: date | None) -> ChosenPlan:
    """The plan in force on `day` (None: today by the clock), else the one that is published.

    Raises:
        GateError: there is neither.
    """
    store = PlanStore(data_dir)
    period = plan_in_force(data_dir, day)
    if period is not None:
        assignment = store.assignment(period.plan_id)
        return ChosenPlan(
            period.plan_id,
            assignment.select("account_id", "rep_id"),
            _penetration(assignment),
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
    (plan_id,) = _plans_named(owners, plan_of(published))
    is_recorded = plan_id in store.plan_ids()
    return ChosenPlan(
        plan_id,
        owners.filter(plan_id=plan_id).select("account_id", "rep_id"),
        _penetration(store.assignment(plan_id)) if is_recorded else None,
        "published; no plan is effective",
    )


def chosen_scenario(data_dir: Path, day: date | None) -> str | None:
    """The policy that the chosen plan follows; None where its record does not say.

    Raises:
        GateError: there is no chosen plan.
    """
    store = PlanStore(data_dir)
    plan_id = chosen_plan(data_dir, day).plan_id
    return store.record(plan_id).scenario if plan_id in store.plan_ids() else None


def _plans_named(owners: pl.DataFrame, release: str) -> list[str]:
    """The plan a release is named after; its first where it holds several others."""
    plans = owners["plan_id"].unique().sort().to_list()
    return [release] if release in plans else plans[:1]


def _penetration(assignment: pl.DataFrame) -> pl.DataFrame | None:
    """The penetration of each rep by the record: it outlives the release."""
    if not {"actual_sales_usd", "potential_usd"} <= set(assignment.columns):
        return None
    sales, potential = (
        pl.col(name).cast(pl.Float64).sum() for name in ("actual_sales_usd", "potential_usd")
    )
    return (
        assignment.filter(pl.col("rep_id").is_not_null())
        .group_by("rep_id")
        .agg(market_penetration_pct=pl.when(potential > 0).then(100 * sales / potential))
        .sort("rep_id")
    )
