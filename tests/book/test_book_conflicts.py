"""What no plan can keep is named before any solve, and only what no plan can keep."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_book import account, owned, rep, tables

REPS = [rep("R1"), rep("R2"), rep("R3", region="south")]


def test_locked_load_above_the_band() -> None:
    accounts = [owned(f"A{i}", "R1") for i in range(5)] + [account(f"B{i}") for i in range(4)]
    clashes = (
        tables(accounts, REPS)
        .planned({"metrics": [{"metric": "hours"}], "locks": [{"name": "all"}]})
        .clashes
    )
    assert clashes == (
        "metric hours of rep Rep R1: what only this rep may own, by locks, assignments or "
        "eligibility, has 500 hours, the upper limit is 315",
    )


def test_a_rep_who_cannot_reach_the_band() -> None:
    accounts = [account(f"A{i}", segment="big" if i else "mid") for i in range(9)]
    clashes = (
        tables(accounts, REPS)
        .planned(
            {
                "metrics": [{"metric": "account_count"}],
                "eligibility": [
                    {
                        "name": "big needs the north",
                        "accounts": {"segment": ["big"]},
                        "reps": {"region": ["north"]},
                    }
                ],
            }
        )
        .clashes
    )
    assert clashes == (
        "metric account_count of rep Rep R3: all that this rep may own has 1 accounts, the lower "
        "limit is 3",
    )


def test_account_limits_against_locks_and_eligibility() -> None:
    accounts = [owned(f"A{i}", "R1") for i in range(5)]
    policy: dict[str, Any] = {"metrics": [], "locks": [{"name": "all"}]}
    most = tables(accounts, REPS).planned(
        policy | {"account_limits": [{"name": "few", "maximum": 4}]}
    )
    assert most.clashes == (
        "account limit 'few' of rep Rep R1: what only this rep may own, by locks, assignments or "
        "eligibility, has 5 accounts, the upper limit is 4",
    )
    least = tables(accounts, REPS[:2]).planned(
        policy | {"account_limits": [{"name": "some", "minimum": 1}]}
    )
    assert least.clashes == (
        "account limit 'some' of rep Rep R2: all that this rep may own has 0 accounts, the lower "
        "limit is 1",
    )


def test_locked_hours_above_the_overtime_ceiling() -> None:
    accounts = [owned(f"A{i}", "R1", service_hours=500.0) for i in range(3)]
    planning = tables(accounts, REPS).planned(
        {"metrics": [], "locks": [{"name": "all"}], "overtime": {"max_pct": 130}}
    )
    assert planning.clashes == (
        "overtime ceiling of rep Rep R1: what only this rep may own takes 1,500 clock hours "
        "without travel, the ceiling is 1,300",
    )


def test_units_that_may_stay_unassigned_clash_with_nothing() -> None:
    accounts = [account(f"A{i}") for i in range(5)]
    policy = {
        "metrics": [],
        "account_limits": [{"name": "few", "maximum": 4}],
        "unassigned": [{"name": "all", "price_usd": 1}],
    }
    assert tables(accounts, [rep("R1")]).planned(policy).clashes == ()
    assert tables(accounts, [rep("R1")]).planned(policy | {"unassigned": []}).clashes


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from(["R1", "R2", None]), st.booleans()),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from([5, 20, 60]),
    st.integers(0, 4),
    st.sampled_from([0, 30, 100]),
    st.booleans(),
)
def test_a_named_clash_is_the_truth(
    rows: list[tuple[int, str | None, bool]],
    tolerance: int,
    maximum: int,
    budget: int,
    has_locks: bool,
) -> None:
    """Where any clash is named, every plan breaks some limit."""
    planning = tables(
        [
            account(
                f"A{i}",
                service_hours=float(hours),
                actual_sales_usd=float(hours),
                incumbent_rep_id=owner,
                is_strategic=strategic,
            )
            for i, (hours, owner, strategic) in enumerate(rows)
        ],
        [rep("R1"), rep("R2")],
    ).planned(
        {
            "metrics": [{"metric": "hours", "tolerance_pct": tolerance}],
            "account_limits": [{"name": "few", "maximum": maximum}],
            "move_budgets": [{"measure": "sales", "limit_pct": budget}],
            "locks": [{"name": "strategic", "strategic": True}] if has_locks else [],
        }
    )
    reps_of = [planning.units.allowed_reps(u).tolist() for u in range(len(planning.units))]
    is_possible = any(
        planning.problem.evaluate(np.array(owner)).is_feasible for owner in product(*reps_of)
    )
    assert not (planning.clashes and is_possible)


def test_a_book_that_can_be_planned_has_no_clash() -> None:
    accounts = [owned(f"A{i}", f"R{i % 3 + 1}") for i in range(9)]
    planning = tables(accounts, REPS).planned(
        {
            "locks": [{"name": "some", "account_ids": ["A0", "A1"]}],
            "account_limits": [{"name": "three", "minimum": 3, "maximum": 3}],
            "move_budgets": [{"measure": "accounts", "limit": 0}],
        }
    )
    assert planning.clashes == ()
    assert planning.problem.evaluate(np.arange(9) % 3).is_feasible


@pytest.mark.parametrize("on_infeasible", ["relax", "stop"])
def test_clashes_are_named_whatever_the_policy_does_about_them(on_infeasible: str) -> None:
    accounts = [owned(f"A{i}", "R1") for i in range(5)]
    planning = tables(accounts, REPS).planned(
        {"on_infeasible": on_infeasible, "locks": [{"name": "all"}]}
    )
    assert len(planning.clashes) == 6
