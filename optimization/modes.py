"""A linear relaxation that knows what a large unit does to the rest of its owner's book.

A unit of 90 % of a target leaves its owner room for little else in that metric. The plain LP hides
this by splitting the unit over three reps with ordinary books. Here every rep j has one *mode* per
large unit g, "g is my largest", and one without any: a virtual rep v = (j, g) that exists to the
extent y_v.

    one mode per rep       sum_g y_(j,g) = 1
    limits of each mode    sum_u a_ujq x_uv + a_gjq y_v - s <= b_jq y_v
    part of a mode         x_uv <= y_v            (added where violated; price m_uv)
    one owner per unit     sum_v x_uv + sum_j y_(j,g=u) = 1

A large unit may also stand in the mode of a larger one, never in that of a smaller one, so every
plan is exactly one choice of modes. Units that do not fit beside g are left out of its modes.
As in `bound`, any prices p >= 0, m >= 0 that promise no more than the slacks cost prove a bound:

    pi_u    = min_v (c_uj + sum_q a_ujq p_vq + m_uv)             (large units: at most the LP dual)
    sigma_j = min_g (c_gj - pi_g + sum_q (a_gjq - b_jq) p_(j,g)q - sum_u m_u(j,g))
    bound   = sum_u pi_u + sum_j sigma_j - rho R

On the sample company (1,200 accounts x 25 reps, 3 large units) this is 1.15 % above the plain LP
after 2 s; 400 nodes of branching on the plain LP give 1.2 % after 10 to 15 s.
"""

from dataclasses import dataclass

import numpy as np

from optimization.bound import Goal
from optimization.lp import ElasticLp
from optimization.problem import TOLERANCE, Problem
from optimization.tables import Bools, Floats, Ints

ROUND_LIMIT = 60
CUT_ROUNDS = 12
COLUMNS_PER_ROUND = 4
START_DEPTH = 3
# Rows x_uv <= y_v are added above this violation, the worst first.
PART_VIOLATION = 0.02
PARTS_PER_ROUND = 1_500


@dataclass(frozen=True)
class ModeOptimum:
    """Optimum over all columns that the pairs offered leave.

    bound: proved, USD. share: (U, J) owner shares. excess: (U, J) USD, smallest over the modes.
    """

    bound: float
    share: Floats
    excess: Floats


class ModeLp(ElasticLp):
    """The relaxation with modes for the units of `large` (largest first; may be empty)."""

    def __init__(self, problem: Problem, goal: Goal, large: Ints, excess: Floats) -> None:
        """`excess`: (U, J) of the plain LP; tells which columns to start from."""
        self.large = large
        self.width = large.size + 1
        reps = problem.rep_count
        self.rep_of = np.repeat(np.arange(reps), self.width)
        self.mode_of = np.tile(np.arange(self.width), reps)
        self.led = np.flatnonzero(self.mode_of > 0)
        self.leader = large[self.mode_of[self.led] - 1]
        super().__init__(problem, goal, equal_rows=problem.unit_count + reps, blocks=self.rep_of)
        self.allowed = problem.allowed
        self.fits = self._fits()
        self._add_modes()
        self.part_rows: list[tuple[Ints, Ints]] = []  # (unit, virtual rep) of each added row
        # Every mode starts with the pairs that are best at the plain prices, the modes without a
        # leader with the next best too: from emptier modes the first rounds, priced by the
        # penalty, add four times as many columns as are ever used.
        near = excess <= np.sort(excess, axis=1)[:, min(START_DEPTH, reps) - 1][:, None]
        start = np.where(self.mode_of == 0, near[:, self.rep_of], (excess <= 0)[:, self.rep_of])
        self.add(start & self.fits & problem.allowed[:, self.rep_of])

    def _fits(self) -> Bools:
        """(U, V): may unit u stand in virtual rep v other than as its leader?"""
        problem = self.problem
        rank = np.zeros(problem.unit_count, dtype=np.int64)
        rank[self.large] = np.arange(1, self.large.size + 1)
        mode = self.mode_of[None, :]
        fits = (rank[:, None] == 0) | ((mode >= 1) & (mode < rank[:, None]))
        for q, row in enumerate(problem.rows):
            if row.name == "upper":
                room = problem.limit[self.rep_of, q] + self.goal.budget + TOLERANCE
                room[self.led] -= problem.coefficient[self.leader, self.rep_of[self.led], q]
                fits &= problem.coefficient[:, self.rep_of, q] <= room[None, :]
        return fits

    def _taken(self) -> Floats:
        """(V, Q) what one whole mode takes from its rows: its leader's load less the limits."""
        taken = -self.problem.limit[self.rep_of]
        taken[self.led] += self.problem.coefficient[self.leader, self.rep_of[self.led]]
        return taken

    def _add_modes(self) -> None:
        problem, virtual = self.problem, self.rep_of.size
        taken = self._taken()
        cost = np.zeros(virtual)
        cost[self.led] = self.net[self.leader, self.rep_of[self.led]]
        index: list[Ints] = []
        value: list[Floats] = []
        for v in range(virtual):
            head = [problem.unit_count + int(self.rep_of[v])]
            if self.mode_of[v]:
                head.append(int(self.large[self.mode_of[v] - 1]))
            used = np.flatnonzero(taken[v])
            index.append(np.concatenate((head, self.row(v, used))))
            value.append(np.concatenate((np.ones(len(head)), taken[v, used])))
        self.first_mode = self.add_columns(cost, index, value)

    def restrict(self, allowed: Bools) -> None:
        """Offer only the pairs of `allowed` (U, J) from now on, as leaders and otherwise."""
        self.allowed = allowed
        modes = np.ones(self.rep_of.size)
        modes[self.led] = allowed[self.leader, self.rep_of[self.led]]
        unit, v = self.columns()
        upper = np.where(allowed[unit, self.rep_of[v]], self.inf, 0.0)
        modes_at = self.first_mode + np.arange(modes.size)
        self.set_upper(
            np.concatenate((modes_at, self.first_unit + np.arange(unit.size))),
            np.concatenate((modes, upper)),
        )

    def optimum(self, cutoff: float = np.inf, cut_rounds: int = 0) -> ModeOptimum | None:
        """Solve over all columns, then add rows `x_uv <= y_v` up to `cut_rounds` times.

        None where the proved bound passes `cutoff` or no column choice satisfies the rows.
        """
        best, excess = -np.inf, np.zeros(self.problem.allowed.shape)
        for cut_round in range(cut_rounds + 1):
            for _ in range(ROUND_LIMIT):
                if not self.run():
                    return None
                bound, reduced, adjusted = self._certify()
                if bound > best:
                    best, excess = bound, reduced
                if best > cutoff:
                    return None
                if not self._enter(adjusted):
                    break
            if cut_round == cut_rounds or not self._cut():
                break
        return ModeOptimum(best, self._share(), excess)

    def _certify(self) -> tuple[float, Floats, Floats]:
        """Proved bound and excess (U, J) in USD, and scaled priced costs (U, V)."""
        price, rho = self.prices()
        reps, width = self.problem.rep_count, self.width
        shaped = price.reshape(reps, width, -1)
        adjusted = np.einsum("ujq,jmq->ujm", self.problem.coefficient, shaped, optimize=True)
        adjusted = (adjusted + self.net[:, :, None]).reshape(-1, reps * width)
        part = self._part_prices()
        sigma = (self._taken() * price).sum(axis=1)
        if part.size:
            unit = np.concatenate([u for u, _ in self.part_rows])
            v = np.concatenate([w for _, w in self.part_rows])
            np.add.at(adjusted, (unit, v), part)
            np.subtract.at(sigma, v, part)
        usable = self.fits & self.allowed[:, self.rep_of]
        finite = np.where(usable, adjusted, np.inf)
        pi = finite.min(axis=1)
        pi[self.large] = np.minimum(pi[self.large], self.dual[self.large])
        sigma[self.led] += self.net[self.leader, self.rep_of[self.led]] - pi[self.leader]
        sigma[self.led[~self.allowed[self.leader, self.rep_of[self.led]]]] = np.inf
        by_rep = sigma.reshape(reps, width)
        bound = float(pi.sum() + by_rep.min(axis=1).sum() - rho * self.goal.budget)
        excess = finite.reshape(-1, reps, width).min(axis=2) - pi[:, None]
        alone = (by_rep - by_rep.min(axis=1, keepdims=True))[:, 1:].T
        excess[self.large] = np.minimum(excess[self.large], alone)
        return bound * self.money + self.constant, np.maximum(excess, 0.0) * self.money, finite

    def _part_prices(self) -> Floats:
        return np.maximum(-self.dual[self.fixed_rows :], 0.0)

    def _enter(self, adjusted: Floats) -> bool:
        """Add the cheapest columns of negative reduced cost; False where there is none."""
        reduced = adjusted - self.dual[: self.problem.unit_count, None]
        reduced[self.present] = np.inf
        depth = min(COLUMNS_PER_ROUND, reduced.shape[1])
        order = np.argpartition(reduced, depth - 1, axis=1)[:, :depth]
        chosen = np.zeros_like(self.present)
        np.put_along_axis(chosen, order, True, axis=1)
        chosen &= reduced < -1e-6
        self.add(chosen)
        return bool(chosen.any())

    def _cut(self) -> bool:
        """Add the most violated rows x_uv <= y_v; False where none is violated."""
        if not self.large.size:
            return False
        unit, v = self.columns()
        over = self.value[self.first_unit :] - self.value[self.first_mode + v]
        worst = np.argsort(-over, kind="stable")[:PARTS_PER_ROUND]
        worst = worst[over[worst] > PART_VIOLATION]
        if not worst.size:
            return False
        pairs = np.column_stack((self.first_mode + v[worst], self.first_unit + worst))
        self.add_rows(pairs, np.array([-1.0, 1.0]))
        self.part_rows.append((unit[worst], v[worst]))
        return True

    def _share(self) -> Floats:
        share = np.zeros(self.problem.allowed.shape)
        unit, v = self.columns()
        np.add.at(share, (unit, self.rep_of[v]), self.value[self.first_unit :])
        modes = self.value[self.first_mode : self.first_mode + self.rep_of.size]
        share[self.large] += modes.reshape(self.problem.rep_count, self.width)[:, 1:].T
        return share
