"""Exactness: the small tier against every plan there is: optimum, verdict, least relaxation."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_problems import every_answer, tiny_problems

from optimization.engine.bound import certify
from optimization.engine.exact import solve_exactly
from optimization.engine.problem import Prices, Problem
from optimization.engine.watch import Watch


def cases(count: int) -> settings:
    """Repeatable cases."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@cases(1_300)
@given(tiny_problems())
def test_answer_is_the_best_of_all_plans(problem: Problem) -> None:
    truth = every_answer(problem)
    answer = solve_exactly(problem, Watch())
    found = problem.evaluate(answer.owner)
    assert found.clashes == truth.fewest_clashes
    assert answer.relaxation == pytest.approx(truth.least_relaxation, abs=1e-6)
    assert answer.least_relaxation_bound == pytest.approx(truth.least_relaxation, abs=1e-5)
    assert found.objective == pytest.approx(answer.objective, abs=1e-9)
    optimum = truth.optimum()
    assert answer.objective == pytest.approx(optimum, rel=1e-6, abs=1e-6)
    assert answer.bound <= optimum + 1e-6 * max(abs(optimum), 1)
    assert answer.bound == pytest.approx(optimum, rel=2e-6, abs=2e-6)
    assert answer.status == "optimal"


@cases(300)
@given(tiny_problems(5), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.125, 1.0]))
def test_any_prices_prove_a_bound(problem: Problem, seed: int, relaxation: float) -> None:
    """Random prices are climbed from, so that the bound comes close to what it must not exceed."""
    truth = every_answer(problem)
    optimum = truth.cost[truth.relaxation <= relaxation].min(initial=np.inf)
    rng = np.random.default_rng(seed)
    prices = Prices.zero(*problem.limits.upper.shape, len(problem.budgets))
    best = -np.inf
    for scale in np.geomspace(100, 1, 60):
        step = [
            scale * rng.normal(size=p.shape) * (rng.random(p.shape) < 0.5)
            for p in prices_of(prices)
        ]
        tried = Prices(*(p + s for p, s in zip(prices_of(prices), step, strict=True)))
        proof = certify(problem, tried, relaxation)
        assert proof.bound <= optimum + 1e-9 * max(1.0, abs(optimum))
        assert min(p.min(initial=0.0) for p in prices_of(proof.prices)) >= 0
        if proof.bound > best:
            best, prices = proof.bound, proof.prices


def prices_of(prices: Prices) -> tuple[np.ndarray, ...]:
    return prices.above, prices.below, prices.budget
