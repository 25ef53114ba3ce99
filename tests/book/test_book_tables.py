"""Reading the planning tables: sorted, checked, and what is refused says which record."""

import numpy as np
import polars as pl
import pytest
from tiny_book import account, owned, rep, tables

from optimization import PlanInputError
from optimization.book.tables import LOCK_COLUMNS, read_accounts, read_reps

BOOK = tables([owned("A2", "R1"), owned("A1", "GONE"), account("A3")], [rep("R2"), rep("R1")])


def test_rows_are_sorted_and_owners_resolved() -> None:
    reps = read_reps(BOOK.reps)
    accounts = read_accounts(BOOK.accounts, reps)
    assert reps.ids == ["R1", "R2"]
    assert accounts.ids == ["A1", "A2", "A3"]
    assert accounts.incumbent.tolist() == [-1, 0, -1]
    assert accounts.owner_rep_id.to_list() == ["GONE", "R1", ""]


def test_ids_are_found_by_place() -> None:
    accounts = read_accounts(BOOK.accounts, read_reps(BOOK.reps))
    assert accounts.find(["A3", "nobody", "A1", "A3"]).tolist() == [2, -1, 0, 2]
    assert accounts.find([]).tolist() == []


def test_unknown_values_have_their_defaults() -> None:
    book = tables(
        [account("A1", potential_usd=None, actual_sales_usd=7.0, complexity_score=None)],
        [rep("R1", fte_share=None, ramp_share=0.5)],
    )
    reps = read_reps(book.reps)
    accounts = read_accounts(book.accounts, reps)
    assert accounts.potential_usd.tolist() == [7.0]
    assert accounts.complexity_score.tolist() == [1.0]
    assert reps.full_time_share.tolist() == [0.5]
    assert np.isnan(accounts.days_to_renewal).all()


def test_one_unknown_coordinate_makes_both_unknown() -> None:
    book = tables([account("A1", latitude=None)], [rep("R1")])
    accounts = read_accounts(book.accounts, read_reps(book.reps))
    assert np.isnan(accounts.longitude).all()


def test_columns_of_lock_rules_may_be_absent() -> None:
    frame = BOOK.accounts.drop(LOCK_COLUMNS)
    accounts = read_accounts(frame, read_reps(BOOK.reps))
    assert accounts.absent_columns == set(LOCK_COLUMNS)
    assert np.isnan(accounts.is_strategic).all()


def test_two_reps_of_one_name_are_told_apart_by_their_ids() -> None:
    book = tables([], [rep("R1", rep_name="Kim"), rep("R2", rep_name="Kim"), rep("R3")])
    assert read_reps(book.reps).labels == ["Kim (R1)", "Kim (R2)", "Rep R3"]


@pytest.mark.parametrize("column", ["account_id", "service_hours", "tenure_months", "latitude"])
def test_a_missing_account_column_is_named(column: str) -> None:
    with pytest.raises(PlanInputError, match=f"int_plan__account: column {column} is missing"):
        read_accounts(BOOK.accounts.drop(column), read_reps(BOOK.reps))


@pytest.mark.parametrize("column", ["rep_id", "skill_industries", "fte_share"])
def test_a_missing_rep_column_is_named(column: str) -> None:
    with pytest.raises(PlanInputError, match=f"int_plan__rep: column {column} is missing"):
        read_reps(BOOK.reps.drop(column))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"service_hours": -1.0}, "account A7: service_hours must be a number of at least 0"),
        ({"service_hours": None}, "account A7: service_hours must be a number of at least 0"),
        ({"potential_usd": float("inf")}, "account A7: potential_usd must be a number"),
        ({"latitude": 91.0}, "account A7: coordinates 91.0, -94.6 lie outside"),
    ],
)
def test_a_wrong_value_names_its_account(columns: dict[str, float], message: str) -> None:
    book = tables([account("A1"), account("A7", **columns)], [rep("R1")])
    with pytest.raises(PlanInputError, match=message):
        read_accounts(book.accounts, read_reps(book.reps))


def test_text_where_a_number_belongs_names_its_account() -> None:
    frame = BOOK.accounts.with_columns(pl.lit("much").alias("service_hours"))
    with pytest.raises(PlanInputError, match="account A1: service_hours must be a number, found"):
        read_accounts(frame, read_reps(BOOK.reps))


def test_a_rep_needs_a_positive_multiplier() -> None:
    book = tables([], [rep("R1", experience_multiplier=0.0)])
    with pytest.raises(PlanInputError, match="rep R1: experience_multiplier must be above 0"):
        read_reps(book.reps)


def test_an_account_that_stands_twice_is_refused() -> None:
    book = tables([account("A1"), account("A2"), account("A1")], [rep("R1")])
    with pytest.raises(PlanInputError, match="account_id A1 stands 2 times"):
        read_accounts(book.accounts, read_reps(book.reps))


def test_an_empty_id_is_refused() -> None:
    frame = BOOK.accounts.with_columns(pl.lit(None, dtype=pl.String).alias("account_id"))
    with pytest.raises(PlanInputError, match="account_id is empty in 3 row"):
        read_accounts(frame, read_reps(BOOK.reps))


def test_accounts_without_any_rep_are_refused() -> None:
    with pytest.raises(PlanInputError, match="no active rep or vacant seat"):
        tables([account("A1")], []).planned()
