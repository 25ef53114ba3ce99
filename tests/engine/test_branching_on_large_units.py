"""Branching on large units over the column generation: never above any plan, often above the LP."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_problems import every_answer, tiny_problems

from optimization.engine.dense import DensePairs
from optimization.engine.large_units import branch_on_large
from optimization.engine.lp import LpOptimum, solve_lp
from optimization.engine.problem import Limits, Problem
from optimization.engine.watch import Watch

PENALTY = 1e5


def _lp(problem: Problem, room: float) -> LpOptimum:
    return solve_lp(problem, penalty=PENALTY, relaxation=room, watch=Watch())


def _branched(problem: Problem, lp: LpOptimum, target: float, room: float, nodes: int) -> float:
    return branch_on_large(
        problem,
        lp.prices,
        lp.certificate.bound,
        target,
        penalty=PENALTY,
        room=room,
        nodes=nodes,
        watch=Watch(),
    )


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(tiny_problems(), st.sampled_from([1, 4, 40]), st.booleans())
def test_no_plan_costs_less(problem: Problem, nodes: int, is_relaxed: bool) -> None:
    problem = replace(problem, separate=())
    answers = every_answer(problem)
    room = answers.least_relaxation + (1 / 16 if is_relaxed else 0.0)
    optimum = answers.optimum(room)
    lp = _lp(problem, room)
    bound = _branched(problem, lp, np.inf, room, nodes)
    slack = 1e-6 * max(abs(optimum), 1.0)
    assert lp.certificate.bound <= bound <= optimum + slack


def _two_large_units() -> Problem:
    """Rep 0 has room for one of two large units, and both cost 100 more anywhere else."""
    cost = np.array([[0.0, 100.0, 100.0]] * 2 + [[0.0, 5.0, 5.0]] * 12)
    load = np.full((14, 3, 1), 0.1)
    load[:2] = 0.9
    limits = Limits.none(3, 1)
    limits.upper[:], limits.lower[:] = 1.05, 0.95
    return Problem(DensePairs.of(cost, load), limits, ("hours",))


def test_a_large_unit_is_not_shared_out() -> None:
    problem = _two_large_units()
    lp = _lp(problem, 0.0)
    # One large unit elsewhere and eleven small ones, of which the LP may still split one.
    optimum = 100.0 + 11 * 5.0
    assert lp.certificate.bound < optimum - 5.0
    assert optimum - 5.0 <= _branched(problem, lp, np.inf, 0.0, 40) <= optimum + 1e-6


def test_the_target_ends_the_tree() -> None:
    problem = _two_large_units()
    lp = _lp(problem, 0.0)
    low = lp.certificate.bound + 1.0
    assert low <= _branched(problem, lp, low, 0.0, 1_000)


def test_an_interrupt_keeps_what_is_proved() -> None:
    problem = _two_large_units()
    lp = _lp(problem, 0.0)
    bound = branch_on_large(
        problem,
        lp.prices,
        lp.certificate.bound,
        np.inf,
        penalty=PENALTY,
        room=0.0,
        nodes=40,
        watch=Watch(is_interrupted=lambda: True),
    )
    assert bound == lp.certificate.bound
