"""Which limits are listed as binding, in which amounts, at which price and in which words."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from test_report_reasons import REPS, account, no_prices, planned

from optimization.book.planning import Planning
from optimization.engine.answer import Answer
from optimization.engine.problem import Prices
from optimization.report.extract import extract_plan
from optimization.report.result import Plan


def plan_of(planning: Planning, owner: list[int], prices: Prices | None = None) -> Plan:
    answer = Answer(
        np.array(owner), 0.0, 0.0, prices or no_prices(planning), 0.0, 0.0, "work_limit", True
    )
    return extract_plan(planning, answer, {}, [])


def rows_of(plan: Plan, kind: str) -> dict[str | None, dict[str, Any]]:
    chosen = plan.bindings.filter(pl.col("constraint_kind") == kind).to_dicts()
    return {row["rep_id"]: row for row in chosen}


BOOK = [account("A", "R1"), account("B", "R2"), account("C", "R3"), account("D", "R4")]


def test_a_plan_well_inside_its_limits_lists_none() -> None:
    assert plan_of(planned(BOOK), [0, 1, 2, 3]).bindings.height == 0


def test_the_price_of_a_band_is_split_into_its_soft_and_its_hard_part() -> None:
    """Targets of 100 hours; the inner band costs USD 300 a target, so at most that is its own."""
    hours = {
        "metric": "hours",
        "tolerance_pct": 20,
        "soft_tolerance_pct": 10,
        "soft_price_usd_per_pct": 3,
    }
    planning = planned(BOOK, metrics=[hours])
    prices = no_prices(planning)
    prices.above[0, 0], prices.above[1, 0], prices.below[2, 0] = 1_000.0, 200.0, 500.0
    plan = plan_of(planning, [0, 0, 2, 3], prices)
    upper, soft = rows_of(plan, "upper_band"), rows_of(plan, "soft_upper")
    assert upper["R1"]["shadow_price_usd"] == pytest.approx((1_000 - 300) / 100)
    assert soft["R1"]["shadow_price_usd"] == pytest.approx(300 / 100)
    assert soft["R2"]["shadow_price_usd"] == pytest.approx(200 / 100)
    assert (upper["R1"]["limit_amount"], upper["R1"]["used_amount"]) == (120.0, 200.0)
    assert upper["R1"]["slack_amount"] == -80.0
    assert upper["R1"]["statement"] == (
        "The plan exceeds the upper limit of hours of Rep 1 by 80.0 hours. "
        "One more hour in the upper limit of hours for Rep 1 is worth USD 7.00 a year."
    )
    lower = rows_of(plan, "lower_band")
    assert lower["R3"]["shadow_price_usd"] == pytest.approx((500 - 300) / 100)
    assert lower["R3"]["statement"] == (
        "One hour less in the lower limit of hours for Rep 3 is worth USD 2.00 a year."
    )
    # R2 owns nothing and has no price: its lower limits are missed all the same.
    assert lower["R2"]["slack_amount"] == -80.0
    assert lower["R2"]["statement"] == (
        "The plan falls short of the lower limit of hours of Rep 2 by 80.0 hours."
    )
    targets = {
        row["rep_id"]: row for row in plan.targets.filter(pl.col("metric") == "hours").to_dicts()
    }
    assert targets["R1"]["shadow_price_above_usd"] == pytest.approx(7.0)
    assert targets["R3"]["shadow_price_below_usd"] == pytest.approx(2.0)
    assert targets["R1"]["shadow_price_usd"] == pytest.approx(7.0)
    assert targets["R1"]["relaxation_pct"] == pytest.approx(80.0)
    assert targets["R2"]["relaxation_pct"] == pytest.approx(80.0)


def test_an_hour_of_capacity_is_priced_up_to_the_price_of_overtime() -> None:
    planning = planned(BOOK, overtime={"price_usd_per_hour": 90, "max_pct": 110})
    prices = no_prices(planning)
    at = planning.problem.resources.index("clock_hours")
    prices.above[0, at], prices.above[1, at] = 41_000.0, 100_000.0
    plan = plan_of(planning, [0, 1, 2, 3], prices)
    capacity, ceiling = rows_of(plan, "capacity"), rows_of(plan, "overtime_ceiling")
    assert capacity["R1"]["shadow_price_usd"] == pytest.approx(41.0)
    assert capacity["R1"]["statement"] == (
        "One more hour of capacity for Rep 1 is worth USD 41 a year."
    )
    assert capacity["R2"]["shadow_price_usd"] == pytest.approx(90.0)
    assert ceiling["R2"]["shadow_price_usd"] == pytest.approx(10.0)
    assert ceiling["R2"]["limit_amount"] == pytest.approx(1_100.0)
    assert "R1" not in ceiling


def test_dollars_are_spoken_of_by_the_thousand() -> None:
    planning = planned(BOOK, metrics=[{"metric": "potential", "tolerance_pct": 20}])
    prices = no_prices(planning)
    prices.above[0, 0] = 100.0
    row = rows_of(plan_of(planning, [0, 1, 2, 3], prices), "upper_band")["R1"]
    assert row["unit"] == "USD"
    assert row["shadow_price_usd"] == pytest.approx(100 / 5_000)
    assert row["statement"] == (
        "USD 1,000 more in the upper limit of potential for Rep 1 is worth USD 20 a year."
    )


def test_move_budgets_are_always_listed_in_units_of_business() -> None:
    budgets = [
        {"measure": "accounts", "limit": 1},
        {"measure": "sales", "limit_pct": 50},
        {"measure": "tenure_months", "limit_pct": 10},
    ]
    planning = planned(BOOK, move_budgets=budgets)
    prices = no_prices(planning)
    prices.budget[:] = (100.0, 0.0, 0.0)
    rows = plan_of(planning, [1, 1, 2, 3], prices).bindings
    found = {row["constraint_name"]: row for row in rows.to_dicts() if row["rep_id"] is None}
    accounts, sales, tenure = found["accounts"], found["sales"], found["tenure_months"]
    assert (accounts["limit_amount"], accounts["used_amount"]) == (1.0, 1.0)
    # Four reps: a scaled unit is a fortieth of four accounts, and USD 100 for it 1,000 for one.
    assert accounts["shadow_price_usd"] == pytest.approx(1_000.0)
    assert accounts["statement"] == (
        "One more account that may change its owner is worth USD 1,000 a year."
    )
    assert (sales["limit_amount"], sales["used_amount"], sales["unit"]) == (2_000, 1_000, "USD")
    assert sales["statement"] == "The move budget of sales does not bind."
    assert (tenure["limit_amount"], tenure["used_amount"]) == pytest.approx((9.6, 24.0))
    assert tenure["statement"] == (
        "The plan exceeds the move budget of tenure months by 14.4 tenure months."
    )


def test_account_limits_and_travel_limits_are_listed_for_the_reps_they_concern() -> None:
    limits = [
        {"name": "one", "reps": {"region": ["west"]}, "maximum": 1},
        {"name": "range", "reps": {"region": ["east"]}, "minimum": 1, "maximum": 3},
    ]
    planning = planned(BOOK, account_limits=limits, travel={"max_hours_per_rep": 10})
    plan = plan_of(planning, [0, 0, 0, 3])
    listed = plan.bindings.filter(pl.col("constraint_kind") == "account_limit")
    names = {(row["constraint_name"], row["rep_id"]): row for row in listed.to_dicts()}
    assert set(names) == {("one", "R1"), ("range (minimum)", "R4")}
    assert names["one", "R1"]["statement"] == (
        "The plan exceeds the maximum 'one' of Rep 1 by 2.0 accounts."
    )
    assert names["range (minimum)", "R4"]["statement"] == "The minimum 'range' of Rep 4 is reached."
    # R4 serves an account 510 km away.
    travel = rows_of(plan, "travel_limit")
    assert set(travel) == {"R4"}
    assert travel["R4"]["used_amount"] == pytest.approx(
        plan.assignment.filter(pl.col("rep_id") == "R4")["travel_hours"].sum(), abs=1e-4
    )


def test_every_rep_of_a_relaxed_plan_shows_where_it_gave() -> None:
    """Relaxations are published with what the band needs and not a digit less."""
    planning = planned(BOOK, metrics=[{"metric": "hours", "tolerance_pct": 1.23456789}])
    plan = plan_of(planning, [0, 0, 2, 3])
    widths = dict(plan.targets.filter(pl.col("metric") == "hours").select(
        "rep_id", "relaxation_pct"
    ).iter_rows())  # fmt: skip
    assert widths["R1"] >= 100 - 1.23456789
    assert widths["R1"] == pytest.approx(100 - 1.23456789, abs=2e-6)
    assert [widths[rep_id] for rep_id in REPS[2:]] == [0.0, 0.0]
