"""What is known before a solve: plans and prices of a problem that is much like it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimization.engine.basis import basis_of, warm
from optimization.engine.problem import Ints, Prices


@dataclass(frozen=True)
class Start:
    """Plans and prices of problems with the same units, reps and resources, and other limits.

    owners: plans (U), any number, best first. prices: dual prices for the budgets of the problem
    to solve; those of a relaxation bring its basis along.
    """

    owners: tuple[Ints, ...]
    prices: Prices


def prices_for(prices: Prices, known: Sequence[str], wanted: Sequence[str]) -> Prices:
    """Prices of a problem with the budgets `known` for one with the budgets `wanted`; 0 for those
    that are new, and then without the basis, which lacks their rows."""
    place = {name: number for number, name in enumerate(known)}
    budget = np.array([prices.budget[place[name]] if name in place else 0.0 for name in wanted])
    plain = Prices(prices.above, prices.below, budget)
    return warm(plain, basis_of(prices)) if tuple(known) == tuple(wanted) else plain
