"""The plan of least excess, then of fewest moves, then of least cost, and what is proved of each.

Problems that the whole integer model can settle are solved step by step and proved:

    1. R* = least total excess of hard limits; m* = fewest moves of all plans that need no more
    2. least cost of all plans with excess R* and at most m* moves

Larger ones go to the engine with a price per move (`search_price`) at which no single move pays for
itself, so that excess decides first and moves second; then the cost is lowered by exact re-deals
among a few reps that may not use more moves. Bounds come from linear relaxations over all pairs:

    fewest    the relaxation whose only cost is the moves
    cost      that of plans with at most the moves of this one
    any plan  that of all plans of the policy, however much they move

The relaxation of the moves is weak where many accounts have no owner, since they fill every gap in
fractions; what is proved is then far from what is likely.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimization.engine.answer import Tell
from optimization.engine.bound import Certificate
from optimization.engine.exact import solve_exactly
from optimization.engine.fixing import arcs_of
from optimization.engine.lp import solve_lp
from optimization.engine.model import solve_model
from optimization.engine.problem import TOLERANCE, Evaluation, Ints, Prices, Problem
from optimization.engine.regroup import deal_again
from optimization.engine.solve import EXACT_ARCS, solve
from optimization.engine.watch import Watch
from optimization.rebalance.moves import MoveProblem

# Moves are counted to this many units of the budget; rows are kept to within a tenth of it.
MOVES_ROOM = 1e-6
# Times the largest saving of a single unit that a move costs in the search. On the sample company
# with a rep just gone 1 x ends with 35 moves, 4 x with 22, 10 x with 19 and 100 x with 20.
PRICE_FACTOR = 10.0
# Pairs of each unit that re-deals may use.
DEPTH = 8
# USD, or moves, per whole target of excess, beside which costs are small.
PENALTY_OF_MOVES = 1e4


@dataclass(frozen=True)
class Rebalanced:
    """A plan and its proofs.

    owner: (U) rep index, |J| for nobody. relaxation: total excess of hard limits;
    least_relaxation: proved lower bound on it. moves, fewest_moves: in units of the budget, and
    what every plan of no more excess needs. cost, cost_bound: USD, and the least of all plans with
    no more excess and moves. any_bound, prices: the least USD of all plans of no more excess,
    however much they move, and the prices that prove it. is_fewest, is_cheapest: both agree.
    """

    owner: Ints
    relaxation: float
    least_relaxation: float
    moves: float
    fewest_moves: float
    cost: float
    cost_bound: float
    any_bound: float
    prices: Prices
    is_repeatable: bool

    @property
    def is_fewest(self) -> bool:
        return self.moves <= self.fewest_moves + 2 * MOVES_ROOM

    @property
    def is_cheapest(self) -> bool:
        return self.cost <= self.cost_bound + max(1e-6 * abs(self.cost), 0.01)


def rebalance(
    moves: MoveProblem,
    *,
    price: float | None,
    step: float,
    watch: Watch,
    tell: Tell | None = None,
) -> Rebalanced:
    """Restore the limits of `moves.problem` with as few moves as found.

    price: USD per unit of moves; the least sum of cost and priced moves is looked for then. None:
    the fewest moves, whatever they cost. step: moves are whole multiples of it; 0 where not known.

    Raises:
        NoPlanYet: the watch struck before there was any plan.
        SolverError: HiGHS refused a model.
    """
    if moves.problem.pairs.pair_count() <= EXACT_ARCS:
        found = _exactly(moves, price, watch)
    else:
        found = _by_search(moves, price, watch, tell or _quiet)
    return _proved(moves, found, step, watch)


@dataclass(frozen=True)
class _Found:
    """A plan before its bounds; a proof is -inf where there is none."""

    owner: Ints
    least_relaxation: float
    fewest_moves: float
    cost_bound: float


def _exactly(moves: MoveProblem, price: float | None, watch: Watch) -> _Found:
    if price is not None:
        answer = solve_exactly(moves.priced(price), watch)
        return _Found(answer.owner, answer.least_relaxation_bound, -np.inf, -np.inf)
    first = solve_exactly(moves.moves_alone, watch)
    used = moves.used(first.owner)
    now = moves.problem.evaluate(first.owner)
    limited = moves.limited(used + MOVES_ROOM / 2)
    second = solve_model(
        limited,
        limited.pairs.all_arcs(),
        relaxation=now.relaxation + TOLERANCE if now.relaxation > 0 else 0.0,
        clashes=now.clashes,
        start=first.owner,
        watch=watch,
        node_limit=moves.problem.effort.node_limit,
    )
    owner, bound = first.owner, second.bound
    if second.owner is not None and _is_better(moves, second.owner, owner):
        owner = second.owner
    fewest = first.bound if first.status in ("optimal", "within_gap") else -np.inf
    return _Found(owner, first.least_relaxation_bound, fewest, bound)


def _by_search(moves: MoveProblem, price: float | None, watch: Watch, tell: Tell) -> _Found:
    answer = solve(moves.priced(search_price(moves) if price is None else price), watch, tell)
    owner = answer.owner
    if price is None and not watch.is_over():
        tell("re-deals of the same moves", None, None)
        owner = _cheaper(moves, owner, watch)
    return _Found(owner, answer.least_relaxation, -np.inf, -np.inf)


def _cheaper(moves: MoveProblem, owner: Ints, watch: Watch) -> Ints:
    """A plan of no more excess and moves and of no more cost, by re-deals among a few reps."""
    problem = moves.limited(moves.used(owner) + MOVES_ROOM / 2).widened(owner)
    certificate = relaxed_bound(problem, 0.0, watch)
    ranking = problem.pairs.cheapest(certificate.prices, DEPTH)
    unit, place = np.nonzero(ranking.rep >= 0)
    everyone = np.arange(owner.size)
    arcs = arcs_of(
        problem,
        np.concatenate((unit, everyone, everyone)),
        np.concatenate((ranking.rep[unit, place], owner, _home(problem, owner))),
    )
    dealt = deal_again(
        problem,
        arcs,
        owner,
        certificate,
        parts=2 * problem.rep_count,
        allowance=0.0,
        seed=1,
        watch=watch,
        run=_one_by_one,
    )
    return dealt if _is_better(moves, dealt, owner) else owner


def _home(problem: Problem, owner: Ints) -> Ints:
    """(U) the incumbent of each unit, the plan's owner where it has none."""
    if problem.incumbent is None:
        return owner
    return np.where(problem.incumbent >= 0, problem.incumbent, owner)


def search_price(moves: MoveProblem) -> float:
    """USD per unit of moves at which no single unit saves by moving, times `PRICE_FACTOR`.

    What a unit saves is its cost at home above its cheapest pair, and at most the overtime of all
    its hours.
    """
    problem = moves.problem
    home = problem.incumbent
    if home is None or not (home >= 0).any():
        return 1.0
    units = np.flatnonzero(home >= 0)
    zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    mine = problem.pairs.at(units, home[units])
    saving = mine.cost - problem.pairs.cheapest(zero, 1, units).priced[:, 0]
    soft = (mine.load * problem.limits.price_above[home[units]]).sum(axis=1)
    return PRICE_FACTOR * max(float((saving + soft).max()), 1.0)


def _proved(moves: MoveProblem, found: _Found, step: float, watch: Watch) -> Rebalanced:
    """Bounds by linear relaxations that may exceed limits by as much as the plan does in all.

    Limits widened by what this plan needs of each would prove more, but not for plans that exceed
    others as little.
    """
    owner = found.owner
    asked = moves.problem.evaluate(owner)
    used, cost = moves.used(owner), asked.objective
    room = asked.relaxation + TOLERANCE if asked.relaxation > 0 else 0.0
    fewest = solve_lp(
        moves.moves_alone, penalty=PENALTY_OF_MOVES, relaxation=room, watch=Watch()
    ).certificate.bound
    if step > 0 and np.isfinite(fewest):
        fewest = np.ceil(fewest / step - 1e-6) * step
    fewest = min(max(fewest, found.fewest_moves, 0.0), used)
    anyone = relaxed_bound(moves.problem, room, Watch())
    limited = relaxed_bound(moves.limited(used + MOVES_ROOM / 2), room, Watch())
    place = moves.place
    prices = replace(anyone.prices, budget=np.delete(anyone.prices.budget, place))
    return Rebalanced(
        owner=owner,
        relaxation=asked.relaxation + asked.clashes,
        least_relaxation=min(found.least_relaxation, asked.relaxation + asked.clashes),
        moves=used,
        fewest_moves=fewest,
        cost=cost,
        cost_bound=min(max(limited.bound, found.cost_bound), cost),
        any_bound=min(anyone.bound, cost),
        prices=prices,
        is_repeatable=not watch.has_struck,
    )


def relaxed_bound(problem: Problem, room: float, watch: Watch) -> Certificate:
    """The bound of the linear relaxation; excess beyond the room is priced beyond any saving.

    room: total excess of limits that plans may need, in targets.
    """
    zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
    best = problem.pairs.cheapest(zero, 1).priced[:, 0]
    mean = float(np.abs(best).sum()) / max(problem.rep_count, 1)
    penalty = 1e3 * max(mean, 1.0)
    return solve_lp(problem, penalty=penalty, relaxation=room, watch=watch).certificate


def _is_better(moves: MoveProblem, new: Ints, old: Ints) -> bool:
    return _rank(moves, new) < _rank(moves, old)


def _rank(moves: MoveProblem, owner: Ints) -> tuple[float, float, float, float]:
    plan: Evaluation = moves.problem.evaluate(owner)
    return (
        plan.clashes,
        round(plan.relaxation / TOLERANCE),
        round(moves.used(owner) / MOVES_ROOM),
        plan.objective,
    )


def _one_by_one(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    return [task() for task in tasks]


def _quiet(stage: str, bound: float | None, cost: float | None) -> None:
    """Nobody listens."""
