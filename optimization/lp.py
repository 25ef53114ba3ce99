"""An elastic linear relaxation in HiGHS that grows by columns; base of the plain LP and of modes.

Rows: [equal rows | one block of Q limit rows per (virtual) rep | budget]. Columns: excess over the
budget, slacks, absences, then whatever the subclass adds, last the columns x_uv. HiGHS gets arrays
directly: columns grow round by round and each solve starts from the last basis, which Pyomo cannot
hand over. `tests/optimization/test_lp_matrix.py` proves that the rows are those of the Pyomo model.
"""

from typing import Any

import numpy as np

from optimization.bound import Goal
from optimization.errors import SolverError
from optimization.problem import COEFFICIENT_LIMIT, Problem
from optimization.tables import Bools, Floats, Ints


class ElasticLp:
    """Rows, slacks and columns of one growing LP. Costs are scaled by `money`, less `constant`."""

    def __init__(self, problem: Problem, goal: Goal, equal_rows: int, blocks: Ints) -> None:
        """`blocks`: the rep behind each block of limit rows, (V)."""
        import highspy

        self.problem, self.goal, self.blocks = problem, goal, blocks
        self.kinds = len(problem.rows)
        self.equal_rows = equal_rows
        cheapest = np.where(problem.allowed, goal.unit_cost, np.inf).min(axis=1, initial=np.inf)
        self.constant = float(cheapest.sum())
        net = np.where(problem.allowed, goal.unit_cost - cheapest[:, None], 0.0)
        # A typical scaled cost of 100: the tolerances of HiGHS are absolute.
        self.money = max(float(net.mean()) / 100, float(net.max(initial=0.0)) / 1e6)
        self.money = self.money if self.money > 0 else 1.0
        self.net = net / self.money
        self.inf = highspy.kHighsInf
        self.highs = highspy.Highs()
        for name, setting in (
            ("output_flag", False),
            ("threads", problem.solver.threads),
            ("random_seed", problem.seed),
        ):
            self._ok(self.highs.setOptionValue(name, setting))
        self.budget_row = equal_rows + blocks.size * self.kinds
        self.fixed_rows = self.budget_row + 1
        self._first_rows()
        self.column_count = 0
        self._add_slacks()
        self._add_absences()
        self.first_unit = -1
        self.present = np.zeros((problem.unit_count, blocks.size), dtype=bool)
        self._unit: list[Ints] = []
        self._block: list[Ints] = []

    def row(self, block: int | Ints, kind: int | Ints) -> Any:
        """Index of the limit row of a block and a kind of row."""
        return self.equal_rows + block * self.kinds + kind

    def _first_rows(self) -> None:
        lower = np.full(self.fixed_rows, -self.inf)
        upper = np.zeros(self.fixed_rows)
        lower[: self.equal_rows] = upper[: self.equal_rows] = 1.0
        upper[self.equal_rows : self.budget_row] = self._limits().ravel()
        upper[self.budget_row] = self.goal.budget
        starts = np.zeros(self.fixed_rows, dtype=np.int32)
        none = np.zeros(0, dtype=np.int32)
        self._ok(self.highs.addRows(self.fixed_rows, lower, upper, 0, starts, none, np.zeros(0)))

    def _limits(self) -> Floats:
        """Right-hand sides of the limit rows, (V, Q); 0 where a mode's extent multiplies them."""
        return np.zeros((self.blocks.size, self.kinds))

    def _add_slacks(self) -> None:
        cost, index, value = [self.goal.penalty / self.money], [np.array([self.budget_row])], []
        value.append(np.array([-1.0]))
        self.relax_columns: list[int] = []
        for g, slack in enumerate(self.problem.slacks):
            members = np.array([q for q, row in enumerate(self.problem.rows) if row.slack == g])
            for block, rep in enumerate(self.blocks):
                rows, entries = self.row(block, members), np.full(members.size, -1.0)
                price = float(self.goal.slack_price[rep, g])
                if slack.name == "relax":
                    self.relax_columns.append(len(cost))
                    if self.goal.budget > 0:
                        rows, entries = np.append(rows, self.budget_row), np.append(entries, 1.0)
                    else:
                        # No budget to share: each slack pays the penalty, and no row couples reps.
                        price += self.goal.penalty
                cost.append(price / self.money)
                index.append(rows)
                value.append(entries)
        self.add_columns(np.array(cost), index, value)

    def _add_absences(self) -> None:
        """One column per unit that leaves it without an owner, dearer than any violation it saves.

        Without them a restricted LP may have no solution only because no column is in yet.
        """
        price = self.goal.slack_price.copy()
        price[:, self.problem.relax_slacks] += self.goal.penalty
        by_row = np.column_stack(
            [price[:, row.slack] for row in self.problem.rows] or [price[:, :0]]
        )
        saved = np.einsum("ujq,jq->uj", np.maximum(self.problem.coefficient, 0.0), by_row)
        dearest = (saved / self.money + self.net).max(axis=1, initial=0.0) + 1.0
        units = np.arange(self.problem.unit_count)
        self.add_columns(dearest, [np.array([u]) for u in units], [np.ones(1) for _ in units])

    def add_columns(self, cost: Floats, index: list[Ints], value: list[Floats]) -> int:
        """Add columns >= 0; returns the index of the first."""
        lengths = np.array([part.size for part in index])
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int32)
        entries = np.concatenate(value)
        self._add(cost, starts, np.concatenate(index).astype(np.int32), entries)
        return self.column_count - cost.size

    def add(self, columns: Bools) -> None:
        """Add the columns x_uv marked in `columns` (U, V)."""
        if self.first_unit < 0:
            self.first_unit = self.column_count
        unit, block = np.nonzero(columns & ~self.present)
        if not unit.size:
            return
        self.present[unit, block] = True
        self._unit.append(unit)
        self._block.append(block)
        index = np.empty((unit.size, self.kinds + 1), dtype=np.int32)
        index[:, 0] = unit
        index[:, 1:] = self.row(block[:, None], np.arange(self.kinds)[None, :])
        value = np.empty((unit.size, self.kinds + 1))
        value[:, 0] = 1.0
        value[:, 1:] = self.problem.coefficient[unit, self.blocks[block]]
        kept = value != 0.0
        starts = np.concatenate(([0], np.cumsum(kept.sum(axis=1))[:-1])).astype(np.int32)
        self._add(self.net[unit, self.blocks[block]], starts, index[kept], value[kept])

    def columns(self) -> tuple[Ints, Ints]:
        """(unit, block) of each column x_uv, in the order of the columns."""
        if not self._unit:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        if len(self._unit) > 1:
            self._unit = [np.concatenate(self._unit)]
            self._block = [np.concatenate(self._block)]
        return self._unit[0], self._block[0]

    def add_rows(self, columns: Ints, values: Floats) -> None:
        """Add rows sum values * columns <= 0; columns: (rows, entries)."""
        count, width = columns.shape
        starts = (np.arange(count) * width).astype(np.int32)
        index = columns.ravel().astype(np.int32)
        upper, lower = np.zeros(count), np.full(count, -self.inf)
        entries = np.tile(values, count)
        self._ok(self.highs.addRows(count, lower, upper, index.size, starts, index, entries))

    def set_upper(self, columns: Ints, upper: Floats) -> None:
        """Set the upper limits of `columns`; lower limits stay 0."""
        index = columns.astype(np.int32)
        self._ok(self.highs.changeColsBounds(index.size, index, np.zeros(index.size), upper))

    def run(self) -> bool:
        """Solve; False where there is no solution (only rows without slack can cause that)."""
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

    def prices(self) -> tuple[Floats, float]:
        """Valid prices (V, Q) and rho, scaled: promising no more than the slacks cost."""
        band = self.dual[self.equal_rows : self.budget_row]
        price = np.maximum(-band, 0.0).reshape(self.blocks.size, self.kinds)
        penalty = self.goal.penalty / self.money
        rho = min(max(-float(self.dual[self.budget_row]), 0.0), penalty)
        rho = rho if self.goal.budget > 0 else penalty
        for g, slack in enumerate(self.problem.slacks):
            members = np.array([q for q, row in enumerate(self.problem.rows) if row.slack == g])
            ceiling = self.goal.slack_price[self.blocks, g] / self.money
            ceiling = ceiling + (rho if slack.name == "relax" else 0.0)
            promised = price[:, members].sum(axis=1)
            over = np.flatnonzero(promised > ceiling)
            price[np.ix_(over, members)] *= (ceiling[over] / promised[over])[:, None]
        return price, rho

    def relaxation(self) -> float:
        """Total widening of hard bands in the LP, in targets."""
        return float(self.value[self.relax_columns].sum()) if self.relax_columns else 0.0

    def basis(self) -> Any:
        """The present basis, for `start_from`."""
        return self.highs.getBasis()

    def start_from(self, basis: Any) -> None:
        """Start the next solve from `basis`; columns and rows added since stand at their limits.

        A jump in the tree costs 120 simplex iterations from the parent's basis and 320 without.
        """
        import highspy

        status = list(basis.col_status)
        missing = self.highs.getNumCol() - len(status)
        basis.col_status = status + [highspy.HighsBasisStatus.kLower] * missing
        rows = list(basis.row_status)
        missing = self.highs.getNumRow() - len(rows)
        basis.row_status = rows + [highspy.HighsBasisStatus.kBasic] * missing
        self._ok(self.highs.setBasis(basis))

    def _add(self, cost: Floats, starts: Any, index: Any, value: Floats) -> None:
        if not np.abs(value).max(initial=0.0) <= COEFFICIENT_LIMIT:
            raise SolverError("a coefficient of the linear relaxation is above 1e7 or not finite")
        count = cost.size
        lower, upper = np.zeros(count), np.full(count, self.inf)
        self._ok(self.highs.addCols(count, cost, lower, upper, value.size, starts, index, value))
        self.column_count += count

    @staticmethod
    def _ok(status: object) -> None:
        """HiGHS reports a refused row or column only through its return value."""
        import highspy

        if status == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused a part of the linear relaxation")
