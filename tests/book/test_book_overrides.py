"""Manual decisions: what they do, what has no effect and says so, what is refused."""

import polars as pl
import pytest
from tiny_book import account, allowed, fixed_rep, override, owned, rep, rules_of, tables

from optimization import PlanInputError
from optimization.book.units import ASSIGNED, LOCKED

REPS = [rep("R1"), rep("R2"), rep("R3")]


def test_lock_assign_and_forbid() -> None:
    planning = tables(
        [owned("A1", "R2"), owned("A2", "R1"), account("A3")],
        REPS,
        [
            override("A1", "lock"),
            override("A2", " Assign ", "R3"),
            override("A3", "forbid", "R1"),
        ],
    ).planned()
    assert fixed_rep(planning, "A1") == "R2"
    assert fixed_rep(planning, "A2") == "R3"
    assert allowed(planning, "A3") == ["R2", "R3"]
    assert planning.units.hold.tolist()[:2] == [LOCKED, ASSIGNED]


def test_together_and_separate() -> None:
    planning = tables(
        [account(f"A{i}") for i in range(1, 6)],
        REPS,
        [
            override("A1", "together", group_id="g"),
            override("A3", "together", group_id="g"),
            override("A4", "separate", group_id="h"),
            override("A5", "separate", group_id="h"),
        ],
    ).planned()
    assert planning.units.ids == ["A1", "A2", "A4", "A5"]
    assert [members.tolist() for members in planning.problem.separate] == [[2, 3]]


def test_a_table_without_group_column_is_read() -> None:
    book = tables([owned("A1", "R1")], REPS, [override("A1", "lock")])
    planning = type(book)(book.accounts, book.reps, book.overrides.drop("group_id")).planned()
    assert fixed_rep(planning, "A1") == "R1"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (override("A9", "lock"), "override_unknown_account"),
        (override("A1", "forbid", "R9"), "override_unknown_rep"),
        (override("A1", "lock"), "lock_without_incumbent"),
        (override("A1", "together", group_id="g"), "override_group_of_one"),
    ],
)
def test_a_row_without_effect_is_a_finding(row: dict[str, object], rule: str) -> None:
    planning = tables([account("A1"), account("A2")], REPS, [row]).planned()
    assert rules_of(planning) == [rule]
    assert planning.units.fixed.tolist() == [-1, -1]


def test_an_assignment_to_a_rep_who_left_has_no_effect_and_says_so() -> None:
    book = tables(
        [account("A1"), owned("A2", "R8"), account("A3")],
        REPS,
        [override("A1", "assign", "R8"), override("A3", "assign", "R9")],
    )
    known = book.overrides.with_columns(is_known_rep=pl.Series([None, True]))
    planning = type(book)(book.accounts, book.reps, known).planned()
    assert rules_of(planning) == ["override_rep_left"] * 2
    assert "(account A3, assign): rep R9 has left the team" in planning.findings[-1].message
    assert planning.units.fixed.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([override("A1", "keep")], "unknown action 'keep'; use lock, assign, forbid, together or"),
        ([override("A1", "assign")], "action assign needs a rep_id"),
        ([override("A1", "forbid")], "action forbid needs a rep_id"),
        ([override("A1", "separate")], "action separate needs a group_id"),
        ([override("A1", "assign", "R9")], "rep R9 is no active rep or vacant seat of the plan"),
        (
            [override("A1", "assign", "R1"), override("A1", "assign", "R2")],
            "assigned to R1 and to R2; keep one",
        ),
        (
            [override("A1", "assign", "R1"), override("A1", "lock")],
            "account A1 is locked to R2 and assigned to R1; keep one",
        ),
        (
            [override("A1", "lock"), override("A1", "forbid", "R2")],
            "A1 is held with rep R2 by a lock or assignment and forbidden to the same rep",
        ),
        (
            [override("A1", "assign", "R1"), override("A2", "assign", "R3")],
            "family A1 is assigned to R1 and to R3; a family has one owner",
        ),
    ],
)
def test_contradictions_are_refused(rows: list[dict[str, object]], message: str) -> None:
    book = tables([owned("A1", "R2"), account("A2", family_id="A1")], REPS, rows)
    with pytest.raises(PlanInputError, match=message):
        book.planned()


@pytest.mark.parametrize("column", ["account_id", "action", "rep_id"])
def test_a_missing_column_is_named(column: str) -> None:
    book = tables([account("A1")], REPS)
    broken = type(book)(book.accounts, book.reps, book.overrides.drop(column))
    with pytest.raises(PlanInputError, match=f"stg_plan__override: column {column} is missing"):
        broken.planned()


def test_a_unit_forbidden_to_everybody_is_a_clash_and_waived() -> None:
    rows = [override("A1", "forbid", f"R{j}") for j in (1, 2, 3)]
    planning = tables([account("A1"), account("A2")], REPS, rows).planned()
    assert planning.clashes == ("A1 is allowed to no rep by the eligibility rules and overrides",)
    assert rules_of(planning) == ["eligibility_waived"]
    assert allowed(planning, "A1") == ["R1", "R2", "R3"]


def test_a_waived_unit_stays_away_from_reps_it_is_forbidden_to() -> None:
    policy = {"eligibility": [{"name": "south only", "reps": {"region": ["south"]}}]}
    planning = tables([account("A1")], REPS, [override("A1", "forbid", "R2")]).planned(policy)
    assert allowed(planning, "A1") == ["R1", "R3"]


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [override("A1", "forbid", "R1"), override("A2", "lock"), override("A3", "assign", "R2")]
    accounts = [owned(f"A{i}", "R3") for i in (1, 2, 3)]
    one = tables(accounts, REPS, rows).planned()
    other = tables(accounts[::-1], REPS[::-1], rows[::-1]).planned()
    assert one.units.ids == other.units.ids
    assert one.units.fixed.tolist() == other.units.fixed.tolist()
    assert (one.units.class_reps == other.units.class_reps).all()


def test_ids_that_are_numbers_are_read_as_text() -> None:
    book = tables([account("1")], REPS)
    numeric = book.accounts.with_columns(pl.col("account_id").cast(pl.Int64))
    planning = type(book)(numeric, book.reps, book.overrides).planned()
    assert planning.accounts.ids == ["1"]
