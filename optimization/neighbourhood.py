"""Re-deal the books of a few reps at a time, exactly, while everybody else stays as they are.

A part of four reps and about 150 units is a small integer model that HiGHS settles in a fraction of
a second, and any answer can be put back into the whole plan. Which reps belong together is read off
the prices: the rep whose units stand farthest from their best place, with the reps that want them.
"""

from dataclasses import replace

import numpy as np

from optimization.bound import cost_goal
from optimization.model import solve_model
from optimization.problem import Problem
from optimization.search import round_shares
from optimization.tables import Bools, Floats, Ints

PART_REPS = 4
PART_ARCS = 4
PART_NODES = 40


def merit(problem: Problem, owner: Ints, penalty: float) -> float:
    """Cost of a plan with every whole target of relaxation priced at `penalty` USD."""
    return problem.objective(owner) + penalty * problem.relaxation(owner)


def improve_by_parts(
    problem: Problem, excess: Floats, owner: Ints, penalty: float, rounds: int
) -> tuple[Ints, bool]:
    """Up to `rounds` re-deals; returns the best plan by `merit` and whether it is repeatable.

    excess: (U, J) certificate excess, inf for pairs not offered.
    """
    rng = np.random.default_rng(problem.seed)
    best, value = owner.copy(), merit(problem, owner, penalty)
    tired = np.zeros(problem.rep_count)
    repeatable = True
    for _ in range(rounds):
        reps = _partners(problem, excess, best, penalty, tired, rng)
        part, units = problem.part(best, reps)
        local = np.searchsorted(reps, best[units])
        limits = part.solver.model_copy(update={"node_limit": PART_NODES})
        part = replace(part, solver=limits)
        arcs = _offered(part, excess[np.ix_(units, reps)], local)
        answer = solve_model(part, cost_goal(part, 0.0, penalty), arcs)
        repeatable &= answer.status != "time_limit"
        tired[reps] += 1
        if answer.share is None:
            continue
        candidate = best.copy()
        candidate[units] = reps[round_shares(part, answer.share)]
        candidate_value = merit(problem, candidate, penalty)
        if candidate_value < value - 1e-9 * abs(value):
            best, value = candidate, candidate_value
            tired[reps] -= 1
    return best, repeatable


def _partners(
    problem: Problem,
    excess: Floats,
    owner: Ints,
    penalty: float,
    tired: Floats,
    rng: np.random.Generator,
) -> Ints:
    """One rep with much to gain, and the reps whose prices suit the same units."""
    reps = problem.rep_count
    finite = np.where(
        np.isfinite(excess), excess, np.nanmax(excess[np.isfinite(excess)], initial=0)
    )
    regret = np.zeros(reps)
    np.add.at(regret, owner, finite[np.arange(owner.size), owner])
    slack = problem.slack_values(owner)
    for g in problem.relax_slacks:
        regret += penalty * slack[:, g]
    first = int(np.argmax((regret + 1e-9) * 0.5**tired * rng.uniform(0.5, 1.0, reps)))
    reach = float(np.median(np.sort(finite, axis=1)[:, : min(3, reps)][:, -1])) + 1e-9
    wanted = np.maximum(reach - finite, 0.0)
    affinity = wanted[owner == first].sum(axis=0)
    np.add.at(affinity, owner, wanted[:, first])
    affinity = (affinity + 1e-3 * affinity.max() + 1e-9) * 0.7**tired * rng.uniform(0.3, 1.0, reps)
    # Books already out of balance need somebody to give to or take from.
    affinity *= 1.0 + (slack[:, problem.relax_slacks] > 0).any(axis=1)
    affinity[first] = np.inf
    return np.sort(np.argsort(-affinity, kind="stable")[: min(PART_REPS, reps)])


def _offered(part: Problem, excess: Floats, local: Ints) -> Bools:
    """The few best reps of the part for each unit, and its present one."""
    depth = min(PART_ARCS, part.rep_count)
    order = np.argsort(excess, axis=1, kind="stable")[:, :depth]
    arcs = np.zeros(part.allowed.shape, dtype=bool)
    np.put_along_axis(arcs, order, True, axis=1)
    arcs[np.arange(local.size), local] = True
    return arcs & part.allowed
