"""Lock rules: every condition, expiry, the order of rules, and families that are torn."""

from datetime import date
from typing import Any

import pytest
from tiny_book import account, fixed_rep, override, owned, rep, rules_of, tables

from optimization import PlanInputError
from optimization.book.units import FREE, LOCKED

REPS = [rep("R1"), rep("R2"), rep("R3")]


def locked(rule: dict[str, Any], as_of: date | None = None, **columns: Any) -> bool:
    row = owned("A1", "R1") | columns
    planning = tables([row], REPS).planned({"locks": [{"name": "rule"} | rule]}, as_of=as_of)
    return int(planning.units.hold[0]) == LOCKED


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        (
            {"open_deal_probability_from_pct": 60},
            {"open_deal_probability_pct": 60.0},
            {"open_deal_probability_pct": 59.9},
        ),
        ({"renewal_within_days": 90}, {"days_to_renewal": 90}, {"days_to_renewal": 91}),
        ({"renewal_within_days": 90}, {"days_to_renewal": 0}, {"days_to_renewal": -1}),
        (
            {"owner_changed_within_days": 180},
            {"days_since_owner_change": 180},
            {"days_since_owner_change": 181},
        ),
        ({"strategic": True}, {"is_strategic": True}, {"is_strategic": False}),
        ({"strategic": False}, {"is_strategic": False}, {"is_strategic": True}),
        ({"tenure_months_below": 6}, {"tenure_months": 5.9}, {"tenure_months": 6.0}),
        ({"account_ids": ["A1", "A9"]}, {}, {"account_id": "A2"}),
        ({"accounts": {"segment": ["mid"]}}, {"segment": "mid"}, {"segment": "small"}),
    ],
)
def test_each_condition_at_its_edge(
    rule: dict[str, Any], inside: dict[str, Any], outside: dict[str, Any]
) -> None:
    assert locked(rule, **inside)
    assert not locked(rule, **outside)


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ({"open_deal_probability_from_pct": 0}, "open_deal_probability_pct"),
        ({"renewal_within_days": 9999}, "days_to_renewal"),
        ({"owner_changed_within_days": 9999}, "days_since_owner_change"),
        ({"strategic": False}, "is_strategic"),
        ({"tenure_months_below": 9999}, "tenure_months"),
    ],
)
def test_an_unknown_value_meets_no_condition(rule: dict[str, Any], column: str) -> None:
    assert not locked(rule, **{column: None})


def test_all_conditions_of_a_rule_must_hold() -> None:
    rule = {"strategic": True, "renewal_within_days": 30}
    assert locked(rule, is_strategic=True, days_to_renewal=10)
    assert not locked(rule, is_strategic=True, days_to_renewal=40)
    assert not locked(rule, is_strategic=False, days_to_renewal=10)


def test_a_rule_is_without_effect_after_its_last_day() -> None:
    rule = {"expires_on": date(2026, 6, 30)}
    assert locked(rule, as_of=date(2026, 6, 30))
    assert not locked(rule, as_of=date(2026, 7, 1))


def test_a_rule_that_expires_needs_the_day_of_the_plan() -> None:
    with pytest.raises(PlanInputError, match="locks 'rule': expires_on needs the date"):
        locked({"expires_on": date(2026, 6, 30)})


def test_a_rule_that_needs_an_absent_column_names_both() -> None:
    book = tables([owned("A1", "R1")], REPS)
    bare = type(book)(book.accounts.drop("days_to_renewal"), book.reps, book.overrides)
    with pytest.raises(
        PlanInputError, match="locks 'soon' needs the column days_to_renewal, which int_plan__acc"
    ):
        bare.planned({"locks": [{"name": "soon", "renewal_within_days": 30}]})


def test_the_first_rule_that_matches_is_the_reason() -> None:
    planning = tables(
        [
            owned("A1", "R1", segment="small"),
            owned("A2", "R1", segment="mid", is_strategic=True),
            owned("A3", "R2", segment="mid"),
            account("A4", is_strategic=True),
            owned("A5", "R2", is_strategic=True),
        ],
        REPS,
        [override("A5", "lock")],
    ).planned(
        {
            "locks": [
                {"name": "strategic", "strategic": True},
                {"name": "mid", "accounts": {"segment": ["mid"]}},
            ]
        }
    )
    units = planning.units
    assert units.hold_rule == ["strategic", "mid"]
    # A4 has no incumbent to stay with; the manual list comes before all rules.
    assert units.hold_rule_of.tolist() == [-1, 0, 1, -1, -1]
    assert units.hold.tolist() == [FREE, LOCKED, LOCKED, FREE, LOCKED]


def test_a_torn_family_goes_to_the_largest_locked_sales() -> None:
    planning = tables(
        [
            owned("A1", "R1", family_id="F", actual_sales_usd=10.0),
            owned("A2", "R2", family_id="F", actual_sales_usd=30.0),
            owned("A3", "R1", family_id="F", actual_sales_usd=15.0, segment="small"),
        ],
        REPS,
    ).planned(
        {
            "locks": [
                {"name": "small", "accounts": {"segment": ["small"]}},
                {"name": "all"},
            ]
        }
    )
    assert fixed_rep(planning, "A1") == "R2"
    # The rule that locks the account whose rep won, not the first rule of the family.
    assert planning.units.hold_rule_of.tolist() == [1]
    assert rules_of(planning) == ["family_locked_to_several"]


def test_equal_sales_go_to_the_smaller_rep() -> None:
    planning = tables(
        [owned("A1", "R3", family_id="F"), owned("A2", "R2", family_id="F")], REPS
    ).planned({"locks": [{"name": "all"}]})
    assert fixed_rep(planning, "A1") == "R2"


def test_an_assignment_beats_the_locks_of_its_family() -> None:
    planning = tables(
        [
            owned("A1", "R1", family_id="F"),
            owned("A2", "R2", family_id="F"),
            account("A3", family_id="F"),
        ],
        REPS,
        [override("A3", "assign", "R3")],
    ).planned({"locks": [{"name": "all"}]})
    assert fixed_rep(planning, "A1") == "R3"
    assert planning.units.hold_rule_of.tolist() == [-1]
    assert rules_of(planning) == []
