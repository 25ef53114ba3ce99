"""The arrays handed to HiGHS directly are the Pyomo model's, row for row."""

import numpy as np
import pytest
from synthetic import make_book

from optimization import Policy
from optimization.bound import cost_goal
from optimization.model import build_model
from optimization.policy import MetricBand
from optimization.problem import Problem, build_problem
from optimization.relaxation import RestrictedLp, solve_relaxation


def small_problem() -> Problem:
    book = make_book(24, 4, seed=5)
    bands = [
        MetricBand(metric="hours", soft_tolerance_pct=2.0, soft_price_usd_per_pct=10.0),
        MetricBand(metric="potential"),
    ]
    return build_problem(book.accounts, book.reps, book.overrides, Policy(metrics=bands)).problem


def test_limit_rows_equal_the_pyomo_model() -> None:
    from pyomo.repn import generate_standard_repn

    problem = small_problem()
    goal = cost_goal(problem, 0.0)
    model = build_model(problem, goal, problem.allowed)
    lp = RestrictedLp(problem, cost_goal(problem, 0.0, 1e6))
    lp.add(problem.allowed)
    matrix = lp.highs.getLp()
    unit, rep = lp.columns()
    column = {
        (int(u), int(j)): lp.first_unit + k for k, (u, j) in enumerate(zip(unit, rep, strict=True))
    }
    starts, index, value = (
        np.array(part)
        for part in (matrix.a_matrix_.start_, matrix.a_matrix_.index_, matrix.a_matrix_.value_)
    )
    entries = {
        (int(index[k]), c): float(value[k])
        for c in range(len(starts) - 1)
        for k in range(starts[c], starts[c + 1])
    }
    upper = np.array(matrix.row_upper_)
    checked = 0
    for key, row in model.limit.items():
        name, metric, j = key
        q, _ = model.row_kind[key]
        number = int(lp.row(j, q))
        body = generate_standard_repn(row.body)
        assert upper[number] == pytest.approx(float(row.upper) - float(body.constant or 0.0)), key
        for coefficient, variable in zip(body.linear_coefs, body.linear_vars, strict=True):
            if variable.parent_component() is model.x:
                entry = entries[number, column[variable.index()]]
                assert entry == pytest.approx(coefficient), (name, metric, j)
                checked += 1
    assert checked > 300
    for u in model.U:
        for j in model.reps_of[u]:
            assert entries[u, column[u, j]] == 1.0


def test_column_generation_reaches_the_optimum_over_all_pairs() -> None:
    problem = small_problem()
    goal = cost_goal(problem, 0.0, 1e6)
    grown = solve_relaxation(problem, goal)
    whole = RestrictedLp(problem, goal)
    whole.add(problem.allowed)
    assert whole.run()
    value = whole.highs.getInfo().objective_function_value * whole.money + whole.constant
    assert grown.certificate.bound == pytest.approx(value, rel=1e-7)
