"""The units that the last solve of a relaxation splits between reps, and how large units are."""

from dataclasses import dataclass

import numpy as np

from optimization.engine.lp import Relaxation
from optimization.engine.problem import Floats, Ints

# Shares nearer than this to 0 or 1 are rounding.
FRACTION = 1e-6


@dataclass(frozen=True)
class SplitUnits:
    """Units (n), rising, and their shares one after the other, the largest of a unit first."""

    unit: Ints  # (n)
    first: Ints  # (n + 1) shares of the unit in place k are first[k] : first[k + 1]
    rep: Ints
    share: Floats

    @classmethod
    def of(cls, relaxation: Relaxation) -> "SplitUnits":
        lp = relaxation.lp
        share = lp.shares()
        found = np.flatnonzero((share > FRACTION) & (share < 1 - FRACTION))
        found = found[np.lexsort((lp.rep[found], -share[found], lp.unit[found]))]
        unit, first = np.unique(lp.unit[found], return_index=True)
        return cls(unit, np.append(first, found.size), lp.rep[found], share[found])

    @property
    def top_rep(self) -> Ints:
        """(n) the rep with the largest share of each unit; ties go to the smaller one."""
        return self.rep[self.first[:-1]]

    @property
    def top_share(self) -> Floats:
        """(n) that share."""
        return self.share[self.first[:-1]]

    def reps(self, k: int) -> Ints:
        """Reps with a share of the unit in place k, largest share first."""
        return self.rep[self.first[k] : self.first[k + 1]]


def unit_sizes(relaxation: Relaxation) -> Floats:
    """(U) largest share of a target of a resource with hard limits, at the unit's cheapest rep."""
    limits, values = relaxation.problem.limits, relaxation.values
    is_hard = np.isfinite(limits.upper).any(axis=0) | np.isfinite(limits.lower).any(axis=0)
    return np.maximum(values.load, values.fill)[:, is_hard].max(axis=1, initial=0.0)
