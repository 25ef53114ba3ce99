"""The sales team: a vice president, managers by region, sellers with homes, former sellers."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from pipelines.sample.catalogue import INDUSTRIES
from pipelines.sample.places import STATE_REGIONS, Places
from pipelines.sample.users import user_export

# Parts of a team, as shares of its seats; a team below the size named has none of them.
VACANT_SHARE, VACANT_FROM = 0.03, 10
RAMPING_SHARE, RAMPING_FROM = 0.08, 5
PART_TIME_SHARE = 0.08
FORMER_SHARE, FORMER_FROM = 0.08, 5

# Capacity as config/scoring.yaml has it by default: hours logged are made to fit it.
SELLING_HOURS = 1_500
RAMP_MONTHS, RAMP_START_SHARE, VACANT_SEAT_SHARE = 6, 0.25, 0.5
LEVELS = ((0, 1.0), (24, 1.25), (60, 1.5))
DAYS_PER_MONTH = 365.25 / 12

# The fullest book is planned 1.6 times the emptiest; chance makes 2 : 1 and more of it.
BOOK_FACTORS = (0.80, 1.28)

REP_WIN_LOGIT_SD, SENIORITY_WIN_LOGIT, SKILL_WIN_LOGIT = 0.25, 0.5, 0.35
FAR_FUTURE = np.datetime64("9999-12-31")
TYPICAL_TENURE_MONTHS, TENURE_SPREAD = 42, 0.7
HOURLY_COST_USD = {1.0: 56.0, 1.25: 68.0, 1.5: 84.0}


@dataclass(frozen=True)
class Team:
    """The sellers as arrays of one length, former sellers last, and the user export.

    Attributes:
        rep_ids: record ids, shape (sellers,).
        hired, left: first and last day, datetime64[D]; `FAR_FUTURE` for who has not left.
        is_vacant, is_former: who cannot own or no longer should own accounts.
        multiplier: junior-standard hours a clock hour does.
        effective_hours: junior-standard hours a year; 0 for former sellers.
        book_share: share of the accounts planned today; 0 for vacant seats and former sellers.
        has_skill: (sellers, industries).
        win_logit: effect on the log odds of a deal.
    """

    users: pl.DataFrame
    rep_ids: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    hired: np.ndarray
    left: np.ndarray
    is_vacant: np.ndarray
    is_former: np.ndarray
    multiplier: np.ndarray
    effective_hours: np.ndarray
    book_share: np.ndarray
    has_skill: np.ndarray
    win_logit: np.ndarray


def _share_of(seats: int, share: float, smallest_team: int) -> int:
    return max(1, round(share * seats)) if seats >= smallest_team else 0


def _home_counties(rng: np.random.Generator, places: Places, count: int) -> np.ndarray:
    """Counties of `count` homes, spread like the accounts (systematic sampling by region)."""
    order = places.counties.with_row_index("county").select(
        "county", "state", region=pl.col("state").replace_strict(STATE_REGIONS)
    )
    sequence = order.sort("region", "state", "county")["county"].to_numpy()
    cumulative = np.cumsum(places.account_share[sequence])
    points = (np.arange(count) + rng.random()) / count * cumulative[-1]
    return sequence[np.searchsorted(cumulative, points).clip(0, len(sequence) - 1)]


def _draw_careers(
    rng: np.random.Generator, today: np.datetime64, is_ramping: np.ndarray, is_former: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """First and last day of each seller; `FAR_FUTURE` for who has not left."""
    count = len(is_former)
    months = TYPICAL_TENURE_MONTHS * np.exp(TENURE_SPREAD * rng.standard_normal(count))
    # A team always has its veterans: half the seats were filled before the history begins.
    months = np.where(np.arange(count) % 2 == 0, months.clip(33, 300), months.clip(7, 300))
    months = np.where(is_ramping, rng.uniform(1.0, 5.0, count), months)
    hired = today - np.rint(months * DAYS_PER_MONTH).astype("timedelta64[D]")
    gone = today - rng.integers(30, 300, count).astype("timedelta64[D]")
    long_before = np.minimum(hired, gone - np.timedelta64(900, "D"))
    return np.where(is_former, long_before, hired), np.where(is_former, gone, FAR_FUTURE)


def _draw_skills(rng: np.random.Generator, count: int) -> np.ndarray:
    """Industries each seller knows well, none to three of them; shape (count, industries)."""
    share = np.array([industry.share for industry in INDUSTRIES])
    has_skill = np.zeros((count, len(INDUSTRIES)), dtype=bool)
    for known in has_skill:
        known[rng.choice(len(INDUSTRIES), size=rng.integers(0, 4), replace=False, p=share)] = True
    return has_skill


def build_team(rng: np.random.Generator, places: Places, reps: int, as_of: date, seed: int) -> Team:
    """A team of `reps` seats, and beyond them a few sellers who left in the last ten months."""
    vacant = _share_of(reps, VACANT_SHARE, VACANT_FROM)
    ramping = _share_of(reps, RAMPING_SHARE, RAMPING_FROM)
    former = _share_of(reps, FORMER_SHARE, FORMER_FROM)
    count = reps + former
    shuffled = rng.permutation(reps)
    is_former = np.arange(count) >= reps
    is_vacant = np.isin(np.arange(count), shuffled[:vacant])
    is_ramping = np.isin(np.arange(count), shuffled[vacant : vacant + ramping])

    today = np.datetime64(as_of, "D")
    hired, left = _draw_careers(rng, today, is_ramping, is_former)
    tenure = (today - hired).astype(float) / DAYS_PER_MONTH
    level = np.searchsorted([months_ for months_, _ in LEVELS], tenure, side="right") - 1
    multiplier = np.array([multiplier_ for _, multiplier_ in LEVELS])[level]
    # A vacant seat has no hire date, and a default of 1.25 in the scoring.
    multiplier = np.where(is_vacant, LEVELS[1][1], multiplier)
    part_time = rng.random(count) < PART_TIME_SHARE
    fte = np.where(part_time & ~is_vacant, rng.choice([0.5, 0.6, 0.8], count), 1.0)
    ramp = RAMP_START_SHARE + (1 - RAMP_START_SHARE) * (tenure / RAMP_MONTHS).clip(0, 1)
    ramp = np.where(is_vacant, VACANT_SEAT_SHARE, ramp)
    effective = np.where(is_former, 0.0, SELLING_HOURS * fte * ramp * multiplier)

    owns = ~is_former & ~is_vacant
    book = np.zeros(count)
    book[owns] = rng.permutation(np.geomspace(*BOOK_FACTORS, owns.sum())) * effective[owns]
    has_skill = _draw_skills(rng, count) & ~is_vacant[:, None]

    home = _home_counties(rng, places, reps)
    home = np.concatenate([home, rng.choice(home, former)])
    address = places.draw_addresses(rng, home)
    hourly = pl.Series(multiplier).replace_strict(HOURLY_COST_USD).to_numpy()
    cost = np.rint(hourly * rng.uniform(0.93, 1.07, count) * 2) / 2
    sellers = address.with_columns(
        seniority=pl.Series(level),
        hired=pl.Series(hired.astype("datetime64[D]")),
        left=pl.Series(left.astype("datetime64[D]")),
        fte_pct=pl.Series(np.rint(fte * 100).astype(int)),
        cost=pl.Series(cost).cast(pl.Decimal(10, 2)),
        is_vacant=pl.Series(is_vacant),
        is_former=pl.Series(is_former),
        skills=pl.Series(
            [
                "|".join(i.name for i, has in zip(INDUSTRIES, row, strict=True) if has)
                for row in has_skill
            ]
        ),
    )
    users, rep_ids = user_export(sellers, seed)
    return Team(
        users=users,
        rep_ids=rep_ids,
        latitude=address["latitude"].to_numpy(),
        longitude=address["longitude"].to_numpy(),
        hired=hired,
        left=left,
        is_vacant=is_vacant,
        is_former=is_former,
        multiplier=multiplier,
        effective_hours=effective,
        book_share=book / book.sum(),
        has_skill=has_skill,
        win_logit=REP_WIN_LOGIT_SD * rng.standard_normal(count)
        + SENIORITY_WIN_LOGIT * (multiplier - 1.25),
    )
