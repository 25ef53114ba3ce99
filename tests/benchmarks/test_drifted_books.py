"""Drifted books: last year's balance near home, a year of growth, and owners that fit the team."""

import numpy as np
import polars as pl
import pytest

from benchmarks.books import Book, planning_book
from benchmarks.case import build_case, scale_policy
from benchmarks.drifted_books import NEWCOMER_RAMP, drifted_book
from benchmarks.last_year import balanced_owner


@pytest.fixture(scope="module")
def book() -> Book:
    return drifted_book(2_000, 40, 7)


def test_only_owners_tenure_and_locks_differ_from_the_sample_company(book: Book) -> None:
    sample = planning_book(2_000, 40, 7)
    changed = {"owner_rep_id", "incumbent_rep_id", "tenure_months", "days_since_owner_change"}
    changed |= {"is_strategic", "open_deal_probability_pct"}
    same = [name for name in sample.accounts.columns if name not in changed]
    assert book.accounts.columns == sample.accounts.columns
    assert book.accounts.select(same).equals(sample.accounts.select(same))
    assert book.reps.equals(sample.reps)
    assert 0 < book.accounts["is_strategic"].sum() < 0.6 * sample.accounts["is_strategic"].sum()


def test_one_seed_gives_one_drift(book: Book) -> None:
    again = drifted_book(2_000, 40, 7)
    assert again.accounts.equals(book.accounts)
    assert again.overrides.equals(book.overrides)


def test_vacant_seats_and_newcomers_own_nothing(book: Book) -> None:
    late = ~pl.col("is_vacant") & (pl.col("ramp_share") < NEWCOMER_RAMP)
    without = book.reps.filter(pl.col("is_vacant") | late)["rep_id"]
    incumbents = book.accounts["incumbent_rep_id"].drop_nulls()
    assert without.len() > 0
    assert not incumbents.is_in(without.implode()).any()
    assert set(incumbents) | set(without) == set(book.reps["rep_id"])


def test_who_has_no_active_incumbent_has_no_tenure_and_no_lock(book: Book) -> None:
    orphans = book.accounts.filter(pl.col("incumbent_rep_id").is_null())
    assert 0.03 < orphans.height / book.accounts.height < 0.12
    assert orphans["tenure_months"].null_count() == orphans.height
    assert orphans["days_since_owner_change"].null_count() == orphans.height
    owned = book.accounts.filter(pl.col("incumbent_rep_id").is_not_null())
    assert owned["tenure_months"].null_count() == 0
    locks = book.overrides.filter(pl.col("action") == "lock")["account_id"]
    assert locks.len() > 0
    assert not locks.is_in(orphans["account_id"].implode()).any()


@pytest.mark.parametrize("seed", range(4))
def test_no_override_is_contrary_to_the_new_owner(seed: int) -> None:
    book = drifted_book(1_500, 30, seed)
    owner = book.accounts.select("account_id", "incumbent_rep_id")
    banned = book.overrides.filter(pl.col("action") == "forbid").join(owner, on="account_id")
    assert (banned["rep_id"] != banned["incumbent_rep_id"]).fill_null(True).all()


def test_reps_are_somewhat_off_their_targets() -> None:
    case = build_case(drifted_book(20_000, 100, 3), scale_policy())
    accounts, reps = case.accounts, len(case.reps)
    owned = accounts.incumbent >= 0
    for e in range(4):
        load = np.bincount(accounts.incumbent[owned], accounts.load[owned, e], reps)
        off = load / (case.reps.weight[:, e] * accounts.load[:, e].sum()) - 1
        off = np.abs(off[load > 0])
        assert 0.05 < np.quantile(off, 0.75) < 0.25
        assert 0.15 < off.max() < 0.65


def test_balanced_owners_are_near_and_within_a_few_percent() -> None:
    rng = np.random.default_rng(5)
    unit_place = np.column_stack((rng.uniform(30, 45, 6_000), rng.uniform(-120, -75, 6_000)))
    seat_place = np.column_stack((rng.uniform(30, 45, 30), rng.uniform(-120, -75, 30)))
    load = rng.lognormal(0.0, 0.8, (6_000, 2))
    target = np.tile(rng.uniform(0.7, 1.3, (30, 1)), (1, 2))
    target *= load.sum(axis=0) / target.sum(axis=0)
    owner = balanced_owner(load, target, unit_place, seat_place)
    held = np.column_stack([np.bincount(owner, column, 30) for column in load.T])
    assert np.abs(held / target - 1).max() < 0.05
    away = np.linalg.norm(unit_place - seat_place[owner], axis=1)
    anywhere = np.linalg.norm(unit_place - seat_place[rng.integers(0, 30, 6_000)], axis=1)
    assert away.mean() < 0.4 * anywhere.mean()


def test_a_seat_far_away_from_all_units_gets_its_share() -> None:
    rng = np.random.default_rng(6)
    unit_place = np.column_stack((rng.uniform(30, 45, 4_000), rng.uniform(-120, -75, 4_000)))
    seat_place = np.column_stack((rng.uniform(30, 45, 20), rng.uniform(-120, -75, 20)))
    seat_place[0] = (21.3, -157.9)
    load, target = np.ones((4_000, 1)), np.full((20, 1), 200.0)
    owner = balanced_owner(load, target, unit_place, seat_place)
    assert np.bincount(owner, minlength=20)[0] > 180
