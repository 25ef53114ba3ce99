"""The integer model of chosen pairs, solved by HiGHS."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.engine.formulation import Objective, build_model
from optimization.engine.handover import PYOMO, run_highs
from optimization.engine.problem import Arcs, Floats, Ints, Problem
from optimization.engine.watch import Watch


@dataclass(frozen=True)
class ModelAnswer:
    """The best plan of the chosen pairs.

    owner: (U) rep index, |J| for nobody; None where there is no plan or none was found. bound:
    proved lower bound of the objective over the chosen pairs, inf where they hold no plan.
    status: optimal (to rel_gap) | infeasible | work_limit | time_limit | interrupted.
    """

    owner: Ints | None
    bound: float
    status: str


def solve_model(
    problem: Problem,
    arcs: Arcs,
    *,
    relaxation: float = 0.0,
    clashes: int = 0,
    objective: Objective = "cost",
    start: Ints | None = None,
    watch: Watch | None = None,
    rel_gap: float = 0.0,
    node_limit: int | None = None,
    heard: Callable[[float, float], None] | None = None,
) -> ModelAnswer:
    """The best plan over `arcs`, by HiGHS.

    Args:
        relaxation, clashes: what a plan may have of either (R and C); not used where minimised.
        objective: what to minimise; `relaxation` lifts R, `clashes` lifts R and C.
        start: (U) a plan to start from; ignored where it uses other pairs or breaks a limit.
        rel_gap: share of the objective at which to stop. node_limit: None for no limit.
        heard: called with (bound, objective) whenever there is a better plan.

    Raises:
        SolverError: a coefficient is not finite or too large, or HiGHS gave no answer.
    """
    if (np.diff(arcs.first) == 0).any():
        return ModelAnswer(None, np.inf, "infeasible")
    relaxation = np.inf if objective != "cost" else relaxation
    allowed_clashes = np.inf if objective == "clashes" else clashes
    with PYOMO:
        model = build_model(
            problem, arcs, relaxation=relaxation, clashes=allowed_clashes, objective=objective
        )
    money = model.money

    def tell(bound: float, value: float) -> None:
        if heard is not None:
            heard(bound * money, value * money)

    run = run_highs(
        model,
        watch or Watch(),
        start=_start(model, arcs, start),
        rel_gap=rel_gap,
        node_limit=node_limit,
        seed=problem.seed,
        heard=tell if heard else None,
    )
    owner = None
    if run.value is not None:
        share = np.array([run.value(model.x[a]) for a in range(len(arcs))])
        owner = chosen_reps(arcs, share)
    return ModelAnswer(owner, run.bound * money, run.status)


def chosen_reps(arcs: Arcs, share: Floats) -> Ints:
    """(U) the rep with the largest share (A) of each unit; ties to the smaller index."""
    best = np.maximum.reduceat(share, arcs.first[:-1]) if share.size else share
    place = np.flatnonzero(share == np.repeat(best, np.diff(arcs.first)))
    _, first = np.unique(arcs.unit[place], return_index=True)
    return arcs.rep[place[first]]


def _start(model: Any, arcs: Arcs, owner: Ints | None) -> tuple[list[Any], list[float]] | None:
    """The variables x and their values in a plan; None where it uses a pair not in `arcs`."""
    if owner is None:
        return None
    chosen = arcs.rep == np.repeat(owner, np.diff(arcs.first))
    if int(chosen.sum()) < owner.size:
        return None
    return list(model.x.values()), chosen.astype(float).tolist()
