"""Branch and bound on the owners of large units, over the relaxation with cuts.

Each node's LP is priced out over all pairs, hence the smallest bound of the open nodes holds for
every plan.
"""

import heapq
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimization.engine.answer import Tell
from optimization.engine.cut_lp import CutLp
from optimization.engine.problem import Bools, Floats
from optimization.engine.watch import Watch

FRACTION = 1e-6


@dataclass(order=True)
class _Node:
    bound: float
    order: int
    allowed: Bools = field(compare=False)
    choice: int | None = field(compare=False)  # the pair to branch on
    basis: Any = field(compare=False)


def branch(
    lp: CutLp,
    size: Floats,
    bound: float,
    target: float,
    watch: Watch,
    nodes: int,
    tell: Tell | None = None,
) -> float:
    """A bound over all plans from at most `nodes` further LPs; at most about `target`.

    lp: solved at the root. size: (U) largest share of a target that a unit takes. bound: of the
    root. The smallest bound of the open nodes is always proved, so any end is a valid one.
    """
    heap = [_Node(bound, 0, lp.allowed, _choose(lp, size), lp.highs.getBasis())]
    closed, count = np.inf, 0
    while heap and heap[0].bound < min(target, closed) and count < nodes:
        node = heap[0]
        if node.choice is None:
            break
        children = []
        for allowed in _children(lp, node.allowed, node.choice):
            lp.allow(allowed)
            lp.start_from(node.basis)
            solved = None if watch.is_over() else lp.solve(watch.left, target)
            if solved is None:
                return min(node.bound, closed)
            count += 1
            value = max(node.bound, solved)
            basis = lp.highs.getBasis()
            children.append(_Node(value, count, allowed, _choose(lp, size), basis))
        heapq.heappop(heap)
        for child in children:
            if child.bound >= target:
                closed = min(closed, child.bound)
            else:
                heapq.heappush(heap, child)
        if tell and heap:
            tell("owners of large units", min(heap[0].bound, closed), None)
    return min(heap[0].bound if heap else np.inf, closed)


def _choose(lp: CutLp, size: Floats) -> int | None:
    """The pair of the unit whose splitting hides most in the last LP, where its share is largest.

    None where no unit is split.
    """
    first, share = lp.arcs.first, lp.share
    units = np.unique(lp.unit[(share > FRACTION) & (share < 1 - FRACTION)])
    if not units.size:
        return None
    top = np.maximum.reduceat(share, first[:-1])[units]
    u = int(units[int(np.argmax(size[units] * np.minimum(1 - top, 0.5)))])
    return int(first[u] + np.argmax(share[first[u] : first[u + 1]]))


def _children(lp: CutLp, allowed: Bools, place: int) -> tuple[Bools, Bools]:
    """The pairs left where the pair is in the plan, and where it is not."""
    within, without = allowed.copy(), allowed.copy()
    u = lp.unit[place]
    within[lp.arcs.first[u] : lp.arcs.first[u + 1]] = False
    within[place] = True
    without[place] = False
    return within, without
