"""The certificate: a lower bound on every plan, from any prices, over all eligible pairs.

For prices y_jq >= 0 on the rows and rho >= 0 on the relaxation budget R,

    bound(y, rho) = sum_u min_{j allowed} (c_uj + sum_q a_ujq y_jq) - sum_jq b_jq y_jq - rho R

is below the cost of every plan (weak duality), as long as the rows that share a slack do not
promise more than the slack costs: sum_{q in g} y_jq <= p_jg, and <= rho for relaxation slacks
(no limit where R = 0: there is no such slack). `certificate` first pulls the prices into that
range, so the result holds whatever the prices are and wherever they come from.
"""

from dataclasses import dataclass

import numpy as np

from optimization.problem import Problem
from optimization.tables import Floats, Ints


@dataclass(frozen=True)
class Goal:
    """What is minimised: `cost`, or the total `relaxation` of the hard bands, or cost with penalty.

    unit_cost: (U, J). slack_price: (J, G). budget: most total relaxation, None where the relaxation
    is priced by slack_price instead.
    """

    unit_cost: Floats
    slack_price: Floats
    budget: float | None


@dataclass(frozen=True)
class Certificate:
    """A proved bound with the prices that prove it. USD (or targets, for the relaxation goal)."""

    bound: float
    prices: Floats  # (J, Q), >= 0
    adjusted: Floats  # (U, J) cost plus prices; inf where not allowed

    @property
    def excess(self) -> Floats:
        """(U, J): by how much each pair is dearer than the unit's best.

        A plan that uses the pair costs at least `bound` + this.
        """
        return self.adjusted - self.adjusted.min(axis=1, keepdims=True)


@dataclass(frozen=True)
class Answer:
    """The solver's answer: an owner per unit, its proof, and how it was reached."""

    owner: Ints
    bound: float
    certificate: Certificate
    relaxation: float
    status: str  # optimal | within_gap | node_limit | time_limit
    is_repeatable: bool


def cost_goal(problem: Problem, budget: float) -> Goal:
    """Minimise the plan's cost with a total relaxation of at most `budget`."""
    return Goal(problem.cost, _slack_prices(problem, 0.0), budget)


def penalty_goal(problem: Problem, penalty: float) -> Goal:
    """Minimise cost + `penalty` USD for each whole target by which hard bands are widened."""
    return Goal(problem.cost, _slack_prices(problem, penalty), None)


def relaxation_goal(problem: Problem) -> Goal:
    """Minimise the total relaxation, whatever it costs."""
    price = np.zeros((problem.rep_count, len(problem.slacks)))
    price[:, problem.relax_slacks] = 1.0
    return Goal(np.zeros_like(problem.cost), price, None)


def certificate(problem: Problem, goal: Goal, prices: Floats) -> Certificate:
    """Bound over all allowed pairs from `prices` (J, Q); any finite numbers give a valid one."""
    valid = np.maximum(np.nan_to_num(prices, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    relax = set(problem.relax_slacks)
    rho = 0.0
    for g in range(len(problem.slacks)):
        members = [q for q, row in enumerate(problem.rows) if row.slack == g]
        promised = valid[:, members].sum(axis=1)
        if g in relax and goal.budget is not None:
            rho = max(rho, float(promised.max(initial=0.0)))
            continue
        ceiling = goal.slack_price[:, g]
        shrink = np.where(promised > ceiling, ceiling / np.maximum(promised, 1e-300), 1.0)
        valid[:, members] *= shrink[:, None]
    adjusted = goal.unit_cost + np.einsum("ujq,jq->uj", problem.coefficient, valid)
    adjusted = np.where(problem.allowed, adjusted, np.inf)
    bound = float(adjusted.min(axis=1).sum()) if problem.unit_count else 0.0
    bound -= float((problem.limit * valid).sum()) + rho * (goal.budget or 0.0)
    return Certificate(bound, valid, adjusted)


def _slack_prices(problem: Problem, relax_price: float) -> Floats:
    columns = [
        np.full(problem.rep_count, relax_price) if slack.name == "relax" else slack.price
        for slack in problem.slacks
    ]
    return np.column_stack(columns) if columns else np.zeros((problem.rep_count, 0))
