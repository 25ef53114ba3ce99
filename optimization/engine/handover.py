"""A Pyomo model handed to HiGHS: start plan, limits, interrupts, and how it ended.

Pyomo translates the model; the run itself is started here, because Pyomo's own call knows no start
plan and no interrupt, and redirects the output of the whole process while it runs.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimization.engine.watch import Watch
from optimization.errors import SolverError

# Loads are scaled to targets of 1, so 1e-7 is a tenth of the tolerance plans are judged by.
FEASIBILITY = 1e-7
# In the scaled units of the model: about 1e-12 of its largest cost.
ABSOLUTE_GAP = 1e-7

# Pyomo builds and translates one model at a time: its registries are not made for threads. HiGHS
# itself runs outside this lock.
PYOMO = threading.RLock()


@dataclass(frozen=True)
class Run:
    """How HiGHS ended.

    status: optimal (to the gap asked for) | infeasible | work_limit | time_limit | interrupted.
    bound: proved lower bound, -inf where none. value: of any variable in the best solution; None
    where there is none.
    """

    status: str
    bound: float
    value: Callable[[Any], float] | None


def run_highs(
    model: Any,
    watch: Watch,
    *,
    start: tuple[Sequence[Any], Sequence[float]] | None = None,
    rel_gap: float = 0.0,
    node_limit: int | None = None,
    threads: int = 1,
    seed: int = 0,
    heard: Callable[[float, float], None] | None = None,
) -> Run:
    """Minimise a Pyomo model.

    start: integer variables and their values in a plan to start from; HiGHS works out the others.
    heard: called with (bound, objective) whenever HiGHS has a better plan.

    Raises:
        SolverError: HiGHS ended in a way that is neither an answer nor a limit.
    """
    with PYOMO:
        highs, column = translate(model)
    for name, option in {
        "output_flag": False,
        "threads": threads,
        "random_seed": seed,
        "mip_rel_gap": rel_gap,
        "mip_abs_gap": ABSOLUTE_GAP,
        "mip_feasibility_tolerance": FEASIBILITY,
        "primal_feasibility_tolerance": FEASIBILITY,
    }.items():
        highs.setOptionValue(name, option)
    if node_limit is not None:
        highs.setOptionValue("mip_max_nodes", node_limit)
    if np.isfinite(watch.seconds):
        highs.setOptionValue("time_limit", watch.left)
    if start:
        place = np.array([column[id(variable)] for variable in start[0]], dtype=np.int32)
        highs.setSolution(len(place), place, np.array(start[1], dtype=np.float64))

    def ask(event: Any) -> None:
        if watch.is_over():
            event.interrupt()

    highs.cbMipInterrupt += ask
    highs.cbSimplexInterrupt += ask
    if heard is not None:
        highs.cbMipImprovingSolution += lambda event: heard(
            event.data_out.mip_dual_bound, event.data_out.objective_function_value
        )
    highs.run()
    run = _run(highs, column)
    if run.status in ("time_limit", "interrupted"):
        watch.has_struck = True
        if watch.elapsed >= watch.seconds:
            run = replace(run, status="time_limit")
    return run


def translate(model: Any) -> tuple[Any, Mapping[int, int]]:
    """The model in HiGHS, and the column of each variable by the `id` of its object."""
    from pyomo.contrib.solver.solvers import highs as interface

    class Translator(interface.Highs):
        """Pyomo's own translation, without redirecting the output of all other threads."""

        def set_instance(self, model: Any) -> None:
            import highspy

            self._reinit()
            self._model = model
            self._solver_model = highspy.Highs()
            self._solver_model.setOptionValue("output_flag", False)
            self.add_block(model)

    translator = Translator()
    translator.set_instance(model)
    return translator._solver_model, translator._pyomo_var_to_solver_var_map


def _run(highs: Any, column: Mapping[int, int]) -> Run:
    import highspy

    ended = highspy.HighsModelStatus
    statuses = {
        ended.kOptimal: "optimal",
        ended.kModelEmpty: "optimal",
        ended.kInfeasible: "infeasible",
        # Costs and slacks are bounded below, so no model here is unbounded.
        ended.kUnboundedOrInfeasible: "infeasible",
        ended.kTimeLimit: "time_limit",
        ended.kInterrupt: "interrupted",
        ended.kSolutionLimit: "work_limit",
        ended.kIterationLimit: "work_limit",
    }
    status, info = highs.getModelStatus(), highs.getInfo()
    if status not in statuses:
        raise SolverError(f"HiGHS ended the integer model with {status.name}")
    if statuses[status] == "infeasible":
        return Run("infeasible", np.inf, None)
    is_mip = info.mip_node_count >= 0
    bound = info.mip_dual_bound if is_mip else info.objective_function_value
    if not is_mip and statuses[status] != "optimal":
        bound = -np.inf
    solution = highs.getSolution()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Run(statuses[status], bound, None)
    values = solution.col_value
    return Run(statuses[status], bound, lambda variable: values[column[id(variable)]])
