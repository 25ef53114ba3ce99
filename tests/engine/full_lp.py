"""The linear relaxation of a problem as one scipy model, built independently of the engine."""

import numpy as np
from scipy.optimize import linprog

from optimization.engine.problem import Problem


def full_lp_value(problem: Problem, penalty: float, relaxation: float = 0.0) -> float:
    """Optimum over all pairs; hard excess beyond `relaxation` costs `penalty` a scaled unit.

    Separate sets are rows from the start: at most one member's worth at any one rep, else a clash
    at the penalty.
    """
    arcs = problem.pairs.all_arcs()
    unit, rep, values = arcs.unit, arcs.rep, arcs.values
    limits = problem.limits
    cost = list(values.cost)
    columns: list[dict[int, float]] = [{} for _ in cost]
    rhs: list[float] = []
    pool: list[int] = []

    def row(coefficients: dict[int, float], bound: float) -> int:
        for column, coefficient in coefficients.items():
            columns[column][len(rhs)] = coefficient
        rhs.append(bound)
        return len(rhs) - 1

    def slack(number: int, price: float, is_hard: bool) -> None:
        columns.append({number: -1.0})
        cost.append(price)
        if is_hard:
            pool.append(len(cost) - 1)

    sides = (
        (values.load, 1.0, limits.soft_upper, limits.upper, limits.price_above),
        (values.fill, -1.0, limits.soft_lower, limits.lower, limits.price_below),
    )
    for j in range(problem.rep_count):
        for e in range(len(problem.resources)):
            place = np.arange(problem.rep_count) if limits.place is None else limits.place[:, e]
            mine = np.flatnonzero(np.append(place, -1)[rep] == j)
            for amount, sign, soft, hard, price in sides:
                taken = {int(a): sign * float(amount[a, e]) for a in mine}
                if price[j, e] > 0:
                    slack(row(taken, sign * soft[j, e]), price[j, e], False)
                if np.isfinite(hard[j, e]):
                    slack(row(taken, sign * hard[j, e]), 0.0, True)
    for b, limit in enumerate(problem.budget_limit):
        slack(
            row({a: float(values.weight[a, b]) for a in range(rep.size)}, float(limit)), 0.0, True
        )
    for members in problem.separate:
        for j in range(problem.rep_count):
            mine = np.flatnonzero((rep == j) & np.isin(unit, members))
            slack(row({int(a): 1.0 for a in mine}, 1.0), penalty, False)
    number = row(dict.fromkeys(pool, 1.0), relaxation)
    slack(number, penalty, False)
    matrix = np.zeros((len(rhs), len(cost)))
    for column, entries in enumerate(columns):
        for at, coefficient in entries.items():
            matrix[at, column] = coefficient
    owners = np.zeros((problem.unit_count, len(cost)))
    owners[unit, np.arange(unit.size)] = 1.0
    answer = linprog(
        cost, A_ub=matrix, b_ub=rhs, A_eq=owners, b_eq=np.ones(problem.unit_count), method="highs"
    )
    assert answer.status == 0, answer.message
    return float(answer.fun)
