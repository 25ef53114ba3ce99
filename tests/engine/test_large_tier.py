"""The way of large problems, on small ones: no dive, no LP; plans and bounds still hold."""

import pytest
from random_problem import random_problem

from optimization.engine import solve as solve_module
from optimization.engine.bound import certify
from optimization.engine.lp import solve_lp
from optimization.engine.solve import solve
from optimization.engine.watch import Watch


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("has_lp", [True, False])
def test_plans_without_a_dive_keep_their_promises(
    seed: int, has_lp: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = random_problem(seed, units=200, reps=4).with_effort(search_steps=2, rounds=1)
    exact = solve_lp(problem, penalty=1e5, watch=Watch())
    monkeypatch.setattr(solve_module, "LARGE_UNITS", 100)
    monkeypatch.setattr(solve_module, "FITTED_PAIRS", 100)
    if not has_lp:
        monkeypatch.setattr(solve_module, "LP_PAIRS", 100)
    answer = solve(problem)
    plan = problem.evaluate(answer.owner)
    assert plan.objective == pytest.approx(answer.objective)
    assert plan.relaxation == pytest.approx(answer.relaxation)
    assert answer.bound <= answer.objective * (1 + 1e-9)
    if answer.relaxation == 0:
        assert not problem.separate or plan.clashes == 0
        assert answer.bound >= certify(problem, answer.prices).bound - 1e-6
        assert answer.objective <= exact.value * 1.05


def test_no_round_leaves_units_at_their_cheapest_reps() -> None:
    problem = random_problem(3, units=200, reps=4)
    start = solve_lp(problem, penalty=1e5, watch=Watch()).prices
    standing = solve_lp(problem, penalty=1e5, start=start, watch=Watch(), round_limit=0)
    cheapest = problem.pairs.cheapest(standing.prices, 1).rep[:, 0]
    assert standing.rep.tolist() == cheapest.tolist()
    assert not standing.is_exact
    assert standing.certificate.bound == pytest.approx(certify(problem, start).bound)
