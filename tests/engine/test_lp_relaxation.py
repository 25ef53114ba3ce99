"""The linear relaxation: its value is the LP's, its bound is its value, over all pairs."""

from dataclasses import replace

import numpy as np
import pytest
from full_lp import full_lp_value
from random_problem import random_problem

from optimization.engine import lp as lp_module
from optimization.engine.bound import certify
from optimization.engine.lp import LpOptimum, solve_lp
from optimization.engine.problem import Prices, Problem
from optimization.engine.watch import Watch

PENALTY = 1e5


def solved(problem: Problem, **options: object) -> LpOptimum:
    return solve_lp(problem, penalty=PENALTY, watch=Watch(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(40))
def test_value_is_that_of_the_whole_lp(seed: int) -> None:
    problem = random_problem(seed)
    relaxation = [0.0, 0.3][seed % 2]
    answer = solved(problem, relaxation=relaxation)
    expected = full_lp_value(problem, PENALTY, relaxation)
    assert answer.is_exact
    assert answer.value == pytest.approx(expected, rel=1e-7)
    assert answer.certificate.bound == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_columns_are_found_by_price(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lp_module, "ALL_PAIRS", 0)
    monkeypatch.setattr(lp_module, "START_PAIRS", 2)
    problem = random_problem(seed)
    answer = solved(problem)
    assert answer.is_exact
    assert answer.value == pytest.approx(full_lp_value(problem, PENALTY), rel=1e-7)


@pytest.mark.parametrize("seed", range(40))
def test_units_left_out_come_back_when_they_must(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lp_module, "ALL_PAIRS", 0)
    monkeypatch.setattr(lp_module, "CORE_PER_REP", 1)
    problem = random_problem(seed)
    zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    answer = solved(problem, start=zero)
    assert answer.is_exact
    assert answer.value == pytest.approx(full_lp_value(problem, PENALTY), rel=1e-7)


@pytest.mark.parametrize("seed", range(20))
def test_bound_is_the_certificate_of_its_prices(seed: int) -> None:
    problem = replace(random_problem(seed), separate=())
    for relaxation in (0.0, 0.2):
        answer = solved(problem, relaxation=relaxation)
        proof = certify(problem, answer.prices, relaxation)
        assert proof.bound == pytest.approx(answer.certificate.bound, rel=1e-9)
        assert proof.bound == pytest.approx(answer.value, rel=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_fractional_plan_has_the_value(seed: int) -> None:
    problem = random_problem(seed)
    answer = solved(problem)
    values = problem.pairs.at(answer.unit, answer.rep)
    shape = (problem.rep_count + 1, len(problem.resources))
    load, fill = np.zeros(shape), np.zeros(shape)
    np.add.at(load, answer.rep, values.load * answer.share[:, None])
    np.add.at(fill, answer.rep, values.fill * answer.share[:, None])
    limits = problem.limits
    above = np.maximum(load[:-1] - limits.soft_upper, 0)
    below = np.maximum(limits.soft_lower - fill[:-1], 0)
    total = float(values.cost @ answer.share)
    total += float((limits.price_above * above + limits.price_below * below).sum())
    excess = float(np.maximum(load[:-1] - limits.upper, 0).sum())
    excess += float(np.maximum(limits.lower - fill[:-1], 0).sum())
    use = answer.share @ values.weight
    excess += float(np.maximum(use - problem.budget_limit, 0).sum())
    clashes = 0.0
    for members in problem.separate:
        mine = np.isin(answer.unit, members) & (answer.rep < problem.rep_count)
        held = np.bincount(answer.rep[mine], answer.share[mine], minlength=shape[0])
        clashes += float(np.maximum(held - 1, 0).sum())
    assert np.bincount(answer.unit, answer.share) == pytest.approx(np.ones(problem.unit_count))
    assert excess == pytest.approx(answer.relaxation, abs=1e-6)
    assert total + PENALTY * (excess + clashes) == pytest.approx(answer.value, rel=1e-6)
    assert list(zip(answer.unit, answer.rep, strict=True)) == sorted(
        zip(answer.unit, answer.rep, strict=True)
    )


def test_a_struck_watch_leaves_a_valid_bound() -> None:
    problem = random_problem(3)
    answer = solve_lp(problem, penalty=PENALTY, watch=Watch(seconds=0))
    assert not answer.is_exact
    assert answer.certificate.bound <= full_lp_value(problem, PENALTY) + 1e-6
    assert answer.unit.size == problem.unit_count
