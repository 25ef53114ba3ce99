"""The descent: large units whole and well placed, the others where the relaxation wants them."""

from dataclasses import replace

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine.dense import DensePairs
from optimization.engine.descent import BY_SIZE, BY_STAKE, WORTH, Manner, descend
from optimization.engine.lp import solve_lp
from optimization.engine.problem import Limits, Problem
from optimization.engine.rounding import rounded
from optimization.engine.watch import Watch

PENALTY = 1e5


def _lumpy(seed: int) -> Problem:
    """200 units at 8 reps, six of them worth 0.3 to 0.7 targets, bands of 2 % for two resources."""
    rng = np.random.default_rng(seed)
    units, reps = 200, 8
    size = rng.lognormal(0.0, 0.5, (units, 2))
    size[:6] *= 25
    share = size / size.sum(axis=0) * reps
    place, home = rng.random((units, 2)), rng.random((reps, 2))
    cost = 1_000 * np.linalg.norm(place[:, None] - home[None], axis=2)
    load = np.broadcast_to(share[:, None, :], (units, reps, 2)).copy()
    limits = Limits.none(reps, 2)
    limits.upper[:], limits.lower[:] = 1.02, 0.98
    return Problem(DensePairs.of(cost, load), limits, ("hours", "potential"))


@pytest.mark.parametrize("manner", [BY_SIZE, BY_STAKE])
def test_less_is_broken_than_by_rounding(manner: Manner) -> None:
    broken_by_rounding, broken = 0.0, 0.0
    for seed in range(8):
        problem = _lumpy(seed)
        lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
        start = descend(problem, lp.prices, PENALTY, 0.0, Watch(), manner)
        broken_by_rounding += problem.evaluate(rounded(problem, lp)).relaxation
        broken += problem.evaluate(start).relaxation
    assert broken < 0.7 * broken_by_rounding


def test_what_is_left_split_is_small() -> None:
    problem = _lumpy(1)
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    found = problem.evaluate(descend(problem, lp.prices, PENALTY, 0.0, Watch()))
    # A vertex splits at most a unit per limit of a rep: here 4, each off by less than its size.
    least = BY_SIZE.least_stake / WORTH
    assert found.excess_above.max() <= 4 * least
    assert found.excess_below.max() <= 4 * least


def test_a_dear_place_is_taken_back() -> None:
    """One large unit stands at either of two reps, by three quarters at the one that then lacks
    room for what only it may own: its larger share is the wrong place."""
    cost = np.zeros((5, 3))
    cost[0, 1] = 1_000.0
    allowed = np.ones((5, 3), dtype=bool)
    allowed[0, 2] = False
    allowed[1, 1:] = False  # 0.25 that belong to the first rep
    load = np.full((5, 3, 1), 0.25)
    load[0] = 1.0
    limits = Limits.none(3, 1)
    limits.upper[:, 0] = 1.0, 1.0, 0.75
    problem = Problem(DensePairs.of(cost, load, allowed=allowed), limits, ("hours",))
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    at = lp.unit == 0
    assert lp.rep[at][np.argmax(lp.share[at])] == 0
    with_trial = problem.evaluate(descend(problem, lp.prices, PENALTY, 0.0, Watch(), BY_STAKE))
    without = replace(BY_STAKE, trials=0)
    blind = problem.evaluate(descend(problem, lp.prices, PENALTY, 0.0, Watch(), without))
    assert with_trial.relaxation == 0.0
    assert blind.relaxation > 0.0


def test_the_same_owners_every_time() -> None:
    problem = random_problem(5, units=120, reps=6)
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    once, again = (descend(problem, lp.prices, PENALTY, 0.0, Watch()) for _ in range(2))
    assert (once == again).all()
    assert all(owner in problem.pairs.allowed_reps(u) for u, owner in enumerate(once.tolist()))


def test_an_interrupt_still_gives_owners() -> None:
    problem = _lumpy(2)
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    owner = descend(problem, lp.prices, PENALTY, 0.0, Watch(is_interrupted=lambda: True))
    assert owner.shape == (problem.unit_count,)
