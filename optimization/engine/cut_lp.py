"""The linear relaxation with valid inequalities of single reps, over given pairs.

Columns x_a of the pairs that may matter, priced out over all given pairs after every solve; rows

    owner   sum_j x_uj                        = 1
    above   l_je - excess_je                 <= upper_je
    short   f_je + missing_je                >= lower_je
    soft    l_je - over_je                   <= soft_upper_je       (below: f_je + under_je >= …)
    budget  sum_uj w_ujb x_uj - excess_b     <= budget_limit_b
    pool    sum of excesses - beyond         <= relaxation          (only where it is not 0)
    cut     sum_u p_u x_uj - q . slacks_j    <= r                   (see `mode_cuts`)

with over_je and under_je >= 0 at the soft prices and excesses at a penalty, so that every such LP
has a solution. For any duals y >= 0 of the inequalities, Lagrangian duality proves

    bound = sum_u min_j (c_uj + y . column_uj) - y . right-hand sides - rho * relaxation
            + sum over soft slacks s of min(0, price_s - y . column_s) * largest s

where rho is the largest dual of a hard limit. Excesses and penalties are no part of the proof.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.engine.problem import Arcs, Bools, Floats, Ints, Problem
from optimization.errors import SolverError

# Pairs of a unit in the first LP, and those that may enter in one round.
START_PAIRS = 6
PAIRS_PER_ROUND = 4
ROUND_LIMIT = 40
# Reduced cost, in the scale of the LP (typical costs 100), from which a pair enters.
ENTRY = 1e-6


@dataclass(frozen=True)
class Cut:
    """sum of `value` over pairs of one rep, less `slack` . soft slacks of the rep, is <= `limit`.

    value: over the pairs of the rep, in the order of `RepRows.place`. slack: (S) >= 0.
    """

    rep: int
    value: Floats
    slack: Floats
    limit: float


@dataclass(frozen=True)
class RepRows:
    """Limits of one rep as rows  entry . x - relief . s <= limit  over its pairs.

    place: (n) its pairs, as places in the arcs, units rising. entry: (rows, n). limit: (rows).
    relief: (rows, S) 1 where soft slack s relieves the row. is_lower: (rows) a lower side, turned
    round. price, most: (S) USD per unit of soft slack and the largest it can be.
    """

    place: Ints
    entry: Floats
    limit: Floats
    relief: Floats
    is_lower: Bools
    price: Floats
    most: Floats

    @property
    def is_hard(self) -> Bools:
        return np.asarray(self.relief.sum(axis=1) == 0)


def rows_of_reps(problem: Problem, arcs: Arcs) -> list[RepRows]:
    """The limits of every rep, hard ones first; lower sides are turned round.

    A lower side counts no unit for more than the limit itself: whole units meet it alike, split
    ones do not.
    """
    limits, values = problem.limits, arcs.values
    order = np.argsort(arcs.rep, kind="stable")
    ends = np.searchsorted(arcs.rep[order], np.arange(problem.rep_count + 1))
    rows: list[RepRows] = []
    for j in range(problem.rep_count):
        place = order[ends[j] : ends[j + 1]]
        load, fill = values.load[place].T, values.fill[place].T
        has_upper, has_lower = np.isfinite(limits.upper[j]), np.isfinite(limits.lower[j])
        is_above = (limits.price_above[j] > 0) & np.isfinite(limits.soft_upper[j])
        is_below = (limits.price_below[j] > 0) & np.isfinite(limits.soft_lower[j])
        top, floor = limits.soft_upper[j][is_above], limits.soft_lower[j][is_below]
        lower = np.concatenate((limits.lower[j][has_lower], floor))
        filled = clipped(np.vstack((fill[has_lower], fill[is_below])), lower)
        cut = int(has_lower.sum())
        entry = (load[has_upper], -filled[:cut], load[is_above], -filled[cut:])
        limit = (limits.upper[j][has_upper], -lower[:cut], top, -floor)
        hard = int(has_upper.sum()) + cut
        price = (limits.price_above[j][is_above], limits.price_below[j][is_below])
        most_above = load[is_above].clip(min=0).sum(axis=1) - top
        most_below = floor - filled[cut:].clip(max=0).sum(axis=1)
        slacks = top.size + floor.size
        rows.append(
            RepRows(
                place=place,
                entry=np.vstack(entry),
                limit=np.concatenate(limit),
                relief=np.vstack((np.zeros((hard, slacks)), np.eye(slacks))),
                is_lower=np.repeat(
                    [False, True, False, True], [hard - cut, cut, top.size, floor.size]
                ),
                price=np.concatenate(price),
                most=np.maximum(np.concatenate((most_above, most_below)), 0.0),
            )
        )
    return rows


def clipped(fill: Floats, lower: Floats) -> Floats:
    """Fill (rows, n) cut to the lower limits (rows), in rows where none is negative."""
    may = np.asarray((fill >= 0).all(axis=1))
    least = np.maximum(lower, 0.0)[:, None]
    return np.where(may[:, None], np.minimum(fill, least), fill)


class CutLp:
    """One growing LP; costs in HiGHS are USD / `money`, less the unit's cheapest priced cost."""

    def __init__(
        self,
        problem: Problem,
        arcs: Arcs,
        priced: Floats,
        penalty: float,
        relaxation: float,
    ) -> None:
        """priced: (A) cost of the pairs at good prices; tells which columns to start from."""
        import highspy

        self.problem, self.arcs, self.relaxation = problem, arcs, relaxation
        self.unit = arcs.unit
        self.rows = rows_of_reps(problem, arcs)
        self.cuts: list[Cut] = []
        self.cut_row: list[int] = []
        least = np.minimum.reduceat(priced, arcs.first[:-1])
        spread = priced - least[self.unit]
        cheapest = np.minimum.reduceat(arcs.values.cost, arcs.first[:-1])
        self.net = arcs.values.cost - cheapest[self.unit]
        self.constant = float(cheapest.sum())
        # Typical differences of 100, since tolerances of HiGHS are absolute, and none above 1e6.
        most = max(float(self.net.max(initial=0.0)), penalty / 1e3)
        self.money = max(float(spread.mean()) / 100, most / 1e6)
        self.inf = highspy.kHighsInf
        self.highs = highspy.Highs()
        for name, setting in (
            ("output_flag", False),
            ("threads", 1),
            ("random_seed", problem.seed),
        ):
            self._ok(self.highs.setOptionValue(name, setting))
        self.column = np.full(len(arcs), -1, dtype=np.int64)  # column of each pair in the LP
        self.allowed = np.ones(len(arcs), dtype=bool)
        self.place = np.zeros(0, dtype=np.int64)  # pair of each column behind `first_pair`
        # Of the last LP: duals of its rows, shares of all pairs, values of the soft slacks.
        self.dual: Floats = np.zeros(0)
        self.share: Floats = np.zeros(len(arcs))
        self.soft_value: Floats = np.zeros(sum(rows.price.size for rows in self.rows))
        self._first_rows()
        self._slacks(penalty / self.money)
        self.first_pair = self.highs.getNumCol()
        rank = _rank_within(spread, arcs.first)
        self.add_pairs(np.flatnonzero(rank < START_PAIRS))

    # -- rows and columns ------------------------------------------------------------------------

    def _first_rows(self) -> None:
        units, budgets = self.problem.unit_count, len(self.problem.budgets)
        sizes = np.array([rows.limit.size for rows in self.rows], dtype=np.int64)
        self.first_row = units + np.concatenate(([0], np.cumsum(sizes)))
        self.budget_row = int(self.first_row[-1])
        self.pool_row = self.budget_row + budgets if self.relaxation > 0 else -1
        limit = np.concatenate([np.zeros(0), *(rows.limit for rows in self.rows)])
        pool = [self.relaxation] if self.relaxation > 0 else []
        upper = np.concatenate((np.ones(units), limit, self.problem.budget_limit, pool))
        lower = np.full(upper.size, -self.inf)
        lower[:units] = 1.0
        none, starts = np.zeros(0, dtype=np.int32), np.zeros(upper.size, dtype=np.int32)
        self._ok(self.highs.addRows(upper.size, lower, upper, 0, starts, none, np.zeros(0)))

    def _slacks(self, penalty: float) -> None:
        """Soft slacks at their price, then excesses of hard limits and budgets at the penalty."""
        row, cost = [], []
        self.soft_column: list[int] = []  # first soft slack of each rep
        count = 0
        for j, rows in enumerate(self.rows):
            self.soft_column.append(count)
            row += (self.first_row[j] + np.flatnonzero(~rows.is_hard)).tolist()
            cost += (rows.price / self.money).tolist()
            count += rows.price.size
        hard = [
            self.first_row[j] + np.flatnonzero(rows.is_hard) for j, rows in enumerate(self.rows)
        ]
        budgets = self.budget_row + np.arange(len(self.problem.budgets))
        self.hard_row = np.concatenate([np.zeros(0, np.int64), *hard, budgets])
        self._add(np.array(cost), np.array(row)[:, None], np.full((count, 1), -1.0))
        more, charge = self.hard_row[:, None], np.full(self.hard_row.size, penalty)
        entry = np.full(more.shape, -1.0)
        if self.pool_row >= 0:
            more = np.column_stack((more, np.full(more.shape, self.pool_row)))
            entry = np.column_stack((entry, np.ones(entry.shape)))
            charge = np.zeros(charge.size)
        self._add(charge, more, entry)
        if self.pool_row >= 0:
            self._add(np.array([penalty]), np.array([[self.pool_row]]), np.array([[-1.0]]))

    def add_pairs(self, place: Ints) -> None:
        """Add the columns of pairs that are not in yet."""
        place = place[self.column[place] < 0]
        if not place.size:
            return
        problem = self.problem
        width = max((rows.limit.size for rows in self.rows), default=0)
        index = np.full((place.size, 1 + width + len(problem.budgets) + self._most_cuts()), -1)
        value = np.zeros(index.shape)
        index[:, 0], value[:, 0] = self.unit[place], 1.0
        ends = 1 + width + len(problem.budgets)
        index[:, 1 + width : ends] = self.budget_row + np.arange(len(problem.budgets))
        value[:, 1 + width : ends] = self.arcs.values.weight[place]
        rep = self.arcs.rep[place]
        for j in np.unique(rep[rep < problem.rep_count]).tolist():
            mine, rows = np.flatnonzero(rep == j), self.rows[j]
            at = np.searchsorted(rows.place, place[mine])
            span = slice(1, 1 + rows.limit.size)
            index[mine, span] = self.first_row[j] + np.arange(rows.limit.size)
            value[mine, span] = rows.entry[:, at].T
            for k, c in enumerate(self.cuts_of(j)):
                index[mine, ends + k] = self.cut_row[c]
                value[mine, ends + k] = self.cuts[c].value[at]
        upper = np.where(self.allowed[place], self.inf, 0.0)
        self._add(self.net[place] / self.money, index, value, upper)
        self.column[place] = self.first_pair + self.place.size + np.arange(place.size)
        self.place = np.concatenate((self.place, place))

    def cuts_of(self, rep: int) -> list[int]:
        return [c for c, cut in enumerate(self.cuts) if cut.rep == rep]

    def soft_slack(self, rep: int) -> Floats:
        """Values of the soft slacks of one rep in the last LP."""
        first = self.soft_column[rep]
        return self.soft_value[first : first + self.rows[rep].price.size]

    def _most_cuts(self) -> int:
        reps = np.array([cut.rep for cut in self.cuts], dtype=np.int64)
        return int(np.bincount(reps).max()) if reps.size else 0

    def add_cuts(self, cuts: list[Cut]) -> None:
        """Add rows for cuts, over the columns that are in and the soft slacks of their reps."""
        if not cuts:
            return
        starts, index, value = [], [], []
        count = 0
        for cut in cuts:
            column = self.column[self.rows[cut.rep].place]
            used = (column >= 0) & (cut.value != 0)
            soft = np.flatnonzero(cut.slack)
            starts.append(count)
            index += [column[used], self.soft_column[cut.rep] + soft]
            value += [cut.value[used], -cut.slack[soft]]
            count += int(used.sum()) + soft.size
        first = self.highs.getNumRow()
        lower = np.full(len(cuts), -self.inf)
        upper = np.array([cut.limit for cut in cuts])
        at, entries = np.concatenate(index).astype(np.int32), np.concatenate(value)
        begin = np.array(starts, dtype=np.int32)
        self._ok(self.highs.addRows(len(cuts), lower, upper, count, begin, at, entries))
        self.cut_row += list(range(first, first + len(cuts)))
        self.cuts += cuts

    def drop_idle_cuts(self) -> None:
        """Remove the cuts that the last LP did not need, and keep its basis."""
        import highspy

        row = np.array(self.cut_row, dtype=np.int64)
        row = row[row < self.dual.size]
        basis = self.highs.getBasis()
        rows = list(basis.row_status)
        status = np.array([int(s) for s in rows])
        idle = row[status[row] == int(highspy.HighsBasisStatus.kBasic)]
        if not idle.size:
            return
        first = self.highs.getNumRow() - len(self.cuts)
        kept = np.setdiff1d(np.arange(status.size), idle)
        basis.row_status = [rows[r] for r in kept.tolist()]
        self._ok(self.highs.deleteRows(idle.size, idle.astype(np.int32)))
        self._ok(self.highs.setBasis(basis))
        self.cuts = [self.cuts[r - first] for r in kept.tolist() if r >= first]
        self.cut_row = list(range(first, first + len(self.cuts)))
        self.dual = self.dual[kept[kept < self.dual.size]]

    def start_from(self, basis: Any) -> None:
        """Start the next LP from a basis of fewer columns and cuts; those since then are out."""
        import highspy

        columns = self.highs.getNumCol() - len(basis.col_status)
        rows = self.highs.getNumRow() - len(basis.row_status)
        status = highspy.HighsBasisStatus
        whole = highspy.HighsBasis()
        whole.col_status = list(basis.col_status) + [status.kLower] * columns
        whole.row_status = list(basis.row_status) + [status.kBasic] * rows
        whole.valid = True
        self._ok(self.highs.setBasis(whole))

    def allow(self, allowed: Bools) -> None:
        """Offer only the pairs of `allowed` (A) from now on."""
        changed = self.place[allowed[self.place] != self.allowed[self.place]]
        self.allowed = allowed
        if changed.size:
            column = self.column[changed].astype(np.int32)
            upper = np.where(allowed[changed], self.inf, 0.0)
            change = getattr(self.highs, "changeColsBounds")  # noqa: B009
            self._ok(change(column.size, column, np.zeros(column.size), upper))

    def _add(self, cost: Floats, index: Ints, value: Floats, upper: Floats | None = None) -> None:
        """Columns of a row each in `index` and `value`; zero entries and rows -1 are left out."""
        if not cost.size:
            return
        kept = (index >= 0) & (value != 0)
        starts = np.concatenate(([0], np.cumsum(kept.sum(axis=1)))).astype(np.int32)
        top = np.full(cost.size, self.inf) if upper is None else upper
        entries = value[kept]
        at, low = index[kept].astype(np.int32), np.zeros(cost.size)
        begin = starts[:-1]
        count = entries.size
        self._ok(self.highs.addCols(cost.size, cost, low, top, count, begin, at, entries))

    # -- solving ---------------------------------------------------------------------------------

    def solve(self, seconds: float, target: float) -> float | None:
        """The proved bound in USD, priced out over all allowed pairs; `share` is of the last LP.

        Ends early where the bound passes `target`; None where the clock ended it without a bound.
        """
        best = None
        for _ in range(ROUND_LIMIT):
            if not self._run(seconds):
                return best
            bound, reduced = self._certify()
            best = bound if best is None else max(best, bound)
            if best >= target or not self._enter(reduced):
                break
        return best

    def _run(self, seconds: float) -> bool:
        import highspy

        if np.isfinite(seconds):
            # HiGHS counts the time of all runs of one instance.
            self._ok(self.highs.setOptionValue("time_limit", self.highs.getRunTime() + seconds))
        self._ok(self.highs.run())
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return False
        solution = self.highs.getSolution()
        value = np.array(solution.col_value)
        self.dual = np.array(solution.row_dual)
        self.share = np.zeros(len(self.arcs))
        self.share[self.place] = value[self.first_pair :]
        self.soft_value = value[: self.first_pair]
        return True

    def _certify(self) -> tuple[float, Floats]:
        """Bound in USD from the duals, and the priced cost of all pairs less the unit's dual."""
        units, problem = self.problem.unit_count, self.problem
        price = np.maximum(-self.dual[units:], 0.0)
        priced = self.net / self.money
        if problem.budgets:
            at = self.budget_row - units
            budget = price[at : at + len(problem.budgets)]
            priced = priced + self.arcs.values.weight @ budget
        else:
            priced = priced.copy()
        total = float(price[: self.budget_row - units] @ self._limits())
        if problem.budgets:
            total += float(budget @ problem.budget_limit)
        if self.relaxation > 0:
            total += float(price[self.hard_row - units].max(initial=0.0)) * self.relaxation
        slack_cost = [rows.price / self.money for rows in self.rows]
        for j, rows in enumerate(self.rows):
            mine = price[self.first_row[j] - units : self.first_row[j + 1] - units]
            priced[rows.place] += mine @ rows.entry
            slack_cost[j] = slack_cost[j] - mine[~rows.is_hard]
        for cut, row in zip(self.cuts, self.cut_row, strict=True):
            mu = price[row - units]
            if mu > 0:
                priced[self.rows[cut.rep].place] += mu * cut.value
                slack_cost[cut.rep] = slack_cost[cut.rep] - mu * cut.slack
                total += mu * cut.limit
        for j, rows in enumerate(self.rows):
            total -= float(np.minimum(slack_cost[j], 0.0) @ rows.most)
        priced[~self.allowed] = np.inf
        least = np.minimum.reduceat(priced, self.arcs.first[:-1])
        bound = (float(least.sum()) - total) * self.money + self.constant
        return bound, priced - self.dual[self.unit]

    def _limits(self) -> Floats:
        return np.concatenate([np.zeros(0), *(rows.limit for rows in self.rows)])

    def _enter(self, reduced: Floats) -> bool:
        """Add the cheapest pairs of negative reduced cost; False where there is none."""
        open_pairs = np.flatnonzero((reduced < -ENTRY) & (self.column < 0))
        if not open_pairs.size:
            return False
        order = np.lexsort((reduced[open_pairs], self.unit[open_pairs]))
        open_pairs = open_pairs[order]
        unit = self.unit[open_pairs]
        start = np.searchsorted(unit, unit)
        self.add_pairs(open_pairs[np.arange(unit.size) - start < PAIRS_PER_ROUND])
        return True

    @staticmethod
    def _ok(status: object) -> None:
        """HiGHS reports a refused row or column only through its return value."""
        import highspy

        if status == highspy.HighsStatus.kError:
            raise SolverError("HiGHS refused a part of the linear relaxation with cuts")


def _rank_within(score: Floats, first: Ints) -> Ints:
    """Rank of each arc among those of its unit, smallest score first."""
    unit = np.repeat(np.arange(first.size - 1), np.diff(first))
    order = np.lexsort((score, unit))
    rank = np.empty(score.size, dtype=np.int64)
    rank[order] = np.arange(score.size) - first[unit[order]]
    return rank
