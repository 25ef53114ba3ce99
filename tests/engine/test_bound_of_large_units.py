"""The bound that knows large units: never above any plan, above the LP where units are lumpy."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_problems import every_answer, tiny_problems

from optimization.engine.bound import Certificate
from optimization.engine.dense import DensePairs
from optimization.engine.lp import solve_lp
from optimization.engine.modes import raise_bound
from optimization.engine.problem import Limits, Problem
from optimization.engine.watch import Watch

PENALTY = 1e5


def _certificate(problem: Problem, relaxation: float) -> Certificate:
    lp = solve_lp(problem, penalty=PENALTY, relaxation=relaxation, watch=Watch())
    return lp.certificate


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    tiny_problems(),
    st.sampled_from([0, 2, 20]),
    st.sampled_from([0.0, 0.5, 10.0]),
    st.booleans(),
)
def test_no_plan_costs_less(problem: Problem, nodes: int, room: float, is_relaxed: bool) -> None:
    answers = every_answer(problem)
    if answers.fewest_clashes:
        # Every bound holds where no plan keeps the separate sets.
        problem = replace(problem, separate=())
        answers = every_answer(problem)
    relaxation = answers.least_relaxation
    if is_relaxed:
        # An allowance beyond the need admits further plans, none of them below the bound.
        relaxation += 1 / 16
    optimum = answers.optimum(relaxation)
    certificate = _certificate(problem, relaxation)
    bound = raise_bound(
        problem, certificate, optimum + room, Watch(), nodes=nodes, relaxation=relaxation
    )
    assert certificate.bound <= bound <= optimum + 1e-6 * max(abs(optimum), 1.0)


def _lumpy_company() -> Problem:
    """Two units of 0.9 and twelve of 0.1 for three reps whose bands are 1 ± 0.05.

    Both large units are cheap at rep 0 and the small ones cost nothing there; the LP splits the
    large ones, but rep 0 can have only one of them, and then a single small unit.
    """
    units, reps = 14, 3
    cost = np.full((units, reps), 5.0)
    cost[:2] = [0.0, 100.0, 100.0]
    cost[2:, 0] = 0.0
    load = np.full((units, reps, 1), 0.1)
    load[:2] = 0.9
    limits = Limits.none(reps, 1)
    limits.upper[:], limits.lower[:] = 1.05, 0.95
    return Problem(DensePairs.of(cost, load), limits, ("hours",))


def test_lumpy_units_raise_the_bound() -> None:
    problem = _lumpy_company()
    certificate = _certificate(problem, 0.0)
    # One large unit and one small one at rep 0, the other large one elsewhere; rep 0 has room for
    # half a small unit more, which is all that a bound on the large ones may hide.
    optimum = 100.0 + 11 * 5.0
    assert certificate.bound < optimum - 5.0
    cuts = raise_bound(problem, certificate, optimum, Watch(), nodes=0)
    tree = raise_bound(problem, certificate, optimum, Watch(), nodes=50)
    assert certificate.bound + 1.0 < cuts <= tree
    assert tree >= optimum - 0.5 * 5.0 - 1e-3


def test_the_same_bound_every_time() -> None:
    problem = _lumpy_company()
    certificate = _certificate(problem, 0.0)
    bounds = {raise_bound(problem, certificate, 155.0, Watch(), nodes=10) for _ in range(3)}
    assert len(bounds) == 1


def test_an_interrupted_search_keeps_the_certificate() -> None:
    problem = _lumpy_company()
    certificate = _certificate(problem, 0.0)
    stopped = Watch(is_interrupted=lambda: True)
    assert raise_bound(problem, certificate, 155.0, stopped, nodes=10) == certificate.bound
