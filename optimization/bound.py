"""The certificate: a lower bound on every plan, from any prices, over all eligible pairs.

For prices y_jq >= 0 on the rows and rho >= 0 on the relaxation budget R,

    bound(y, rho) = sum_u min_{j allowed} (c_uj + sum_q a_ujq y_jq) - sum_jq b_jq y_jq - rho R

is below the cost of every plan (weak duality), as long as the rows that share a slack do not
promise more than the slack costs: sum_{q in g} y_jq <= p_jg, for relaxation slacks <= p_jg + rho,
and rho at most the penalty of exceeding the budget. `certificate` first pulls the prices into that
range, so the result holds whatever the prices are and wherever they come from.
"""

from dataclasses import dataclass

import numpy as np

from optimization.problem import Problem
from optimization.tables import Floats, Ints


@dataclass(frozen=True)
class Goal:
    """What is minimised.

    unit_cost: (U, J). slack_price: (J, G). budget: most total relaxation, in targets. penalty: USD
    for each target of relaxation above the budget; infinite where the budget must hold.
    """

    unit_cost: Floats
    slack_price: Floats
    budget: float
    penalty: float = np.inf


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


def cost_goal(problem: Problem, budget: float, penalty: float = np.inf) -> Goal:
    """Minimise the plan's cost with a total relaxation of at most `budget`.

    With a finite `penalty` the budget may be exceeded at that price, so that every linear
    relaxation has a solution; plans within the budget cost the same either way.
    """
    columns = [slack.price for slack in problem.slacks]
    price = np.column_stack(columns) if columns else np.zeros((problem.rep_count, 0))
    return Goal(problem.cost, price, budget, penalty)


def relaxation_goal(problem: Problem) -> Goal:
    """Minimise the total relaxation, whatever it costs: 1 for each target above a budget of 0."""
    price = np.zeros((problem.rep_count, len(problem.slacks)))
    return Goal(np.zeros_like(problem.cost), price, 0.0, 1.0)


def certificate(problem: Problem, goal: Goal, prices: Floats) -> Certificate:
    """Bound over all allowed pairs from `prices` (J, Q); any finite numbers give a valid one."""
    valid = np.maximum(np.nan_to_num(prices, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    relax = set(problem.relax_slacks)
    promised = {g: valid[:, _rows_of(problem, g)].sum(axis=1) for g in range(len(problem.slacks))}
    highest = max((float(promised[g].max(initial=0.0)) for g in relax), default=0.0)
    rho = min(highest, goal.penalty)
    for g, sums in promised.items():
        ceiling = goal.slack_price[:, g] + (rho if g in relax else 0.0)
        shrink = np.divide(ceiling, sums, out=np.ones_like(sums), where=sums > ceiling)
        valid[:, _rows_of(problem, g)] *= shrink[:, None]
    adjusted = goal.unit_cost + np.einsum("ujq,jq->uj", problem.coefficient, valid)
    adjusted = np.where(problem.allowed, adjusted, np.inf)
    bound = float(adjusted.min(axis=1).sum()) if problem.unit_count else 0.0
    bound -= float((problem.limit * valid).sum()) + rho * goal.budget
    return Certificate(bound, valid, adjusted)


def _rows_of(problem: Problem, slack: int) -> list[int]:
    return [q for q, row in enumerate(problem.rows) if row.slack == slack]
