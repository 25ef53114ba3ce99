"""Planning the second role after the first, by the same engine and with the same certificate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from optimization.overlay.problem import OverlayProblem
from optimization.planner import plan_territories
from optimization.report.result import Plan


@dataclass(frozen=True)
class PlannedOverlay:
    """An overlay role with its plan."""

    problem: OverlayProblem
    plan: Plan

    @property
    def relaxed_limits(self) -> int:
        """Limits that had to give way."""
        gave_way = pl.col("rule").is_in(["band_relaxed", "eligibility_waived"])
        return self.plan.findings.filter(gave_way).height


def plan_overlay(
    problem: OverlayProblem,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
    is_interrupted: Callable[[], bool] | None = None,
) -> PlannedOverlay:
    """The plan of one overlay role.

    Raises:
        PlanInputError, Infeasible, NoPlanYet, SolverError: as `plan_territories`.
    """
    plan = plan_territories(
        problem.accounts,
        problem.reps,
        problem.overrides,
        problem.policy,
        as_of=as_of,
        travel_matrix=travel_matrix,
        is_interrupted=is_interrupted,
    )
    return PlannedOverlay(problem, plan)
