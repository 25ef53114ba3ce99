"""OR-tools CP-SAT on the whole model, in scaled integers."""

import numpy as np

from benchmarks.case import Case, Ints
from benchmarks.rival_plans.whole_model import build_model

# Loads in 1/100,000 of a target and money in cents; loads are rounded to the strict side, so that
# rounding breaks no band.
LOAD_SCALE, SALES_SCALE, CENTS = 1e5, 1e8, 100


def plan(case: Case, seconds: float, seed: int) -> Ints | None:
    """The best plan CP-SAT finds in `seconds` with 2 workers; None without any."""
    from ortools.sat.python import cp_model

    model = build_model(case)
    pairs, slacks = model.unit.size, model.cost.size - model.unit.size
    program = cp_model.CpModel()
    chosen = [program.new_bool_var("") for _ in range(pairs)]
    # No load is more than ten targets.
    slack = [program.new_int_var(0, int(10 * LOAD_SCALE), "") for _ in range(slacks)]
    variables = np.array([*chosen, *slack], dtype=object)
    matrix = model.matrix
    last = matrix.shape[0] - 1
    for row in range(matrix.shape[0]):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        at, value = variables[matrix.indices[part]].tolist(), matrix.data[part]
        if row < model.unit_count:
            program.add_exactly_one(at)
        elif row == last:
            weights = np.ceil(value * SALES_SCALE).astype(int).tolist()
            limit = int(model.upper[row] * SALES_SCALE)
            program.add(cp_model.LinearExpr.weighted_sum(at, weights) <= limit)
        elif np.isfinite(model.upper[row]):
            # The slack is counted in steps of the scale; its coefficient is one.
            weights = _scaled(value, matrix.indices[part] >= pairs, np.ceil)
            limit = int(model.upper[row] * LOAD_SCALE)
            program.add(cp_model.LinearExpr.weighted_sum(at, weights) <= limit)
        else:
            weights = _scaled(value, matrix.indices[part] >= pairs, np.floor)
            limit = int(np.ceil(model.lower[row] * LOAD_SCALE))
            program.add(cp_model.LinearExpr.weighted_sum(at, weights) >= limit)
    price = np.rint(model.cost[:pairs] * CENTS).astype(int).tolist()
    price += np.rint(model.cost[pairs:] * CENTS / LOAD_SCALE).astype(int).tolist()
    program.minimize(cp_model.LinearExpr.weighted_sum(variables.tolist(), price))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = 2
    solver.parameters.random_seed = seed
    status = solver.solve(program)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    value = np.array([solver.value(one) for one in chosen], dtype=float)
    return model.owner(value)[case.accounts.unit]


def _scaled(value: np.ndarray, is_slack: np.ndarray, rounding: np.ufunc) -> list[int]:
    weights = np.where(is_slack, value, rounding(value * LOAD_SCALE))
    found: list[int] = weights.astype(int).tolist()
    return found
