"""The sample company with owners of a plan that was balanced a year ago and has drifted since."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.books import Book, planning_book
from benchmarks.last_year import balanced_owner

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Standard deviations of the logarithm of a year's growth: of all that a seat holds, of each metric
# of it (hours, potential, sales, accounts), and of single accounts; draws end at two deviations.
# Sales drift most, because they are what the move budget of the benchmarks limits.
SEAT_GROWTH, ACCOUNT_GROWTH = 0.09, 0.2
METRIC_GROWTH = np.array([0.06, 0.07, 0.14, 0.04])
FARTHEST_DRAW = 2.0
# Accounts that came to the book during the year and have no owner yet.
NEW_ACCOUNTS = 0.03
# Of the strategic accounts and of the deals in negotiation, those that stay so.
KEPT_LOCKS = 1 / 3
IN_NEGOTIATION_PCT, PROPOSED_PCT = 90.0, 75.0
# Seats below this share of full speed were filled too late to have got accounts.
NEWCOMER_RAMP = 0.6
DRIFT_STREAM = 9_001


def drifted_book(accounts: int, reps: int, seed: int) -> Book:
    """Accounts, reps and scores of `planning_book`; owners are last year's plan, drifted.

    A policy that allows few moves makes sense for a book that was in balance not long ago. So last
    year's amounts are today's without a year of uneven growth, `last_year.balanced_owner` balances
    them near home, families whole, and the year goes by:

    - every account's hours, potential and sales have grown by a factor of its own, and so has all
      that a seat holds, by chance and metric by metric;
    - who sat on today's vacant seats has left: their accounts have no active incumbent;
    - reps far from full speed have joined too late to have got any;
    - 3 % of the accounts have come without an owner.

    Who owns an account for how long is drawn anew among the owned ones. Of the overrides, locks of
    accounts without owner are left out, bans of the rep who owns the account, and groups, which the
    benchmarks' judge does not know. Two thirds of the strategic accounts and of the deals in
    negotiation are ordinary ones here: strategic accounts are the largest, and with all of them
    locked one territory in fifty of 50 accounts holds more than its upper band before anything is
    decided.
    """
    book = planning_book(accounts, reps, seed)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(DRIFT_STREAM,)))
    owner = _last_owner(book, rng)
    is_new = rng.random(book.accounts.height) < NEW_ACCOUNTS
    seats = book.reps["rep_id"].gather(owner)
    has_left = book.reps["is_vacant"].gather(owner).to_numpy()
    owned = ~is_new & ~has_left
    frame = book.accounts.with_columns(
        owner_rep_id=seats.set(pl.Series(is_new), None),
        incumbent_rep_id=seats.set(pl.Series(~owned), None),
        **_tenure(book.accounts, owned, rng),
        **_fewer_locks(book.accounts, rng),
    )
    return replace(book, accounts=frame, overrides=_still_possible(book.overrides, frame))


def _still_possible(overrides: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Locks of owned accounts, assignments, and bans of reps who do not own the account."""
    rows = overrides.join(
        accounts.select("account_id", "incumbent_rep_id"),
        on="account_id",
        how="left",
        maintain_order="left",
    )
    owner, action = pl.col("incumbent_rep_id"), pl.col("action")
    idle = (action == "lock") & owner.is_null()
    contrary = (action == "forbid") & owner.eq_missing(pl.col("rep_id"))
    single = action.is_in(["lock", "assign", "forbid"])
    return rows.filter(single & ~idle & ~contrary).select(overrides.columns)


def _last_owner(book: Book, rng: np.random.Generator) -> Ints:
    """(n) index of each account's seat by last year's plan."""
    frame, reps = book.accounts, book.reps
    unit = frame["family_id"].rank("dense").to_numpy().astype(np.int64) - 1
    names = ("service_hours", "potential_usd", "actual_sales_usd")
    today = np.column_stack([*(frame[name].to_numpy() for name in names), np.ones(frame.height)])
    before = today.copy()
    before[:, :3] /= np.exp(_drawn(rng, (frame.height, 3), ACCOUNT_GROWTH))
    load = np.column_stack([np.bincount(unit, column).astype(np.float64) for column in before.T])
    # The place of a family is that of its account with the most hours.
    order = np.lexsort((-today[:, 0], unit))
    anchor = order[np.searchsorted(unit[order], np.arange(load.shape[0]))]
    seat = np.flatnonzero(~_newcomers(reps))
    target = _last_targets(reps, seat, load.sum(axis=0), rng)
    place, home = (one.select("latitude", "longitude").to_numpy() for one in (frame, reps))
    return seat[balanced_owner(load, target, place[anchor], home[seat])[unit]]


def _newcomers(reps: pl.DataFrame) -> Bools:
    """(J) who joined too late to have got accounts; nobody where that would be everybody."""
    late = ((reps["ramp_share"] < NEWCOMER_RAMP) & ~reps["is_vacant"]).to_numpy()
    return late if not late.all() else np.zeros_like(late)


def _last_targets(
    reps: pl.DataFrame, seat: Ints, total: Floats, rng: np.random.Generator
) -> Floats:
    """(seats, 4) what last year's plan gave each seat, in last year's amounts.

    A seat that is vacant today was filled. One that has grown since held less for its weight.
    """
    hours, heads, ramp, is_vacant = (
        reps[name].to_numpy()[seat]
        for name in ("effective_capacity_hours", "fte_share", "ramp_share", "is_vacant")
    )
    by_hours = np.where(is_vacant, hours / ramp, hours)
    by_heads = np.where(is_vacant, heads, heads * ramp)
    weight = np.column_stack((by_hours, by_hours, by_hours, by_heads))
    growth = _drawn(rng, (seat.size, 1), SEAT_GROWTH) + METRIC_GROWTH * _drawn(
        rng, (seat.size, 4), 1.0
    )
    weight = weight / np.exp(growth)
    return np.asarray(total * weight / weight.sum(axis=0))


def _drawn(rng: np.random.Generator, shape: tuple[int, int], deviation: float) -> Floats:
    """Normal deviates up to two deviations away."""
    return deviation * np.clip(rng.standard_normal(shape), -FARTHEST_DRAW, FARTHEST_DRAW)


def _tenure(accounts: pl.DataFrame, owned: Bools, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Months and days that the owned accounts have had their owner, from those of the sample."""
    known = np.flatnonzero(accounts["tenure_months"].is_not_null().to_numpy())
    drawn = rng.choice(known, accounts.height)
    columns = ("tenure_months", "days_since_owner_change")
    return {name: accounts[name].gather(drawn).set(pl.Series(~owned), None) for name in columns}


def _fewer_locks(accounts: pl.DataFrame, rng: np.random.Generator) -> dict[str, pl.Expr]:
    """Strategic accounts and open deals, a third of those that lock as strong as they were."""
    stays = pl.Series(rng.random(accounts.height) < KEPT_LOCKS)
    probability = pl.col("open_deal_probability_pct")
    weakened = ~stays & (probability >= IN_NEGOTIATION_PCT)
    return {
        "is_strategic": pl.col("is_strategic") & stays,
        "open_deal_probability_pct": pl.when(weakened).then(PROPOSED_PCT).otherwise(probability),
    }
