"""The whole way from tables to a problem."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tiny_book import account, override, owned, rep, rules_of, tables

from optimization.book.planning import Planning, build_planning
from optimization.policy import load_policy

EVERY_FEATURE = (
    Path(__file__).parents[2] / "config" / "examples" / "policies" / "every_feature.yaml"
)
REPS = [
    rep("R01", skill_industries="retail|health", experience_multiplier=1.5),
    rep("R02", latitude=41.0, capacity_hours=500.0),
    rep("R03", latitude=None, skill_industries="health"),
]
ACCOUNTS = [
    owned(
        f"A{i}",
        f"R0{i % 3 + 1}",
        potential_usd=5_000.0 + 100 * i,
        actual_sales_usd=1_000.0,
        segment=("small", "mid", "enterprise")[i % 3],
        industry=("retail", "health", None)[i % 3],
        complexity_score=0.5 + 0.2 * i,
        latitude=38.0 + 0.3 * i if i else None,
    )
    for i in range(1, 10)
]


def same_problem(one: Planning, other: Planning) -> bool:
    units, reps = len(one.units), len(one.reps)
    unit, rep_index = np.repeat(np.arange(units), reps), np.tile(np.arange(reps), units)
    first, second = (p.problem.pairs.at(unit, rep_index) for p in (one, other))
    return one.units.ids == other.units.ids and all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("cost", "load", "fill", "weight")
    )


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [override("A1", "lock"), override("A2", "forbid", "R01")]
    policy = {"move_budgets": [{"measure": "sales", "limit_pct": 10}]}
    one = tables(ACCOUNTS, REPS, rows).planned(policy)
    other = tables(ACCOUNTS[::-1], REPS[::-1], rows[::-1]).planned(policy)
    assert same_problem(one, other)
    assert one.findings == other.findings


def test_a_policy_of_every_feature_is_planned() -> None:
    book = tables(ACCOUNTS, REPS)
    policy = load_policy(EVERY_FEATURE)
    times = pl.DataFrame({"from_zone": ["north"], "to_zone": ["MO"], "hours": [1.5]})
    planning = build_planning(
        book.accounts,
        book.reps,
        book.overrides,
        policy.model_copy(update={"eligibility": policy.eligibility[:1]}),
        as_of=date(2026, 11, 1),
        travel_matrix=times,
    )
    assert planning.problem.resources == (
        "hours",
        "potential",
        "sales",
        "account_count",
        "enterprise_accounts",
        "clock_hours",
        "travel_hours",
        "limit:book of a junior",
        "limit:few enterprise accounts each",
        "level:manager_id:hours",
        "level:region:potential",
    )
    assert planning.problem.budgets == ("sales", "accounts", "tenure_months")
    assert len(planning.units) == 8  # A1 and A2 buy together
    assert [members.tolist() for members in planning.problem.separate] == [[1, 2]]
    assert planning.units.hold_rule[-1] == "holdout of the merger"
    evaluation = planning.problem.evaluate(np.zeros(8, dtype=np.int64))
    assert np.isfinite(evaluation.objective)


def test_what_a_rep_would_win_follows_the_formulas() -> None:
    planning = tables(
        [
            account(
                "A1",
                service_hours=40.0,
                potential_usd=11_000.0,
                actual_sales_usd=1_000.0,
                complexity_score=1.6,
            )
        ],
        [
            rep("R1", experience_multiplier=1.3, skill_industries="retail"),
            rep("R2", experience_multiplier=1.0, skill_industries="health"),
        ],
    ).planned()
    # Ample capacity: 40 hours win half of 10 % of 10,000. Complexity 1.6 calls for 1.3.
    assert planning.pairs.inputs.win_usd.tolist() == pytest.approx([500.0])
    assert planning.pairs.inputs.needed_experience.tolist() == pytest.approx([1.3])
    values = planning.pairs.account_values(np.array([0, 0]), np.array([0, 1]))
    short = (1 - 0.3 * 0.3 / 0.5) * (1 - 0.15)
    assert values.expected_sales_usd.tolist() == pytest.approx([1_500.0, 1_000.0 + 500.0 * short])


def test_a_team_too_small_wins_less() -> None:
    accounts = [account(f"A{i}", service_hours=40.0, potential_usd=10_000.0) for i in range(2)]
    planning = tables(accounts, [rep("R1", capacity_hours=40.0)]).planned()
    assert planning.pairs.inputs.win_usd.tolist() == pytest.approx([1_000.0 / 3] * 2)


def test_effort_and_seed_come_from_the_policy() -> None:
    problem = (
        tables([account("A1")], [rep("R1")])
        .planned(
            {
                "seed": 11,
                "solver": {"rel_gap_pct": 0.5, "node_limit": 9, "search_steps_millions": 3},
            }
        )
        .problem
    )
    assert problem.seed == 11
    assert problem.effort.rel_gap == 0.005
    assert problem.effort.node_limit == 9
    assert problem.effort.search_steps == 3


def test_what_the_data_leaves_open_is_told() -> None:
    planning = tables(
        [account("A1", latitude=None), account("A2")], [rep("R1", longitude=None), rep("R2")]
    ).planned()
    assert rules_of(planning) == ["account_without_coordinates", "rep_without_base"]


def test_a_book_without_accounts_is_planned() -> None:
    planning = tables([], REPS).planned()
    assert planning.problem.unit_count == 0
    assert planning.targets.target.tolist() == [[0.0] * 4] * 3
    assert planning.clashes == ()


def test_an_empty_book_is_planned() -> None:
    planning = tables([], []).planned()
    assert (planning.problem.unit_count, planning.problem.rep_count) == (0, 0)


def test_importing_the_book_loads_no_compiler() -> None:
    code = "import optimization.book.planning, sys; sys.exit('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    assert done.returncode == 0
