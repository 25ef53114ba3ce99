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
    share: Floats = field(compare=False)
    basis: Any = field(compare=False)


def branch(
    lp: CutLp,
    size: Floats,
    bound: float,
    target: float,
    watch: Watch,
    *,
    nodes: int,
    tell: Tell | None = None,
) -> float:
    """A bound over all plans from at most `nodes` further LPs; at most about `target`.

    lp: solved at the root. size: (U) largest share of a target that a unit takes. bound: of the
    root. The smallest bound of the open nodes is always proved, so any end is a valid one.
    """
    heap = [_Node(bound, 0, lp.allowed, lp.share, lp.highs.getBasis())]
    closed, count = np.inf, 0
    while heap and heap[0].bound < min(target, closed) and count < nodes:
        node = heap[0]
        choice = _choose(lp, node, size)
        if choice is None:
            break
        children = []
        for allowed in _children(lp, node, choice):
            lp.allow(allowed)
            lp.highs.setBasis(node.basis)
            solved = None if watch.is_over() else lp.solve(watch.left, target)
            if solved is None:
                return min(node.bound, closed)
            count += 1
            children.append((max(node.bound, solved), allowed, lp.share, lp.highs.getBasis()))
        heapq.heappop(heap)
        for k, (value, allowed, share, basis) in enumerate(children):
            if value >= target:
                closed = min(closed, value)
            else:
                heapq.heappush(heap, _Node(value, count + k, allowed, share, basis))
        if tell and heap:
            tell("owners of large units", min(heap[0].bound, closed), None)
    return min(heap[0].bound if heap else np.inf, closed)


def _choose(lp: CutLp, node: _Node, size: Floats) -> int | None:
    """The pair of the unit whose splitting hides most, at the rep with its largest share."""
    split = (node.share > FRACTION) & (node.share < 1 - FRACTION)
    places = np.flatnonzero(split)
    if not places.size:
        return None
    top = np.maximum.reduceat(node.share, lp.arcs.first[:-1])
    units = np.unique(lp.unit[places])
    u = int(units[int(np.argmax(size[units] * np.minimum(1 - top[units], 0.5)))])
    at = slice(lp.arcs.first[u], lp.arcs.first[u + 1])
    return int(lp.arcs.first[u] + np.argmax(node.share[at]))


def _children(lp: CutLp, node: _Node, place: int) -> tuple[Bools, Bools]:
    without, within = node.allowed.copy(), node.allowed.copy()
    without[place] = False
    u = lp.unit[place]
    within[lp.arcs.first[u] : lp.arcs.first[u + 1]] = False
    within[place] = node.allowed[place]
    return within, without
