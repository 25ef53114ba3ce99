"""Every bound holds for every plan: certificates from any prices, tightening, modes, branching."""

from itertools import product

import numpy as np
import pytest
from synthetic import make_book

from optimization import Policy
from optimization.bound import certificate, cost_goal
from optimization.branch import raise_bound
from optimization.improve import unit_sizes
from optimization.modes import ModeLp
from optimization.policy import MetricBand
from optimization.problem import Problem, build_problem
from optimization.relaxation import solve_relaxation
from optimization.tighten import tighten

PENALTY = 1e6
SEEDS = range(12)


def tiny_problem(seed: int) -> Problem:
    book = make_book(8, 3, seed=seed)
    bands = [
        MetricBand(metric="hours", tolerance_pct=40.0),
        MetricBand(metric="potential", tolerance_pct=50.0),
    ]
    return build_problem(book.accounts, book.reps, book.overrides, Policy(metrics=bands)).problem


def cheapest(problem: Problem) -> tuple[float, float]:
    """Least total relaxation of all plans, and least cost of the plans that need no more."""
    choices = [np.flatnonzero(row).tolist() for row in problem.allowed]
    plans = [np.array(owner, dtype=np.int64) for owner in product(*choices)]
    needed = [problem.relaxation(owner) for owner in plans]
    least = min(needed)
    costs = [problem.objective(o) for o, n in zip(plans, needed, strict=True) if n <= least + 1e-9]
    return least, min(costs)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_prices_prove_a_bound(seed: int) -> None:
    problem = tiny_problem(seed)
    least, cost = cheapest(problem)
    rng = np.random.default_rng(seed)
    for model, penalty in product((problem, tighten(problem, least)), (np.inf, 500.0)):
        prices = rng.exponential(cost / 10, problem.limit.shape)
        proof = certificate(model, cost_goal(model, least, penalty), prices)
        assert proof.bound <= cost * (1 + 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_modes_and_branching_stay_below_the_cheapest_plan(seed: int) -> None:
    problem = tiny_problem(seed)
    least, cost = cheapest(problem)
    sharp = tighten(problem, least + 1e-6)
    goal = cost_goal(sharp, least + 1e-6 if least > 0 else 0.0, PENALTY)
    plain = solve_relaxation(sharp, goal)
    size = unit_sizes(problem)
    large = np.argsort(-size, kind="stable")[:2]
    lp = ModeLp(sharp, goal, large, plain.certificate.excess)
    root = lp.optimum(cut_rounds=10)
    assert root is not None
    assert plain.certificate.bound <= cost * (1 + 1e-6)
    assert root.bound <= cost * (1 + 1e-6)
    bound = raise_bound(lp, root, size, 60, 0.0, lambda allowed, share: cost)
    assert root.bound - 1e-6 * cost <= bound <= cost * (1 + 1e-6)


def test_modes_raise_the_bound_where_units_are_large() -> None:
    raised = 0
    for seed in SEEDS:
        problem = tiny_problem(seed)
        if cheapest(problem)[0] > 0:
            continue
        sharp = tighten(problem)
        goal = cost_goal(sharp, 0.0, PENALTY)
        plain = solve_relaxation(sharp, goal)
        large = np.argsort(-unit_sizes(problem), kind="stable")[:2]
        root = ModeLp(sharp, goal, large, plain.certificate.excess).optimum(cut_rounds=10)
        assert root is not None
        assert root.bound >= plain.certificate.bound * (1 - 1e-6)
        raised += root.bound > plain.certificate.bound * 1.001
    assert raised >= 2


def test_a_limit_missed_is_never_hidden_by_the_penalty() -> None:
    """With every pair forbidden but one, the bound still holds: the plan is the only one."""
    problem = tiny_problem(3)
    owner = np.zeros(problem.unit_count, dtype=np.int64)
    budget = problem.relaxation(owner) + 1e-6
    relaxed = solve_relaxation(problem, cost_goal(problem, budget, PENALTY))
    assert relaxed.certificate.bound <= problem.objective(owner) * (1 + 1e-9)
