"""A sharper linear relaxation of the same problem, valid where every hard band must hold.

Whole units allow more than the LP sees. With load a_u of one rep's metric, upper limit U, lower L:
  - a pair with a_u > U is in no plan: it is dropped;
  - in a lower limit a unit counts at most L:       sum min(a_u, L) x_u >= L;
  - for k = 1, 2, 3:                                sum (ceil((k+1) a_u / U) - 1) x_u <= k,
    at most one unit above U/2, at most two above U/3 ... (dual feasible functions, Fekete and
    Schepers 2001).
On 1,200 heavy-tailed accounts x 25 reps this closes most of what the plain LP leaves open.
"""

from dataclasses import replace

import numpy as np

from optimization.problem import TOLERANCE, Problem, RowKind
from optimization.tables import Floats

COVER_SIZES = (1, 2, 3)
NO_SLACK = -1


def tighten(problem: Problem) -> Problem:
    """The same plans, as long as they keep every hard band, with a smaller relaxation."""
    allowed = problem.allowed.copy()
    coefficient = problem.coefficient.copy()
    rows, extra, limits = list(problem.rows), [], []
    for q, row in enumerate(problem.rows):
        limit = problem.limit[:, q]
        load = problem.coefficient[:, :, q]
        if row.name == "upper":
            allowed &= load <= limit[None, :] + TOLERANCE
            for k in COVER_SIZES:
                counted = _cover(load, limit + TOLERANCE, k)
                if (counted[allowed] > 0).any():
                    rows.append(RowKind(f"cover_{k}", row.metric, NO_SLACK))
                    extra.append(counted)
                    limits.append(np.full(limit.size, float(k)))
        elif row.name == "lower":
            coefficient[:, :, q] = np.maximum(load, limit[None, :])
    # A unit that fits nobody stays as it is: the plain problem decides about it.
    stuck = ~allowed.any(axis=1)
    allowed[stuck] = problem.allowed[stuck]
    if extra:
        coefficient = np.concatenate((coefficient, np.stack(extra, axis=2)), axis=2)
    return replace(
        problem,
        allowed=allowed,
        preferred=problem.preferred & allowed,
        rows=tuple(rows),
        coefficient=coefficient,
        limit=np.column_stack((problem.limit, *limits)),
    )


def _cover(load: Floats, limit: Floats, k: int) -> Floats:
    """How many (k+1)-ths of the limit each unit strictly exceeds, 0 to k; (U, J)."""
    positive = limit > 0
    share = load / np.where(positive, limit, 1.0)[None, :]
    return np.where(positive[None, :], np.clip(np.ceil((k + 1) * share - 1e-9) - 1, 0, k), 0.0)
