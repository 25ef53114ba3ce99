"""Better plans and a better bound for problems too large for one integer model.

1. a sharper LP (tighten), where no band is relaxed
2. the core model: large units whole, small ones splittable, pairs of low reduced cost
3. rounding and mending of its answer (search), then exact re-deals of a few books (neighbourhood)
4. branch and bound on the large units, for the bound
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.bound import Goal, cost_goal, penalty_goal
from optimization.branch import raise_bound
from optimization.model import solve_model
from optimization.neighbourhood import improve_by_parts, merit
from optimization.problem import Problem
from optimization.relaxation import Relaxation, solve_relaxation
from optimization.search import improve, round_shares
from optimization.tables import Bools, Floats, Ints
from optimization.tighten import tighten

# A unit that takes less than this share of every territory may be split in the core model: rounding
# it costs little, and with all units whole HiGHS needs minutes instead of seconds.
LARGE_UNIT = 0.3
CORE_ARCS_PER_UNIT = 3
# Large units get every rep within this share of the bound.
LARGE_UNIT_REACH = 0.03
CORE_NODES = 40
ROUNDS = 12


@dataclass(frozen=True)
class Improved:
    """The best plan found, a bound over all plans, and whether a clock limit struck."""

    owner: Ints
    bound: float
    is_repeatable: bool


def improve_plan(problem: Problem, goal: Goal, root: Relaxation, owner: Ints) -> Improved:
    """Improve `owner`, a plan within the goal's relaxation budget, and the root's bound.

    `root` solves `cost_goal(problem, budget)` or, with budget 0, a penalty goal.
    """
    return _Improvement(problem, goal, root, owner).run()


class _Improvement:
    def __init__(self, problem: Problem, goal: Goal, root: Relaxation, owner: Ints) -> None:
        self.problem, self.root, self.owner = problem, root, owner
        self.budget = goal.budget or 0.0
        highest = max(float(root.certificate.prices.max(initial=0.0)), 1.0)
        self.penalties = [4 * highest, 20 * highest, 100 * highest, 10_000 * highest]
        self.repeatable = True

    def run(self) -> Improved:
        sharp, relaxed = self._sharpened()
        self._core(sharp, relaxed)
        bound = max(self.root.certificate.bound, relaxed.certificate.bound)
        if not self._close(bound):
            nodes = self.problem.solver.node_limit
            bound = max(bound, raise_bound(sharp, relaxed, self._cost(), nodes, self._offer, 40))
        if not self._close(bound):
            self._parts(relaxed.certificate.excess)
        return Improved(self.owner, bound, self.repeatable)

    def _cost(self) -> float:
        return self.problem.objective(self.owner)

    def _close(self, bound: float) -> bool:
        return bound >= self._cost() * (1 - self.problem.solver.rel_gap_pct / 100)

    def _sharpened(self) -> tuple[Problem, Relaxation]:
        if self.budget > 0:
            return self.problem, self.root
        sharp = tighten(self.problem)
        relaxed = solve_relaxation(sharp, cost_goal(sharp, 0.0))
        return (sharp, relaxed) if relaxed is not None else (self.problem, self.root)

    def _core(self, sharp: Problem, relaxed: Relaxation) -> None:
        limits = sharp.solver.model_copy(
            update={
                "node_limit": min(sharp.solver.node_limit, CORE_NODES),
                "rel_gap_pct": max(sharp.solver.rel_gap_pct, 0.3),
            }
        )
        core = replace(sharp, solver=limits)
        size = np.abs(core.coefficient).max(axis=2, initial=0.0)
        whole = np.where(core.allowed, size, 0.0).max(axis=1, initial=0.0) >= LARGE_UNIT
        arcs = self._core_arcs(relaxed, whole) & core.allowed
        answer = solve_model(core, penalty_goal(core, self.penalties[1]), arcs, whole)
        self.repeatable &= answer.status != "time_limit"
        if answer.share is not None:
            self._offer(answer.share)

    def _core_arcs(self, relaxed: Relaxation, whole: Bools) -> Bools:
        """Pairs of lowest reduced cost, all near ones of large units, and both known answers."""
        excess = relaxed.certificate.excess
        depth = min(CORE_ARCS_PER_UNIT, excess.shape[1])
        order = np.argsort(excess, axis=1, kind="stable")[:, :depth]
        arcs = np.zeros(excess.shape, dtype=bool)
        np.put_along_axis(arcs, order, True, axis=1)
        arcs |= whole[:, None] & (excess <= LARGE_UNIT_REACH * abs(relaxed.certificate.bound))
        arcs |= relaxed.share > 0
        arcs[np.arange(self.owner.size), self.owner] = True
        return arcs

    def _offer(self, share: Floats) -> float:
        """Round and mend an LP solution; keep it where it is a cheaper plan within the budget."""
        goal = cost_goal(self.problem, 0.0)
        plan = round_shares(self.problem, share)
        for penalty in self.penalties:
            plan = improve(self.problem, goal, plan, penalty)
            if self._accept(plan):
                break
        return self._cost()

    def _accept(self, plan: Ints) -> bool:
        """Whether the plan keeps the budget; the better one is kept."""
        if self.problem.relaxation(plan) > self.budget:
            return False
        if self.problem.objective(plan) < self._cost():
            self.owner = plan
        return True

    def _parts(self, excess: Floats) -> None:
        penalty = self.penalties[2]
        plan, repeatable = improve_by_parts(self.problem, excess, self.owner, penalty, ROUNDS)
        self.repeatable &= repeatable
        if merit(self.problem, plan, penalty) < merit(self.problem, self.owner, penalty):
            self._accept(plan)
