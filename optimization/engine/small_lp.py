"""Linear programs of a few thousand rows, put together from blocks and given to HiGHS as arrays."""

import numpy as np

from optimization.engine.problem import Floats, Ints
from optimization.errors import SolverError


class SmallLp:
    """min cost . x  subject to  lower <= A x <= upper,  x >= 0.

    Set `cost`, add rows block by block, then ask for the minimum; afterwards `dual` holds the dual
    value of every row in the order added.
    """

    def __init__(self, columns: int) -> None:
        self.cost = np.zeros(columns)
        self.dual = np.zeros(0)
        self._rows = 0
        self._parts: list[tuple[Ints, Ints, Floats]] = []
        self._bounds: list[tuple[Floats, Floats]] = []

    def add_rows(
        self, row: Ints, column: Ints, value: Floats, lower: Floats, upper: Floats
    ) -> None:
        """Rows 0, 1, … of a block: entries (row, column, value), and both bounds of each row."""
        self._parts.append((row + self._rows, column, value))
        self._bounds.append((lower, upper))
        self._rows += lower.size

    def minimum(self) -> float:
        """The least cost.

        Raises:
            SolverError: there is none.
        """
        import highspy

        row, column, value = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        lower, upper = (np.concatenate(part) for part in zip(*self._bounds, strict=True))
        order = np.argsort(column, kind="stable")
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.cost.size, self._rows
        lp.col_cost_ = self.cost
        lp.col_lower_ = np.zeros(self.cost.size)
        lp.col_upper_ = np.full(self.cost.size, highspy.kHighsInf)
        lp.row_lower_, lp.row_upper_ = lower, upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        first = np.searchsorted(column[order], np.arange(self.cost.size + 1))
        lp.a_matrix_.start_ = first.astype(np.int32)
        lp.a_matrix_.index_ = row[order].astype(np.int32)
        lp.a_matrix_.value_ = value[order]
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.passModel(lp)
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"a small linear program ended with {highs.getModelStatus().name}")
        self.dual = np.array(highs.getSolution().row_dual)
        return float(highs.getInfo().objective_function_value)
