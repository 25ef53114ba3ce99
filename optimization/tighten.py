"""A sharper linear relaxation of the same plans.

Whole units allow less than the LP sees. With load a_u of one rep's metric, upper limit U
(relaxation budget included) and lower limit L:
  - a pair with a_u > U is in no plan: it is dropped;
  - in a lower limit a unit counts at most L:   sum min(a_u, L) x_u >= L.
"""

from dataclasses import replace

import numpy as np

from optimization.problem import TOLERANCE, Problem


def tighten(problem: Problem, budget: float = 0.0) -> Problem:
    """The same plans, of a total relaxation up to `budget`, with a smaller linear relaxation."""
    allowed = problem.allowed.copy()
    coefficient = problem.coefficient.copy()
    for q, row in enumerate(problem.rows):
        limit = problem.limit[:, q][None, :]
        load = problem.coefficient[:, :, q]
        if row.name == "upper":
            allowed &= load <= limit + budget + TOLERANCE
        elif row.name == "lower":
            coefficient[:, :, q] = np.maximum(load, limit)
    # A unit that fits nobody stays as it is: the plain problem decides about it.
    stuck = ~allowed.any(axis=1)
    allowed[stuck] = problem.allowed[stuck]
    preferred = problem.preferred & allowed
    return replace(problem, allowed=allowed, preferred=preferred, coefficient=coefficient)
