"""Bands that no plan keeps: the cheapest plan of little more than the least excess, against all."""

import itertools
from unittest import mock

import numpy as np
import pytest

from optimization.engine import solve as engine
from optimization.engine.dense import DensePairs
from optimization.engine.problem import Floats, Limits, Problem

UNITS, REPS, SLACK = 8, 3, 0.3


def _tight_problem(seed: int) -> Problem:
    """Units of about a third of a territory, bands of 1 %: no plan keeps them."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0, 0.4, (UNITS, 1, 2)) * np.ones((1, REPS, 1))
    shape = (REPS, 2)
    limits = Limits.none(*shape)
    limits.lower[:], limits.upper[:] = 0.99, 1.01
    return Problem(
        pairs=DensePairs.of(
            cost=rng.integers(1, 1000, (UNITS, REPS)).astype(float) + 0.5,
            load=size / size.sum(axis=0) * REPS,
        ),
        limits=limits,
        resources=("hours", "potential"),
    )


def _every_plan(problem: Problem) -> Floats:
    """(plans, 2) excess and cost of each assignment."""
    plans = itertools.product(range(REPS), repeat=UNITS)
    found = (problem.evaluate(np.array(owner)) for owner in plans)
    return np.array([(plan.relaxation, plan.objective) for plan in found])


@pytest.mark.parametrize("seed", range(3))
def test_cost_decides_within_the_slack(seed: int) -> None:
    problem = _tight_problem(seed)
    excess, cost = _every_plan(problem).T
    least = excess.min()
    assert least > 0
    for slack in (0.0, SLACK):
        cheapest = cost[excess <= least + slack + 1e-6].min()
        asked = problem.with_effort(relaxation_slack=slack)
        proved = engine.solve(asked)
        assert proved.status == "optimal"
        assert proved.objective == pytest.approx(cheapest)
        assert proved.least_relaxation == pytest.approx(least, abs=1e-5)
        with mock.patch.multiple(engine, TINY_ARCS=-1):
            found = engine.solve(asked)
        assert found.relaxation <= least + slack + 1e-5
        assert found.objective >= cheapest - 1e-6
        assert found.least_relaxation <= least + 1e-6
    assert cost[excess <= least + SLACK].min() < cost[excess <= least + 1e-6].min()
