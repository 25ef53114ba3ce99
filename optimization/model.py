"""The integer model in Pyomo, over a chosen set of pairs ("core").

Sets         U units, J reps, A allowed pairs (u, j) of the core, Q row kinds, G slack kinds
Parameters   c_uj cost USD a year; a_ujq share of rep j's target or capacity; b_jq limit
             (1 = whole); p_jg price USD; R relaxation budget (total share of targets)
Variables    x_uj in {0, 1} unit u belongs to rep j
             s_jg >= 0 slack: widening of a hard band, deviation beyond the inner band, overtime
Minimise     sum_A c_uj x_uj + sum_jg p_jg s_jg
Subject to   one_owner[u]         sum_j x_uj = 1
             limit[name, k, j]    sum_u a_ujq x_uj - s_j,g(q) <= b_jq      (every row kind q)
             budget               sum_{j, g in relax} s_jg - e <= R
Where the goal has a finite penalty, e >= 0 exceeds the budget at that price; otherwise e = 0, and
with R = 0 there are no relaxation slacks at all.

Names of rows carry the limit, the metric and the rep, so that a row can be found in an LP file.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.bound import Goal
from optimization.errors import SolverError
from optimization.policy import METRICS
from optimization.problem import COEFFICIENT_LIMIT, Problem
from optimization.tables import Bools, Floats


@dataclass(frozen=True)
class ModelAnswer:
    """Owner shares (U, J), None without a plan; the proved bound of the core; how it ended."""

    share: Floats | None
    bound: float
    status: str  # optimal | node_limit | time_limit | infeasible


def build_model(
    problem: Problem, goal: Goal, arcs: Bools, whole: Bools | None = None, money: float = 1.0
) -> Any:
    """The Pyomo model of `goal` over the pairs marked in `arcs` (U, J); costs divided by `money`.

    whole: (U) units that must not be split; None: all of them.
    """
    import pyomo.environ as pyo

    with _collector_off():
        model = pyo.ConcreteModel(name="territory_plan")
        _sets(model, problem, goal, arcs)
        model.x = pyo.Var(model.A, domain=pyo.NonNegativeReals, bounds=(0, 1))
        for u, j in model.A:
            if whole is None or whole[u]:
                model.x[u, j].domain = pyo.Binary
        model.s = pyo.Var(model.S, domain=pyo.NonNegativeReals)
        model.one_owner = pyo.Constraint(model.U, rule=_one_owner)
        model.limit = pyo.Constraint(model.L, rule=_limit)
        model.beyond = pyo.Var(domain=pyo.NonNegativeReals)
        if not np.isfinite(goal.penalty):
            model.beyond.fix(0.0)
        if model.relax_slacks:
            model.budget = pyo.Constraint(expr=_budget(model))
        model.total_cost = pyo.Objective(expr=_total_cost(model, money), sense=pyo.minimize)
    return model


def solve_model(
    problem: Problem, goal: Goal, arcs: Bools, whole: Bools | None = None
) -> ModelAnswer:
    """Solve the core to the policy's gap or node limit.

    Raises:
        SolverError: HiGHS ended in a way that is neither an answer nor a limit.
    """
    from pyomo.contrib.solver.common.factory import SolverFactory
    from pyomo.contrib.solver.common.results import TerminationCondition as Ended

    settings = problem.solver
    spread = goal.unit_cost[arcs]
    money = max(float(np.abs(spread).max(initial=0.0)) / 1e5, 1e-6) if spread.any() else 1.0
    model = build_model(problem, goal, arcs, whole, money)
    with _collector_off():
        results = SolverFactory("highs").solve(
            model,
            threads=settings.threads,
            time_limit=settings.time_limit_seconds,
            rel_gap=settings.rel_gap_pct / 100 / 2,
            load_solutions=False,
            raise_exception_on_nonoptimal_result=False,
            solver_options={
                "random_seed": problem.seed,
                "mip_max_nodes": settings.node_limit,
                "mip_feasibility_tolerance": 1e-7,
                "primal_feasibility_tolerance": 1e-8,
                "mip_abs_gap": 1e-7,
            },
        )
    ended = results.termination_condition
    bound = float(results.objective_bound) if results.objective_bound is not None else -np.inf
    bound = bound * money if np.isfinite(bound) else -np.inf
    if ended == Ended.provenInfeasible:
        return ModelAnswer(None, np.inf, "infeasible")
    statuses = {
        Ended.convergenceCriteriaSatisfied: "optimal",
        Ended.iterationLimit: "node_limit",
        Ended.maxTimeLimit: "time_limit",
        Ended.objectiveLimit: "node_limit",
        Ended.unknown: "node_limit",
    }
    if ended not in statuses:
        raise SolverError(f"HiGHS ended the core model with {ended.name}; no answer can be read")
    if results.incumbent_objective is None:
        return ModelAnswer(None, bound, statuses[ended])
    values = results.solution_loader.get_vars()
    share = np.zeros(problem.allowed.shape)
    for (u, j), variable in model.x.items():
        share[u, j] = values[variable]
    return ModelAnswer(share, bound, statuses[ended])


def _sets(model: Any, problem: Problem, goal: Goal, arcs: Bools) -> None:
    """Index sets and parameters, kept on the model as plain dictionaries."""
    unit, rep = np.nonzero(arcs & problem.allowed)
    coefficient = problem.coefficient[unit, rep]
    if not np.abs(coefficient).max(initial=0.0) <= COEFFICIENT_LIMIT:
        raise SolverError("a coefficient of the core model is not finite or above 1e7")
    pairs = list(zip(unit.tolist(), rep.tolist(), strict=True))
    reps = range(problem.rep_count)
    model.U = range(problem.unit_count)
    model.A = pairs
    model.reps_of = {u: [] for u in model.U}
    model.units_of = {j: [] for j in reps}
    for u, j in pairs:
        model.reps_of[u].append(j)
        model.units_of[j].append(u)
    model.cost = dict(zip(pairs, goal.unit_cost[unit, rep].tolist(), strict=True))
    model.coefficient = dict(zip(pairs, coefficient.tolist(), strict=True))
    kept = [
        g
        for g, slack in enumerate(problem.slacks)
        if slack.name != "relax" or goal.budget > 0 or np.isfinite(goal.penalty)
    ]
    model.S = [(j, g) for j in reps for g in kept]
    model.slack_price = {(j, g): float(goal.slack_price[j, g]) for j, g in model.S}
    model.relax_slacks = [(j, g) for j, g in model.S if problem.slacks[g].name == "relax"]
    model.relax_budget = goal.budget
    model.penalty = goal.penalty if np.isfinite(goal.penalty) else 0.0
    model.row_kind = {}
    model.row_limit = {}
    model.L = []
    for q, row in enumerate(problem.rows):
        metric = METRICS[row.metric] if row.metric >= 0 else "clock_hours"
        for j in reps:
            key = (row.name, metric, j)
            model.L.append(key)
            model.row_kind[key] = (q, row.slack if row.slack in kept else None)
            model.row_limit[key] = float(problem.limit[j, q])


def _one_owner(model: Any, u: int) -> Any:
    """sum_j x_uj = 1: every unit has exactly one owner."""
    return sum(model.x[u, j] for j in model.reps_of[u]) == 1


def _limit(model: Any, name: str, metric: str, j: int) -> Any:
    """sum_u a_ujq x_uj - s_jg <= b_jq: a hard or inner band, or the clock capacity, of one rep."""
    import pyomo.environ as pyo

    q, slack = model.row_kind[name, metric, j]
    bound = model.row_limit[name, metric, j]
    terms = [(model.coefficient[u, j][q], model.x[u, j]) for u in model.units_of[j]]
    load = pyo.quicksum(a * x for a, x in terms if a != 0.0)
    if slack is not None:
        return load - model.s[j, slack] <= bound
    if not any(a != 0.0 for a, _ in terms):
        return pyo.Constraint.Feasible if bound >= 0 else pyo.Constraint.Infeasible
    return load <= bound


def _budget(model: Any) -> Any:
    """sum of relaxation slacks, less what exceeds the budget, <= R."""
    widened = sum(model.s[key] for key in model.relax_slacks)
    return widened - model.beyond <= model.relax_budget


def _total_cost(model: Any, money: float) -> Any:
    """sum_A c_uj x_uj + sum_jg p_jg s_jg + penalty e, divided by `money` to keep numbers near 1."""
    import pyomo.environ as pyo

    pairs = pyo.quicksum(c / money * model.x[pair] for pair, c in model.cost.items())
    slacks = pyo.quicksum(p / money * model.s[key] for key, p in model.slack_price.items())
    return pairs + slacks + model.penalty / money * model.beyond


@contextmanager
def _collector_off() -> Iterator[None]:
    """Pyomo makes millions of small objects; the collector would double the time of building."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
