"""Finding the frontier: the planner under variations of one policy, until enough plans stand.

Epsilon constraints (Haimes, Lasdon and Wismer 1971): bands are scaled and the accounts that may
leave their owner are limited, while what a plan costs is always minimised by the policy's prices.
Two curves go through the policy's own plan:

    fairness   its bands times a factor, moves as it allows: what tighter bands cost
    stability  its bands, fewer and fewer moves: what keeping owners costs

Where plans turn out to be dominated, others halfway between those tried take their places.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from optimization.errors import Infeasible, NoPlanYet, why_no_plan
from optimization.frontier.points import (
    FAIRNESS,
    OWN,
    STABILITY,
    WIDEST_TOLERANCE_PCT,
    Frontier,
    Point,
    Variation,
    undominated,
)
from optimization.planner import Mapper, Progress, plan_territories
from optimization.policy import Policy
from optimization.report.result import Plan

if TYPE_CHECKING:
    from optimization.book.planning import Planning

WANTED_POINTS = 7
# The first plans of the curves: bands times, and moves as shares of those of the policy's plan.
BAND_FACTORS = (0.5, 2.0, 4.0)
MOVE_SHARES = (0.25, 0.5, 0.75)
# Deviations from bands of no width count as uses of one of this width.
LEAST_TOLERANCE_PCT = 0.01
# How often plans halfway between those tried are added.
MIDPOINT_ROUNDS = 3


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
    progress: Progress | None = None,
) -> Frontier:
    """At least `wanted` plans of a policy, each with its gap, none dominated by another.

    Args:
        accounts, reps, overrides, as_of, travel_matrix: as `plan_territories` takes them.
        run: how independent plans are run; what they are does not depend on it.
        progress: called as progress(what, done, total).

    Returns:
        The frontier, with the reason where there are fewer plans than wanted.

    Raises:
        PlanInputError, Infeasible, NoPlanYet, SolverError: as `plan_territories`, of the policy's
            own plan. A variation without a plan is left out, with the reason.
    """
    from optimization.book.planning import build_planning

    book = build_planning(
        accounts, reps, overrides, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    solve = partial(
        _solve, accounts, reps, overrides, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    search = _Search(book, solve, run, progress or _quiet, wanted)
    search.plan([Variation(), *_fairness(policy, BAND_FACTORS)])
    own = next(point for point in search.tried if point.variation.curve == OWN)
    limits = {int(share * own.moved_accounts) for share in MOVE_SHARES}
    search.plan([Variation(STABILITY, move_limit=limit) for limit in sorted(limits)])
    for _ in range(MIDPOINT_ROUNDS):
        missing = wanted - len(undominated(search.tried)[0])
        between = midpoints(policy, search.asked, own.moved_accounts)
        if missing <= 0 or not between:
            break
        search.plan(between[:missing])
    return search.frontier()


@dataclass(frozen=True)
class _NoPlan:
    """Why there is no plan: the limits that clash; none where time ran out."""

    limits: tuple[str, ...]

    @property
    def reason(self) -> str:
        """In words."""
        return why_no_plan(self.limits)


class _Search:
    """The plans found so far, and what became of the others."""

    def __init__(
        self,
        book: "Planning",
        solve: Callable[[Variation], "Plan | _NoPlan"],
        run: Mapper,
        tell: Progress,
        wanted: int,
    ) -> None:
        self.book, self.solve, self.run, self.tell, self.wanted = book, solve, run, tell, wanted
        self.tried: list[Point] = []
        self.asked: list[Variation] = []
        self.refused: list[tuple[Variation, str]] = []

    def plan(self, variations: Sequence[Variation]) -> None:
        """Plan each variation that was not asked for yet."""
        new = [one for one in variations if one not in self.asked]
        self.asked += new
        total = max(self.wanted, len(self.asked))
        self.tell("plans of the frontier", len(self.asked) - len(new), total)
        for variation, plan in zip(new, self.run(self.solve, new), strict=True):
            if not isinstance(plan, _NoPlan):
                self.tried.append(measured(self.book, variation, plan))
            elif variation.curve == OWN:
                raise Infeasible(plan.limits) if plan.limits else NoPlanYet
            else:
                self.refused.append((variation, plan.reason))
            done = len(self.tried) + len(self.refused)
            self.tell("plans of the frontier", done, max(total, done))

    def frontier(self) -> Frontier:
        points, beaten = undominated(self.tried)
        dropped = (*self.refused, *beaten)
        shortfall = None
        if len(points) < self.wanted:
            shortfall = (
                f"{len(points)} of {self.wanted} plans: of {len(self.asked)} variations of bands "
                "and moves no others give a plan that is better in anything"
            )
        return Frontier(tuple(sorted(points, key=lambda p: p.goals)), dropped, shortfall)


def midpoints(policy: Policy, asked: Sequence[Variation], own_moves: int) -> list[Variation]:
    """Variations halfway between neighbours that were asked for, both curves in turn, the widest
    intervals first."""
    factors = sorted({one.band_factor for one in asked if one.curve in (FAIRNESS, OWN)})
    limits = sorted({one.move_limit for one in asked if one.move_limit is not None} | {own_moves})
    # Bands by ratio (geometric means), moves by difference.
    ratios = sorted(pairwise(factors), key=lambda ends: (-ends[1] / ends[0], ends))
    bands = _fairness(policy, [round((low * high) ** 0.5, 3) for low, high in ratios])
    steps = sorted(pairwise([0, *limits]), key=lambda ends: (ends[0] - ends[1], ends))
    moves = [Variation(STABILITY, move_limit=(low + high) // 2) for low, high in steps]
    mixed = [
        one
        for place in range(max(len(bands), len(moves)))
        for one in (*bands[place : place + 1], *moves[place : place + 1])
    ]
    return [one for one in dict.fromkeys(mixed) if one not in asked]


def measured(book: "Planning", variation: Variation, plan: Plan) -> Point:
    """The plan with what it reached, by the targets of the frontier's policy."""
    from optimization.report.loads import account_loads

    place = {rep: number for number, rep in enumerate(book.reps.ids)}
    owner = plan.assignment["rep_id"].to_list()
    loads = account_loads(book, np.array([place.get(rep, len(place)) for rep in owner], np.int64))
    away = loads.deviation(book)
    allowed = [max(band.tolerance_pct, LEAST_TOLERANCE_PCT) for band in book.policy.metrics]
    has_left = pl.col("incumbent_rep_id").is_not_null() & pl.col("rep_id").ne_missing(
        pl.col("incumbent_rep_id")
    )
    left = plan.assignment.select(has_left).to_series().to_numpy()
    return Point(
        variation=variation,
        policy=variation.of(book.policy),
        plan=plan,
        band_use_pct=100 * float((100 * away / np.array(allowed)).max(initial=0.0)),
        max_deviation_pct=100 * float(away.max(initial=0.0)),
        moved_accounts=int(left.sum()),
        moved_sales_usd=float(book.accounts.actual_sales_usd[left].sum()),
    )


def _solve(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    variation: Variation,
    *,
    as_of: date | None,
    travel_matrix: pl.DataFrame | None,
) -> Plan | _NoPlan:
    """The plan, or why there is none; as a value, since it may come from another process."""
    asked = variation.of(policy)
    try:
        return plan_territories(
            accounts, reps, overrides, asked, as_of=as_of, travel_matrix=travel_matrix
        )
    except Infeasible as error:
        return _NoPlan(error.limits)
    except NoPlanYet:
        return _NoPlan(())


def _fairness(policy: Policy, factors: Iterable[float]) -> list[Variation]:
    """One per factor, cut to the widest band there may be; none where the policy has no band."""
    widest = max((band.tolerance_pct for band in policy.metrics), default=0.0)
    if widest == 0:
        return []
    most = max(1.0, round(WIDEST_TOLERANCE_PCT / widest, 3))
    cut = dict.fromkeys(min(factor, most) for factor in factors)
    return [Variation(FAIRNESS, factor) for factor in cut if factor != 1]


def _quiet(what: str, done: int, total: int) -> None:
    """Nobody listens."""
