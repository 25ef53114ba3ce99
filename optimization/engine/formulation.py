"""The integer model in Pyomo, over chosen pairs.

Sets         U units, J reps and nobody, A chosen pairs (u, j), E resources, B budgets,
             S separate sets
Parameters   c_uj cost, USD a year; a_uje load, f_uje fill, w_ujb weight of a pair (see `problem`);
             lower_je, upper_je hard and soft_lower_je, soft_upper_je soft limits, scaled to 1;
             price_below_je, price_above_je USD per scaled unit beyond the soft limits; limit_b;
             loads and limits of a team count in the place of its first rep j;
             R relaxation: total excess of hard limits that a plan may have; C clashes it may have
Variables    x_uj in {0, 1}          unit u belongs to rep j
             over_je, short_je >= 0  excess of the hard upper limit, shortfall of the hard lower one
             overspent_b >= 0        excess of a budget
             above_je, below_je >= 0 what lies beyond the soft limits
             clash_sj >= 0           units too many of separate set s at rep j
Minimise     cost         sum_A c_uj x_uj
                          + sum_je (price_above_je above_je + price_below_je below_je)
          or relaxation   sum_je (over_je + short_je) + sum_b overspent_b      (R = infinity)
          or clashes      sum_sj clash_sj                                   (R, C = infinity)
Subject to   one_owner[u]      sum_j x_uj = 1
             upper[j, e]       sum_u a_uje x_uj - over_je <= upper_je
             lower[j, e]       sum_u f_uje x_uj + short_je >= lower_je
             soft_upper[j, e]  sum_u a_uje x_uj - above_je <= soft_upper_je
             soft_lower[j, e]  sum_u f_uje x_uj + below_je >= soft_lower_je
             budget[b]         sum_A w_ujb x_uj - overspent_b <= limit_b
             separate[s, j]    sum_{u in s} x_uj - clash_sj <= 1
             relaxation        sum_je (over_je + short_je) + sum_b overspent_b <= R
             clashes           sum_sj clash_sj <= C
The excess variables are 0 where R = 0, the clash variables where C = 0. Rows are named by resource
and budget, so that they can be found in an LP file.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

from optimization.engine.problem import COEFFICIENT_LIMIT, Arcs, Floats, Ints, Problem
from optimization.errors import SolverError

Objective = Literal["cost", "relaxation", "clashes"]
# Costs are divided by `money` so that the largest difference between two owners of a unit is 1e5
# and the largest price at most 1e7: HiGHS compares costs to within 1e-7, and its LPs turn imprecise
# where costs are above 1e7 or so.
LARGEST_COST, LARGEST_PRICE = 1e5, 1e7
# The same for relaxations, which are compared to within 1e-6 of a target.
RELAXATION_MONEY = 1e-3


def build_model(
    problem: Problem,
    arcs: Arcs,
    *,
    relaxation: float = 0.0,
    clashes: float = 0.0,
    objective: Objective = "cost",
) -> Any:
    """The Pyomo model; x is indexed by the place of the pair in `arcs`.

    Costs are divided by `model.money`, so that HiGHS sees numbers near 1.
    """
    import pyomo.environ as pyo

    with _collector_off():
        model = pyo.ConcreteModel(name="territory_plan")
        _sets(model, problem, arcs)
        model.relaxation, model.clashes = relaxation, clashes
        excess = {"domain": pyo.NonNegativeReals, "bounds": (0, _bound(relaxation))}
        model.x = pyo.Var(range(len(arcs)), domain=pyo.Binary)
        model.over = pyo.Var(model.limited["upper"], **excess)
        model.short = pyo.Var(model.limited["lower"], **excess)
        model.overspent = pyo.Var(range(len(problem.budgets)), **excess)
        model.above = pyo.Var(model.limited["soft_upper"], domain=pyo.NonNegativeReals)
        model.below = pyo.Var(model.limited["soft_lower"], domain=pyo.NonNegativeReals)
        model.clash = pyo.Var(
            model.rivals, domain=pyo.NonNegativeReals, bounds=(0, _bound(clashes))
        )
        model.one_owner = pyo.Constraint(range(problem.unit_count), rule=_one_owner)
        model.upper = pyo.Constraint(model.limited["upper"], rule=_upper)
        model.lower = pyo.Constraint(model.limited["lower"], rule=_lower)
        model.soft_upper = pyo.Constraint(model.limited["soft_upper"], rule=_soft_upper)
        model.soft_lower = pyo.Constraint(model.limited["soft_lower"], rule=_soft_lower)
        model.budget = pyo.Constraint(range(len(problem.budgets)), rule=_budget)
        model.separate = pyo.Constraint(model.rivals, rule=_separate)
        if 0 < relaxation < np.inf:
            model.total_relaxation = pyo.Constraint(expr=_total_relaxation(model) <= relaxation)
        if 0 < clashes < np.inf:
            model.total_clashes = pyo.Constraint(expr=_total_clashes(model) <= clashes)
        model.money = _money(model) if objective == "cost" else RELAXATION_MONEY
        model.goal = pyo.Objective(rule=GOALS[objective], sense=pyo.minimize)
    return model


def _sets(model: Any, problem: Problem, arcs: Arcs) -> None:
    """Index sets and parameters, kept on the model as plain Python objects."""
    values, limits = arcs.values, problem.limits
    numbers = (values.cost, values.load, values.fill, values.weight)
    if not all(np.isfinite(number).all() for number in numbers):
        raise SolverError("a cost or load of the integer model is not a finite number")
    if max(np.abs(number).max(initial=0.0) for number in numbers[1:]) > COEFFICIENT_LIMIT:
        raise SolverError(
            f"a load of the integer model is above {COEFFICIENT_LIMIT:g} targets; "
            "check the accounts' hours, potential and sales"
        )
    if len(set(problem.resources)) < len(problem.resources):
        raise SolverError("two resources of the integer model have one name")
    model.problem, model.arcs = problem, arcs
    by_rep = np.argsort(arcs.rep, kind="stable")
    first = np.searchsorted(arcs.rep[by_rep], np.arange(problem.rep_count + 1))
    model.arcs_of_rep = np.split(by_rep, first[1:])
    model.resource = {name: e for e, name in enumerate(problem.resources)}
    model.limited = {}
    for side, limit, price in (
        ("upper", limits.upper, None),
        ("lower", limits.lower, None),
        ("soft_upper", limits.soft_upper, limits.price_above),
        ("soft_lower", limits.soft_lower, limits.price_below),
    ):
        is_limit = np.isfinite(limit) if price is None else np.isfinite(limit) & (price > 0)
        model.limited[side] = [(problem.resources[e], j) for j, e in np.argwhere(is_limit).tolist()]
    model.rivals = {}
    for s, members in enumerate(problem.separate):
        inside = np.flatnonzero(np.isin(arcs.unit, members) & (arcs.rep < problem.rep_count))
        for j in np.unique(arcs.rep[inside]).tolist():
            meeting = inside[arcs.rep[inside] == j]
            if meeting.size > 1:
                model.rivals[s, j] = meeting


def _one_owner(model: Any, u: int) -> Any:
    """sum_j x_uj = 1: every unit has exactly one owner, or nobody where it may."""
    first = model.arcs.first
    return _linear(model, np.arange(first[u], first[u + 1])) == 1


def _upper(model: Any, name: str, j: int) -> Any:
    """sum_u a_uje x_uj - over_je <= upper_je: hard upper limit of one rep and resource."""
    limit = model.problem.limits.upper[j, model.resource[name]]
    return _load(model, name, j) - model.over[name, j] <= limit


def _lower(model: Any, name: str, j: int) -> Any:
    """sum_u f_uje x_uj + short_je >= lower_je: hard lower limit of one rep and resource."""
    limit = model.problem.limits.lower[j, model.resource[name]]
    return _fill(model, name, j) + model.short[name, j] >= limit


def _soft_upper(model: Any, name: str, j: int) -> Any:
    """sum_u a_uje x_uj - above_je <= soft_upper_je: load above is priced."""
    limit = model.problem.limits.soft_upper[j, model.resource[name]]
    return _load(model, name, j) - model.above[name, j] <= limit


def _soft_lower(model: Any, name: str, j: int) -> Any:
    """sum_u f_uje x_uj + below_je >= soft_lower_je: fill missing is priced."""
    limit = model.problem.limits.soft_lower[j, model.resource[name]]
    return _fill(model, name, j) + model.below[name, j] >= limit


def _budget(model: Any, b: int) -> Any:
    """sum_A w_ujb x_uj - overspent_b <= limit_b."""
    weight = model.arcs.values.weight[:, b]
    used = _linear(model, np.arange(weight.size), weight)
    return used - model.overspent[b] <= model.problem.budget_limit[b]


def _separate(model: Any, s: int, j: int) -> Any:
    """sum_{u in s} x_uj - clash_sj <= 1: at most one unit of a separate set at one rep."""
    return _linear(model, model.rivals[s, j]) - model.clash[s, j] <= 1


def _total_relaxation(model: Any) -> Any:
    """sum_je (over_je + short_je) + sum_b overspent_b."""
    excess = (model.over, model.short, model.overspent)
    return _sum([variable for block in excess for variable in block.values()])


def _total_clashes(model: Any) -> Any:
    """sum_sj clash_sj."""
    return _sum(list(model.clash.values()))


def _cost(model: Any) -> Any:
    """sum_A c_uj x_uj + sum_je (price_above_je above_je + price_below_je below_je), USD / money.

    The cheapest pair of each unit is a constant, so that only differences have to be compared.
    """
    constant, spread = _spread(model.arcs)
    limits = model.problem.limits
    prices = [
        *(limits.price_above[j, model.resource[name]] for name, j in model.above),
        *(limits.price_below[j, model.resource[name]] for name, j in model.below),
    ]
    slacks = [*model.above.values(), *model.below.values()]
    pairs = _linear(model, np.arange(spread.size), spread / model.money)
    return constant / model.money + pairs + _sum(slacks, np.array(prices) / model.money)


GOALS: dict[Objective, Callable[[Any], Any]] = {
    "cost": _cost,
    "relaxation": lambda model: _total_relaxation(model) / model.money,
    "clashes": lambda model: _total_clashes(model) / model.money,
}


def _money(model: Any) -> float:
    """What costs are divided by."""
    limits = model.problem.limits
    price = max(limits.price_above.max(initial=0.0), limits.price_below.max(initial=0.0))
    spread = _spread(model.arcs)[1].max(initial=0.0)
    return float(max(spread / LARGEST_COST, price / LARGEST_PRICE, 1e-9))


def _spread(arcs: Arcs) -> tuple[float, Floats]:
    """The sum of the units' cheapest costs, and each arc's cost above its unit's cheapest, (A)."""
    cost = arcs.values.cost
    if not cost.size:
        return 0.0, cost
    cheapest = np.minimum.reduceat(cost, arcs.first[:-1])
    return float(cheapest.sum()), cost - np.repeat(cheapest, np.diff(arcs.first))


def _load(model: Any, name: str, j: int) -> Any:
    """sum_u a_uje x_uj."""
    mine = _arcs_at(model, name, j)
    return _linear(model, mine, model.arcs.values.load[mine, model.resource[name]])


def _fill(model: Any, name: str, j: int) -> Any:
    """sum_u f_uje x_uj."""
    mine = _arcs_at(model, name, j)
    return _linear(model, mine, model.arcs.values.fill[mine, model.resource[name]])


def _arcs_at(model: Any, name: str, j: int) -> Ints:
    """Pairs whose load counts in the place of rep j: those of the rep, or of the whole team."""
    place = model.problem.limits.place
    if place is None:
        return np.asarray(model.arcs_of_rep[j])
    members = np.flatnonzero(place[:, model.resource[name]] == j)
    return np.concatenate([model.arcs_of_rep[i] for i in members])


def _linear(model: Any, places: Ints, coefficients: Floats | None = None) -> Any:
    """Sum of coefficient * x over some arcs; zero coefficients are left out."""
    if coefficients is None:
        return _sum([model.x[a] for a in places.tolist()])
    used = coefficients != 0
    return _sum([model.x[a] for a in places[used].tolist()], coefficients[used])


def _sum(variables: list[Any], coefficients: Floats | None = None) -> Any:
    """A linear expression in one object: Pyomo takes it apart ten times faster than a sum."""
    from pyomo.core.expr import LinearExpression

    numbers = [1.0] * len(variables) if coefficients is None else coefficients.tolist()
    return LinearExpression(constant=0.0, linear_coefs=numbers, linear_vars=variables)


def _bound(limit: float) -> float | None:
    return limit if np.isfinite(limit) else None


@contextmanager
def _collector_off() -> Iterator[None]:
    """Pyomo makes millions of small objects; the collector would double the time of building."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
