"""HiGHS alone on the whole model."""

import numpy as np

from benchmarks.case import Case, Ints
from benchmarks.rival_plans.whole_model import build_model


def plan(case: Case, seconds: float, seed: int) -> Ints | None:
    """The best plan HiGHS finds in `seconds` on 2 threads; None without any."""
    import highspy

    model = build_model(case)
    columns = model.matrix.tocsc()
    pairs, total = model.unit.size, model.cost.size
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = total, model.lower.size
    program.col_cost_ = model.cost
    program.col_lower_ = np.zeros(total)
    program.col_upper_ = np.where(np.arange(total) < pairs, 1.0, highspy.kHighsInf)
    program.row_lower_ = np.maximum(model.lower, -highspy.kHighsInf)
    program.row_upper_ = np.minimum(model.upper, highspy.kHighsInf)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = columns.indptr
    program.a_matrix_.index_ = columns.indices
    program.a_matrix_.value_ = columns.data
    kinds = np.where(np.arange(total) < pairs, 1, 0)
    program.integrality_ = [highspy.HighsVarType(int(kind)) for kind in kinds]
    solver = highspy.Highs()
    for name, value in {
        "output_flag": False,
        "threads": 2,
        "random_seed": seed,
        "time_limit": float(seconds),
        "mip_rel_gap": 1e-4,
    }.items():
        solver.setOptionValue(name, value)
    solver.passModel(program)
    solver.run()
    # Without a feasible point the objective of the incumbent is infinite.
    if not np.isfinite(solver.getInfo().objective_function_value):
        return None
    if solver.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
        return None
    found = np.array(solver.getSolution().col_value)[:pairs]
    return model.owner(found)[case.accounts.unit]
