"""The smoothed dual against its definition, its derivatives and the best step of its model."""

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine import smooth_kernels as kernels
from optimization.engine.bound import certify
from optimization.engine.problem import Floats, Prices, Problem
from optimization.engine.smooth import SmoothDual, _damped
from optimization.engine.watch import Watch

SEEDS = range(12)


def dual_of(seed: int, scale: float = 30.0) -> tuple[Problem, SmoothDual, kernels.Pool]:
    """A dual at random prices, with every pair in its pool."""
    problem = random_problem(seed, units=80, reps=4)
    rng = np.random.default_rng(seed)
    shape = (problem.rep_count, len(problem.resources))
    signed = rng.normal(0, scale, shape)
    prices = Prices(
        np.maximum(signed, 0), np.maximum(-signed, 0), rng.uniform(0, 5, len(problem.budgets))
    )
    dual = SmoothDual(problem, 1e4, prices)
    return problem, dual, dual._pool(np.full(problem.unit_count, 1e3))


def model_of(dual: SmoothDual, pool: kernels.Pool) -> tuple[Floats, kernels.Curvature]:
    """Gradient and curvature where the dual stands."""
    _, _, share, gradient = dual._spread(pool, dual.point)
    row_first, column = kernels.neighbours(pool, share)
    by_rep = dual._by_rep(dual.point)
    return gradient, kernels.curvature(pool, by_rep, share, row_first, column)


def smoothed(pool: kernels.Pool, dual: SmoothDual, point: Floats) -> float:
    """The definition, unit by unit."""
    by_rep, tail = dual._by_rep(point), dual.problem.rep_count * len(dual.problem.resources)
    total = -kernels.limit_cost(dual.terms, point)
    for u in range(dual.problem.unit_count):
        pairs = slice(pool.first[u], pool.first[u + 1])
        price = by_rep[pool.rep[pairs]]
        taken = np.where(price >= 0, pool.load[pairs], pool.fill[pairs])
        priced = pool.cost[pairs] + (price * taken).sum(axis=1)
        priced += pool.weight[pairs] @ point[tail:]
        least = priced.min()
        norm = np.exp((least - priced) / pool.heat[u]).sum()
        total += least - pool.heat[u] * np.log(norm)
    return float(total)


@pytest.mark.parametrize("seed", SEEDS)
def test_value_is_the_definition_and_below_the_bound(seed: int) -> None:
    problem, dual, pool = dual_of(seed)
    value, entropy = dual._spread(pool, dual.point)[:2]
    assert value == pytest.approx(smoothed(pool, dual, dual.point), rel=1e-9)
    cold = dual._spread(pool._replace(heat=np.full(problem.unit_count, 1e-6)), dual.point)[0]
    assert value <= cold + 1e-6 * abs(cold)
    assert value + entropy >= cold - 1e-6 * abs(cold)


@pytest.mark.parametrize("seed", SEEDS)
def test_gradient_and_curvature_are_derivatives(seed: int) -> None:
    _, dual, pool = dual_of(seed)
    gradient, curve = model_of(dual, pool)
    rng = np.random.default_rng(seed)
    # Small against every price, so that none changes its sign and takes fill instead of load.
    step = 1e-4 * dual.point * rng.normal(size=dual.point.size)
    near = dual._spread(pool, dual.point + step)
    free = near[0] + kernels.limit_cost(dual.terms, dual.point + step)
    before = dual._spread(pool, dual.point)[0] + kernels.limit_cost(dual.terms, dual.point)
    assert free - before == pytest.approx(gradient @ step, rel=1e-3, abs=1e-6)
    bent = np.empty(dual.point.size)
    kernels._apply(curve, step, bent)
    change = gradient - near[3]
    # Shares below LEAST_SHARE are left out of the curvature on purpose.
    np.testing.assert_allclose(bent, change, atol=0.02 * np.abs(change).max() + 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_random_step_gains_more_than_the_best(seed: int) -> None:
    _, dual, pool = dual_of(seed)
    gradient, curve = model_of(dual, pool)
    curve = _damped(curve, 1e-2)
    low, high = dual.point - 20.0, dual.point + 20.0
    step, gain = kernels.best_step(curve, dual.terms, gradient, dual.point, low, high)
    assert (dual.point + step >= low - 1e-9).all()
    assert (dual.point + step <= high + 1e-9).all()

    def worth(x: Floats) -> float:
        bent = np.empty(x.size)
        kernels._apply(curve, x, bent)
        cost = kernels.limit_cost(dual.terms, dual.point + x)
        cost -= kernels.limit_cost(dual.terms, dual.point)
        return float(gradient @ x - 0.5 * x @ bent - cost)

    assert gain == pytest.approx(worth(step), rel=1e-6, abs=1e-6)
    assert gain >= 0
    rng = np.random.default_rng(seed)
    lowest, highest = dual.terms.knot[:, 0], dual.terms.knot[:, 4]
    for spread in (0.01, 0.3, 3.0, 20.0):
        for _ in range(50):
            other = step + rng.normal(0, spread, step.size)
            other = np.clip(dual.point + other, low, high)
            # Beyond the outer knots prices are not allowed, which the cost alone does not say.
            other = np.clip(other, lowest, highest) - dual.point
            assert worth(other) <= gain * 1.05 + 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_climbing_raises_the_bound(seed: int) -> None:
    problem = random_problem(seed, units=300, reps=4)
    zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    dual = SmoothDual(problem, 1e3, zero)
    before = certify(problem, zero).bound
    dual.climb(20.0, np.full(problem.unit_count, 0.2), Watch(), 20)
    assert certify(problem, dual.prices()).bound >= before - 1e-6 * abs(before)
