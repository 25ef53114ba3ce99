"""Branch and bound on the owners of large units, over the relaxation with modes.

The LP is weak only where a unit is large against a territory: splitting one of 2 % of a target
costs nothing, splitting one of 60 % hides a real decision. Each node's LP is priced out over all
pairs, hence the smallest bound of the open nodes holds for every plan.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimization.dive import FRACTION
from optimization.modes import ModeLp, ModeOptimum
from optimization.tables import Bools, Floats, Ints

# Plans are made from the root and from so many nodes: one costs as much as 20 node LPs.
OFFERS = 2
# Receives the pairs (U, J) and shares (U, J) of a node; returns the cost of the best plan so far.
Offer = Callable[[Bools, Floats], float]


@dataclass(order=True)
class _Node:
    bound: float
    order: int
    allowed: Bools = field(compare=False)
    share: Floats = field(compare=False)
    basis: Any = field(compare=False)


def raise_bound(
    lp: ModeLp, root: ModeOptimum, size: Floats, nodes: int, gap: float, offer: Offer
) -> float:
    """A bound over all plans, from at most `nodes` further LPs.

    root: optimum of `lp`. size: (U) largest share of a territory that a unit takes. gap: stop when
    the bound is within this share of the best plan. offer: called for the root and for every node
    whose bound is the smallest after another half of the work.
    """
    count, work = 0, 0
    heap = [_Node(root.bound, 0, lp.allowed, root.share, lp.basis())]
    cost = offer(lp.allowed, root.share)
    settled, next_offer = np.inf, nodes / OFFERS
    while heap and work < nodes and heap[0].bound < cost * (1 - gap):
        node = heapq.heappop(heap)
        split = np.flatnonzero(((node.share > FRACTION) & (node.share < 1 - FRACTION)).any(axis=1))
        if work >= next_offer or not split.size:
            cost = min(cost, offer(node.allowed, node.share))
            next_offer += nodes / OFFERS
        if not split.size:
            settled = min(settled, node.bound)
            continue
        for allowed in _children(node, *_choose(node.share, split, size)):
            lp.restrict(allowed)
            lp.start_from(node.basis)
            solved = lp.optimum(cutoff=cost)
            work += 1
            if solved is None:
                # Every plan left here costs at least as much as the best one.
                settled = min(settled, cost)
                continue
            count += 1
            bound = max(node.bound, solved.bound)
            heapq.heappush(heap, _Node(bound, count, allowed, solved.share, lp.basis()))
    return min(heap[0].bound if heap else np.inf, settled, cost)


def _children(node: _Node, u: int, j: int) -> tuple[Bools, Bools]:
    without, within = node.allowed.copy(), node.allowed.copy()
    without[u, j] = False
    within[u] = False
    within[u, j] = True
    return without, within


def _choose(share: Floats, split: Ints, size: Floats) -> tuple[int, int]:
    """The unit whose splitting hides most, and the rep with its largest share."""
    top = share[split].max(axis=1)
    u = int(split[int(np.argmax(size[split] * np.minimum(1 - top, 0.5)))])
    return u, int(np.argmax(share[u]))
