"""Fitted prices prove nearly all there is to prove, and samples stand for the whole."""

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine.basis import WarmPrices, basis_of
from optimization.engine.bound import certify
from optimization.engine.dense import DensePairs
from optimization.engine.lp import solve_lp
from optimization.engine.prices import fit_prices
from optimization.engine.problem import Ints, Limits, Prices, Problem
from optimization.engine.samples import Draw, SampledPairs
from optimization.engine.watch import Watch


def zero(problem: Problem) -> Prices:
    return Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))


def units_of(sample: Problem) -> Ints:
    assert isinstance(sample.pairs, SampledPairs)
    return sample.pairs.units


@pytest.mark.parametrize("seed", range(8))
def test_fitted_prices_come_close_to_the_lp(seed: int) -> None:
    problem = random_problem(seed, units=1200, reps=4)
    penalty = 10 * problem.pairs.cheapest(zero(problem), 1).priced.sum() / problem.rep_count
    optimum = solve_lp(problem, penalty=penalty, start=zero(problem), watch=Watch()).value
    proved = certify(problem, fit_prices(problem, Watch(), penalty=penalty)).bound
    assert proved <= optimum * (1 + 1e-9)
    assert proved >= optimum - 1e-3 * abs(optimum)


def test_a_penalty_below_what_a_limit_costs_is_raised() -> None:
    """Keeping the limit costs 50 USD a unit of load; a penalty of 5 USD would rather break it."""
    units = 400
    load = np.full((units, 2, 1), 2 / units)
    cost = np.column_stack((np.zeros(units), np.full(units, 50 * 2 / units)))
    limits = Limits.none(2, 1)
    limits.upper[:] = 1.1
    problem = Problem(DensePairs.of(cost, load), limits, ("hours",))
    low = fit_prices(problem, Watch(), penalty=5.0)
    raised = fit_prices(problem, Watch(), penalty=5.0, raises_penalty=True)
    assert low.above[0, 0] == pytest.approx(5.0)
    assert raised.above[0, 0] == pytest.approx(50.0, rel=0.05)


@pytest.mark.parametrize("seed", range(8))
def test_the_optimum_is_the_same_with_and_without_samples(seed: int) -> None:
    problem = random_problem(seed, units=1200, reps=4)
    with_samples = solve_lp(problem, penalty=1e5, watch=Watch())
    alone = solve_lp(problem, penalty=1e5, start=zero(problem), watch=Watch())
    assert with_samples.is_exact
    assert with_samples.value == pytest.approx(alone.value, rel=1e-7)


def test_samples_grow_by_adding_units() -> None:
    problem = random_problem(2, units=4000, reps=3)
    draw = Draw.of(problem, zero(problem))
    small, large = units_of(draw.sample(300).problem), units_of(draw.sample(900).problem)
    assert set(small.tolist()) < set(large.tolist())
    assert small.size == pytest.approx(300, rel=0.15)
    whole = draw.sample(4000)
    assert units_of(whole.problem).tolist() == draw.units.tolist()
    assert whole.size.tolist() == draw.size.tolist()


def test_a_sample_and_the_rest_take_what_the_whole_takes() -> None:
    problem = random_problem(2, units=4000, reps=3)
    owner = problem.pairs.cheapest(zero(problem), 1).rep[:, 0]
    sample = Draw.of(problem, zero(problem)).sample(1000).problem
    units = units_of(sample)
    mine = sample.pairs.at(np.arange(units.size), owner[units])
    whole = problem.pairs.at(np.arange(problem.unit_count), owner)
    finite = np.isfinite(problem.limits.lower)
    rest = np.where(finite, problem.limits.lower, 0) - np.where(finite, sample.limits.lower, 0)
    has_row = finite.any(axis=0)
    taken = mine.fill.sum(axis=0)[has_row] + rest.sum(axis=0)[has_row]
    held = owner < problem.rep_count
    np.testing.assert_allclose(taken, whole.fill[held].sum(axis=0)[has_row], rtol=0.1)


def test_the_same_problem_has_the_same_prices() -> None:
    problem = random_problem(1, units=600, reps=3)
    first, second = fit_prices(problem, Watch()), fit_prices(problem, Watch())
    np.testing.assert_array_equal(first.above, second.above)
    np.testing.assert_array_equal(first.below, second.below)


def test_prices_of_an_optimum_bring_their_basis(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(6, units=300, reps=4)
    first = solve_lp(problem, penalty=1e5, watch=Watch())
    assert isinstance(first.prices, WarmPrices)
    again = solve_lp(problem, penalty=1e5, start=first.prices, watch=Watch())
    assert again.value == pytest.approx(first.value, rel=1e-9)
    assert again.is_exact
    assert basis_of(None).unit.size == 0
