"""Any prices give a bound that no plan beats; and what tightening drops is in no plan."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_book import account, book, override, owned, rep

from optimization import Policy
from optimization.bound import certificate, cost_goal, relaxation_goal
from optimization.problem import TOLERANCE, Problem, build_problem
from optimization.relaxation import solve_relaxation
from optimization.tighten import tighten

PLACES = (39.1, 41.9, 32.8)


def make_problem(
    tolerance_pct: float, giant: bool = False, capacity_hours: float = 150.0, held: int = 0
) -> Problem:
    """Six units, three reps, all kinds of rows: bands, an inner band, overtime, held units."""
    reps = [
        rep(f"R{j}", latitude=PLACES[j], capacity_hours=capacity_hours * (1 + j / 3))
        for j in range(3)
    ]
    accounts = [
        owned(
            f"A{i}",
            f"R{i % 3}",
            latitude=PLACES[(i + 1) % 3],
            service_hours=60.0 + 17 * i,
            potential_usd=1_000.0 + 311 * i,
            actual_sales_usd=400.0 * i,
        )
        for i in range(5)
    ]
    accounts.append(account("A5", potential_usd=90_000.0 if giant else 1_500.0))
    band: dict[str, Any] = {
        "metric": "hours",
        "tolerance_pct": tolerance_pct,
        "soft_tolerance_pct": tolerance_pct / 3,
        "soft_price_usd_per_pct": 40.0,
    }
    policy = Policy.model_validate(
        {"metrics": [band, {"metric": "potential", "tolerance_pct": tolerance_pct}]}
    )
    rows = [override("A1", "lock"), override("A2", "forbid", "R0")]
    if held:
        rows = [override(f"A{i}", "assign", "R0") for i in range(held)]
    tables = book(accounts, reps, rows)
    return build_problem(tables.accounts, tables.reps, tables.overrides, policy).problem


PROBLEMS = {
    "tight": make_problem(10.0),
    "loose": make_problem(60.0),
    "giant": make_problem(30.0, giant=True),
    # Overtime that nobody can avoid, and a band that no plan can keep: the bound is nearly exact.
    "overworked": make_problem(60.0, capacity_hours=15.0),
    "crowded": make_problem(20.0, held=5),
}
PLANS = {
    name: [
        np.array(owner)
        for owner in product(*[np.flatnonzero(row).tolist() for row in problem.allowed])
    ]
    for name, problem in PROBLEMS.items()
}

BEST_PRICES = {
    name: solve_relaxation(problem, cost_goal(problem, 0.05, 1e5)).certificate.prices
    for name, problem in PROBLEMS.items()
}

anything = st.one_of(
    st.floats(-1e3, 1e6), st.sampled_from([0.0, 1e12, float("nan"), float("inf"), -float("inf")])
)


@st.composite
def prices(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    """A problem and a price for each of its rows, sensible or not."""
    name = draw(st.sampled_from(sorted(PROBLEMS)))
    shape = PROBLEMS[name].limit.shape
    few = draw(st.lists(anything, min_size=1, max_size=6))
    at = draw(
        st.lists(st.integers(0, shape[0] * shape[1] - 1), min_size=len(few), max_size=len(few))
    )
    # From nothing, or from the best prices of the linear relaxation, scaled beyond their ceiling.
    flat = draw(st.sampled_from([0.0, 0.5, 1.0, 1.3, 4.0, 1e6])) * BEST_PRICES[name].ravel()
    if draw(st.booleans()):
        flat[at] = few
    return name, flat.reshape(shape)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(prices(), st.sampled_from([0.0, 0.05, 0.4]))
def test_no_plan_within_the_budget_beats_the_bound(
    case: tuple[str, np.ndarray], budget: float
) -> None:
    name, price = case
    problem = PROBLEMS[name]
    proof = certificate(problem, cost_goal(problem, budget), price)
    assert np.isfinite(proof.bound)
    assert (proof.prices >= 0).all()
    for owner in PLANS[name]:
        widened = problem.slack_values(owner)[:, problem.relax_slacks].sum()
        if widened <= budget:
            cost = problem.objective(owner)
            assert proof.bound <= cost + 1e-6 * max(cost, 1.0)
            # A plan that uses a pair costs at least the bound and the pair's excess.
            dearest = proof.excess[np.arange(owner.size), owner].max()
            assert proof.bound + dearest <= cost + 1e-6 * max(cost, 1.0)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(prices(), st.sampled_from([0.0, 0.1]), st.sampled_from([10.0, 1e5]))
def test_with_a_penalty_no_plan_at_all_beats_the_bound(
    case: tuple[str, np.ndarray], budget: float, penalty: float
) -> None:
    name, price = case
    problem = PROBLEMS[name]
    proof = certificate(problem, cost_goal(problem, budget, penalty), price)
    for owner in PLANS[name]:
        widened = problem.slack_values(owner)[:, problem.relax_slacks].sum()
        cost = problem.objective(owner) + penalty * max(widened - budget, 0.0)
        assert proof.bound <= cost + 1e-6 * max(cost, 1.0)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(prices())
def test_the_least_relaxation_is_bounded_too(case: tuple[str, np.ndarray]) -> None:
    name, price = case
    problem = PROBLEMS[name]
    proof = certificate(problem, relaxation_goal(problem), price / 1_000)
    least = min(problem.slack_values(owner)[:, problem.relax_slacks].sum() for owner in PLANS[name])
    assert proof.bound <= least + 1e-9


def test_without_prices_the_bound_is_the_cheapest_owner_of_each_unit() -> None:
    problem = PROBLEMS["loose"]
    proof = certificate(problem, cost_goal(problem, 0.0), np.zeros_like(problem.limit))
    cheapest = np.where(problem.allowed, problem.cost, np.inf).min(axis=1).sum()
    assert proof.bound == pytest.approx(cheapest)
    assert (proof.excess[~problem.allowed] == np.inf).all()
    assert proof.excess.min(axis=1).tolist() == [0.0] * problem.unit_count


def test_good_prices_raise_the_bound() -> None:
    """Where bands bind, some prices prove more than none: the test above is not about zero."""
    problem = PROBLEMS["tight"]
    goal = cost_goal(problem, 0.4)
    none = certificate(problem, goal, np.zeros_like(problem.limit)).bound
    best = max(
        certificate(
            problem, goal, np.eye(problem.limit.size)[i].reshape(problem.limit.shape) * p
        ).bound
        for i in range(problem.limit.size)
        for p in (50.0, 500.0, 5_000.0)
    )
    assert best > none + 1


@pytest.mark.parametrize("name", sorted(PROBLEMS))
@pytest.mark.parametrize("budget", [0.0, 0.02, 0.1, 0.5, 2.0])
def test_tightening_cuts_off_no_plan(name: str, budget: float) -> None:
    """Every plan within the budget stays, at the same cost and the same relaxation or less."""
    problem = PROBLEMS[name]
    sharp = tighten(problem, budget)
    kept = 0
    for owner in PLANS[name]:
        widened = problem.slack_values(owner)[:, problem.relax_slacks].sum()
        if widened > budget:
            continue
        kept += 1
        assert sharp.allowed[np.arange(owner.size), owner].all()
        loads = sharp.slack_values(owner)[:, sharp.relax_slacks].sum()
        assert loads <= widened + TOLERANCE
        assert sharp.objective(owner) == pytest.approx(problem.objective(owner))
    if budget >= 2.0 and name != "crowded":
        assert kept > 10


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_tightening_only_shrinks(name: str) -> None:
    """No pair and no filling of a lower limit is gained; a unit is never left without a rep."""
    problem = PROBLEMS[name]
    sharp = tighten(problem)
    assert not (sharp.allowed & ~problem.allowed).any()
    assert sharp.allowed.any(axis=1).all()
    assert (sharp.coefficient >= problem.coefficient).all()


def test_tightening_drops_a_unit_too_large_for_a_small_rep() -> None:
    problem = PROBLEMS["tight"]
    coefficient = problem.coefficient.copy()
    upper = next(q for q, row in enumerate(problem.rows) if row.name == "upper")
    coefficient[0, 0, upper] = problem.limit[0, upper] + 0.1
    heavy = replace(problem, coefficient=coefficient)
    assert heavy.allowed[0, 0]
    assert not tighten(heavy).allowed[0, 0]
    assert tighten(heavy, budget=0.2).allowed[0, 0]
