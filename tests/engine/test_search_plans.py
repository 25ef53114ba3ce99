"""The local search: finds optima of small problems with every feature, and never makes worse."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from optimization.engine.dense import DensePairs
from optimization.engine.problem import Arcs, Ints, Limits, Problem
from optimization.engine.search import search
from optimization.engine.watch import Watch


def featured(seed: int, units: int = 7, reps: int = 3) -> Problem:
    """Two resources (one two-sided with soft prices, fills below loads), budget, separation."""
    rng = np.random.default_rng(seed)
    load = rng.uniform(0.1, 0.6, (units, reps, 2)) * 3 / units * reps
    fill = np.minimum(load, 0.5)
    limits = replace(
        Limits.none(reps, 2),
        lower=np.column_stack((np.full(reps, 0.6), np.full(reps, -np.inf))),
        upper=np.full((reps, 2), 1.6),
        soft_lower=np.full((reps, 2), 0.9),
        soft_upper=np.full((reps, 2), 1.1),
        price_below=np.full((reps, 2), 5.0),
        price_above=np.full((reps, 2), 8.0),
    )
    allowed = rng.random((units, reps)) < 0.8
    allowed[np.arange(units), rng.integers(0, reps, units)] = True
    nobody = np.where(rng.random(units) < 0.3, 6.0, np.inf)
    weight = np.zeros((units, reps + 1, 1))
    weight[:, 1:, 0] = rng.uniform(0.0, 0.3, (units, 1))
    return Problem(
        DensePairs.of(
            rng.uniform(0, 20, (units, reps)),
            load,
            allowed=allowed,
            fill=fill,
            weight=weight,
            nobody=nobody,
        ),
        limits,
        ("hours", "sales"),
        budget_limit=np.array([0.8]),
        budgets=("moves",),
        separate=(np.array([0, 1]), np.array([2, 3, 4])),
    )


def first_allowed(problem: Problem) -> Ints:
    return np.array([problem.pairs.allowed_reps(u)[0] for u in range(problem.unit_count)])


def merit(problem: Problem, owner: Ints) -> tuple[float, float]:
    found = problem.evaluate(owner)
    return found.relaxation + found.clashes, found.objective


def brute_force(problem: Problem) -> tuple[float, float]:
    """The least excess and then cost of any plan, and whether one keeps all limits."""
    choices = [problem.pairs.allowed_reps(u) for u in range(problem.unit_count)]
    return min(merit(problem, np.array(owner)) for owner in itertools.product(*choices))


@pytest.mark.parametrize("seed", range(12))
def test_finds_the_optimum_of_a_small_problem_with_every_feature(seed):
    problem = featured(seed)
    best = brute_force(problem)
    answer = search(
        problem,
        problem.pairs.all_arcs(),
        first_allowed(problem),
        steps_millions=0.6,
        seed=1,
        watch=Watch(),
    )
    assert merit(problem, answer.owner) == pytest.approx(best, abs=1e-5)
    assert answer.objective == problem.evaluate(answer.owner).objective
    assert answer.relaxation == problem.evaluate(answer.owner).relaxation


def capacities(seed: int, units: int, reps: int) -> Problem:
    rng = np.random.default_rng(seed)
    size = rng.integers(5, 26, (units, reps)).astype(float)
    cost = rng.integers(10, 51, (units, reps)).astype(float)
    room = 0.8 * size.sum(axis=0) / reps
    limits = replace(Limits.none(reps, 1), upper=np.ones((reps, 1)))
    return Problem(DensePairs.of(cost, (size / room)[:, :, None]), limits, ("load",))


def test_same_seed_and_steps_give_the_same_plan():
    problem = capacities(3, 60, 6)
    start = np.argmin(problem.pairs.cost[:, :-1], axis=1)
    plans = [
        search(
            problem, problem.pairs.all_arcs(), start, steps_millions=0.5, seed=seed, watch=Watch()
        ).owner
        for seed in (4, 4)
    ]
    assert (plans[0] == plans[1]).all()


def test_more_steps_are_used():
    problem = capacities(3, 60, 6)
    start = np.argmin(problem.pairs.cost[:, :-1], axis=1)
    answer = search(
        problem, problem.pairs.all_arcs(), start, steps_millions=1.0, seed=4, watch=Watch()
    )
    assert answer.steps == pytest.approx(1.0, rel=0.01)


def test_never_worse_than_the_start_without_any_time():
    problem = capacities(5, 40, 5)
    start = np.arange(40) % 5
    answer = search(
        problem,
        problem.pairs.all_arcs(),
        start,
        steps_millions=5,
        seed=1,
        watch=Watch(seconds=0.0),
    )
    assert merit(problem, answer.owner) <= merit(problem, start)


def test_pairs_of_the_start_need_not_be_candidates():
    problem = capacities(5, 12, 3)
    cheapest = np.argmin(problem.pairs.cost[:, :-1], axis=1)
    only = Arcs(np.arange(13), cheapest, problem.pairs.at(np.arange(12), cheapest))
    start = np.full(12, 2)
    answer = search(problem, only, start, steps_millions=0.2, seed=1, watch=Watch())
    assert set(np.flatnonzero(answer.owner != cheapest)) <= set(np.flatnonzero(answer.owner == 2))
    assert merit(problem, answer.owner) <= merit(problem, start)


def test_units_without_a_choice_stay_and_count():
    problem = capacities(8, 12, 3)
    start = np.arange(12) % 3
    alone = Arcs(np.arange(13), start, problem.pairs.at(np.arange(12), start))
    answer = search(problem, alone, start, steps_millions=0.2, seed=1, watch=Watch())
    assert (answer.owner == start).all()
    assert answer.objective == problem.evaluate(start).objective


def test_an_allowance_is_used_where_it_pays_and_not_exceeded():
    problem = capacities(11, 40, 4)
    start = np.argmin(problem.pairs.cost[:, :-1], axis=1)
    answers = [
        search(
            problem,
            problem.pairs.all_arcs(),
            start,
            steps_millions=1.0,
            seed=1,
            watch=Watch(),
            relaxation=allowance,
        )
        for allowance in (0.0, 0.5)
    ]
    assert answers[0].relaxation == 0.0
    assert 0.0 < answers[1].relaxation <= 0.5 + 1e-6
    assert answers[1].objective < answers[0].objective


def test_no_units_or_no_reps():
    problem = capacities(1, 3, 2)
    nothing = Problem(
        DensePairs.of(np.zeros((0, 2)), np.zeros((0, 2, 1))), problem.limits, ("load",)
    )
    arcs = nothing.pairs.all_arcs()
    empty = np.zeros(0, np.int64)
    answer = search(nothing, arcs, empty, steps_millions=1, seed=1, watch=Watch())
    assert answer.owner.size == 0
    assert answer.objective == 0.0
