"""Groups of reps: nothing is lost between them, and their plans fit together."""

from dataclasses import replace

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine import solve as solve_module
from optimization.engine.dense import DensePairs
from optimization.engine.groups import (
    PairsAmong,
    Shares,
    affinity,
    group_numbers,
    groups_of,
    split_reps,
)
from optimization.engine.lp import solve_lp
from optimization.engine.problem import Limits, Prices, Problem
from optimization.engine.rounding import settled
from optimization.engine.solve import solve
from optimization.engine.watch import Watch

PENALTY = 1e5


def _map(seed: int, units: int = 600, reps: int = 24) -> Problem:
    """Units and reps spread over a map of two lands with a sea between; bands of 5 %."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 0.6, units)
    place, home = rng.random((units, 2)), rng.random((reps, 2))
    place[units // 2 :, 0] += 5
    home[reps // 2 :, 0] += 5
    cost = 1_000 * np.linalg.norm(place[:, None] - home[None], axis=2)
    size[: units // 2] *= reps / 2 / size[: units // 2].sum()
    size[units // 2 :] *= reps / 2 / size[units // 2 :].sum()
    load = np.broadcast_to(size[:, None, None], (units, reps, 1)).copy()
    limits = Limits.none(reps, 1)
    limits.upper[:], limits.lower[:] = 1.05, 0.95
    return Problem(DensePairs.of(cost, load), limits, ("hours",))


@pytest.mark.parametrize("seed", range(5))
def test_every_unit_and_rep_is_in_one_group(seed: int) -> None:
    problem = random_problem(seed, units=300, reps=12)
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    groups = groups_of(problem, lp.prices, Shares(lp.unit, lp.rep, lp.share), 5)
    assert len(groups) > 1
    assert max(group.reps.size for group in groups) <= 5
    for name, count in (("units", problem.unit_count), ("reps", problem.rep_count)):
        every = np.concatenate([getattr(group, name) for group in groups])
        assert np.sort(every).tolist() == list(range(count))
    budget = np.sum([group.problem.budget_limit for group in groups], axis=0)
    assert budget == pytest.approx(problem.budget_limit)


@pytest.mark.parametrize("seed", range(5))
def test_plans_of_groups_cost_and_use_what_the_whole_one_does(seed: int) -> None:
    problem = random_problem(seed, units=120, reps=9)
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    rng = np.random.default_rng(seed)
    owner = np.full(problem.unit_count, -1)
    cost, used = 0.0, np.zeros(len(problem.budgets))
    for group in groups_of(problem, lp.prices, Shares(lp.unit, lp.rep, lp.share), 4):
        pairs = group.problem.pairs
        answer = np.array([rng.choice(pairs.allowed_reps(u)) for u in range(pairs.unit_count)])
        plan = group.problem.evaluate(answer)
        cost, used = cost + plan.objective, used + plan.budget_use
        group.put(owner, answer, problem.rep_count)
        assert group.owners(owner, problem.rep_count).tolist() == answer.tolist()
    whole = problem.evaluate(owner)
    assert all(owner[u] in problem.pairs.allowed_reps(u) for u in range(problem.unit_count))
    assert whole.objective == pytest.approx(cost)
    assert whole.budget_use == pytest.approx(used)


def test_pairs_of_a_group_are_those_of_the_whole() -> None:
    problem = random_problem(4, units=60, reps=6)
    units, reps = np.arange(0, 60, 2), np.array([1, 3, 4])
    allowed = problem.pairs.limited_to(reps)
    held = np.array([u for u in units if set(allowed.allowed_reps(u)) <= {1, 3, 4, 6}])
    some = PairsAmong(allowed, held, reps)
    rng = np.random.default_rng(0)
    shape = (6, len(problem.resources))
    prices = Prices(rng.random(shape), rng.random(shape), rng.random(len(problem.budgets)))
    mine = Prices(prices.above[reps], prices.below[reps], prices.budget)
    ranking, whole = some.cheapest(mine, 4), allowed.cheapest(prices, 4, held)
    to_whole = np.array([1, 3, 4, 6, -1])
    assert to_whole[ranking.rep].tolist() == whole.rep.tolist()
    assert ranking.priced == pytest.approx(whole.priced)
    arcs = some.all_arcs()
    assert to_whole[arcs.rep].tolist() == allowed.all_arcs(held).rep.tolist()
    assert some.at(arcs.unit, arcs.rep).cost == pytest.approx(arcs.values.cost)


def test_settled_owners_keep_what_the_cheapest_ones_break() -> None:
    """At prices alone equal units all stand at one of two equal reps; settled, they share them."""
    units = 400
    load = np.full((units, 2, 1), 2 / units)
    cost = np.column_stack((np.full(units, 10.0), np.full(units, 10.001)))
    limits = Limits.none(2, 1)
    limits.upper[:], limits.lower[:] = 1.1, 0.9
    problem = Problem(DensePairs.of(cost, load), limits, ("hours",))
    owner = settled(problem, Prices.zero(2, 1, 0))
    assert problem.evaluate(owner).relaxation == 0.0
    assert problem.evaluate(np.zeros(units, dtype=np.int64)).relaxation > 1.5
    assert settled(problem, Prices.zero(2, 1, 0)).tolist() == owner.tolist()


def test_a_sea_is_no_place_for_a_group() -> None:
    problem = _map(1)
    prices = Prices.zero(24, 1, 0)
    group_of = split_reps(affinity(24, problem.pairs.cheapest(prices, 2)), 12)
    assert len(set(group_of[:12])) == 1
    assert len(set(group_of[12:])) == 1
    assert group_of[0] != group_of[-1]


def test_the_next_split_has_other_borders() -> None:
    problem = _map(2)
    lp = solve_lp(problem, penalty=PENALTY, watch=Watch())
    shares = Shares(lp.unit, lp.rep, lp.share)
    first = group_numbers(groups_of(problem, lp.prices, shares, 6), 24)
    then = group_numbers(groups_of(problem, lp.prices, shares, 6, first), 24)
    close = affinity(24, problem.pairs.cheapest(lp.prices, 2)) > 0
    cut = close & (first[:, None] != first)
    mended = cut & (then[:, None] == then)
    assert mended.sum() >= 0.4 * cut.sum()


@pytest.mark.parametrize(("seed", "rounds"), [(0, 1), (1, 3), (2, 1)])
def test_grouped_plans_are_near_the_bound(
    seed: int, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = _map(seed).with_effort(rounds=rounds)
    monkeypatch.setattr(solve_module, "GROUPED_PAIRS", 100)
    monkeypatch.setattr(solve_module, "GROUP_REPS", 6)
    monkeypatch.setattr(solve_module, "LARGE_UNITS", 50)
    answer = solve(problem)
    assert answer.relaxation == 0.0
    assert answer.bound <= answer.objective <= 1.03 * answer.bound
    several = solve(problem.with_effort(threads=2))
    assert several.owner.tolist() == answer.owner.tolist()


def test_what_no_group_can_keep_is_widened(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = _map(0, units=200, reps=8)
    tight = problem.limits.upper.copy()
    tight[0] = 0.2  # below its lower limit: no plan keeps both
    problem = replace(problem, limits=replace(problem.limits, upper=tight))
    monkeypatch.setattr(solve_module, "GROUPED_PAIRS", 100)
    monkeypatch.setattr(solve_module, "GROUP_REPS", 3)
    monkeypatch.setattr(solve_module, "LARGE_UNITS", 50)
    monkeypatch.setattr(solve_module, "EXACT_ARCS", -1)
    answer = solve(problem)
    assert answer.relaxation >= 0.75 - 1e-6
    assert answer.bound <= answer.objective * (1 + 1e-9)
