"""From a fractional plan to a whole one."""

import numpy as np

from optimization.engine.lp import LpOptimum
from optimization.engine.problem import Ints, Problem


def rounded(problem: Problem, lp: LpOptimum) -> Ints:
    """(U) each unit at the rep with its largest share; ties go to the smaller rep index.

    A vertex splits at most as many units as limits bind, so this leaves little to mend.
    """
    owner = problem.pairs.cheapest(lp.prices, 1).rep[:, 0].copy()
    # Written in rising order of share, the largest share of a unit is written last.
    order = np.lexsort((-lp.rep, lp.share))
    owner[lp.unit[order]] = lp.rep[order]
    return owner
