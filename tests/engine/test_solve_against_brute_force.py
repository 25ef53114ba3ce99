"""The large tier, forced onto tiny problems: its bound, verdict and status against every plan."""

from unittest import mock

import pytest
from hypothesis import HealthCheck, assume, given, settings
from tiny_problems import every_answer, tiny_problems

from optimization.engine import solve as engine
from optimization.engine.problem import Problem
from optimization.engine.watch import Watch

CENT = 1e-4


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(tiny_problems())
def test_bound_and_status_of_the_large_tier_hold(problem: Problem) -> None:
    """Plans of the large tier may be dearer than the optimum; what it claims must be true."""
    truth = every_answer(problem)
    # Sets that cannot be kept apart are taken out before a problem is made.
    assume(truth.fewest_clashes == 0)
    effort = {"search_steps": 1, "rounds": 1}
    with mock.patch.multiple(engine, TINY_ARCS=-1, EXACT_ARCS=-1):
        answer = engine.solve(problem.with_effort(**effort), Watch())
    found = problem.evaluate(answer.owner)
    assert found.clashes == 0
    assert answer.relaxation == pytest.approx(found.relaxation, abs=1e-9)
    assert answer.objective == pytest.approx(found.objective)
    optimum = truth.optimum(max(found.relaxation, truth.least_relaxation))
    assert answer.bound <= optimum + CENT
    assert answer.least_relaxation <= truth.least_relaxation + 1e-6
    if answer.status == "optimal":
        assert found.relaxation <= truth.least_relaxation + 1e-6
        assert answer.objective <= optimum + CENT
