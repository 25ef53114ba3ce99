"""A higher bound for larger problems: branch and bound on the owners of large units.

The relaxation splits a unit of 0.8 targets between two territories at no cost; every plan pays for
it. A node says of some large units where each of them may be. Its LP is warm, holds a core of units
and prices out all pairs (`lp`); its bound is Lagrangian over all pairs of all units, as everywhere:

    L(node) = sum_u min over the node's reps j of (c_uj + prices . loads_uj) - what the limits cost

The smallest bound of the open nodes holds for every plan. Smaller problems get cuts as well
(`modes`), on an LP over all pairs that a better plan could use, too many here.
"""

import heapq
from dataclasses import dataclass, field

import numpy as np

from optimization.engine.bound import limit_terms, valid_prices
from optimization.engine.lp import Relaxation
from optimization.engine.problem import Bools, Floats, Prices, Problem
from optimization.engine.split_units import SplitUnits, unit_sizes
from optimization.engine.watch import Watch

# Units of at least this share of a target are told apart.
LARGE_UNIT = 0.1
PRICINGS = 3


@dataclass(order=True)
class _Node:
    bound: float
    order: int
    open_reps: dict[int, Bools] = field(compare=False)  # of units that were branched on, (J + 1)
    choice: tuple[int, int] | None = field(compare=False)  # the pair to branch on next


def branch_on_large(
    problem: Problem,
    prices: Prices,
    bound: float,
    target: float,
    *,
    penalty: float,
    room: float,
    nodes: int,
    watch: Watch,
) -> float:
    """A proved bound on every plan of total relaxation `room`, at least `bound`; about `target` at
    most.

    prices: of the relaxation's optimum, with its basis. nodes: LPs at most.
    """
    tree = _Tree(problem, prices, penalty, room, watch)
    root = tree.solve({}, bound)
    if root is None:
        return bound
    heap, count = [root], 0
    while heap and heap[0].bound < target and count < nodes:
        node = heap[0]
        if node.choice is None:
            break
        unit, rep = node.choice
        before = node.open_reps.get(unit, tree.all_reps(unit))
        there, elsewhere = np.zeros_like(before), before.copy()
        there[rep], elsewhere[rep] = True, False
        children = []
        for open_reps in (there, elsewhere):
            if not open_reps.any():
                continue
            child = tree.solve({**node.open_reps, unit: open_reps}, node.bound)
            if child is None:
                return max(node.bound, bound)
            children.append(child)
            count += 1
        heapq.heappop(heap)
        for child in children:
            heapq.heappush(heap, child)
    return max(heap[0].bound, bound) if heap else bound


class _Tree:
    """One relaxation that every node opens and closes pairs of."""

    def __init__(
        self, problem: Problem, prices: Prices, penalty: float, room: float, watch: Watch
    ) -> None:
        self.problem, self.room = problem, room
        self.relaxation = Relaxation(problem, penalty, room, prices, watch, None, 0.0)
        self.size = unit_sizes(self.relaxation)
        self.branched: dict[int, Bools] = {}  # all reps of the units branched on so far
        self.count = 0

    def all_reps(self, unit: int) -> Bools:
        """(J + 1) reps that the unit may have at all; its pairs become columns."""
        if unit not in self.branched:
            is_open = np.zeros(self.problem.rep_count + 1, dtype=bool)
            is_open[self.relaxation.complete(unit)] = True
            self.branched[unit] = is_open
        return self.branched[unit]

    def solve(self, open_reps: dict[int, Bools], least: float) -> _Node | None:
        """The node where some units have these reps only; None where the watch struck."""
        lp = self.relaxation.lp
        for unit, everywhere in self.branched.items():
            lp.open_only(unit, open_reps.get(unit, everywhere))
        if self.relaxation.resolve(PRICINGS) is None:
            return None
        prices = valid_prices(self.problem.limits, lp.prices())
        self.count += 1
        bound = max(self._bound(prices, open_reps), least)
        return _Node(bound, self.count, open_reps, self._choose())

    def _bound(self, prices: Prices, open_reps: dict[int, Bools]) -> float:
        """Lagrangian, over all pairs but those the node has closed."""
        pairs = self.problem.pairs
        best: Floats = pairs.cheapest(prices, 1).priced[:, 0].copy()
        for unit, is_open in open_reps.items():
            reps = np.flatnonzero(is_open)
            best[unit] = pairs.at(np.full(reps.size, unit), reps).priced(reps, prices).min()
        return float(best.sum()) - limit_terms(self.problem, prices, self.room)

    def _choose(self) -> tuple[int, int] | None:
        """The large unit whose splitting hides most, and the rep with its largest share."""
        split = SplitUnits.of(self.relaxation)
        hidden = self.size[split.unit] * np.minimum(1 - split.top_share, 0.5)
        hidden[self.size[split.unit] < LARGE_UNIT] = -1.0
        if hidden.max(initial=-1.0) < 0:
            return None
        k = int(np.argmax(hidden))
        return int(split.unit[k]), int(split.top_rep[k])
