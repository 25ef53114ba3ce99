"""A simplex basis that outlives its LP, so that a dearer LP starts where it ended.

In a basis of the LP (`core_lp`) most units have one basic share: they are at one rep. Which rep
does not matter to the others, so only the *split* units, those with two basic shares or more, and
the limit rows make the basis. Given prices, every other unit is basic at its cheapest rep: then the
reduced costs are those of the prices, no share has a negative one, and the dual simplex goes on
from there.
"""

from dataclasses import dataclass

import numpy as np

from optimization.engine.problem import Ints, Prices


@dataclass(frozen=True)
class Basis:
    """rows, slacks: HiGHS status of the limit rows and slack columns, in the order of the LP.
    unit, rep: the basic pairs of split units."""

    rows: Ints
    slacks: Ints
    unit: Ints
    rep: Ints

    @classmethod
    def none(cls) -> "Basis":
        """No basis at all: of an LP without rows."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, nothing)


@dataclass(frozen=True)
class WarmPrices(Prices):
    """Prices of an LP together with the basis they belong to."""

    basis: Basis


def warm(prices: Prices, basis: Basis) -> WarmPrices:
    return WarmPrices(prices.above, prices.below, prices.budget, basis)


def basis_of(prices: Prices | None) -> Basis:
    """The basis that comes with the prices, if any."""
    return prices.basis if isinstance(prices, WarmPrices) else Basis.none()
