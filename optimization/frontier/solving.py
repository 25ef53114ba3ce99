"""Solving the variations of one policy, each from the plans and prices of those before it.

They are one problem under other limits, so what is known of one says something of the others:

    a plan    serves every variation whose limits it keeps: none ends with a dearer one
    a bound   holds for every variation whose limits are inside those it was proved for
    prices    and the basis of a neighbour's relaxation are an optimum but for the right-hand sides

Where no plan keeps all limits of the policy, every variation of the bands has the room that the
policy's own plan needs, and every limit on moves the room that fewer moves need together, so that
costs compare along a curve: none of its plans is cheaper only because more gave way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from optimization.engine.answer import Answer
from optimization.engine.problem import Floats, Ints, Problem
from optimization.engine.start import Start, prices_for
from optimization.errors import Infeasible, NoPlanYet, why_no_plan
from optimization.frontier.points import FAIRNESS, OWN, STABILITY, Variation
from optimization.policy import Policy

if TYPE_CHECKING:
    from optimization.book.planning import Planning

# Plans a solve begins from at most: the best of those found before.
MOST_STARTS = 4
# Scaled units by which limits may differ and still are the same.
SAME = 1e-9


@dataclass(frozen=True)
class Book:
    """Everything about the planning tables that a variation is planned from."""

    accounts: pl.DataFrame
    reps: pl.DataFrame
    overrides: pl.DataFrame
    policy: Policy
    as_of: date | None
    travel_matrix: pl.DataFrame | None

    def planning(self, variation: Variation) -> "Planning":
        """The problem of the policy varied."""
        from optimization.book.planning import build_planning

        return build_planning(
            self.accounts,
            self.reps,
            self.overrides,
            variation.of(self.policy),
            as_of=self.as_of,
            travel_matrix=self.travel_matrix,
        )


@dataclass(frozen=True)
class Room:
    """Limits as wide as a plan needs them, where it exceeds any.

    lower, upper: (J, E), infinite on the tight side where the limit of the policy is kept.
    budget: limits by measure.
    """

    lower: Floats
    upper: Floats
    budget: dict[str, float]

    @classmethod
    def of(cls, problem: Problem, owner: Ints) -> "Room":
        """What a plan (U) needs of a problem's limits."""
        plan, wide = problem.evaluate(owner), problem.widened(owner)
        return cls(
            lower=np.where(plan.excess_below > 0, wide.limits.lower, np.inf),
            upper=np.where(plan.excess_above > 0, wide.limits.upper, -np.inf),
            budget={
                name: float(wide.budget_limit[b])
                for b, name in enumerate(problem.budgets)
                if plan.excess_budget[b] > 0
            },
        )

    def joined(self, other: "Room") -> "Room":
        """The room that holds both."""
        budget = dict(other.budget)
        for name, limit in self.budget.items():
            budget[name] = max(limit, budget.get(name, limit))
        return Room(
            np.minimum(self.lower, other.lower), np.maximum(self.upper, other.upper), budget
        )

    @property
    def is_empty(self) -> bool:
        """Whether every limit is kept."""
        return not (np.isfinite(self.lower).any() or np.isfinite(self.upper).any() or self.budget)

    def given_to(self, problem: Problem, variation: Variation) -> Problem:
        """The problem within this room; a limit on moves that the variation sets stays."""
        if self.is_empty:
            return problem
        limits = problem.limits
        kept = {"accounts"} if variation.move_limit is not None else set()
        budget = [
            limit if name in kept else max(limit, self.budget.get(name, limit))
            for name, limit in zip(problem.budgets, problem.budget_limit.tolist(), strict=True)
        ]
        return replace(
            problem,
            limits=replace(
                limits,
                lower=np.minimum(limits.lower, self.lower),
                upper=np.maximum(limits.upper, self.upper),
            ),
            budget_limit=np.array(budget, dtype=np.float64),
        )


@dataclass(frozen=True)
class Found:
    """A variation's plan.

    problem: within the room of its curve. answer: to that problem. clashes: limits of the variation
    that no plan keeps, in words.
    """

    variation: Variation
    planning: "Planning"
    problem: Problem
    answer: Answer
    clashes: list[str]

    @property
    def gave_way(self) -> bool:
        """Whether limits gave way beyond the room."""
        return self.answer.relaxation > 0

    def within(self, room: Room) -> "Found":
        """The same plan by its variation's limits in another room, which it keeps."""
        problem = room.given_to(self.planning.problem, self.variation)
        return replace(self, problem=problem, answer=replace(self.answer, relaxation=0.0))


@dataclass(frozen=True)
class Task:
    """What a process needs to know beside the book."""

    variation: Variation
    room: Room | None
    start: Start | None


@dataclass(frozen=True)
class NoPlan:
    """Why there is no plan: the limits that clash; none where time ran out."""

    limits: tuple[str, ...]

    @property
    def reason(self) -> str:
        """In words."""
        return why_no_plan(self.limits)


def solve_variation(book: Book, task: Task) -> tuple[Answer, list[str]] | NoPlan:
    """The answer and the limits that clash; why there is none as a value, since it may come from
    another process."""
    from optimization.book.obstacles import named_obstacles
    from optimization.book.relaxations import relaxed_limits
    from optimization.engine.solve import solve
    from optimization.engine.watch import Watch

    planning = book.planning(task.variation)
    policy = planning.policy
    clashes = named_obstacles(planning)
    if clashes and policy.on_infeasible == "stop":
        return NoPlan(tuple(clashes))
    problem = planning.problem
    if task.room is not None:
        problem = task.room.given_to(problem, task.variation)
    try:
        answer = solve(problem, Watch(policy.solver.time_limit_seconds), start=task.start)
    except NoPlanYet:
        return NoPlan(())
    if answer.relaxation > 0 and policy.on_infeasible == "stop":
        return NoPlan(tuple(relaxed_limits(planning, answer.owner)))
    return answer, clashes


def solve_own(book: Book) -> Found:
    """The policy's own plan, as `plan_territories` makes it.

    Raises:
        Infeasible, NoPlanYet: as `plan_territories`.
    """
    own = Variation()
    solved = solve_variation(book, Task(own, None, None))
    if isinstance(solved, NoPlan):
        raise Infeasible(solved.limits) if solved.limits else NoPlanYet
    planning = book.planning(own)
    found = Found(own, planning, planning.problem, *solved)
    return found.within(Room.of(planning.problem, found.answer.owner))


def start_for(variation: Variation, problem: Problem, found: Sequence[Found]) -> Start:
    """The best plans found so far by this problem's limits, and the nearest variation's prices."""
    ranked = []
    for number, one in enumerate(found):
        plan = problem.evaluate(one.answer.owner)
        ranked.append((plan.relaxation + plan.clashes, plan.objective, number))
    owners: list[Ints] = []
    for *_, number in sorted(ranked):
        owner = found[number].answer.owner
        if len(owners) < MOST_STARTS and not any((owner == other).all() for other in owners):
            owners.append(owner)
    of_curve = [one for one in found if one.variation.curve in (variation.curve, OWN)]
    near = min(of_curve, key=lambda one: _distance(variation, one.variation))
    prices = prices_for(near.answer.prices, near.problem.budgets, problem.budgets)
    return Start(tuple(owners), prices)


def _distance(one: Variation, other: Variation) -> float:
    """Between two variations of a curve; the policy's own is the last choice among fewer moves."""
    if one.curve == FAIRNESS:
        return float(abs(np.log(one.band_factor / other.band_factor)))
    if one.move_limit is None or other.move_limit is None:
        return np.inf
    return abs(one.move_limit - other.move_limit)


def with_common_room(found: Sequence[Found], room: Room) -> tuple[list[Found], Room]:
    """Fewer moves than the policy's own plan needs more room where its limits gave way: all limits
    on moves get what the plans of the curve need together, and the bound that holds there.

    Returns all plans and the room of those with fewer moves: `room` itself where none needs more.
    """
    joint = room
    for one in found:
        if one.variation.curve == STABILITY and one.gave_way and not room.is_empty:
            joint = joint.joined(Room.of(one.planning.problem, one.answer.owner))
    if joint is room:
        return list(found), room
    return [
        _in_room(one, joint) if one.variation.curve == STABILITY else one for one in found
    ], joint


def _in_room(one: Found, room: Room) -> Found:
    """The plan in a room that may hold it; unchanged where it exceeds its limit on moves."""
    from optimization.engine.bound import certify

    inside = one.within(room)
    if not inside.problem.evaluate(one.answer.owner).is_feasible:
        return one
    bound = certify(inside.problem, one.answer.prices).bound
    return replace(inside, answer=replace(inside.answer, bound=min(bound, one.answer.objective)))


def share(found: Sequence[Found]) -> list[Found]:
    """Each with the cheapest plan of all that keeps its limits, and the highest bound that holds.

    Plans whose limits gave way beyond the room stay as they are: their bound holds within limits of
    their own.
    """
    return [one if one.gave_way else _shared(one, found) for one in found]


def _shared(one: Found, found: Sequence[Found]) -> Found:
    owner, cost, bound = one.answer.owner, one.answer.objective, one.answer.bound
    for other in found:
        plan = one.problem.evaluate(other.answer.owner)
        if plan.is_feasible and plan.objective < cost - 1e-9 * abs(cost):
            owner, cost = other.answer.owner, plan.objective
        if is_inside(one.problem, other.problem):
            bound = max(bound, other.answer.bound)
    answer = replace(
        one.answer,
        owner=owner,
        objective=cost,
        bound=min(bound, cost),
        is_repeatable=all(other.answer.is_repeatable for other in found),
    )
    return replace(one, answer=answer)


def is_inside(problem: Problem, wider: Problem) -> bool:
    """Whether every plan of `problem` is one of `wider` that costs no more there."""
    limits, wide = problem.limits, wider.limits
    budgets = dict(zip(problem.budgets, problem.budget_limit.tolist(), strict=True))
    return bool(
        (wide.upper >= limits.upper - SAME).all()
        and (wide.lower <= limits.lower + SAME).all()
        and (wide.soft_upper >= limits.soft_upper - SAME).all()
        and (wide.soft_lower <= limits.soft_lower + SAME).all()
        and (wide.price_above <= limits.price_above).all()
        and (wide.price_below <= limits.price_below).all()
        and all(
            budgets.get(name, np.inf) <= limit + SAME
            for name, limit in zip(wider.budgets, wider.budget_limit.tolist(), strict=True)
        )
    )


def settled_answer(found: Found) -> Answer:
    """The answer by the variation's own limits, as its plan is written.

    What gives way within the room is not proved to be the least: such a plan is no proved optimum,
    unless the engine proved the policy's own.
    """
    answer = found.answer
    plan = found.planning.problem.evaluate(answer.owner)
    relaxation, status = plan.relaxation + plan.clashes, answer.status
    scale = abs(answer.objective)
    gap = answer.objective - answer.bound
    if relaxation == 0:
        if gap <= 1e-9 * max(scale, 1.0):
            status = "optimal"
        elif gap <= found.problem.effort.rel_gap * scale:
            status = "within_gap"
    elif found.variation.curve != OWN and found.problem is not found.planning.problem:
        status = "work_limit" if status in ("optimal", "within_gap") else status
    return replace(answer, relaxation=relaxation, status=status)
