"""A frontier: no plan beaten by another, each verified, its limits those that were asked for."""

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization import Infeasible, Policy, verify_plan
from optimization.frontier.points import FRONTIER_SCHEMA, Frontier, Reached, Variation, undominated
from optimization.frontier.trace import next_factor, next_limit, trace_frontier
from tests.book.tiny_book import Tables, account, owned, rep, tables

POLICY = Policy.model_validate(
    {
        "metrics": [
            {"metric": "hours", "tolerance_pct": 20, "soft_tolerance_pct": 15},
            {"metric": "potential", "tolerance_pct": 24},
        ]
    }
)


@pytest.fixture(scope="module")
def book() -> Tables:
    """Thirty accounts, of which one rep has most today; exact in the tier of the whole model."""
    return tables(
        [
            owned(
                f"A{n:02}",
                "R1" if n < 16 else "R2" if n < 24 else "R3",
                service_hours=60.0 + 7 * (n % 6),
                potential_usd=800.0 + 130 * (n % 7),
                actual_sales_usd=300.0 + 90 * (n % 5),
                latitude=39.1 + n / 40,
            )
            for n in range(30)
        ],
        [rep("R1"), rep("R2", latitude=39.5), rep("R3", latitude=39.8)],
    )


@pytest.fixture(scope="module")
def traced(book: Tables) -> Frontier:
    return trace_frontier(book.accounts, book.reps, book.overrides, POLICY)


def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 4), max_size=9))
def test_what_is_kept_is_not_beaten_and_what_is_dropped_is(all_goals: list[Any]) -> None:
    points = [
        Reached(Variation("fairness", number), use, excess, 0.0, moves, 0.0, cost)
        for number, (use, excess, moves, cost) in enumerate(all_goals)
    ]
    goals = [point.goals for point in points]
    kept, beaten = undominated(points)
    found = [point.goals for point in kept]
    assert len(kept) + len(beaten) == len(goals)
    assert len(found) == len(set(found))
    assert not any(beats(one, other) for one in goals for other in found)
    # Everything left out is matched or beaten by something that stays.
    assert all(goal in found or any(beats(one, goal) for one in found) for goal in goals)


def test_no_plan_of_a_frontier_is_beaten_and_each_is_verified(
    book: Tables, traced: Frontier
) -> None:
    goals = [point.goals for point in traced.points]
    assert len(goals) >= 7
    assert traced.shortfall is None
    assert not any(beats(one, other) for one in goals for other in goals)
    for point in traced.points:
        plan = point.plan.tables()
        found = verify_plan(
            book.accounts, book.reps, book.overrides, point.policy, plan, as_of=None
        )
        assert found == [], point.variation.name
        if not point.relaxed_limits:
            assert point.band_use_pct <= 100 * point.variation.band_factor + 1e-6
            assert point.max_deviation_pct <= 24 * point.variation.band_factor + 1e-6
        if point.variation.move_limit is not None:
            assert point.moved_accounts <= point.variation.move_limit


def test_prices_are_what_limits_cost_along_their_curve(traced: Frontier) -> None:
    table = traced.table()
    assert dict(table.schema) == FRONTIER_SCHEMA
    assert table["optimality_gap_pct"].null_count() == 0
    for name in ("fairness", "stability"):
        points = traced.curve(name)
        prices = table[f"price_of_{name}_usd"].drop_nulls()
        assert len(points) > 2
        assert len(prices) == sum(not point.relaxed_limits for point in points)
        assert prices.min() == 0
        # Looser limits never cost more: a plan serves wherever its limits are kept.
        costs = [point.objective_usd for point in points if not point.relaxed_limits]
        assert all(a >= b - 0.5 for a, b in pairwise(costs))


def test_a_variation_changes_bands_and_moves_and_nothing_else() -> None:
    policy = POLICY.model_copy(
        update={
            "move_budgets": Policy.model_validate(
                {
                    "move_budgets": [
                        {"measure": "sales", "limit_pct": 10},
                        {"measure": "accounts", "limit_pct": 50},
                    ]
                }
            ).move_budgets
        }
    )
    tight = Variation("fairness", 0.5).of(policy)
    assert [band.tolerance_pct for band in tight.metrics] == [10, 12]
    assert tight.metrics[0].soft_tolerance_pct == 10
    assert tight.move_budgets == policy.move_budgets
    still = Variation("stability", move_limit=9).of(policy)
    assert still.metrics == policy.metrics
    assert [(one.measure, one.limit) for one in still.move_budgets] == [
        ("sales", None),
        ("accounts", 9),
    ]
    assert Variation().of(policy) == policy
    Policy.model_validate(tight.model_dump())


def test_factors_begin_apart_and_then_halve_the_widest_ratio_where_limits_hold() -> None:
    assert next_factor(POLICY, [1.0], least=0.0) == 2.0
    assert next_factor(POLICY, [1.0, 2.0], least=0.0) == 0.5
    # 95 % of a target is the widest band there is: the widest of 24 % is not quadrupled.
    assert next_factor(POLICY, [1.0, 2.0], least=1.0) == 3.958
    assert next_factor(POLICY, [0.5, 1.0, 2.0, 3.958], least=0.5) == 0.707
    assert next_factor(POLICY, [0.5, 1.0, 2.0, 3.958], least=1.0) == 1.414
    assert next_factor(POLICY, [1.0, 3.958, 2.0, 1.05], least=1.05) == 2.814
    assert next_factor(Policy(metrics=[]), [1.0], least=0.0) is None


def test_limits_on_moves_halve_the_widest_interval_where_limits_hold() -> None:
    assert next_limit([], own_moves=10, least=0) == 5
    assert next_limit([5], own_moves=10, least=0) == 2
    assert next_limit([5, 2], own_moves=10, least=0) == 7
    assert next_limit([5], own_moves=10, least=5) == 7
    assert next_limit([], own_moves=1, least=0) == 0
    assert next_limit([0], own_moves=1, least=0) is None
    assert next_limit([], own_moves=0, least=0) is None


def test_use_of_bands_counts_each_metric_by_its_own_tolerance(traced: Frontier) -> None:
    """Plans whose bands gave way say so: hours at 30 % of 20 count more than potential at 31."""
    for point in traced.points:
        low, high = point.max_deviation_pct / 24, point.max_deviation_pct / 20
        assert 100 * low - 1e-6 <= point.band_use_pct <= 100 * high + 1e-6
    (own,) = [point for point in traced.points if point.variation == Variation()]
    hours = own.plan.assignment.group_by("rep_id").agg(pl.col("service_hours").sum())[
        "service_hours"
    ]
    assert hours.len() == 3
    target = hours.sum() / 3
    away = max(abs(hour - target) / target for hour in hours)
    assert own.band_use_pct >= 100 * away / 0.20 - 1e-6


def test_where_nothing_can_be_traded_the_reason_is_given() -> None:
    alone = tables([account("A1")], [rep("R1")])
    frontier = trace_frontier(alone.accounts, alone.reps, alone.overrides, POLICY, wanted=2)
    assert len(frontier.points) == 1
    assert frontier.shortfall is not None
    assert frontier.shortfall.startswith("1 of 2 plans")
    assert all(reason == "the same as 'policy'" for _, reason in frontier.dropped)


def test_a_policy_without_a_plan_names_its_limits() -> None:
    lone = tables([account("A1"), account("A2", service_hours=900)], [rep("R1"), rep("R2")])
    policy = Policy.model_validate(
        {
            "metrics": [{"metric": "account_count", "tolerance_pct": 5}],
            "locks": [],
            "account_limits": [{"name": "few", "minimum": 2}],
            "on_infeasible": "stop",
        }
    )
    with pytest.raises(Infeasible, match="few"):
        trace_frontier(lone.accounts, lone.reps, lone.overrides, policy)


def test_where_the_policy_cannot_be_kept_costs_compare_within_what_its_own_plan_needs() -> None:
    """One account is 1.4 targets of potential: bands of 24 % have to give way for its owner."""
    book = tables(
        [
            owned(
                f"A{n}",
                "R1" if n < 8 else "R2",
                service_hours=60.0 + 7 * (n % 6),
                potential_usd=9_000.0 if n == 0 else 500.0 + 130 * (n % 7),
                latitude=39.1 + n / 40,
            )
            for n in range(10)
        ],
        [rep("R1"), rep("R2", latitude=39.5)],
    )
    policy = POLICY.model_copy(update={"account_limits": [], "move_budgets": []})
    traced = trace_frontier(book.accounts, book.reps, book.overrides, policy, wanted=4)
    (own,) = [point for point in traced.points if point.variation == Variation()]
    assert own.relaxed_limits > 0
    assert min(point.variation.band_factor for point in traced.points) == 1
    for point in traced.points:
        plan = point.plan.tables()
        found = verify_plan(
            book.accounts, book.reps, book.overrides, point.policy, plan, as_of=None
        )
        assert found == [], point.variation.name
    wider = [point for point in traced.curve("fairness") if "fairness" in point.priced_on]
    assert wider[0] is own
    costs = [point.objective_usd for point in wider]
    assert costs == sorted(costs, reverse=True)

    # Which of the plans that run side by side ends first, and with how many threads, is all one.
    again = trace_frontier(
        book.accounts,
        book.reps,
        book.overrides,
        policy,
        wanted=4,
        run=lambda solve, tasks: [solve(task) for task in tasks[::-1]][::-1],  # type: ignore[index]
        lane_threads=1,
    )
    assert again.table().equals(traced.table())
