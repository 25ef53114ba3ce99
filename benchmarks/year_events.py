"""A year in the life of the sample company, month by month: what changes whatever plan is in force.

The company is that of `books.planning_book`; accounts that join and reps who are hired come from
the generator's own code under other seeds. Rates a year, drawn month by month:

    growth of an account     hours, potential, sales each by a factor of their own, 20 % standard
                             deviation of the logarithm, as in `drifted_books`
    growth of a place        all accounts of a state and industry together, 10 %
    accounts that join       10 % of the book, without owner
    accounts that close      7 %, small ones three times as likely
    leavers                  15 % of the active reps; the seat closes at once
    hires                    a rep for every leaver, at the leaver's base, two months later
    ramp                     every rep below full speed gains speed as the scoring settings say

Growth is drawn around 3 % a year. Every arm of a comparison sees the same events: nothing here
depends on who owns an account.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from benchmarks.book_scores import default_scoring
from benchmarks.books import Book, planning_book

MONTHS_A_YEAR = 12
ACCOUNT_GROWTH, PLACE_GROWTH, TREND = 0.2, 0.1, 0.03
JOIN_RATE, CLOSE_RATE, SMALL_CLOSE = 0.10, 0.07, 3.0
LEAVER_RATE, MONTHS_TO_HIRE = 0.15, 2
YEAR_STREAM, JOINER_SEED = 12_001, 50_000
AMOUNTS = ("service_hours", "potential_usd", "actual_sales_usd")
CENTS, DECIMALS = 2, 6


@dataclass(frozen=True)
class Month:
    """The book at the end of a month, owners left out, and what happened in it.

    book: `owner_rep_id` and `incumbent_rep_id` are null; who owns what is the arm's.
    """

    number: int
    book: Book
    joined: tuple[str, ...]
    closed: tuple[str, ...]
    leavers: tuple[str, ...]
    hires: tuple[str, ...]


def months(accounts: int, reps: int, seed: int, count: int) -> Iterator[Month]:
    """The company at the start, as month 0, and at the end of `count` months."""
    year = _Year(planning_book(accounts, reps, seed), seed)
    year.joiners = _joiners(accounts, reps, seed)
    yield year.month(0, (), (), (), ())
    for number in range(1, count + 1):
        yield year.advance(number)


def _joiners(accounts: int, reps: int, seed: int) -> pl.DataFrame:
    """Accounts of another company of this size, as an account's hours are a share of the team's;
    each a family of its own. Those who join come in the order of their ids."""
    book = planning_book(accounts, reps, JOINER_SEED + seed)
    ids = [f"N{place:06d}" for place in range(book.accounts.height)]
    return book.accounts.with_columns(
        pl.Series("account_id", ids),
        pl.Series("family_id", ids),
        *(pl.lit(None, dtype=book.accounts.schema[name]).alias(name) for name in _OF_OWNERSHIP),
    )


_OF_OWNERSHIP = (
    "owner_rep_id",
    "incumbent_rep_id",
    "tenure_months",
    "days_since_owner_change",
)


class _Year:
    """The company as it stands; every month draws from a stream of its own."""

    joiners: pl.DataFrame

    def __init__(self, book: Book, seed: int) -> None:
        self.seed = seed
        nobody = [pl.lit(None, dtype=pl.String).alias(name) for name in _OF_OWNERSHIP[:2]]
        self.book = replace(book, accounts=book.accounts.with_columns(nobody))
        self.waiting: list[tuple[int, str]] = []
        self.reps_ever = book.reps
        self.next_joiner = 0

    def month(
        self,
        number: int,
        joined: tuple[str, ...],
        closed: tuple[str, ...],
        leavers: tuple[str, ...],
        hires: tuple[str, ...],
    ) -> Month:
        return Month(number, self.book, joined, closed, leavers, hires)

    def advance(self, number: int) -> Month:
        key = (YEAR_STREAM, number)
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
        accounts = _grown(self.book.accounts, rng)
        accounts, closed = _without_closed(accounts, rng)
        accounts, joined = self._with_joined(accounts, rng)
        reps = _ramped(self.book.reps)
        reps, leavers = _without_leavers(reps, rng)
        self.waiting += [(number + MONTHS_TO_HIRE, rep_id) for rep_id in leavers]
        due = [rep_id for month, rep_id in self.waiting if month == number]
        reps, hires = self._with_hires(reps, due, number)
        overrides = self.book.overrides.filter(
            pl.col("account_id").is_in(accounts["account_id"].to_list())
            & (pl.col("rep_id").is_null() | pl.col("rep_id").is_in(reps["rep_id"].to_list()))
        )
        self.book = Book(accounts, reps, overrides, _next_month(self.book.as_of))
        return self.month(number, joined, closed, leavers, hires)

    def _with_joined(
        self, accounts: pl.DataFrame, rng: np.random.Generator
    ) -> tuple[pl.DataFrame, tuple[str, ...]]:
        count = int(rng.poisson(accounts.height * JOIN_RATE / MONTHS_A_YEAR))
        rows = self.joiners.slice(self.next_joiner, count)
        self.next_joiner += rows.height
        return pl.concat([accounts, rows]), tuple(rows["account_id"].to_list())

    def _with_hires(
        self, reps: pl.DataFrame, due: list[str], number: int
    ) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """For each rep who left, a junior at the same base, at the speed of a first day."""
        rows, ids = [], []
        capacity = default_scoring().capacity
        level = min(capacity.experience_levels, key=lambda one: one.minimum_tenure_months)
        for rep_id in due:
            (row,) = self.reps_ever.filter(pl.col("rep_id") == rep_id).to_dicts()
            hours = capacity.selling_hours * row["fte_share"] * capacity.ramp_start_share
            ids.append(f"H{number:02d}{rep_id[2:]}")
            rows.append(
                row
                | {
                    "rep_id": ids[-1],
                    "rep_name": f"{row['rep_name']} (successor)",
                    "experience_level": level.name,
                    "experience_multiplier": level.multiplier,
                    "ramp_share": capacity.ramp_start_share,
                    "capacity_hours": hours,
                    "effective_capacity_hours": hours * level.multiplier,
                    "is_vacant": False,
                }
            )
        if not rows:
            return reps, ()
        hired = pl.DataFrame(rows, schema=reps.schema)
        self.reps_ever = pl.concat([self.reps_ever, hired])
        return pl.concat([reps, hired]), tuple(ids)


def _grown(accounts: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    step = 1 / np.sqrt(MONTHS_A_YEAR)
    place = accounts.select(pl.struct("state", "industry").rank("dense"))["state"].to_numpy() - 1
    shared = PLACE_GROWTH * step * rng.standard_normal((int(place.max()) + 1, len(AMOUNTS)))
    own = ACCOUNT_GROWTH * step * rng.standard_normal((accounts.height, len(AMOUNTS)))
    factor = np.exp(TREND / MONTHS_A_YEAR + shared[place] + own)
    grown = accounts.with_columns(
        (pl.col(name) * pl.Series(factor[:, k])).round(DECIMALS if k == 0 else CENTS)
        for k, name in enumerate(AMOUNTS)
    )
    return grown.with_columns(
        potential_usd=pl.max_horizontal("potential_usd", "actual_sales_usd"),
        tenure_months=pl.col("tenure_months") + 1,
        days_since_owner_change=pl.col("days_since_owner_change") + 30,
        days_to_renewal=(pl.col("days_to_renewal") - 30) % 365,
    )


def _without_closed(
    accounts: pl.DataFrame, rng: np.random.Generator
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    is_small = (accounts["segment"] == "small").to_numpy()
    weight = np.where(is_small, SMALL_CLOSE, 1.0)
    chance = CLOSE_RATE / MONTHS_A_YEAR * weight / weight.mean()
    closes = pl.Series(rng.random(accounts.height) < chance)
    return accounts.filter(~closes), tuple(accounts.filter(closes)["account_id"].to_list())


def _without_leavers(
    reps: pl.DataFrame, rng: np.random.Generator
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    leaves = rng.random(reps.height) < LEAVER_RATE / MONTHS_A_YEAR
    leaver = pl.Series(leaves & ~reps["is_vacant"].to_numpy())
    return reps.filter(~leaver), tuple(reps.filter(leaver)["rep_id"].to_list())


def _ramped(reps: pl.DataFrame) -> pl.DataFrame:
    """A month more of speed for every active rep who is not at full speed."""
    capacity = default_scoring().capacity
    gain = (1 - capacity.ramp_start_share) / max(capacity.ramp_months, 1.0)
    ramp = (
        pl.when(pl.col("is_vacant"))
        .then("ramp_share")
        .otherwise(pl.min_horizontal(pl.col("ramp_share") + gain, 1.0))
    )
    more = ramp / pl.col("ramp_share")
    return reps.with_columns(
        (pl.col("capacity_hours") * more).round(4),
        (pl.col("effective_capacity_hours") * more).round(4),
        ramp.round(6).alias("ramp_share"),
    )


def _next_month(day: date) -> date:
    """The last day of the month after `day`'s."""
    year, month = divmod(day.year * 12 + day.month + 1, 12)
    return date.fromordinal(date(year, month + 1, 1).toordinal() - 1)
