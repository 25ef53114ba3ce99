"""Limits as the engine sees them, and what units take of them."""

import numpy as np
import pytest
from tiny_book import account, owned, rep, tables

from optimization.errors import SolverError

REPS = [rep("R1"), rep("R2", region="south", capacity_hours=3_000.0)]
ACCOUNTS = [account(f"A{i:02d}", segment="big" if i < 6 else "mid") for i in range(40)]


def test_resources_stand_in_their_order() -> None:
    problem = (
        tables(ACCOUNTS, REPS)
        .planned(
            {
                "metrics": [{"metric": "sales"}, {"metric": "hours"}],
                "travel": {"max_hours_per_rep": 100},
                "account_limits": [{"name": "few", "maximum": 30}, {"name": "some", "minimum": 1}],
            }
        )
        .problem
    )
    assert problem.resources == (
        "sales",
        "hours",
        "clock_hours",
        "travel_hours",
        "limit:few",
        "limit:some",
    )


def test_without_price_or_ceiling_there_are_no_clock_hours() -> None:
    book = tables(ACCOUNTS, REPS)
    free = {"metrics": [{"metric": "hours"}], "overtime": {"price_usd_per_hour": 0}}
    assert book.planned(free).problem.resources == ("hours",)
    capped = {"overtime": {"price_usd_per_hour": 0, "max_pct": 120}, "metrics": []}
    problem = book.planned(capped).problem
    assert problem.resources == ("clock_hours",)
    assert problem.limits.upper.tolist() == [[1.2], [1.2]]
    assert problem.limits.price_above.tolist() == [[0.0], [0.0]]


def test_overtime_is_priced_per_hour_above_capacity() -> None:
    problem = tables(ACCOUNTS, REPS).planned({"metrics": []}).problem
    owner = np.zeros(40, dtype=np.int64)
    evaluation = problem.evaluate(owner)
    # 40 x 100 hours against 1,000; no travel, all live in one place.
    assert evaluation.load[0, 0] == pytest.approx(4.0)
    assert evaluation.soft_cost[0, 0] == pytest.approx(3_000 * 90.0)
    assert np.isinf(problem.limits.upper).all()


def test_a_rep_without_capacity_pays_overtime_from_the_first_hour() -> None:
    reps = [rep("R1", capacity_hours=0.0), rep("R2")]
    problem = tables(ACCOUNTS, reps).planned({"metrics": []}).problem
    cost = problem.evaluate(np.zeros(40, dtype=np.int64)).soft_cost
    assert cost[0, 0] == pytest.approx(4_000 * 90.0)


def test_bands_are_shares_of_the_target() -> None:
    problem = (
        tables(ACCOUNTS, REPS)
        .planned(
            {
                "metrics": [
                    {
                        "metric": "hours",
                        "tolerance_pct": 10,
                        "soft_tolerance_pct": 4,
                        "soft_price_usd_per_pct": 50,
                    }
                ]
            }
        )
        .problem
    )
    limits = problem.limits
    assert limits.lower[:, 0].tolist() == pytest.approx([0.9, 0.9])
    assert limits.upper[:, 0].tolist() == pytest.approx([1.1, 1.1])
    assert limits.soft_lower[:, 0].tolist() == pytest.approx([0.96, 0.96])
    assert limits.soft_upper[:, 0].tolist() == pytest.approx([1.04, 1.04])
    # Targets 1,000 and 3,000 hours; 13 accounts are 130 % of the first: 26 points beyond 104 %.
    owner = np.array([0] * 13 + [1] * 27)
    assert problem.evaluate(owner).soft_cost[0, 0] == pytest.approx(26 * 50.0)


def test_a_soft_band_without_price_is_none() -> None:
    policy = {"metrics": [{"metric": "hours", "tolerance_pct": 10, "soft_tolerance_pct": 4}]}
    limits = tables(ACCOUNTS, REPS).planned(policy).problem.limits
    assert np.isinf(limits.soft_upper[:, 0]).all()


def test_a_giant_fills_the_lower_limits_alone_and_takes_nothing_of_the_upper() -> None:
    accounts = [account("A0", service_hours=10_000.0)] + [
        account(f"A{i:02d}", service_hours=10.0) for i in range(1, 31)
    ]
    policy = {
        "metrics": [
            {
                "metric": "hours",
                "tolerance_pct": 10,
                "soft_tolerance_pct": 2,
                "soft_price_usd_per_pct": 50,
            }
        ]
    }
    planning = tables(accounts, [rep("R1"), rep("R2"), rep("R3")]).planned(policy)
    values = planning.problem.pairs.at(np.array([0]), np.array([1]))
    assert values.load[0, 0] == 0.0
    # The priced lower limit is the higher one: the giant alone reaches it too.
    assert values.fill[0, 0] == pytest.approx(0.98)
    alone = planning.problem.evaluate(np.array([1] + [0] * 15 + [2] * 15))
    assert alone.soft_cost[1, 0] == 0.0
    assert alone.excess_below[1, 0] == 0.0


def test_one_unit_counts_at_most_the_lower_limit() -> None:
    accounts = [account("A0", service_hours=500.0)] + [
        account(f"A{i}", service_hours=100.0) for i in range(1, 6)
    ]
    planning = tables(accounts, [rep("R1"), rep("R2")]).planned(
        {"metrics": [{"metric": "hours", "tolerance_pct": 20}]}
    )
    values = planning.problem.pairs.at(np.array([0]), np.array([0]))
    assert values.load[0, 0] == pytest.approx(1.0)
    assert values.fill[0, 0] == pytest.approx(0.8)


def test_account_limits_bind_the_reps_they_name() -> None:
    problem = (
        tables(ACCOUNTS, REPS)
        .planned(
            {
                "metrics": [],
                "overtime": {"price_usd_per_hour": 0},
                "account_limits": [
                    {
                        "name": "big in the south",
                        "accounts": {"segment": ["big"]},
                        "reps": {"region": ["south"]},
                        "minimum": 2,
                        "maximum": 4,
                    }
                ],
            }
        )
        .problem
    )
    assert problem.limits.upper.tolist() == [[np.inf], [1.0]]
    assert problem.limits.lower.tolist() == [[-np.inf], [0.5]]
    for count, is_kept in ((1, False), (2, True), (4, True), (5, False)):
        owner = np.zeros(40, dtype=np.int64)
        owner[:count] = 1
        assert problem.evaluate(owner).is_feasible == is_kept, count


def test_a_maximum_of_zero_is_a_limit() -> None:
    policy = {"metrics": [], "account_limits": [{"name": "none", "maximum": 0}]}
    problem = tables([account("A1")], REPS).planned(policy).problem
    assert not problem.evaluate(np.array([0])).is_feasible


def test_families_count_all_their_accounts() -> None:
    accounts = [account("A1"), account("A2", family_id="A1"), account("A3")]
    policy = {"metrics": [], "account_limits": [{"name": "two", "maximum": 1}]}
    problem = tables(accounts, REPS).planned(policy).problem
    evaluation = problem.evaluate(np.array([0, 1]))
    assert evaluation.load[:, 1].tolist() == [2.0, 1.0]


def test_numbers_a_solver_cannot_hold_are_refused_by_name() -> None:
    accounts = [account("A1", potential_usd=9e8), account("A2", potential_usd=1.0)]
    reps = [rep("R1"), rep("R2", capacity_hours=1e12)]
    with pytest.raises(SolverError, match=r"A1 takes 1e\+09 times a rep's target of potential"):
        tables(accounts, reps).planned({"metrics": [{"metric": "potential", "tolerance_pct": 0}]})


def test_a_giant_however_large_is_planned() -> None:
    accounts = [owned("A1", "R1", potential_usd=9e14)] + [
        account(f"B{i:02d}", potential_usd=1.0) for i in range(30)
    ]
    policy = {"metrics": [{"metric": "potential"}], "locks": [{"name": "all"}]}
    planning = tables(accounts, REPS).planned(policy)
    assert planning.targets.giant[0, 0]
    assert planning.problem.pairs.at(np.array([0]), np.array([0])).load[0, 0] == 0.0
