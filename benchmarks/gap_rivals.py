"""Rival solvers on a generalized assignment instance: HiGHS, SCIP and CP-SAT, each by itself.

Every function takes an instance, the seconds it may use in all and the number of threads, and
returns what the solver says: the assignment (agent of each job, None without one), its lower bound
and its status. Values and capacities are checked by the caller.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from benchmarks.gap_instances import Instance


@dataclass(frozen=True)
class RivalAnswer:
    assignment: list[int] | None
    bound: float | None
    status: str


def highs(instance: Instance, seconds: float, threads: int) -> RivalAnswer:
    """The whole model handed to HiGHS as arrays."""
    import highspy

    started = time.monotonic()
    agents, jobs = instance.agents, instance.jobs
    pairs = agents * jobs
    job = np.tile(np.arange(jobs), agents)
    agent = np.repeat(np.arange(agents), jobs)
    fits = instance.load <= instance.capacity[:, None]
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = pairs, jobs + agents
    model.col_cost_ = instance.cost.ravel()
    model.col_lower_ = np.zeros(pairs)
    model.col_upper_ = fits.ravel().astype(float)
    model.row_lower_ = np.concatenate((np.ones(jobs), np.full(agents, -highspy.kHighsInf)))
    model.row_upper_ = np.concatenate((np.ones(jobs), instance.capacity))
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = 2 * np.arange(pairs + 1)
    model.a_matrix_.index_ = np.column_stack((job, jobs + agent)).ravel()
    model.a_matrix_.value_ = np.column_stack((np.ones(pairs), instance.load.ravel())).ravel()
    model.integrality_ = [highspy.HighsVarType.kInteger] * pairs
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", threads)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.setOptionValue("time_limit", max(seconds - (time.monotonic() - started), 0.1))
    solver.passModel(model)
    solver.run()
    info = solver.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    assignment = None
    if found:
        share = np.array(solver.getSolution().col_value).reshape(agents, jobs)
        assignment = np.argmax(share, axis=0).tolist()
    bound = info.mip_dual_bound if np.isfinite(info.mip_dual_bound) else None
    return RivalAnswer(assignment, bound, _STATUS.get(solver.getModelStatus().name, "no answer"))


_STATUS = {
    "kOptimal": "optimal",
    "kTimeLimit": "time_limit",
    "kInfeasible": "infeasible",
    "kInterrupt": "interrupted",
}


def scip(instance: Instance, seconds: float, threads: int) -> RivalAnswer:
    """The whole model in SCIP, which searches its tree with one thread whatever `threads` is."""
    from pyscipopt import Model, quicksum

    started = time.monotonic()
    model = Model()
    model.hideOutput()
    model.setParam("lp/threads", threads)
    agents, jobs = range(instance.agents), range(instance.jobs)
    cost, load, capacity = (
        table.tolist() for table in (instance.cost, instance.load, instance.capacity)
    )
    x = {
        (i, k): model.addVar(vtype="B", obj=cost[i][k])
        for i in agents
        for k in jobs
        if load[i][k] <= capacity[i]
    }
    for k in jobs:
        model.addCons(quicksum(x[i, k] for i in agents if (i, k) in x) == 1)
    for i in agents:
        model.addCons(quicksum(load[i][k] * x[i, k] for k in jobs if (i, k) in x) <= capacity[i])
    model.setParam("limits/time", max(seconds - (time.monotonic() - started), 0.1))
    model.optimize()
    assignment = None
    if model.getNSols() > 0:
        best = model.getBestSol()
        assignment = [max(agents, key=lambda i: best[x[i, k]] if (i, k) in x else -1) for k in jobs]
    bound = model.getDualbound()
    status = {"optimal": "optimal", "timelimit": "time_limit", "infeasible": "infeasible"}
    return RivalAnswer(
        assignment,
        bound if abs(bound) < model.infinity() else None,
        status.get(model.getStatus(), "no answer"),
    )


def cpsat(instance: Instance, seconds: float, threads: int) -> RivalAnswer:
    """The whole model in CP-SAT; only for whole numbers."""
    from ortools.sat.python import cp_model

    started = time.monotonic()
    tables = (instance.cost, instance.load, instance.capacity)
    if any((table != np.round(table)).any() for table in tables):
        return RivalAnswer(None, None, "needs whole numbers")
    cost, load, capacity = (table.astype(np.int64).tolist() for table in tables)
    agents, jobs = range(instance.agents), range(instance.jobs)
    model = cp_model.CpModel()
    x = [[model.new_bool_var("") for _ in jobs] for _ in agents]
    for k in jobs:
        model.add_exactly_one(x[i][k] for i in agents)
    for i in agents:
        model.add(cp_model.LinearExpr.weighted_sum(x[i], load[i]) <= capacity[i])
    model.minimize(
        cp_model.LinearExpr.weighted_sum(
            [x[i][k] for i in agents for k in jobs], [cost[i][k] for i in agents for k in jobs]
        )
    )
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = threads
    solver.parameters.max_time_in_seconds = max(seconds - (time.monotonic() - started), 0.1)
    code = solver.solve(model)
    status = {
        cp_model.OPTIMAL: "optimal",
        cp_model.FEASIBLE: "time_limit",
        cp_model.UNKNOWN: "time_limit",
        cp_model.INFEASIBLE: "infeasible",
    }.get(code, "no answer")
    assignment = None
    if code in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        assignment = [next(i for i in agents if solver.boolean_value(x[i][k])) for k in jobs]
    bound = None if status in ("infeasible", "no answer") else solver.best_objective_bound
    return RivalAnswer(assignment, bound, status)


Rival = Callable[[Instance, float, int], RivalAnswer]
RIVALS: dict[str, Rival] = {"highs": highs, "scip": scip, "cpsat": cpsat}
_PACKAGE = {"highs": "highspy", "scip": "pyscipopt", "cpsat": "ortools"}


def rival_version(name: str) -> str:
    """Package and version of a rival.

    Raises:
        importlib.metadata.PackageNotFoundError: it is not installed.
    """
    return f"{_PACKAGE[name]} {version(_PACKAGE[name])}"
