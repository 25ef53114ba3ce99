"""Fitted prices prove more than none, and a sample stands for the whole."""

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine import prices as prices_module
from optimization.engine.bound import certify
from optimization.engine.lp import solve_lp
from optimization.engine.prices import fit_prices, sample_of
from optimization.engine.problem import Prices
from optimization.engine.watch import Watch


@pytest.mark.parametrize("seed", range(6))
def test_fitted_prices_come_close_to_the_lp(seed: int) -> None:
    problem = random_problem(seed, units=400, reps=4)
    fitted = fit_prices(problem, Watch())
    zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    nothing = certify(problem, zero).bound
    # The penalty of the fit, so that both price what no plan can keep alike.
    penalty = 10 * problem.pairs.cheapest(zero, 1).priced.sum() / problem.rep_count
    optimum = solve_lp(problem, penalty=penalty, watch=Watch()).value
    proved = certify(problem, fitted).bound
    assert proved <= optimum * (1 + 1e-9)
    assert optimum - proved <= max(0.75 * (optimum - nothing), 0.01 * optimum)


def test_a_sample_takes_what_the_whole_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices_module, "LARGE", 1.0)
    problem = random_problem(2, units=4000, reps=3)
    owner = problem.pairs.cheapest(
        Prices.zero(3, len(problem.resources), len(problem.budgets)), 1
    ).rep[:, 0]
    sample = sample_of(problem, 1000, owner)
    mine = sample.pairs.at(np.arange(sample.unit_count), owner[sample.pairs.units])  # type: ignore[attr-defined]
    whole = problem.pairs.at(np.arange(problem.unit_count), owner)
    assert sample.unit_count < 1100
    np.testing.assert_allclose(mine.fill.sum(axis=0), whole.fill.sum(axis=0), rtol=0.15)
    assert mine.cost.sum() == pytest.approx(whole.cost.sum(), rel=0.1)


def test_the_same_problem_has_the_same_prices() -> None:
    problem = random_problem(1, units=300, reps=3)
    first, second = fit_prices(problem, Watch()), fit_prices(problem, Watch())
    np.testing.assert_array_equal(first.above, second.above)
    np.testing.assert_array_equal(first.below, second.below)
