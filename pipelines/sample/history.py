"""The window of the history: its days, and how the end of a quarter helps to win."""

from dataclasses import dataclass
from datetime import date

import numpy as np

HISTORY_YEARS = 2
# Deals won in the last month of a quarter, relative to an average other month.
QUARTER_END_PEAK = 1.75


@dataclass(frozen=True)
class History:
    """Every day of the 24 months up to and including `today`.

    Attributes:
        days: datetime64[D], ascending.
        working_cumulative: cumulative share of the working days, ending at 1.
    """

    today: np.datetime64
    days: np.ndarray
    working_cumulative: np.ndarray

    @property
    def start(self) -> np.datetime64:
        return self.days[0]

    @property
    def years(self) -> float:
        return len(self.days) / 365.25

    def draw_working_days(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """`count` working days, evenly spread."""
        return self.days[np.searchsorted(self.working_cumulative, rng.random(count), side="right")]


def build_history(as_of: date) -> History:
    """The 24 months up to `as_of`."""
    today = np.datetime64(as_of, "D")
    month = today.astype("datetime64[M]")
    day_of_month = today - month.astype("datetime64[D]")
    past_month = month - np.timedelta64(12 * HISTORY_YEARS, "M")
    last_of_past = (past_month + 1).astype("datetime64[D]") - 1
    # 30 June 2024 for 30 June 2026; 28 February where there is no 29th.
    before = np.minimum(past_month.astype("datetime64[D]") + day_of_month, last_of_past)
    days = np.arange(before + 1, today + 1)
    working = np.is_busday(days).astype(float)
    return History(today, days, np.cumsum(working) / working.sum())


def win_factor(closed: np.ndarray) -> np.ndarray:
    """Chance of winning a deal that closes on a day, relative to the mean over a quarter.

    Deals close evenly and are won more often at the end of a quarter, where losses fall: so it is
    in published pipelines too.
    """
    is_quarter_end = closed.astype("datetime64[M]").astype(int) % 3 == 2
    mean = (2 + QUARTER_END_PEAK) / 3
    return np.where(is_quarter_end, QUARTER_END_PEAK, 1.0) / mean
