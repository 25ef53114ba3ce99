"""Limits of teams: kept by every way of the engine, divided among parts and groups, certified."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from optimization.engine import solve as engine
from optimization.engine.bound import certify
from optimization.engine.dense import DensePairs
from optimization.engine.groups import Shares, groups_of
from optimization.engine.lp import solve_lp
from optimization.engine.parts import Standing, part_of
from optimization.engine.problem import Effort, Limits, Prices, Problem
from optimization.engine.rounding import rounded
from optimization.engine.search import search
from optimization.engine.watch import Watch

TEAM = 3


def teams_of_three(units: int = 400, reps: int = 9, width: float = 0.01) -> Problem:
    """Reps on a line, teams of three neighbours; reps within 10 %, teams within `width`.

    Most units lie at the left end, so the cheapest plan fills the left team as far as it may.
    """
    rng = np.random.default_rng(5)
    size = rng.lognormal(0.0, 0.5, units)
    size *= reps / size.sum()
    cost = 1_000 * np.abs(rng.beta(1, 2, units)[:, None] - np.linspace(0, 1, reps)[None, :])
    one = np.broadcast_to(size[:, None], (units, reps))
    limits = Limits.none(reps, 2)
    limits.upper[:, 0], limits.lower[:, 0] = 1.1, 0.9
    first = np.arange(0, reps, TEAM)
    limits.upper[first, 1], limits.lower[first, 1] = 1 + width, 1 - width
    place = np.repeat(np.arange(reps)[:, None], 2, axis=1)
    place[:, 1] = np.arange(reps) // TEAM * TEAM
    return Problem(
        DensePairs.of(cost, np.stack((one, one / TEAM), axis=2)),
        replace(limits, place=place),
        ("hours", "level:manager_id:hours"),
        effort=Effort(rel_gap=0.02, rounds=1, search_steps=2),
    )


def by_team(problem: Problem, owner: np.ndarray) -> np.ndarray:
    load = problem.pairs.at(np.arange(owner.size), owner).load[:, 0]
    return np.bincount(owner // TEAM, load, problem.rep_count // TEAM) / TEAM


WAYS = {
    "medium": {"LARGE_UNITS": 10_000},
    "large": {"LARGE_UNITS": 0, "FITTED_PAIRS": 0},
    "groups of reps": {"LARGE_UNITS": 0, "FITTED_PAIRS": 0, "GROUPED_PAIRS": 0, "GROUP_REPS": 4},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_keeps_the_limits_of_teams(way: str) -> None:
    problem = teams_of_three()
    with mock.patch.multiple(engine, **WAYS[way]):
        answer = engine.solve(problem, Watch())
    assert answer.relaxation == 0.0
    assert np.abs(by_team(problem, answer.owner) - 1).max() <= 0.01 + 1e-6
    assert problem.evaluate(answer.owner).is_feasible
    assert answer.bound <= answer.objective <= 1.03 * answer.bound


def test_the_bound_counts_a_team_once() -> None:
    """Any prices prove a bound; those of the relaxation prove its value."""
    problem = teams_of_three()
    lp = solve_lp(problem, penalty=1e5, watch=Watch())
    assert lp.certificate.bound == pytest.approx(lp.value, rel=1e-9)
    rng = np.random.default_rng(0)
    shape = (problem.rep_count, 2)
    for scale in (1.0, 100.0, 1_000.0):
        prices = Prices(scale * rng.random(shape), scale * rng.random(shape), np.zeros(0))
        assert certify(problem, prices).bound <= lp.value * (1 + 1e-9)


def test_search_mends_a_team_that_is_too_full() -> None:
    """Without the limits of teams the left one is full to the bands of its reps."""
    problem = teams_of_three()
    loose = replace(problem, limits=teams_of_three(width=0.5).limits)
    start = rounded(loose, solve_lp(loose, penalty=1e5, watch=Watch()))
    assert by_team(problem, start)[0] > 1.05
    arcs = problem.pairs.all_arcs()
    found = search(problem, arcs, start, steps_millions=0.5, seed=1, watch=Watch())
    assert found.relaxation == 0.0
    plan = problem.evaluate(found.owner)
    assert plan.relaxation == 0.0
    assert plan.objective == pytest.approx(found.objective)


def test_groups_divide_a_teams_limit_as_its_load_is_divided() -> None:
    problem = teams_of_three()
    lp = solve_lp(problem, penalty=1e5, watch=Watch())
    groups = groups_of(problem, lp.prices, Shares(lp.unit, lp.rep, lp.share), 4)
    upper = np.zeros(3)
    for group in groups:
        limits = group.problem.limits
        held = np.isfinite(limits.upper[:, 1])
        np.add.at(upper, group.reps[held] // TEAM, limits.upper[held, 1])
    assert upper == pytest.approx([1.01] * 3)


def test_a_part_leaves_its_teams_what_the_others_do_not_hold() -> None:
    problem = teams_of_three()
    owner = np.arange(problem.unit_count) % problem.rep_count
    standing = Standing.of(problem, owner)
    reps = np.array([1, 2, 5])
    part = part_of(standing, problem.pairs.all_arcs(), reps)
    answer = np.random.default_rng(1).integers(0, 3, part.units.size)
    inside = part.problem.evaluate(answer)
    standing.take(part, answer)
    whole = problem.evaluate(standing.owner)
    assert standing.load == pytest.approx(whole.load)
    for local, first in ((0, 0), (2, 3)):
        room = part.problem.limits.upper[local, 1] - inside.load[local, 1]
        assert room == pytest.approx(problem.limits.upper[first, 1] - whole.load[first, 1])
