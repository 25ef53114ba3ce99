"""Primal search: round an LP vertex, then shift and swap units until no change helps.

The merit of a plan is the goal's cost plus priced slacks, with every widening of a hard band priced
at `penalty`. A vertex of the LP has at most as many fractional units as tight rows, so rounding it
leaves few violations and local changes mend them; from a random start the same search ends several
percent worse.
"""

import numpy as np

from optimization.bound import Goal
from optimization.problem import Problem
from optimization.tables import Floats, Ints

# A change must pay more than rounding noise, relative to the penalty in use.
GAIN = 1e-9
SHIFT_LIMIT = 5_000
SWAP_LIMIT = 600


def round_shares(problem: Problem, share: Floats) -> Ints:
    """Each unit to the rep with its largest share (ties: the smaller rep_id)."""
    inside = np.where(problem.allowed, share, -1.0)
    return np.argmax(inside, axis=1).astype(np.int64)


def improve(
    problem: Problem, goal: Goal, owner: Ints, penalty: float, swap_limit: int = SWAP_LIMIT
) -> Ints:
    """Descend from `owner` (U) by the best shift, and by the best swap where no shift helps."""
    if problem.rep_count < 2 or not problem.unit_count:
        return owner.copy()
    descent = _Descent(problem, goal, owner, penalty)
    swaps = 0
    for _ in range(SHIFT_LIMIT):
        if descent.best_shift():
            continue
        if swaps >= swap_limit or not descent.best_swap():
            break
        swaps += 1
    return descent.owner


class _Descent:
    """State of one descent: owners, row loads, and the gain of every single shift."""

    def __init__(self, problem: Problem, goal: Goal, owner: Ints, penalty: float) -> None:
        self.problem, self.cost = problem, goal.unit_cost
        self.owner = owner.copy()
        self.a, self.b = problem.coefficient, problem.limit
        relax = np.array([slack.name == "relax" for slack in problem.slacks], dtype=bool)
        self.price = np.where(relax[None, :], penalty, goal.slack_price)
        self.members = [
            [q for q, row in enumerate(problem.rows) if row.slack == g] for g in range(relax.size)
        ]
        self.load = problem.row_load(self.owner)
        self.noise = GAIN * max(penalty, 1.0)
        units, reps = problem.allowed.shape
        self.entry = np.full((units, reps), np.inf)
        self.leave = np.zeros(units)
        self.swap_gain = np.full((reps, reps), np.nan)
        for j in range(reps):
            self._refresh_entry(j)
            self._refresh_leave(j)

    def charge(self, j: int, load: Floats) -> Floats:
        """Priced slacks of rep j for row loads of any leading shape (..., Q)."""
        over = np.maximum(load - self.b[j], 0.0)
        total = np.zeros(load.shape[:-1])
        for g, rows in enumerate(self.members):
            if rows and self.price[j, g] > 0:
                worst = over[..., rows[0]]
                for q in rows[1:]:
                    worst = np.maximum(worst, over[..., q])
                total = total + self.price[j, g] * worst
        return total

    def best_shift(self) -> bool:
        """Move the one unit whose change of owner helps most."""
        gain = self.entry + self.leave[:, None]
        gain[np.arange(gain.shape[0]), self.owner] = np.inf
        u, j = divmod(int(np.argmin(gain)), gain.shape[1])
        if not gain[u, j] < -self.noise:
            return False
        self._move([(u, j)])
        return True

    def best_swap(self) -> bool:
        """Exchange the two units of different reps whose exchange helps most."""
        reps = self.b.shape[0]
        for first in range(reps):
            for second in range(first + 1, reps):
                if np.isnan(self.swap_gain[first, second]):
                    self.swap_gain[first, second] = self._swap(first, second)[0]
        gains = np.where(np.isnan(self.swap_gain), np.inf, self.swap_gain)
        first, second = divmod(int(np.argmin(gains)), reps)
        if not gains[first, second] < -self.noise:
            return False
        _, u, v = self._swap(first, second)
        self._move([(u, second), (v, first)])
        return True

    def _swap(self, first: int, second: int) -> tuple[float, int, int]:
        """Best exchange between two reps: (gain, unit leaving first, unit leaving second)."""
        mine = np.flatnonzero((self.owner == first) & self.problem.allowed[:, second])
        theirs = np.flatnonzero((self.owner == second) & self.problem.allowed[:, first])
        if not mine.size or not theirs.size:
            return np.inf, -1, -1
        at_first = self.load[first] - self.a[mine, first][:, None, :] + self.a[theirs, first][None]
        at_second = (
            self.load[second] + self.a[mine, second][:, None, :] - self.a[theirs, second][None]
        )
        gain = (
            self.charge(first, at_first)
            + self.charge(second, at_second)
            - self.charge(first, self.load[first])
            - self.charge(second, self.load[second])
            + (self.cost[mine, second] - self.cost[mine, first])[:, None]
            + (self.cost[theirs, first] - self.cost[theirs, second])[None, :]
        )
        u, v = divmod(int(np.argmin(gain)), theirs.size)
        return float(gain[u, v]), int(mine[u]), int(theirs[v])

    def _move(self, changes: list[tuple[int, int]]) -> None:
        touched = set()
        for u, j in changes:
            before = int(self.owner[u])
            self.load[before] -= self.a[u, before]
            self.load[j] += self.a[u, j]
            self.owner[u] = j
            touched |= {before, j}
        for j in touched:
            # Summed afresh: thousands of additions and subtractions would drift.
            mine = np.flatnonzero(self.owner == j)
            self.load[j] = self.a[mine, j].sum(axis=0)
            self._refresh_entry(j)
            self._refresh_leave(j)
            self.swap_gain[j, :] = np.nan
            self.swap_gain[:, j] = np.nan

    def _refresh_entry(self, j: int) -> None:
        """Change of charge and cost when any unit joins rep j."""
        may = self.problem.allowed[:, j]
        change = self.charge(j, self.load[j] + self.a[:, j]) - self.charge(j, self.load[j])
        self.entry[:, j] = np.where(may, change + self.cost[:, j], np.inf)

    def _refresh_leave(self, j: int) -> None:
        """Change of charge and cost when a unit leaves its rep j."""
        mine = np.flatnonzero(self.owner == j)
        change = self.charge(j, self.load[j] - self.a[mine, j]) - self.charge(j, self.load[j])
        self.leave[mine] = change - self.cost[mine, j]
