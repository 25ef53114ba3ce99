"""Obstacles are named in business words with amounts, and never where a plan exists."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from tiny_book import Tables, account, override, owned, rep, tables
from tiny_companies import tiny_companies

from optimization.book.floors import metric_floors
from optimization.book.forced_moves import forced_moves
from optimization.book.obstacles import named_obstacles
from optimization.book.planning import Planning
from optimization.book.relaxations import relaxations, relaxed_limits
from optimization.engine.dense import DensePairs
from optimization.engine.exact import solve_exactly
from optimization.engine.watch import Watch
from optimization.errors import PlanInputError

sys.path.append(str(Path(__file__).parents[1] / "engine"))
from tiny_problems import every_answer

FREE = {"overtime": {"price_usd_per_hour": 0}}


def obstacles(company: Tables, policy: dict[str, Any]) -> list[str]:
    return named_obstacles(company.planned(FREE | policy))


def band(metric: str, tolerance: float, **more: Any) -> dict[str, Any]:
    return {"metric": metric, "tolerance_pct": tolerance} | more


def test_two_reps_who_alone_may_own_too_much_are_named_together() -> None:
    company = tables(
        [account(f"A{i}", segment="enterprise") for i in range(8)]
        + [account(f"B{i}") for i in range(4)],
        [rep("R1", region="south"), rep("R2", region="south"), rep("R3"), rep("R4")],
    )
    rule = {
        "name": "enterprise south",
        "accounts": {"segment": ["enterprise"]},
        "reps": {"region": ["south"]},
    }
    said = obstacles(company, {"metrics": [band("hours", 10)], "eligibility": [rule]})
    # 1,200 hours over four reps: 300 each, 330 at most.
    assert said == [
        "metric hours of Rep R1 and Rep R2: what only they may own has 800 hours, and their upper "
        "limits add up to 660 hours; 140 hours too much",
        "metric hours of Rep R3 and Rep R4: all that they may own can fill 400 hours of their "
        "lower limits, which add up to 540 hours; 140 hours missing",
    ]


def test_minimum_of_accounts_that_are_not_there() -> None:
    company = tables([account(f"A{i}") for i in range(5)], [rep("R1"), rep("R2"), rep("R3")])
    said = obstacles(company, {"metrics": [], "account_limits": [{"name": "size", "minimum": 2}]})
    assert said == [
        "account limit 'size' of all 3 reps: all that they may own can fill 5 accounts of their "
        "lower limits, which add up to 6 accounts; 1 accounts missing"
    ]


def test_ceiling_of_clock_hours_for_a_whole_team() -> None:
    company = tables(
        [account(f"A{i}", service_hours=700.0) for i in range(4)],
        [rep("R1"), rep("R2", experience_multiplier=1.5)],
    )
    overtime = {"price_usd_per_hour": 90, "max_pct": 100}
    (said,) = obstacles(company, {"metrics": [], "overtime": overtime})
    assert said == (
        "overtime ceiling of Rep R1 and Rep R2: what only they may own has 2,800 hours, and their "
        "upper limits add up to 2,500 hours; 300 hours too much"
    )


def test_a_move_budget_too_small_for_the_band() -> None:
    company = tables(
        [owned(f"A{i}", "R1", actual_sales_usd=1_000.0) for i in range(8)]
        + [owned(f"B{i}", "R2", actual_sales_usd=1_000.0) for i in range(2)],
        [rep("R1"), rep("R2")],
    )
    policy = {
        "metrics": [band("hours", 10)],
        "move_budgets": [{"measure": "sales", "limit_pct": 10}],
    }
    # R1 owns 800 of 1,000 hours and may own 550: at least 2.5 of ten accounts move.
    assert obstacles(company, policy) == [
        "move budget of sales: keeping metric hours within its limits moves at least USD 2,500 "
        "(25.0%), because today's load of Rep R1 is above the upper limit; the budget is "
        "USD 1,000 (10.0%)"
    ]
    policy["move_budgets"] = [{"measure": "sales", "limit_pct": 25}]
    assert obstacles(company, policy) == []


def test_a_new_rep_can_only_be_fed_by_moves() -> None:
    company = tables(
        [owned(f"A{i}{j}", f"R{j}") for i in range(4) for j in (1, 2)] + [account("A9")],
        [rep("R1"), rep("R2"), rep("R3")],
    )
    policy = {
        "metrics": [band("hours", 60)],
        "move_budgets": [{"measure": "accounts", "limit": 0}],
    }
    # 300 hours each, at least 120; only 100 have no owner yet.
    assert obstacles(company, policy) == [
        "move budget of accounts: keeping metric hours within its limits moves at least "
        "0.20 accounts (2.5%), because today's load of Rep R3 is below the lower limit; the "
        "budget is 0 accounts (0.0%)"
    ]


def test_what_the_book_finds_rep_by_rep_is_named_once() -> None:
    company = tables(
        [account(f"A{i}") for i in range(4)],
        [rep("R1"), rep("R2")],
        [override(f"A{i}", "assign", "R1") for i in range(3)],
    )
    said = obstacles(company, {"metrics": [band("hours", 10)]})
    assert len(said) == 2
    assert "what only this rep may own" in said[0]
    assert "all that this rep may own" in said[1]


def test_relaxations_name_rep_side_and_amount() -> None:
    company = tables(
        [account(f"A{i}", service_hours=350.0 - 25 * i) for i in range(3)],
        [rep("R1"), rep("R2")],
    )
    # 975 hours, 487.5 each; the first two accounts have 675, 104 more than the upper limit.
    planning = company.planned(FREE | {"metrics": [band("hours", 17.1)]})
    first, second = relaxations(planning, np.array([0, 0, 1]))
    assert first.statement == (
        "hours of Rep R1: upper limit raised by 21.4 points of target (104 hours)"
    )
    assert second.statement == (
        "hours of Rep R2: lower limit lowered by 21.4 points of target (104 hours)"
    )
    assert first.amount == pytest.approx(675 - 1.171 * 487.5)
    assert (first.rep, first.is_upper, first.unit) == (0, True, "hours")


def test_relaxed_budgets_and_limits_are_named() -> None:
    company = tables(
        [owned(f"A{i}", "R1") for i in range(4)],
        [rep("R1"), rep("R2")],
        [override("A0", "assign", "R2"), override("A1", "assign", "R2")],
    )
    policy = FREE | {
        "metrics": [],
        "account_limits": [{"name": "size", "maximum": 1}],
        "move_budgets": [{"measure": "accounts", "limit_pct": 25}],
    }
    said = relaxed_limits(company.planned(policy), np.array([1, 1, 0, 0]))
    assert said == [
        "accounts of account limit 'size' of Rep R1: upper limit raised by 100.0 points of limit "
        "(1 accounts)",
        "accounts of account limit 'size' of Rep R2: upper limit raised by 100.0 points of limit "
        "(1 accounts)",
        "move budget of accounts raised by 25.0 points (1 accounts)",
    ]


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(tiny_companies())
def test_obstacles_and_floors_hold_for_every_plan(case: tuple[Tables, dict[str, Any]]) -> None:
    company, policy = case
    planning = _planned(company, policy)
    truth = every_answer(replace(planning.problem, pairs=DensePairs.copied(planning.pairs)))
    beyond_the_book = set(named_obstacles(planning)) - set(planning.clashes)
    if beyond_the_book:
        assert truth.least_relaxation > 1e-9, beyond_the_book
    floors, targets = metric_floors(planning), planning.targets
    for k, name in enumerate(targets.names):
        deviation = np.zeros(len(truth.owner))
        for j in np.flatnonzero(targets.target[:, k] > 0):
            load = ((truth.owner == j) * targets.load[:, k]).sum(axis=1)
            deviation = np.maximum(deviation, np.abs(load / targets.target[j, k] - 1))
        assert 0 <= floors[name] <= 100 * deviation.min() + 1e-6


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(tiny_companies())
def test_relaxations_named_add_up(case: tuple[Tables, dict[str, Any]]) -> None:
    planning = _planned(*case)
    answer = solve_exactly(planning.problem, Watch())
    named = relaxations(planning, answer.owner)
    # A point of a budget's whole is a point of every territory's share, and counts ten times.
    times = 10 * planning.problem.rep_count
    total = sum(one.points * (times if one.rep < 0 else 1) for one in named)
    assert total == pytest.approx(100 * answer.relaxation, abs=1e-6)
    assert len(named) == len({one.statement for one in named})


def _planned(company: Tables, policy: dict[str, Any]) -> Planning:
    try:
        return company.planned(policy)
    except PlanInputError:
        assume(False)
        raise


def test_nothing_is_named_for_a_book_that_fits() -> None:
    company = tables([account(f"A{i}") for i in range(6)], [rep("R1"), rep("R2"), rep("R3")])
    planning = company.planned(FREE | {"metrics": [band("hours", 5), band("account_count", 5)]})
    assert named_obstacles(planning) == []
    assert list(forced_moves(planning)) == []
    floors = metric_floors(planning)
    assert floors["hours"] == floors["account_count"] == 0
    assert floors["sales"] == 0


def test_floors_know_the_largest_unit_and_empty_territories() -> None:
    company = tables(
        [account("A1", service_hours=900.0), account("A2", service_hours=300.0)],
        [rep("R1"), rep("R2"), rep("R3")],
    )
    floors = metric_floors(company.planned(FREE | {"metrics": []}))
    # Targets of 400 hours: the large account is 125 % above; two accounts for three reps.
    assert floors["hours"] == pytest.approx(125)
    assert floors["account_count"] == pytest.approx(100)
