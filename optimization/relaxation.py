"""The exact linear relaxation over all pairs, by column generation.

HiGHS gets arrays directly here: the columns grow round by round and each round starts from the last
basis, which Pyomo cannot hand over. `tests/optimization/test_relaxation.py` proves that these rows
are the rows of the Pyomo model.

Each round prices every allowed pair with the current duals and adds the cheapest of each unit; when
none has a negative reduced cost, the restricted optimum is the optimum over all pairs.
"""

from dataclasses import dataclass, replace

import numpy as np

from optimization.bound import Certificate, Goal, certificate
from optimization.errors import SolverError
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


def solve_relaxation(problem: Problem, goal: Goal) -> Relaxation | None:
    """Solve the linear relaxation of `goal` over all allowed pairs.

    Returns None where the goal's budget admits no plan, not even a split one.

    Raises:
        SolverError: HiGHS refused the arrays or gave no answer.
    """
    lp = RestrictedLp(problem, goal)
    lp.add(_first_arcs(problem, goal))
    return lp.optimum()


def _first_arcs(problem: Problem, goal: Goal) -> Bools:
    """The cheapest pairs of each unit: by cost, or spread evenly where cost says nothing."""
    units, reps = problem.allowed.shape
    rank = np.where(problem.allowed, goal.unit_cost, np.inf)
    # Equal costs would give every unit the same first reps; the offset spreads them.
    spread = (np.arange(reps)[None, :] - np.arange(units)[:, None]) % max(reps, 1)
    order = np.lexsort((spread, rank), axis=1)[:, :START_ARCS]
    arcs = np.zeros((units, reps), dtype=bool)
    np.put_along_axis(arcs, order, True, axis=1)
    return (arcs | problem.preferred) & problem.allowed


class RestrictedLp:
    """The restricted LP: rows [one owner per unit | J x Q limits | budget], growing columns."""

    def __init__(self, problem: Problem, goal: Goal) -> None:
        import highspy

        self.problem, self.goal = problem, goal
        units, reps, kinds = problem.coefficient.shape
        self.units, self.reps, self.kinds = units, reps, kinds
        self.base = np.where(problem.allowed, goal.unit_cost, np.inf).min(axis=1, initial=np.inf)
        net = np.where(problem.allowed, goal.unit_cost - self.base[:, None], 0.0)
        # Typical scaled cost about 100: HiGHS' tolerances are absolute.
        self.money = max(float(net.mean()) / 100, float(net.max(initial=0.0)) / 1e6, 1e-9)
        if not net.any():
            self.money = 1.0
        self.net = net / self.money
        self.unit_of: list[np.ndarray] = []
        self.rep_of: list[np.ndarray] = []
        self.allowed = problem.allowed
        self.column_upper = np.zeros(0)
        self.present = np.zeros((units, reps), dtype=bool)
        self.inf = highspy.kHighsInf
        self.highs = highspy.Highs()
        for name, value in (
            ("output_flag", False),
            ("threads", problem.solver.threads),
            ("random_seed", problem.seed),
        ):
            self._ok(self.highs.setOptionValue(name, value))
        budget = goal.budget is not None and goal.budget > 0
        row_count = units + reps * kinds + int(budget)
        lower = np.full(row_count, -self.inf)
        upper = np.empty(row_count)
        lower[:units] = upper[:units] = 1.0
        upper[units : units + reps * kinds] = problem.limit.ravel()
        if budget:
            upper[-1] = goal.budget
        empty_i, empty_f = np.zeros(0, dtype=np.int32), np.zeros(0)
        self._ok(
            self.highs.addRows(
                row_count, lower, upper, 0, np.zeros(row_count, dtype=np.int32), empty_i, empty_f
            )
        )
        self._add_slacks(budget)

    def _add_slacks(self, budget: bool) -> None:
        """One slack column per rep and kind; none for `relax` where the budget is 0."""
        self.relax_columns: list[int] = []
        count = 0
        for g, slack in enumerate(self.problem.slacks):
            is_relax = slack.name == "relax"
            if is_relax and self.goal.budget is not None and not budget:
                continue
            members = [q for q, row in enumerate(self.problem.rows) if row.slack == g]
            for j in range(self.reps):
                rows = [self.units + j * self.kinds + q for q in members]
                values = [-1.0] * len(rows)
                if is_relax:
                    self.relax_columns.append(count)
                    if budget:
                        rows.append(self.units + self.reps * self.kinds)
                        values.append(1.0)
                self._ok(
                    self.highs.addCol(
                        float(self.goal.slack_price[j, g]) / self.money,
                        0.0,
                        self.inf,
                        len(rows),
                        np.array(rows, dtype=np.int32),
                        np.array(values),
                    )
                )
                count += 1
        self.slack_count = count

    def add(self, arcs: Bools) -> None:
        """Add the pairs marked in `arcs` (U, J) as columns."""
        unit, rep = np.nonzero(arcs & ~self.present)
        if unit.size == 0:
            return
        self.present[unit, rep] = True
        self.unit_of.append(unit)
        self.rep_of.append(rep)
        self.column_upper = np.concatenate((self.column_upper, np.full(unit.size, self.inf)))
        width = self.kinds + 1
        index = np.empty((unit.size, width), dtype=np.int32)
        index[:, 0] = unit
        index[:, 1:] = self.units + rep[:, None] * self.kinds + np.arange(self.kinds)[None, :]
        value = np.empty((unit.size, width))
        value[:, 0] = 1.0
        value[:, 1:] = self.problem.coefficient[unit, rep]
        kept = value != 0.0
        starts = np.concatenate(([0], np.cumsum(kept.sum(axis=1))[:-1])).astype(np.int32)
        self._ok(
            self.highs.addCols(
                unit.size,
                self.net[unit, rep],
                np.zeros(unit.size),
                np.full(unit.size, self.inf),
                int(kept.sum()),
                starts,
                index[kept],
                value[kept],
            )
        )

    def optimum(self, cutoff: float = np.inf) -> Relaxation | None:
        """Optimum over all pairs of `allowed`; None where there is none at or below `cutoff`."""
        best: Certificate | None = None
        for _ in range(ROUND_LIMIT):
            if not self._run():
                return None
            proof = certificate(
                replace(self.problem, allowed=self.allowed), self.goal, self.prices()
            )
            if best is None or proof.bound > best.bound:
                best = proof
            if best.bound > cutoff:
                return None
            entering = self.entering()
            if not entering.any():
                break
            self.add(entering)
        if best is None:
            raise SolverError("the linear relaxation was never solved")
        return Relaxation(best, self.shares(), self.relaxation(), self)

    def restrict(self, allowed: Bools) -> None:
        """Offer only the pairs of `allowed` (U, J) from now on; columns of others are held at 0."""
        self.allowed = allowed
        if not self.unit_of:
            return
        unit, rep = np.concatenate(self.unit_of), np.concatenate(self.rep_of)
        wanted = np.where(allowed[unit, rep], self.inf, 0.0)
        changed = np.flatnonzero(wanted != self.column_upper)
        if changed.size:
            columns = (changed + self.slack_count).astype(np.int32)
            zeros = np.zeros(changed.size)
            self._ok(self.highs.changeColsBounds(changed.size, columns, zeros, wanted[changed]))
            self.column_upper = wanted

    def _run(self) -> bool:
        """Solve the restricted LP; False where it has no solution (only possible with a budget)."""
        import highspy

        self._ok(self.highs.run())
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return False
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"the linear relaxation ended with status {status.name}")
        solution = self.highs.getSolution()
        self.value = np.array(solution.col_value)
        self.dual = np.array(solution.row_dual)
        return True

    def prices(self) -> Floats:
        """Row prices in USD, (J, Q): duals of <= rows are negative in a minimisation."""
        band = self.dual[self.units : self.units + self.reps * self.kinds]
        return np.maximum(-band, 0.0).reshape(self.reps, self.kinds) * self.money

    def entering(self) -> Bools:
        """The pairs of most negative reduced cost, a few per unit; (U, J)."""
        price = self.prices() / self.money
        reduced = (
            self.net
            + np.einsum("ujq,jq->uj", self.problem.coefficient, price)
            - self.dual[: self.units, None]
        )
        reduced = np.where(self.allowed & ~self.present, reduced, np.inf)
        depth = min(ARCS_PER_ROUND, self.reps)
        order = np.argsort(reduced, axis=1, kind="stable")[:, :depth]
        chosen = np.zeros_like(self.present)
        np.put_along_axis(chosen, order, True, axis=1)
        return chosen & (reduced < -1e-6)

    def shares(self) -> Floats:
        share = np.zeros((self.units, self.reps))
        if self.unit_of:
            unit, rep = np.concatenate(self.unit_of), np.concatenate(self.rep_of)
            share[unit, rep] = self.value[self.slack_count :]
        return share

    def relaxation(self) -> float:
        return float(self.value[self.relax_columns].sum()) if self.relax_columns else 0.0

    @staticmethod
    def _ok(status: object) -> None:
        """HiGHS reports a refused row or column only through its return value."""
        import highspy

        if status == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused a part of the linear relaxation")
