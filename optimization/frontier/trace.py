"""Finding the frontier: the planner under variations of one policy, until enough plans stand.

Epsilon constraints (Haimes, Lasdon and Wismer 1971): bands are scaled and the accounts that may
leave their owner are limited, while what a plan costs is always minimised by the policy's prices.
Two curves go through the policy's own plan:

    fairness   its bands times a factor, moves as it allows: what tighter bands cost
    stability  its bands, fewer and fewer moves: what keeping owners costs

Variations come two at a time, one of each curve, and begin from what was found before (`solving`).
Where the limits of one give way, or two plans turn out alike, others between those tried follow.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from optimization.frontier.points import (
    FAIRNESS,
    OWN,
    STABILITY,
    WIDEST_TOLERANCE_PCT,
    Frontier,
    Point,
    Reached,
    Variation,
    undominated,
)
from optimization.planner import Mapper, Progress, written_plan
from optimization.policy import Policy

if TYPE_CHECKING:
    from optimization.book.planning import Planning
    from optimization.frontier.solving import Book, Found

WANTED_POINTS = 7
# Variations planned side by side: fixed, since each begins from what was found before it.
LANES = 2
# The first factors of bands, while they tell something; then others between those tried.
BAND_FACTORS = (2.0, 0.5, 4.0)
# Where limits of the policy gave way, fewer moves need more room: shares of its own plan's moves
# that come first, falling, so that none begins from a plan with fewer, which no search leaves.
MOVE_SHARES = (0.75, 0.5, 0.25)
# Factors nearer to each other than this ratio are not told apart.
LEAST_RATIO = 1.05
# Variations tried at most, as a multiple of the plans wanted.
MOST_TRIED = 2
# Deviations from bands of no width count as uses of one of this width.
LEAST_TOLERANCE_PCT = 0.01


def trace_frontier(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
    wanted: int = WANTED_POINTS,
    run: Mapper = map,
    lane_threads: int | None = None,
    progress: Progress | None = None,
) -> Frontier:
    """At least `wanted` plans of a policy, each with its gap, none dominated by another.

    Args:
        accounts, reps, overrides, as_of, travel_matrix: as `plan_territories` takes them.
        run: how up to LANES plans are run at a time; what they are does not depend on it.
        lane_threads: threads of each of them; None: as the policy says, like its own plan.
        progress: called as progress(what, done, total).

    Returns:
        The frontier, with the reason where there are fewer plans than wanted.

    Raises:
        PlanInputError, Infeasible, NoPlanYet, SolverError: as `plan_territories`, of the policy's
            own plan. A variation without a plan is left out, with the reason.
    """
    from optimization.frontier.solving import Book, solve_own

    book = Book(accounts, reps, overrides, policy, as_of, travel_matrix)
    tell = progress or _quiet
    tell("plans of the frontier", 0, wanted)
    search = _Search(book, solve_own(book), run, lane_threads)
    while (missing := wanted - len(search.undominated())) > 0:
        tell("plans of the frontier", wanted - missing, wanted)
        wave = search.next_variations(min(missing, LANES))
        if not wave or len(search.asked) >= MOST_TRIED * wanted:
            break
        search.plan(wave)
    tell("plans of the frontier", wanted, wanted)
    return search.frontier(wanted)


class _Search:
    """The plans found so far, and what became of the others."""

    def __init__(self, book: "Book", own: "Found", run: Mapper, lane_threads: int | None) -> None:
        from optimization.frontier.solving import Room

        self.book, self.run, self.found = book, run, [own]
        lane = book.policy
        if lane_threads is not None:
            solver = lane.solver.model_copy(update={"threads": lane_threads})
            lane = lane.model_copy(update={"solver": solver})
        self.lane_book = replace(book, policy=lane)
        self.own = own
        self.room = Room.of(own.planning.problem, own.answer.owner)
        self.settled, self.room_of_moves = self.found, self.room
        self.own_moves = reached(own.planning, own).moved_accounts
        self.asked: list[Variation] = [own.variation]
        self.refused: list[tuple[Variation, str]] = []

    def plan(self, variations: Sequence[Variation]) -> None:
        """Plan the variations, each from what is known now."""
        from optimization.frontier.solving import (
            Found,
            NoPlan,
            Task,
            share,
            solve_variation,
            start_for,
            with_common_room,
        )

        self.asked += variations
        plannings = [self.book.planning(one) for one in variations]
        problems = [
            self.room.given_to(planning.problem, one)
            for planning, one in zip(plannings, variations, strict=True)
        ]
        tasks = [
            Task(one, self.room, start_for(one, problem, self.settled))
            for one, problem in zip(variations, problems, strict=True)
        ]
        answers = list(self.run(partial(solve_variation, self.lane_book), tasks))
        for one, planning, problem, solved in zip(
            variations, plannings, problems, answers, strict=True
        ):
            if isinstance(solved, NoPlan):
                self.refused.append((one, solved.reason))
            else:
                self.found.append(Found(one, planning, problem, *solved))
        together, self.room_of_moves = with_common_room(self.found, self.room)
        self.settled = share(together)

    def _priced_on(self, found: "Found") -> frozenset[str]:
        """Curves along which its cost compares: of plans within the same room."""
        if found.variation.curve != OWN:
            return frozenset(() if found.gave_way else (found.variation.curve,))
        has_same_room = self.room_of_moves is self.room
        return frozenset((FAIRNESS, STABILITY) if has_same_room else (FAIRNESS,))

    def undominated(self) -> list[Reached]:
        """What the plans reach that no other beats."""
        return undominated([reached(self.own.planning, one) for one in self.settled])[0]

    def next_variations(self, count: int) -> list[Variation]:
        """The next to plan, both curves in turn; fewer than `count` where there are no others."""
        found: list[Variation] = []
        while len(found) < count:
            new = [one for one in self._next([*self.asked, *found]) if one is not None]
            if not new:
                break
            found += new[: count - len(found)]
        return found

    def _next(self, asked: Sequence[Variation]) -> tuple[Variation | None, Variation | None]:
        failed = [one.variation for one in self.settled if one.gave_way]
        failed += [one for one, _ in self.refused]
        factors = [one.band_factor for one in asked if one.curve != STABILITY]
        limits = [one.move_limit for one in asked if one.move_limit is not None]
        least_factor = max(
            (one.band_factor for one in failed if one.curve == FAIRNESS),
            default=0.0 if self.room.is_empty else 1.0,
        )
        least_limit = max(
            (one.move_limit for one in failed if one.move_limit is not None), default=0
        )
        factor = next_factor(self.book.policy, factors, least_factor)
        limit = next_limit(limits, self.own_moves, least_limit)
        if not self.room.is_empty:
            firsts = [int(share * self.own_moves) for share in MOVE_SHARES]
            open_firsts = [one for one in firsts if one not in limits and one < self.own_moves]
            limit = open_firsts[0] if open_firsts else limit
        return (
            None if factor is None else Variation(FAIRNESS, factor),
            None if limit is None else Variation(STABILITY, move_limit=limit),
        )

    def frontier(self, wanted: int) -> Frontier:
        """The plans that stand, written."""
        from optimization.book.floors import metric_floors

        floors = metric_floors(self.own.planning)
        kept, beaten = undominated([reached(self.own.planning, one) for one in self.settled])
        of_variation = {one.variation: one for one in self.settled}
        points = [self._point(one, of_variation[one.variation], floors) for one in kept]
        shortfall = None
        if len(points) < wanted:
            shortfall = (
                f"{len(points)} of {wanted} plans: of {len(self.asked)} variations of bands "
                "and moves no others give a plan that is better in anything"
            )
        dropped = (*self.refused, *beaten)
        return Frontier(tuple(sorted(points, key=lambda p: p.goals)), dropped, shortfall)

    def _point(self, what: Reached, found: "Found", floors: dict[str, float]) -> Point:
        from optimization.frontier.solving import settled_answer

        plan = written_plan(found.planning, settled_answer(found), floors, found.clashes)
        values = vars(what) | {"objective_usd": float(plan.summary["objective_usd"][0])}
        policy = found.planning.policy
        return Point(**values, policy=policy, plan=plan, priced_on=self._priced_on(found))


def next_factor(policy: Policy, tried: Sequence[float], least: float) -> float | None:
    """By what to multiply the bands next; None where nothing is left to tell apart.

    tried: factors, 1 among them. least: the factor below which limits give way anyhow.
    """
    widest = max((band.tolerance_pct for band in policy.metrics), default=0.0)
    if widest == 0:
        return None
    most = max(1.0, round(WIDEST_TOLERANCE_PCT / widest, 3))
    for factor in BAND_FACTORS:
        cut = min(factor, most)
        if cut > least and cut not in tried:
            return cut
    steps = sorted(
        pairwise(sorted({one for one in tried if one >= least})),
        key=lambda ends: (-ends[1] / ends[0], ends),
    )
    for low, high in steps:
        middle = round((low * high) ** 0.5, 3)
        if high / low > LEAST_RATIO**2 and middle not in tried:
            return middle
    return None


def next_limit(tried: Sequence[int], own_moves: int, least: int) -> int | None:
    """How many accounts may move next: half way in the widest interval; None where all are tried.

    least: moves from which on down limits give way; 0 where none were seen to.
    """
    ends = {least, own_moves, *(one for one in tried if one >= least)}
    for low, high in sorted(pairwise(sorted(ends)), key=lambda pair: (pair[0] - pair[1], pair)):
        middle = (low + high) // 2
        if middle not in tried:
            return middle
    return None


def reached(book: "Planning", found: "Found") -> Reached:
    """What a plan reaches, by the targets of the frontier's policy (`book`)."""
    from optimization.report.loads import account_loads

    owner = found.answer.owner[book.units.of_account]
    loads = account_loads(book, owner)
    away = 100 * loads.deviation(book)
    allowed = np.array([band.tolerance_pct for band in book.policy.metrics])
    incumbent = book.accounts.incumbent
    left = (incumbent >= 0) & (owner != incumbent)
    return Reached(
        variation=found.variation,
        band_use_pct=float(
            (100 * away / np.maximum(allowed, LEAST_TOLERANCE_PCT)).max(initial=0.0)
        ),
        band_excess_pct=float(np.maximum(away - allowed, 0.0).sum()),
        max_deviation_pct=float(away.max(initial=0.0)),
        moved_accounts=int(left.sum()),
        moved_sales_usd=float(book.accounts.actual_sales_usd[left].sum()),
        objective_usd=found.answer.objective,
    )


def _quiet(what: str, done: int, total: int) -> None:
    """Nobody listens."""
