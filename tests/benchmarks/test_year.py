"""The year's events are the same for everybody, and its history gives back what was planned."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from benchmarks import year
from benchmarks.year_events import Month, months
from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.history import owners_on


@pytest.fixture(scope="module")
def company() -> list[Month]:
    return list(months(120, 8, 11, 4))


def test_events_are_repeatable_and_change_the_book(company: list[Month]) -> None:
    again = list(months(120, 8, 11, 4))
    for one, other in zip(company, again, strict=True):
        assert one.book.accounts.equals(other.book.accounts)
        assert one.book.reps.equals(other.book.reps)
    assert [month.book.as_of.isoformat() for month in company] == [
        "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-31",
    ]  # fmt: skip
    assert sum(len(month.joined) for month in company) > 0
    assert sum(len(month.closed) for month in company) > 0


def test_nothing_in_the_book_says_who_owns_what(company: list[Month]) -> None:
    for month in company:
        ids = month.book.accounts["account_id"]
        assert ids.is_unique().all()
        assert month.book.accounts["incumbent_rep_id"].null_count() == ids.len()
        assert set(month.joined) <= set(ids)
        assert not set(month.closed) & set(ids)
        team = month.book.reps["rep_id"]
        assert team.is_unique().all()
        assert not set(month.leavers) & set(team)


def test_only_moves_from_reps_who_are_still_there_count() -> None:
    reps = pl.DataFrame({"rep_id": ["R1", "R2"]})
    before = {"A1": "R1", "A2": "R1", "A3": "R9", "A5": "R2"}
    after = {"A1": "R2", "A2": "R1", "A3": "R1", "A4": "R2"}
    assert year.voluntary_moves(before, after, reps) == 1


def test_locks_hold_where_the_blind_plan_had_the_account(company: list[Month]) -> None:
    book = company[0].book
    locked = book.overrides.filter(pl.col("action") == "lock")["account_id"].to_list()
    team = book.reps["rep_id"].to_list()
    blind = year._blind(book, dict.fromkeys(locked, team[0]))
    held = blind.overrides.filter(pl.col("account_id").is_in(locked))
    assert "lock" not in held["action"].to_list()
    assert set(held.filter(pl.col("action") == "assign")["rep_id"]) <= set(team)


def test_the_history_is_asked_for_every_month(tmp_path: Path, company: list[Month]) -> None:
    store = PlanStore(tmp_path, clock=lambda: datetime(2026, 6, 30, tzinfo=UTC))
    rows = []
    for month in company[:3]:
        owner = dict.fromkeys(month.book.accounts["account_id"].to_list()[:9], f"R{month.number}")
        rows.append({"day": year._record(store, month, owner), "owner": owner})
    assert year._wrong_in_history(store, rows) == 0
    rows[1]["owner"] = rows[1]["owner"] | {next(iter(rows[1]["owner"])): "R7"}
    assert year._wrong_in_history(store, rows) == 1
    found = owners_on(store, date(2026, 8, 15))
    assert set(found["rep_id"]) == {"R1"}
