"""A solve that begins from plans and prices of the same problem under other limits."""

from dataclasses import replace

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine.basis import basis_of
from optimization.engine.dense import DensePairs
from optimization.engine.lp import solve_lp
from optimization.engine.problem import Limits, Prices, Problem
from optimization.engine.solve import solve
from optimization.engine.start import Start, prices_for
from optimization.engine.watch import Watch


def book(tolerance: float, units: int = 90, reps: int = 6) -> Problem:
    """Units on a map, one resource in a hard band; too many pairs for the whole model."""
    rng = np.random.default_rng(3)
    size = rng.lognormal(0.0, 0.6, units)
    place, home = rng.random((units, 2)), rng.random((reps, 2))
    cost = 1_000 * np.linalg.norm(place[:, None] - home[None], axis=2)
    load = np.broadcast_to((size / size.sum() * reps)[:, None, None], (units, reps, 1)).copy()
    limits = Limits.none(reps, 1)
    limits.upper[:], limits.lower[:] = 1 + tolerance, 1 - tolerance
    problem = Problem(DensePairs.of(cost, load), limits, ("hours",))
    return problem.with_effort(search_steps=1, node_limit=50)


def test_the_plan_is_no_worse_than_any_it_began_from_and_the_bound_holds() -> None:
    tight, wide = book(0.02), book(0.2)
    first = solve(tight)
    again = solve(wide, start=Start((first.owner,), first.prices))
    alone = solve(wide)
    assert again.objective <= wide.evaluate(first.owner).objective + 1e-6
    assert again.bound <= min(again.objective, alone.objective) + 1e-6
    assert again.gap < 0.01
    assert wide.evaluate(again.owner).is_feasible


def test_a_start_that_breaks_limits_is_mended() -> None:
    tight, wide = book(0.02), book(0.5)
    loose = solve(wide)
    assert not tight.evaluate(loose.owner).is_feasible
    mended = solve(tight, start=Start((loose.owner,), loose.prices))
    assert tight.evaluate(mended.owner).is_feasible
    assert mended.bound >= loose.bound - 1e-6


def test_a_neighbours_basis_is_optimal_but_for_the_limits() -> None:
    """With it the relaxation needs its first LP only, and ends at the same value."""
    near = solve_lp(book(0.05), penalty=1e5, watch=Watch())
    warm = solve_lp(book(0.06), penalty=1e5, start=near.prices, watch=Watch(), round_limit=2)
    cold = solve_lp(book(0.06), penalty=1e5, watch=Watch())
    assert basis_of(near.prices).rows.size > 0
    assert warm.is_exact
    assert warm.value == pytest.approx(cold.value)


def test_prices_follow_their_budgets_by_name() -> None:
    shape = (2, 1)
    known = Prices(np.ones(shape), np.zeros(shape), np.array([3.0, 5.0]))
    assert prices_for(known, ("sales", "accounts"), ("accounts", "tenure")).budget.tolist() == [
        5,
        0,
    ]
    assert prices_for(known, ("sales", "accounts"), ("sales", "accounts")).budget.tolist() == [3, 5]


@pytest.mark.parametrize("seed", range(3))
def test_small_problems_are_proved_from_any_start(seed: int) -> None:
    problem = random_problem(seed)
    alone = solve(problem)
    wide = replace(problem, budget_limit=problem.budget_limit + 1.0)
    other = solve(wide)
    again = solve(problem, start=Start((other.owner,), other.prices))
    assert again.objective == pytest.approx(alone.objective)
    assert again.relaxation == pytest.approx(alone.relaxation, abs=2e-6)
