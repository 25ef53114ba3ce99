"""Branch and bound on the large units: raises the bound where the LP splits what cannot be split.

The LP is weak only where a unit is large against a territory: splitting one of 2 % of a target
costs nothing, splitting one of 60 % hides a real decision. So the tree branches on the owner of
the largest fractional unit. Each node's LP is priced out over all pairs, hence the smallest bound
of the open nodes holds for every plan.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optimization.problem import Problem
from optimization.relaxation import Relaxation
from optimization.tables import Bools, Floats, Ints

FRACTION = 1e-6

# Called with the fractional shares (U, J) of a node; returns the cost of the best plan so far.
Offer = Callable[[Floats], float]


@dataclass(order=True)
class _Node:
    bound: float
    order: int
    allowed: Bools = field(compare=False)


def raise_bound(
    problem: Problem, root: Relaxation, cost: float, nodes: int, offer: Offer, offer_every: int
) -> float:
    """A bound over all plans of `problem` that keep every hard band.

    root: its LP optimum. cost: of the best plan known. nodes: work limit. offer: receives the
    shares of every `offer_every`-th node and of nodes without split units, and may find a better
    plan.
    """
    size = _unit_size(problem)
    gap = problem.solver.rel_gap_pct / 100
    count = 0
    heap = [_Node(root.certificate.bound, 0, problem.allowed)]
    settled = np.inf
    for done in range(nodes):
        if not heap or heap[0].bound >= cost * (1 - gap):
            break
        node = heapq.heappop(heap)
        root.lp.restrict(node.allowed)
        solved = root.lp.optimum(cutoff=cost)
        if solved is None:
            # Nothing below the best plan is left in this node.
            settled = min(settled, cost)
            continue
        bound = max(node.bound, solved.certificate.bound)
        split = ((solved.share > FRACTION) & (solved.share < 1 - FRACTION)).any(axis=1)
        if done % offer_every == 0 or not split.any():
            cost = min(cost, offer(solved.share))
        if not split.any():
            settled = min(settled, bound)
            continue
        u, j = _choose(solved.share, np.flatnonzero(split), size)
        within, without = node.allowed.copy(), node.allowed.copy()
        within[u] = False
        within[u, j] = True
        without[u, j] = False
        for allowed in (within, without):
            count += 1
            heapq.heappush(heap, _Node(bound, count, allowed))
    return min(heap[0].bound if heap else np.inf, settled, cost)


def _choose(share: Floats, fractional: Ints, size: Floats) -> tuple[int, int]:
    """The unit whose splitting hides most, and the rep with its largest share."""
    top = share[fractional].max(axis=1)
    score = size[fractional] * np.minimum(1 - top, 0.5)
    u = int(fractional[int(np.argmax(score))])
    return u, int(np.argmax(share[u]))


def _unit_size(problem: Problem) -> Floats:
    """(U) largest share of a territory that the unit takes in any row, over its reps."""
    taken = np.abs(problem.coefficient).max(axis=2, initial=0.0)
    return np.where(problem.allowed, taken, 0.0).max(axis=1, initial=0.0)
