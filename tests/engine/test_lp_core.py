"""Candidates and core: chosen by priced cost, incumbents included, per load moved."""

import numpy as np
import pytest
from random_problem import random_problem

from optimization.engine.core import core_arcs, unsettled_units
from optimization.engine.problem import PairValues, Prices, Ranking


@pytest.mark.parametrize("seed", range(10))
def test_arcs_are_the_cheapest_and_the_incumbent(seed: int) -> None:
    problem = random_problem(seed)
    rng = np.random.default_rng(seed)
    shape = (problem.rep_count, len(problem.resources))
    prices = Prices(
        rng.uniform(0, 500, shape), rng.uniform(0, 500, shape), np.full(len(problem.budgets), 9.0)
    )
    units = np.array([1, 4, 7])
    arcs = core_arcs(problem, prices, 2, units)
    assert arcs.first.size == 4
    assert problem.incumbent is not None
    for place, unit in enumerate(units.tolist()):
        allowed = problem.pairs.allowed_reps(unit)
        values = problem.pairs.at(np.full(allowed.size, unit), allowed)
        priced = values.priced(allowed, prices)
        expected = set(allowed[np.argsort(priced, kind="stable")[:2]].tolist())
        if problem.incumbent[unit] in allowed:
            expected.add(int(problem.incumbent[unit]))
        mine = arcs.rep[arcs.first[place] : arcs.first[place + 1]]
        assert mine.tolist() == sorted(expected)
    values = problem.pairs.at(units[arcs.unit], arcs.rep)
    np.testing.assert_array_equal(arcs.values.cost, values.cost)


def test_unsettled_units_have_the_least_margin_per_load() -> None:
    ranking = Ranking(
        np.array([[0, 1], [1, 0], [0, 1], [1, -1]]),
        np.array([[0.0, 10.0], [0.0, 5.0], [2.0, 3.0], [0.0, np.inf]]),
    )
    load = np.array([[10.0], [1.0], [0.01], [5.0]])
    values = PairValues(np.zeros(4), load, load, np.zeros((4, 0)))
    # Margins per load: 1, 5, 100, and no choice at all.
    assert unsettled_units(ranking, values, 1).tolist() == [0]
    assert unsettled_units(ranking, values, 2).tolist() == [0, 1]
    assert unsettled_units(ranking, values, 9).tolist() == [0, 1, 2]
