"""The scores of the sample company's accounts, straight from arrays: the dbt models without dbt.

The formulas and constants are those of `dbt_project/models/intermediate` and `config/scoring.yaml`;
a test holds both against each other. Here a million accounts take seconds, because nothing is
written to files, landed as text or read back.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.sample.catalogue import INDUSTRIES
from pipelines.sample.facts import read_facts
from pipelines.settings.scoring import PotentialSettings, Scoring, load_scoring

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SCORING_FILE = Path(__file__).resolve().parents[1] / "config" / "scoring.yaml"


@dataclass(frozen=True)
class History:
    """What the scores of n accounts are made of; the cycles are those of all won deals.

    accounts: segment, industry, state, employee_count, annual_revenue_usd (NULL where the CRM has
        none), actual_sales_usd, won_deals, median_cycle_days, product_count, mean_rating (NULL
        without any product).
    cycles: segment, cycle_days.
    logged_standard_hours: junior-standard hours logged in the last 12 months.
    """

    accounts: pl.DataFrame
    cycles: pl.DataFrame
    logged_standard_hours: float


def default_scoring() -> Scoring:
    """The scoring constants the project ships."""
    return load_scoring(SCORING_FILE)


def score(history: History, scoring: Scoring) -> pl.DataFrame:
    """potential_usd, complexity_score, service_hours and visits_per_year of each account."""
    segments = segment_cycles(history.cycles, scoring.cycle_index.minimum_segment_deals)
    frame = history.accounts.join(segments, on="segment", how="left", maintain_order="left")
    complexity = complexity_score(frame, scoring)
    potential = potential_usd(history.accounts, scoring)
    effort = complexity * value_index(potential, scoring) * cycle_index(frame, scoring)
    hours = history.logged_standard_hours / effort.sum() * effort
    work = scoring.workload
    visits = np.minimum(hours * work.visit_share / work.hours_per_visit, work.maximum_visits)
    return pl.DataFrame(
        {
            "potential_usd": potential,
            "complexity_score": complexity,
            "service_hours": hours.round(4),
            "visits_per_year": visits.round(4),
        }
    )


def segment_cycles(cycles: pl.DataFrame, minimum_deals: int) -> pl.DataFrame:
    """Median cycle of each segment in days (NULL with few deals), and of the whole book."""
    book = cycles["cycle_days"].median()
    return (
        cycles.group_by("segment")
        .agg(deals=pl.len(), median=pl.col("cycle_days").median())
        .select(
            "segment",
            own_cycle=pl.when(pl.col("deals") >= minimum_deals).then("median"),
            book_cycle=pl.lit(book, dtype=pl.Float64),
        )
        .with_columns(segment_cycle=pl.coalesce("own_cycle", "book_cycle"))
    )


def complexity_score(frame: pl.DataFrame, scoring: Scoring) -> Floats:
    """Weighted mean of cycle, size and offering relative to the book; mean 1."""
    settings = scoring.complexity
    employees, revenue = (
        np.log(_floats(frame, name)) for name in ("employee_count", "annual_revenue_usd")
    )
    size = _mean_of_known(employees - np.nanmean(employees), revenue - np.nanmean(revenue))
    count, rating = _floats(frame, "product_count"), _floats(frame, "mean_rating")
    factors = (
        _floats(frame, "own_cycle") / _floats(frame, "book_cycle"),
        np.exp(settings.size_exponent * size),
        _mean_of_known(count / np.nanmean(count), rating / np.nanmean(rating)),
    )
    weights = (settings.cycle_weight, settings.size_weight, settings.offering_weight)
    total, weight = np.zeros(frame.height), np.zeros(frame.height)
    for factor, share in zip(factors, weights, strict=True):
        known = ~np.isnan(factor)
        total[known] += share * factor[known].clip(settings.factor_minimum, settings.factor_maximum)
        weight[known] += share
    mean = np.divide(total, weight, out=np.ones(frame.height), where=weight > 0)
    bounded = mean.clip(settings.minimum, settings.maximum)
    return (bounded / bounded.mean()).round(9)


def cycle_index(frame: pl.DataFrame, scoring: Scoring) -> Floats:
    """Own cycle, shrunk toward the segment's, over the segment's; mean 1."""
    settings = scoring.cycle_index
    own, segment = _floats(frame, "median_cycle_days"), _floats(frame, "segment_cycle")
    deals, prior = _floats(frame, "won_deals"), settings.shrinkage_deals
    shrunk = (deals * np.nan_to_num(own) + prior * segment) / (deals + prior)
    bounded = np.nan_to_num(shrunk / segment, nan=1.0).clip(settings.minimum, settings.maximum)
    return (bounded / bounded.mean()).round(9)


def value_index(potential: Floats, scoring: Scoring) -> Floats:
    """Potential over its geometric mean, to a power below 1; mean 1."""
    settings = scoring.value_index
    positive = potential[potential > 0]
    typical = np.exp(np.log(positive).mean()) if positive.size else 1.0
    bounded = ((potential / typical) ** settings.exponent).clip(settings.minimum, settings.maximum)
    return (bounded / bounded.mean()).round(9)


def potential_usd(accounts: pl.DataFrame, scoring: Scoring) -> Floats:
    """Sales, and the headroom to comparable customers as far as the account's market holds it."""
    settings = scoring.potential
    sectors = {i.name: scoring.market.industry_sectors.get(i.name.lower()) for i in INDUSTRIES}
    frame = accounts.select(
        "industry",
        "segment",
        "state",
        sales="actual_sales_usd",
        units=pl.col("employee_count") ** settings.employee_exponent,
        size_band=_size_band(settings),
        naics=pl.col("industry").replace_strict(sectors, return_dtype=pl.String),
    )
    frame = frame.with_columns(comparable=_comparable_spend(frame, settings))
    frame = frame.with_columns(
        headroom=(pl.col("comparable").fill_null(0.0).round(2) - pl.col("sales")).clip(0.0)
    )
    market = ["state", "naics"]
    shares = (
        frame.group_by(market)
        .agg(pl.col("sales").sum(), pl.col("headroom").sum())
        .join(market_caps(accounts["state"].unique(), settings), on=market)
        .select(
            *market,
            share=((pl.col("market_usd") - pl.col("sales")) / pl.col("headroom")).clip(0.0, 1.0),
        )
    )
    frame = frame.join(shares, on=market, how="left", maintain_order="left")
    # No market figures: no cap. No headroom at all: 0 / 0, and nothing to share.
    share = pl.col("share").fill_nan(1.0).fill_null(1.0)
    total = pl.col("sales") + pl.col("headroom") * share
    return frame.select(total.clip(0.0).round(2)).to_series().to_numpy()


def market_caps(states: pl.Series, settings: PotentialSettings) -> pl.DataFrame:
    """state, naics, market_usd: what all businesses of a sector in a state spend in a year."""
    county_states = read_facts("counties").select("county_fips", "state")
    by_sector = settings.market_spend_by_sector_usd
    return (
        read_facts("county_business")
        .join(county_states.filter(pl.col("state").is_in(states.implode())), on="county_fips")
        .group_by("state", "naics")
        .agg(pl.col("employment").cast(pl.Float64).sum())
        .filter(pl.col("employment") > 0)
        .select(
            "state",
            "naics",
            market_usd=pl.col("employment")
            * pl.col("naics").replace_strict(
                by_sector,
                default=settings.market_spend_per_employee_usd,
                return_dtype=pl.Float64,
            ),
        )
    )


def _size_band(settings: PotentialSettings) -> pl.Expr:
    """1, 2, 3, … from the smallest; NULL where employees are unknown."""
    bands = [pl.col("employee_count") >= bound for bound in settings.size_band_employees]
    return pl.sum_horizontal(pl.lit(1), *bands, ignore_nulls=False)


def _comparable_spend(frame: pl.DataFrame, settings: PotentialSettings) -> pl.Series:
    """What comparable customers spend, from the narrowest group that has enough of them."""
    customers = frame.filter(pl.col("sales") > 0)
    sized = customers.filter(pl.col("units").is_not_null())
    per_unit = [
        _quantile(frame, sized, pl.col("sales") / pl.col("units"), keys, settings)
        for keys in (["industry", "size_band"], ["industry"], ["size_band"], [])
    ]
    whole = [
        _quantile(frame, customers, pl.col("sales"), keys, settings)
        for keys in (["industry", "segment"], ["industry"], ["segment"], [])
    ]
    spends = pl.DataFrame([column.alias(str(n)) for n, column in enumerate(per_unit + whole)])
    narrow = pl.coalesce(str(n) for n in range(len(per_unit)))
    wide = [str(n) for n in range(len(per_unit), len(spends.columns))]
    return spends.with_columns(units=frame["units"]).select(
        pl.coalesce(pl.col("units") * narrow, *wide)
    )["units"]


def _quantile(
    frame: pl.DataFrame,
    customers: pl.DataFrame,
    spend: pl.Expr,
    keys: list[str],
    settings: PotentialSettings,
) -> pl.Series:
    """For each row of `frame`, the quantile of `spend` over the customers of its group."""
    quantile = spend.quantile(settings.quantile, "linear").alias("spend")
    if not keys:
        enough = customers.height >= settings.minimum_group_accounts
        value = customers.select(quantile).item() if enough else None
        return pl.Series("spend", [value], dtype=pl.Float64).new_from_index(0, frame.height)
    groups = (
        customers.group_by(keys)
        .agg(quantile, customers=pl.len())
        .filter(pl.col("customers") >= settings.minimum_group_accounts)
        .drop("customers")
    )
    return frame.select(keys).join(groups, on=keys, how="left", maintain_order="left")["spend"]


def _floats(frame: pl.DataFrame, name: str) -> Floats:
    """The column with NaN where it is NULL."""
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _mean_of_known(first: Floats, second: Floats) -> Floats:
    """Mean of both, or the one that is known."""
    both = (first + second) / 2
    return np.where(np.isnan(both), np.where(np.isnan(first), second, first), both)
