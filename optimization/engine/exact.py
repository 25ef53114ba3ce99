"""Small problems, solved to proved optimality: the whole Pyomo model in HiGHS.

1. the cheapest plan that keeps every hard limit
2. where there is none: the least total relaxation, then the cheapest plan that needs no more than
   that and the slack (`Effort.relaxation_slack`). Only where even that cannot be had, because a
   separate set has more units than reps to hold them, the fewest clashes come first.

Every plan is evaluated outside the solver before it counts.
"""

from dataclasses import dataclass

import numpy as np

from optimization.engine.answer import NoPlanYet, Tell
from optimization.engine.bound import certify
from optimization.engine.formulation import Objective
from optimization.engine.model import ModelAnswer, solve_model
from optimization.engine.problem import TOLERANCE, Arcs, Evaluation, Ints, Prices, Problem
from optimization.engine.watch import Watch
from optimization.errors import SolverError

# A gap below one millionth of the cost counts as none: what HiGHS can tell apart.
PROVED_GAP = 1e-6


@dataclass(frozen=True)
class ExactAnswer:
    """A plan and its proof.

    owner: (U) rep index, |J| for nobody. objective, bound: USD; the bound holds for every plan that
    needs no more relaxation than this one. relaxation: total excess of hard limits.
    least_relaxation_bound: proved lower bound on the relaxation of any plan.
    status: optimal (cost and relaxation proved) | within_gap | work_limit | time_limit |
    interrupted.
    """

    owner: Ints
    objective: float
    bound: float
    relaxation: float
    least_relaxation_bound: float
    status: str


def solve_exactly(
    problem: Problem, watch: Watch, *, tell: Tell | None = None, start: Ints | None = None
) -> ExactAnswer:
    """The cheapest plan, or the cheapest of those with the least relaxation.

    start: (U) a plan to start from, whether it keeps the limits or not.

    Raises:
        NoPlanYet: the watch struck before the first plan.
        SolverError: HiGHS refused the model, or a unit has no allowed pair.
    """
    return _Exact(problem, watch, tell or _quiet, start).run()


class _Exact:
    """The state of one solve: the best plan so far and what it may have of relaxation."""

    def __init__(self, problem: Problem, watch: Watch, tell: Tell, start: Ints | None) -> None:
        self.problem, self.watch, self.tell = problem, watch, tell
        self.arcs: Arcs = problem.pairs.all_arcs()
        self.best: Evaluation | None = None
        self.owner: Ints | None = None
        self.relaxation, self.clashes = 0.0, 0
        if start is not None:
            self._offer(start)

    def run(self) -> ExactAnswer:
        if (np.diff(self.arcs.first) == 0).any():
            raise SolverError("a unit of the problem has no allowed pair")
        least, proof = 0.0, "optimal"
        answer = self._solve("cost", "plan")
        if answer.status == "infeasible" or not self._has_plan():
            least, proof = self._relax(answer.status)
            # What was proved for plans without relaxation says nothing about others.
            answer = ModelAnswer(None, -np.inf, proof)
            if not self.watch.is_over():
                answer = self._solve("cost", "cheapest relaxed plan")
        return self._answer(answer, least, proof)

    def _relax(self, status: str) -> tuple[float, str]:
        """Set what the plan may have of relaxation; the proved least, and how that search ended.

        status: how the search for a plan without relaxation ended.
        """
        if self.watch.is_over():
            return 0.0, status
        answer = self._solve("relaxation", "least relaxation")
        if answer.status == "infeasible":
            fewest = self._solve("clashes", "separate sets")
            if self.best is None:
                return 0.0, fewest.status
            self.clashes = self.best.clashes
            answer = self._solve("relaxation", "least relaxation")
            if fewest.status != "optimal":
                answer = ModelAnswer(answer.owner, 0.0, fewest.status)
        if self.best is not None:
            spare = max(answer.bound, 0.0) + self.problem.effort.relaxation_slack
            self.relaxation = max(_excess(self.best), spare) + TOLERANCE
        return max(answer.bound, 0.0), answer.status

    def _solve(self, objective: Objective, stage: str) -> ModelAnswer:
        effort = self.problem.effort

        def heard(bound: float, value: float) -> None:
            if objective == "cost":
                self.tell(stage, bound, value)

        self.tell(stage, None, None if self.best is None else self.best.objective)
        answer = solve_model(
            self.problem,
            self.arcs,
            relaxation=self.relaxation,
            clashes=self.clashes,
            objective=objective,
            start=self.owner,
            watch=self.watch,
            rel_gap=PROVED_GAP / 10 if objective == "cost" else 0.0,
            node_limit=effort.node_limit,
            heard=heard,
        )
        if answer.owner is not None:
            self._offer(answer.owner)
        return answer

    def _offer(self, owner: Ints) -> None:
        """Keep the plan if it is the best: fewest clashes, then least relaxation, then cost.

        Relaxation that is allowed counts as none.
        """
        found = self.problem.evaluate(owner)
        if self.best is None or self._rank(found) < self._rank(self.best):
            self.best, self.owner = found, owner

    def _rank(self, plan: Evaluation) -> tuple[int, float, float]:
        beyond = max(plan.relaxation - self.relaxation, 0.0)
        return max(plan.clashes - self.clashes, 0), beyond, plan.objective

    def _has_plan(self) -> bool:
        """Does the best plan keep what is allowed?"""
        return self.best is not None and self._rank(self.best)[:2] == (0, 0.0)

    def _answer(self, answer: ModelAnswer, least: float, proof: str) -> ExactAnswer:
        if self.best is None or self.owner is None:
            raise NoPlanYet("the clock or an interrupt struck before the first plan was found")
        cost, relaxation = self.best.objective, self.best.relaxation
        reps, resources = self.problem.limits.upper.shape
        free = Prices.zero(reps, resources, len(self.problem.budgets))
        bound = min(max(answer.bound, certify(self.problem, free).bound), cost)
        status = answer.status
        gap = (cost - bound) / max(abs(cost), 1.0)
        if gap <= PROVED_GAP:
            status = "optimal"
        elif gap <= self.problem.effort.rel_gap:
            status = "within_gap"
        spare = self.problem.effort.relaxation_slack
        if proof != "optimal" and relaxation > least + spare + TOLERANCE:
            # A cheap plan with more relaxation than allowed is not the optimum.
            status = proof
        return ExactAnswer(
            owner=self.owner,
            objective=cost,
            bound=bound,
            relaxation=relaxation,
            least_relaxation_bound=min(least, relaxation),
            status=status,
        )


def _excess(plan: Evaluation) -> float:
    """Total excess of hard limits, with what the tolerance forgives: what the model sees."""
    limits, problem = plan.problem.limits, plan.problem
    parts = (plan.load - limits.upper, limits.lower - plan.fill)
    spent = plan.budget_use - problem.budget_limit
    return float(sum(np.maximum(part, 0.0).sum() for part in (*parts, spent)))


def _quiet(stage: str, bound: float | None, cost: float | None) -> None:
    """Nobody listens."""
