"""The exact linear relaxation over all pairs, by column generation.

Each round prices every allowed pair with the current duals and adds the cheapest of each unit; when
none has a negative reduced cost, the restricted optimum is the optimum over all pairs.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.bound import Certificate, Goal, certificate
from optimization.errors import SolverError
from optimization.lp import ElasticLp
from optimization.problem import Problem
from optimization.tables import Bools, Floats

ROUND_LIMIT = 60
START_ARCS = 5
ARCS_PER_ROUND = 3


@dataclass(frozen=True)
class Relaxation:
    """LP optimum: its certificate, the fractional owner shares (U, J) and total relaxation."""

    certificate: Certificate
    share: Floats
    relaxation: float
    lp: "RestrictedLp"


def solve_relaxation(problem: Problem, goal: Goal) -> Relaxation:
    """Solve the linear relaxation of `goal` over all allowed pairs.

    The goal needs a finite penalty: restricted LPs must have a solution before all columns are in.

    Raises:
        SolverError: HiGHS refused the arrays or gave no answer.
    """
    lp = RestrictedLp(problem, goal)
    lp.add(first_pairs(problem, goal))
    solved = lp.optimum()
    if solved is None:
        raise SolverError("a row without slack contradicts the units held in place")
    return solved


def first_pairs(problem: Problem, goal: Goal) -> Bools:
    """The cheapest pairs of each unit: by cost, or spread evenly where cost says nothing."""
    units, reps = problem.allowed.shape
    rank = np.where(problem.allowed, goal.unit_cost, np.inf)
    # Equal costs would give every unit the same first reps; the offset spreads them.
    spread = (np.arange(reps)[None, :] - np.arange(units)[:, None]) % max(reps, 1)
    order = np.lexsort((spread, rank), axis=1)[:, :START_ARCS]
    arcs = np.zeros((units, reps), dtype=bool)
    np.put_along_axis(arcs, order, True, axis=1)
    return (arcs | problem.preferred) & problem.allowed


class RestrictedLp(ElasticLp):
    """The LP over the pairs added so far; one block of limits per rep."""

    def __init__(self, problem: Problem, goal: Goal) -> None:
        super().__init__(problem, goal, problem.unit_count, np.arange(problem.rep_count))
        self.allowed = problem.allowed

    def _limits(self) -> Floats:
        return self.problem.limit

    def restrict(self, allowed: Bools) -> None:
        """Offer only the pairs of `allowed` (U, J) from now on."""
        self.allowed = allowed
        unit, rep = self.columns()
        upper = np.where(allowed[unit, rep], self.inf, 0.0)
        self.set_upper(self.first_unit + np.arange(unit.size), upper)

    def optimum(self, cutoff: float = np.inf) -> Relaxation | None:
        """Optimum over all pairs offered; None where its bound passes `cutoff`."""
        best: Certificate | None = None
        offered = replace(self.problem, allowed=self.allowed)
        for _ in range(ROUND_LIMIT):
            if not self.run():
                return None
            price, _rho = self.prices()
            proof = certificate(offered, self.goal, price * self.money)
            if best is None or proof.bound > best.bound:
                best = proof
            if best.bound > cutoff:
                return None
            if not self._enter(price):
                break
        if best is None:
            raise SolverError("the linear relaxation was never solved")
        share = np.zeros(self.allowed.shape)
        share[self.columns()] = self.value[self.first_unit :]
        return Relaxation(best, share, self.relaxation(), self)

    def _enter(self, price: Floats) -> bool:
        """Add the pairs of most negative reduced cost, a few per unit; False where none has one."""
        reduced = self.net + np.einsum("ujq,jq->uj", self.problem.coefficient, price)
        reduced -= self.dual[: self.problem.unit_count, None]
        reduced = np.where(self.allowed & ~self.present, reduced, np.inf)
        depth = min(ARCS_PER_ROUND, reduced.shape[1])
        order = np.argsort(reduced, axis=1, kind="stable")[:, :depth]
        chosen = np.zeros_like(self.present)
        np.put_along_axis(chosen, order, True, axis=1)
        chosen &= reduced < -1e-6
        self.add(chosen)
        return bool(chosen.any())
