"""The certificate: a lower bound on every plan from any prices, by one pass over all pairs.

For prices above, below, budget >= 0 and a relaxation budget R with its own price rho,

    L = sum_u min over allowed j of (c_uj + above_j . a_uj - below_j . f_uj + budget . w_uj)
        - sum_je A_je(above_je) - sum_je B_je(below_je) - sum_b budget_b * limit_b - rho * R

never exceeds the cost of any plan (Lagrangian duality: the limits are priced instead of required).
A(p) is the largest value of p * y less what the load y costs beyond the soft limit:

    A(p) = p * soft_upper                                         for p <= price_above
           price_above * soft_upper + (p - price_above) * upper   beyond

and B likewise for the lower side. Where there is no hard limit a price above the soft price would
prove nothing, so it is cut there first; likewise where R > 0, rho is the largest hard part.
"""

from dataclasses import dataclass

import numpy as np

from optimization.engine.problem import Floats, Limits, Prices, Problem


@dataclass(frozen=True)
class Certificate:
    """A proved lower bound in USD and the prices that prove it."""

    bound: float
    prices: Prices


def valid_prices(limits: Limits, prices: Prices) -> Prices:
    """The nearest prices that prove a bound: not negative, and cut where a limit is only soft."""
    above = np.maximum(prices.above, 0.0)
    below = np.maximum(prices.below, 0.0)
    above = np.where(np.isinf(limits.upper), np.minimum(above, limits.price_above), above)
    below = np.where(np.isinf(limits.lower), np.minimum(below, limits.price_below), below)
    return Prices(
        above=limits.shared(above),
        below=limits.shared(below),
        budget=np.maximum(prices.budget, 0.0),
    )


def limit_terms(problem: Problem, prices: Prices, relaxation: float = 0.0) -> float:
    """What the bound subtracts for the limits: A, B, the budgets and the relaxation budget."""
    limits = problem.limits
    above, below = limits.own(prices.above), limits.own(prices.below)
    total = _side(above, limits.price_above, limits.soft_upper, limits.upper)
    total -= _side(below, limits.price_below, limits.soft_lower, limits.lower)
    total += float(prices.budget @ problem.budget_limit) if prices.budget.size else 0.0
    if relaxation > 0:
        hard = (
            (above - limits.price_above).max(initial=0.0),
            (below - limits.price_below).max(initial=0.0),
            prices.budget.max(initial=0.0),
        )
        total += max(hard) * relaxation
    return total


def certify(problem: Problem, prices: Prices, relaxation: float = 0.0) -> Certificate:
    """The bound that `prices` prove, over all allowed pairs.

    relaxation: total excess of hard limits that a plan may have (R); 0 for none.
    """
    prices = valid_prices(problem.limits, prices)
    best = problem.pairs.cheapest(prices, 1).priced[:, 0]
    return Certificate(float(best.sum()) - limit_terms(problem, prices, relaxation), prices)


def _side(price: Floats, soft_price: Floats, soft: Floats, hard: Floats) -> float:
    """Sum of price-weighted limits of one side; infinite limits have price 0 there."""
    first = np.minimum(price, soft_price)
    second = price - first
    with np.errstate(invalid="ignore"):
        terms = np.where(first > 0, first * soft, 0.0) + np.where(second > 0, second * hard, 0.0)
    return float(terms.sum())
