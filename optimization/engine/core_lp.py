"""The linear relaxation in HiGHS, for some units; the others stay at one rep each.

Rows: [limits of reps and resources | budgets | relaxation | one-owner and separate rows]; only rows
that exist. With l_je, f_je the load and fill of all units (those outside are part of the limits):

    above   l_je - over_je - excess_je                <= soft_upper_je  (upper_je without soft one)
    below   f_je + under_je + missing_je              >= soft_lower_je  (lower_je without soft one)
    budget  sum_uj w_ujb x_uj - excess_b              <= budget_limit_b
    pool    sum of excess, missing, excess_b - beyond <= relaxation     (only where it is not 0)
    owner   sum_j x_uj                                 = 1
    set     sum over u in S of x_uj - clash_Sj        <= 1              (lazily)

over and under reach from the soft to the hard limit at the soft price; excess and missing pay the
soft price and `penalty`, or with a pool only `beyond` pays the penalty: every such LP has a
solution. HiGHS gets arrays directly, since rows and columns grow round by round and each solve
starts from the last basis, which Pyomo cannot hand over.
"""

from typing import Any

import numpy as np

from optimization.engine.basis import Basis
from optimization.engine.problem import (
    COEFFICIENT_LIMIT,
    Bools,
    Floats,
    Ints,
    PairValues,
    Prices,
    Problem,
)
from optimization.errors import SolverError

# HighsBasisStatus of a nonbasic row or column at its lower bound, and of a basic one.
AT_LOWER, BASIC = 0, 1
# Values of the option simplex_strategy.
DUAL, PRIMAL = 1, 4


class CoreLp:
    """Rows and columns of one growing LP; costs in HiGHS are USD / `money`.

    fixed: (J, E) load and (J, E) fill and (B) weight of all units outside.
    """

    def __init__(
        self,
        problem: Problem,
        penalty: float,
        relaxation: float,
        money: float,
        fixed: tuple[Floats, Floats, Floats],
    ) -> None:
        import highspy

        self.problem, self.penalty, self.money = problem, penalty, money
        self.inf = highspy.kHighsInf
        self.highs = highspy.Highs()
        for name, setting in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", problem.seed),
        ):
            self._ok(self.highs.setOptionValue(name, setting))
        self.fixed_load, self.fixed_fill, self.fixed_weight = (part.copy() for part in fixed)
        self._number_rows(relaxation)
        self._add_limit_rows()
        self._column_count = 0
        self._row_count = int(self._limit_row_count)
        self._add_slacks()
        self._slack_count = self._column_count
        # Columns x_uj in the order of HiGHS: unit, rep and number of the column.
        self.unit = self.rep = self.column = np.zeros(0, dtype=np.int64)
        self._keys = np.zeros(0, dtype=np.int64)  # unit * (J + 1) + rep, rising
        self.owner_row = np.full(problem.unit_count, -1, dtype=np.int64)
        self.offset = np.zeros(problem.unit_count)  # USD taken off the costs of a unit's columns
        self.set_row: dict[tuple[int, int], int] = {}  # (separate set, rep) -> row
        self._set_of_unit = _sets_of_units(problem.separate)

    # -- rows ------------------------------------------------------------------------------------

    def _number_rows(self, relaxation: float) -> None:
        limits = self.problem.limits
        self.has_above = np.isfinite(limits.upper) | (limits.price_above > 0)
        self.has_below = np.isfinite(limits.lower) | (limits.price_below > 0)
        self.above_row, above = _numbered(self.has_above, 0)
        self.below_row, below = _numbered(self.has_below, above)
        budgets = len(self.problem.budgets)
        # A team's row stands in the place of its first member; the pairs of all members are in it.
        self.pair_above, self.pair_below = (
            limits.shared(self.above_row), limits.shared(self.below_row)
        )  # fmt: skip
        self.budget_row = below + np.arange(budgets)
        self.pool_row = below + budgets if relaxation > 0 else -1
        self._limit_row_count = below + budgets + (1 if relaxation > 0 else 0)
        self.relaxation = relaxation

    def _limit_bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the limit rows, less what the units outside take."""
        limits = self.problem.limits
        lower = np.full(self._limit_row_count, -self.inf)
        upper = np.full(self._limit_row_count, self.inf)
        top = np.where(limits.price_above > 0, limits.soft_upper, limits.upper) - self.fixed_load
        floor = np.where(limits.price_below > 0, limits.soft_lower, limits.lower) - self.fixed_fill
        upper[self.above_row[self.has_above]] = top[self.has_above]
        lower[self.below_row[self.has_below]] = floor[self.has_below]
        upper[self.budget_row] = self.problem.budget_limit - self.fixed_weight
        if self.pool_row >= 0:
            upper[self.pool_row] = self.relaxation
        return lower, upper

    def _add_limit_rows(self) -> None:
        count = self._limit_row_count
        lower, upper = self._limit_bounds()
        none = np.zeros(0, dtype=np.int32)
        starts = np.zeros(count, dtype=np.int32)
        self._ok(self.highs.addRows(count, lower, upper, 0, starts, none, np.zeros(0)))

    def _add_slacks(self) -> None:
        """Soft segments and elastic excess of every limit row; with a pool, its way beyond."""
        limits, budgets = self.problem.limits, self.budget_row.size
        above = (self.has_above, self.above_row, limits.price_above, -1.0)
        below = (self.has_below, self.below_row, limits.price_below, 1.0)
        rows, entries, costs, uppers, is_hard = [], [], [], [], []

        def add(row: Ints, entry: float, cost: Floats, upper: Floats | float, hard: bool) -> None:
            rows.append(row)
            entries.append(np.full(row.size, entry))
            costs.append(cost + (self.penalty if hard and self.pool_row < 0 else 0.0))
            uppers.append(np.broadcast_to(upper, row.shape))
            is_hard.append(np.full(row.size, hard))

        for (has, row, price, entry), soft, hard in (
            (above, limits.soft_upper, limits.upper),
            (below, limits.soft_lower, limits.lower),
        ):
            is_soft, is_elastic = has & (price > 0), has & np.isfinite(hard)
            reach = np.maximum(entry * (soft[is_soft] - hard[is_soft]), 0.0)
            add(row[is_soft], entry, price[is_soft], reach, False)
            add(row[is_elastic], entry, price[is_elastic], self.inf, True)
        add(self.budget_row, -1.0, np.zeros(budgets), self.inf, True)
        elastic = np.concatenate(is_hard)
        self.elastic_columns = np.flatnonzero(elastic)  # the slacks are the first columns
        pooled = elastic & (self.pool_row >= 0)
        starts = np.concatenate(([0], np.cumsum(1 + pooled)))
        index, value = np.full(int(starts[-1]), self.pool_row), np.ones(int(starts[-1]))
        index[starts[:-1]], value[starts[:-1]] = np.concatenate(rows), np.concatenate(entries)
        cost = np.concatenate(costs)
        self._add_columns(cost, starts[:-1], index, value, upper=np.concatenate(uppers))
        if self.pool_row >= 0:
            self._add_slack(self.pool_row)

    def _add_slack(self, row: int) -> None:
        """A column that relieves one `<=` row at the penalty."""
        at, row_index = np.zeros(1, dtype=np.int64), np.array([row])
        self._add_columns(np.array([self.penalty]), at, row_index, np.array([-1.0]))

    def enter(self, units: Ints, offset: Floats, values: PairValues, rep: Ints) -> None:
        """Take units (n) in: their one-owner rows, and their load out of what is fixed.

        offset: (n) USD taken off the unit's costs; its cheapest priced cost keeps a warm basis dual
        feasible. rep, values: (n) where the units stood while they were outside.
        """
        if not units.size:
            return
        nobody = self.problem.rep_count
        held = rep < nobody
        place = self.problem.limits.at(rep[held])
        np.subtract.at(self.fixed_load, place, values.load[held])
        np.subtract.at(self.fixed_fill, place, values.fill[held])
        self.fixed_weight -= values.weight.sum(axis=0)
        self.owner_row[units] = self._row_count + np.arange(units.size)
        self.offset[units] = offset
        self._row_count += units.size
        one = np.ones(units.size)
        none, starts = np.zeros(0, dtype=np.int32), np.zeros(units.size, dtype=np.int32)
        self._ok(self.highs.addRows(units.size, one, one, 0, starts, none, np.zeros(0)))
        lower, upper = self._limit_bounds()
        index = np.arange(lower.size, dtype=np.int32)
        # The method is in the binding but not in its type stubs.
        change = getattr(self.highs, "changeRowsBounds")  # noqa: B009
        self._ok(change(index.size, index, lower, upper))

    def add_pairs(self, unit: Ints, rep: Ints) -> int:
        """Add the columns of pairs whose units are in; returns how many were not there yet."""
        keys = np.unique(unit * (self.problem.rep_count + 1) + rep)
        keys = keys[~self.has(keys)]
        if not keys.size:
            return 0
        unit, rep = np.divmod(keys, self.problem.rep_count + 1)
        values = self.problem.pairs.at(unit, rep)
        index, value, starts = self._entries(unit, rep, values)
        first = self._add_columns(values.cost - self.offset[unit], starts, index, value)
        self.unit = np.concatenate((self.unit, unit))
        self.rep = np.concatenate((self.rep, rep))
        self.column = np.concatenate((self.column, first + np.arange(unit.size)))
        self._keys = np.union1d(self._keys, keys)
        return unit.size

    def keep_only(self, units: Ints, reps: Ints) -> None:
        """Close every column of the units (n) but those of their reps (n)."""
        wanted = np.full(self.problem.unit_count, -1)
        wanted[units] = reps
        mine = np.flatnonzero(wanted[self.unit] >= 0)
        self._open(mine, self.rep[mine] == wanted[self.unit[mine]])

    def open_only(self, unit: int, is_open: Bools) -> None:
        """Open the columns of one unit at the reps that are open, (J + 1), and close its others."""
        mine = np.flatnonzero(self.unit == unit)
        self._open(mine, is_open[self.rep[mine]])

    def open_all(self, units: Ints) -> None:
        """Open every column of the units."""
        mine = np.flatnonzero(np.isin(self.unit, units))
        self._open(mine, np.ones(mine.size, dtype=bool))

    def _open(self, places: Ints, is_open: Bools) -> None:
        index = self.column[places].astype(np.int32)
        top = np.where(is_open, self.inf, 0.0)
        # The method is in the binding but not in its type stubs.
        change = getattr(self.highs, "changeColsBounds")  # noqa: B009
        self._ok(change(index.size, index, np.zeros(index.size), top))

    def column_of(self, unit: Ints, rep: Ints) -> Ints:
        """Columns of pairs; -1 where there is none."""
        order = np.argsort(self.unit * (self.problem.rep_count + 1) + self.rep)
        keys = unit * (self.problem.rep_count + 1) + rep
        columns = np.full(keys.size, -1)
        there = self.has(keys)
        columns[there] = self.column[order[np.searchsorted(self._keys, keys[there])]]
        return columns

    def has(self, keys: Ints) -> Bools:
        """Whether pairs, as unit * (J + 1) + rep, have a column."""
        if not self._keys.size:
            return np.zeros(keys.size, dtype=bool)
        place = np.minimum(np.searchsorted(self._keys, keys), self._keys.size - 1)
        return self._keys[place] == keys

    def _entries(self, unit: Ints, rep: Ints, values: PairValues) -> tuple[Ints, Floats, Ints]:
        """Row numbers, coefficients and starts of the columns of pairs."""
        nobody = self.problem.rep_count
        held = (rep < nobody)[:, None]
        at = np.where(rep < nobody, rep, 0)
        above = np.where(held, self.pair_above[at], -1)
        below = np.where(held, self.pair_below[at], -1)
        budget = np.broadcast_to(self.budget_row, values.weight.shape)
        rows = [self.owner_row[unit][:, None], above, below, budget]
        entries = [np.ones((unit.size, 1)), values.load, values.fill, values.weight]
        if self.set_row:
            extra = self._set_rows_of(unit, rep)
            rows.append(extra)
            entries.append(np.ones(extra.shape))
        index, value = np.hstack(rows), np.hstack(entries)
        kept = (index >= 0) & (value != 0.0)
        lengths = kept.sum(axis=1)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if unit.size else lengths
        return index[kept], value[kept], starts

    # -- separate sets ---------------------------------------------------------------------------

    def _set_rows_of(self, unit: Ints, rep: Ints) -> Ints:
        """Rows of the sets each pair is in, (n, most sets of a unit); -1 where there is none."""
        width = max((len(sets) for sets in self._set_of_unit.values()), default=0)
        rows = np.full((unit.size, width), -1, dtype=np.int64)
        for k in np.flatnonzero(np.isin(unit, list(self._set_of_unit))).tolist():
            for place, s in enumerate(self._set_of_unit[int(unit[k])]):
                rows[k, place] = self.set_row.get((s, int(rep[k])), -1)
        return rows

    def add_broken_sets(self, share: Floats) -> int:
        """Add a row for every set and rep where the members' shares exceed 1; returns how many."""
        if not self.problem.separate:
            return 0
        mine = np.isin(self.unit, list(self._set_of_unit)) & (self.rep < self.problem.rep_count)
        total: dict[tuple[int, int], float] = {}
        columns: dict[tuple[int, int], list[int]] = {}
        for k in np.flatnonzero(mine).tolist():
            for s in self._set_of_unit[int(self.unit[k])]:
                key = (s, int(self.rep[k]))
                total[key] = total.get(key, 0.0) + float(share[k])
                columns.setdefault(key, []).append(int(self.column[k]))
        broken = [key for key in sorted(total) if total[key] > 1 + 1e-7 and key not in self.set_row]
        for key in broken:
            index = np.array(columns[key], dtype=np.int32)
            starts = np.zeros(1, dtype=np.int32)
            lower, upper = np.full(1, -self.inf), np.ones(1)
            self._ok(
                self.highs.addRows(1, lower, upper, index.size, starts, index, np.ones(index.size))
            )
            self.set_row[key] = self._row_count
            self._row_count += 1
            self._add_slack(self.set_row[key])
        return len(broken)

    # -- solving ---------------------------------------------------------------------------------

    def run(
        self, seconds: float = np.inf, cutoff: float = np.inf, *, is_feasible: bool = False
    ) -> bool:
        """Solve from the last basis; False where the clock ended it.

        is_feasible: the last basis is, only columns and units have come in: then the primal simplex
        goes on from it. The dual one once took 35,000 steps after 73 units had entered, of 8,000.
        cutoff: USD of `objective` from which the answer no longer matters: False there too.
        """
        import highspy

        if np.isfinite(seconds):
            # HiGHS counts the time of all runs of one instance.
            self._ok(self.highs.setOptionValue("time_limit", self.highs.getRunTime() + seconds))
        inside = self.owner_row >= 0
        bound = (cutoff - float(self.offset[inside].sum())) / self.money
        self._ok(self.highs.setOptionValue("objective_bound", min(bound, self.inf)))
        self._ok(self.highs.setOptionValue("simplex_strategy", PRIMAL if is_feasible else DUAL))
        self._ok(self.highs.run())
        status = self.highs.getModelStatus()
        if status in (
            highspy.HighsModelStatus.kTimeLimit,
            highspy.HighsModelStatus.kObjectiveBound,
        ):
            return False
        # Without rows and columns there is nothing to solve, and nothing wrong.
        if status not in (
            highspy.HighsModelStatus.kOptimal,
            highspy.HighsModelStatus.kModelEmpty,
        ):
            raise SolverError(f"the linear relaxation ended with status {status.name}")
        solution = self.highs.getSolution()
        self.value = np.array(solution.col_value)
        self.dual = np.array(solution.row_dual)
        return True

    def basis(self) -> Basis:
        """The basis of the last solve; `Basis.none` where rows of separate sets are part of it."""
        if self.set_row:
            return Basis.none()
        now = self.highs.getBasis()
        columns = np.array([int(status) for status in now.col_status])
        rows = np.array([int(status) for status in now.row_status])
        basic = columns[self.column] == BASIC
        unit, rep = self.unit[basic], self.rep[basic]
        split = np.bincount(unit, minlength=self.problem.unit_count)[unit] > 1
        return Basis(
            rows=rows[: self._limit_row_count],
            slacks=columns[: self._slack_count],
            unit=unit[split],
            rep=rep[split],
        )

    def start_from(self, basis: Basis, rep: Ints) -> bool:
        """Start the next solve from `basis`, every unit it does not split basic at rep[unit] (U).

        False, and nothing changed, where the basis is not one of this LP.
        """
        import highspy

        inside = np.flatnonzero(self.owner_row >= 0)
        whole = np.setdiff1d(inside, basis.unit)
        basic = self.column_of(
            np.concatenate((basis.unit, whole)), np.concatenate((basis.rep, rep[whole]))
        )
        fits = basis.rows.size == self._limit_row_count and basis.slacks.size == self._slack_count
        count = basic.size + (basis.rows == BASIC).sum() + (basis.slacks == BASIC).sum()
        if not fits or (basic < 0).any() or count != self._row_count or self.set_row:
            return False
        columns = np.full(self._column_count, AT_LOWER)
        columns[: self._slack_count] = basis.slacks
        columns[basic] = BASIC
        rows = np.full(self._row_count, AT_LOWER)
        rows[: self._limit_row_count] = basis.rows
        start = highspy.HighsBasis()
        start.col_status = _statuses(columns)
        start.row_status = _statuses(rows)
        start.valid = True
        self._ok(self.highs.setBasis(start))
        return True

    def settle(self, unit: Ints, rep: Ints) -> None:
        """Make the shares of units that just came in basic where they stood: rows that are basic
        instead would each cost the simplex a step."""
        columns = self.column_of(unit, rep)
        now = self.highs.getBasis()
        if not now.valid or not unit.size:
            return
        status, row_status = list(now.col_status), list(now.row_status)
        for row, column in zip(self.owner_row[unit].tolist(), columns.tolist(), strict=True):
            status[column], row_status[row] = row_status[row], status[column]
        now.col_status, now.row_status = status, row_status
        self._ok(self.highs.setBasis(now))

    def prices(self) -> Prices:
        """Dual prices of the limits, USD."""
        shape = self.has_above.shape
        above, below = np.zeros(shape), np.zeros(shape)
        has_above, has_below = self.pair_above >= 0, self.pair_below >= 0
        above[has_above] = -self.dual[self.pair_above[has_above]]
        below[has_below] = self.dual[self.pair_below[has_below]]
        budget = -self.dual[self.budget_row] * self.money
        return Prices(
            np.maximum(above * self.money, 0.0),
            np.maximum(below * self.money, 0.0),
            np.maximum(budget, 0.0),
        )

    def set_prices(self) -> dict[tuple[int, int], float]:
        """USD price of every (separate set, rep) with a row; none below 0."""
        return {
            key: max(-float(self.dual[row]) * self.money, 0.0) for key, row in self.set_row.items()
        }

    def shares(self) -> Floats:
        """Values of the columns x_uj, in the order of `unit` and `rep`."""
        return self.value[self.column]

    def objective(self) -> float:
        """USD of the units inside and of all slacks, penalties included."""
        scaled = float(self.highs.getInfo().objective_function_value)
        inside = self.owner_row >= 0
        return scaled * self.money + float(self.offset[inside].sum())

    def excess(self) -> float:
        """Total excess of hard limits, in scaled units."""
        return float(self.value[self.elastic_columns].sum())

    # -- columns ---------------------------------------------------------------------------------

    def _add_columns(
        self, cost: Floats, starts: Ints, index: Ints, value: Floats, upper: Floats | None = None
    ) -> int:
        """Add columns of `cost` USD between 0 and `upper`; returns the number of the first."""
        if not np.abs(value).max(initial=0.0) <= COEFFICIENT_LIMIT:
            raise SolverError(
                "a load of the linear relaxation is above 1e7 targets or not finite; "
                "check the accounts' hours, potential and sales"
            )
        if not np.isfinite(cost).all():
            raise SolverError("a cost of the linear relaxation is no finite number")
        count = cost.size
        top = np.full(count, self.inf) if upper is None else upper
        at, rows = starts.astype(np.int32), index.astype(np.int32)
        scaled = cost / self.money
        self._ok(
            self.highs.addCols(count, scaled, np.zeros(count), top, value.size, at, rows, value)
        )
        first = self._column_count
        self._column_count += count
        return first

    @staticmethod
    def _ok(status: object) -> None:
        """HiGHS reports a refused row or column only through its return value."""
        import highspy

        if status == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused a part of the linear relaxation")


def _statuses(codes: Ints) -> list[Any]:
    import highspy

    status = highspy.HighsBasisStatus
    names = {int(one): one for one in (status.kLower, status.kBasic, status.kUpper, status.kZero)}
    names[int(status.kNonbasic)] = status.kNonbasic
    return [names[code] for code in codes.tolist()]


def _numbered(has: Bools, first: int) -> tuple[Ints, int]:
    """Row numbers from `first` on where there is a row, -1 elsewhere; and the next free number."""
    number = np.where(has, first + np.cumsum(has.ravel()).reshape(has.shape) - 1, -1)
    return number, first + int(has.sum())


def _sets_of_units(separate: tuple[Ints, ...]) -> dict[int, list[int]]:
    sets: dict[int, list[int]] = {}
    for number, members in enumerate(separate):
        for unit in members.tolist():
            sets.setdefault(int(unit), []).append(number)
    return sets
