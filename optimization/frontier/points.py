"""The plans of a frontier: what each was asked for, what it reached, and which are beaten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from optimization.policy import Policy
from optimization.policy.balance import MoveBudget
from optimization.report.result import Plan, Schema

FAIRNESS, STABILITY, OWN = "fairness", "stability", "policy"
WIDEST_TOLERANCE_PCT = 95.0
# Uses of bands and excesses are told apart from so many points on.
USE_STEP_PCT = 0.1

FRONTIER_SCHEMA: Schema = {
    "point_name": pl.String(),
    "curve": pl.String(),
    "band_factor": pl.Float64(),
    "move_limit": pl.Int64(),
    "band_use_pct": pl.Float64(),
    "band_excess_pct": pl.Float64(),
    "max_deviation_pct": pl.Float64(),
    "moved_accounts": pl.Int64(),
    "moved_sales_usd": pl.Float64(),
    "expected_value_usd": pl.Float64(),
    "objective_usd": pl.Float64(),
    "bound_usd": pl.Float64(),
    "optimality_gap_pct": pl.Float64(),
    "is_proved_optimal": pl.Boolean(),
    "solver_status": pl.String(),
    "relaxed_limits": pl.Int64(),
    "price_of_fairness_usd": pl.Float64(),
    "price_of_stability_usd": pl.Float64(),
}


@dataclass(frozen=True)
class Variation:
    """How a plan's policy differs from the one whose frontier it belongs to.

    Attributes:
        curve: policy (no difference), fairness (other bands) or stability (fewer moves).
        band_factor: by which every tolerance is multiplied.
        move_limit: accounts that may leave an active owner; None as the policy says.
    """

    curve: str = OWN
    band_factor: float = 1.0
    move_limit: int | None = None

    @property
    def name(self) -> str:
        """What it is called in tables."""
        if self.curve == FAIRNESS:
            return f"bands x {self.band_factor:g}"
        return self.curve if self.move_limit is None else f"at most {self.move_limit} moves"

    def of(self, policy: Policy) -> Policy:
        """`policy` with these bands and this budget of moves; its prices stay, so costs compare.

        Inner bands wider than a hard band are cut to it, where their price is never paid.
        """
        metrics = []
        for band in policy.metrics:
            hard = band.tolerance_pct
            if self.band_factor != 1:
                hard = min(self.band_factor * hard, max(hard, WIDEST_TOLERANCE_PCT))
            soft = band.soft_tolerance_pct
            inner = None if soft is None else min(soft, hard)
            changes = {"tolerance_pct": hard, "soft_tolerance_pct": inner}
            metrics.append(band.model_copy(update=changes))
        budgets = policy.move_budgets
        if self.move_limit is not None:
            budgets = [budget for budget in budgets if budget.measure != "accounts"]
            budgets.append(MoveBudget(measure="accounts", limit=self.move_limit))
        return policy.model_copy(update={"metrics": metrics, "move_budgets": budgets})


@dataclass(frozen=True)
class Reached:
    """What a plan of the frontier reaches, by the targets of the frontier's policy.

    Attributes:
        band_use_pct: the largest deviation of any rep from any target, % of the tolerance that the
            frontier's policy allows there; so metrics with narrow and with wide bands compare.
        band_excess_pct: what lies beyond those tolerances, % of a target, summed over reps and
            metrics. Where an account leaves one rep far off in every plan, this tells balance.
        max_deviation_pct: the largest deviation, % of the target. In all three, accounts too large
            for any band of the frontier's policy do not count as too much.
        moved_accounts, moved_sales_usd: what leaves an active owner.
        objective_usd: what the plan costs a year by the policy's prices.
    """

    variation: Variation
    band_use_pct: float
    band_excess_pct: float
    max_deviation_pct: float
    moved_accounts: int
    moved_sales_usd: float
    objective_usd: float

    @property
    def goals(self) -> tuple[float, float, float, float]:
        """What is to be low: use of bands and excess (in steps), moves, cost (in cents)."""
        use, excess = (
            round(value / USE_STEP_PCT) for value in (self.band_use_pct, self.band_excess_pct)
        )
        return use, excess, self.moved_accounts, round(100 * self.objective_usd)


AnyReached = TypeVar("AnyReached", bound=Reached)


@dataclass(frozen=True)
class Point(Reached):
    """A plan of the frontier.

    Attributes:
        policy: under which the plan can be verified.
        priced_on: the curves along which its cost compares.
    """

    policy: Policy
    plan: Plan
    priced_on: frozenset[str]

    @property
    def relaxed_limits(self) -> int:
        """Limits that had to give way; the bound holds within the widened ones."""
        return self.plan.findings.filter(pl.col("rule") == "band_relaxed").height


@dataclass(frozen=True)
class Frontier:
    """Plans none of which is beaten by another, those that use their bands least first.

    Attributes:
        dropped: variations that were tried and left out, with the reason.
        shortfall: why there are fewer plans than wanted; None where there are enough.
    """

    points: tuple[Point, ...]
    dropped: tuple[tuple[Variation, str], ...] = ()
    shortfall: str | None = None

    def curve(self, name: str) -> list[Point]:
        """The plans of the curve `name` and the policy's own, the tightest limits first."""
        points = [p for p in self.points if p.variation.curve in (name, OWN)]
        if name == FAIRNESS:
            return sorted(points, key=lambda point: point.variation.band_factor)
        return sorted(points, key=lambda point: _limit(point.variation))

    def table(self) -> pl.DataFrame:
        """A row per plan (FRONTIER_SCHEMA).

        The two prices are USD a year by which the plan costs more than the cheapest one of that
        curve; NULL for plans of the other curve, and for plans whose limits gave way where the
        others of the curve keep them: what those save was paid for in balance.
        """
        cheapest = {
            name: min((point.objective_usd for point in self._priced(name)), default=0.0)
            for name in (FAIRNESS, STABILITY)
        }
        rows = [self._row(point, cheapest) for point in self.points]
        return pl.DataFrame(rows, schema=FRONTIER_SCHEMA)

    def _priced(self, name: str) -> list[Point]:
        return [point for point in self.points if name in point.priced_on]

    def _row(self, point: Point, cheapest: dict[str, float]) -> dict[str, Any]:
        (summary,) = point.plan.summary.to_dicts()
        prices = {
            f"price_of_{name}_usd": round(point.objective_usd - least, 2)
            if point.variation in [other.variation for other in self._priced(name)]
            else None
            for name, least in cheapest.items()
        }
        return {
            **{name: summary[name] for name in FRONTIER_SCHEMA if name in summary},
            "point_name": point.variation.name,
            "curve": point.variation.curve,
            "band_factor": point.variation.band_factor,
            "move_limit": point.variation.move_limit,
            "band_use_pct": round(point.band_use_pct, 4),
            "band_excess_pct": round(point.band_excess_pct, 4),
            "max_deviation_pct": round(point.max_deviation_pct, 4),
            "moved_accounts": point.moved_accounts,
            "moved_sales_usd": round(point.moved_sales_usd, 2),
            "relaxed_limits": point.relaxed_limits,
            **prices,
        }


def undominated(
    points: Sequence[AnyReached],
) -> tuple[list[AnyReached], list[tuple[Variation, str]]]:
    """The points that no other beats, in their order, and the others with what beats them.

    One beats another if it is no worse in use of bands, excess, moves and cost and better in one;
    of equal ones the first stays.
    """
    kept: list[AnyReached] = []
    beaten: list[tuple[Variation, str]] = []
    for number, point in enumerate(points):
        rivals = (
            other
            for place, other in enumerate(points)
            if all(a <= b for a, b in zip(other.goals, point.goals, strict=True))
            and (other.goals != point.goals or place < number)
        )
        rival = next(rivals, None)
        if rival is None:
            kept.append(point)
        else:
            words = "the same as" if rival.goals == point.goals else "no better in anything than"
            beaten.append((point.variation, f"{words} '{rival.variation.name}'"))
    return kept, beaten


def _limit(variation: Variation) -> float:
    return float("inf") if variation.move_limit is None else variation.move_limit
