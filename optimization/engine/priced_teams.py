"""The problem with the limits of teams priced into its pairs, and what that proves.

Cuts and modes look at the rows of one rep at a time, and a team's row is none of those. Its price
is: with prices p >= 0 of the teams' limits, every plan costs at least

    sum c_uj x_uj + p . (loads of teams) - p . (their limits)  =  sum c'_uj x_uj + constant

so a bound of the problem with the costs c' and without limits of teams, plus the constant, holds.
"""

from dataclasses import replace

import numpy as np

from optimization.engine.bound import limit_terms
from optimization.engine.problem import Arcs, Limits, Prices, Problem


def with_priced_teams(
    problem: Problem, arcs: Arcs, prices: Prices, relaxation: float
) -> tuple[Problem, Arcs, float]:
    """The problem without limits of teams, its arcs, and USD that its bounds lack.

    prices: valid ones (`bound.valid_prices`). relaxation: total excess that a plan may have, which
    may all be of teams.
    """
    limits = problem.limits
    is_team = limits.is_team
    if not is_team.any():
        return problem, arcs, 0.0
    of_teams = Prices(
        above=np.where(is_team, prices.above, 0.0),
        below=np.where(is_team, prices.below, 0.0),
        budget=np.zeros(len(problem.budgets)),
    )
    none = Limits.none(*limits.upper.shape)
    alone = Limits(
        lower=np.where(is_team, none.lower, limits.lower),
        upper=np.where(is_team, none.upper, limits.upper),
        soft_lower=np.where(is_team, none.soft_lower, limits.soft_lower),
        soft_upper=np.where(is_team, none.soft_upper, limits.soft_upper),
        price_below=np.where(is_team, 0.0, limits.price_below),
        price_above=np.where(is_team, 0.0, limits.price_above),
    )
    values = arcs.values
    priced = replace(values, cost=values.priced(arcs.rep, of_teams))
    return (
        replace(problem, limits=alone),
        Arcs(arcs.first, arcs.rep, priced),
        -limit_terms(problem, of_teams, relaxation),
    )
