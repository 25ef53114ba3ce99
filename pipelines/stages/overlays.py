"""The overlay roles of a policy over its plan: planned by the same engine, and verified."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.progress import report
from pipelines.stages.planner import PlanningTables, planning_errors, stop_on_violations

if TYPE_CHECKING:
    from optimization import Policy, Violation
    from optimization.audit.overlay import OverlayBook

OVERLAY_TABLES = ("plan_overlay_assignment", "plan_overlay_balance", "plan_overlay_summary")
_REPS = {"rep_id": pl.String, "role": pl.String, "fte_share": pl.Float64}
_MEMBERS = {"account_id": pl.String, "rep_id": pl.String}


def overlays_of(
    tables: PlanningTables, policy: "Policy", policy_path: Path | str, assignment: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The tables of `OVERLAY_TABLES`, and `plan_finding` with what was noticed of the overlays.

    Args:
        policy_path: named in messages about the policy.
        assignment: `plan_assignment` of the policy's plan.

    Raises:
        GateError: the verifier objects to a plan.
        InfeasibleError, InputError, TerritoryError: as `make_plan`.
    """
    from optimization import verify_plan
    from optimization.overlay.plan import plan_overlay
    from optimization.overlay.problem import PrimaryPlan, overlay_problem
    from optimization.overlay.tables import overlay_findings, overlay_tables

    book = overlay_book(tables, assignment)
    primary = PrimaryPlan(book.accounts, book.reps, assignment, policy)
    planned = []
    with planning_errors(policy, policy_path):
        for number, overlay in enumerate(policy.overlays):
            report(f"Planning overlay {overlay.role}", number, len(policy.overlays))
            problem = overlay_problem(primary, book.overlay_reps, book.members, overlay)
            one = plan_overlay(problem, as_of=tables.as_of, travel_matrix=tables.travel_matrix)
            found = verify_plan(
                problem.accounts,
                problem.reps,
                problem.overrides,
                problem.policy,
                one.plan.tables(),
                as_of=tables.as_of,
                travel_matrix=tables.travel_matrix,
            )
            stop_on_violations(found, f"the plan of overlay {overlay.role}")
            planned.append(one)
    return {**overlay_tables(planned), "plan_finding": overlay_findings(planned)}


def overlay_violations(
    tables: PlanningTables,
    policy: "Policy",
    assignment: pl.DataFrame,
    frames: Mapping[str, pl.DataFrame],
) -> "list[Violation]":
    """Every rule that the overlays in `frames` (`OVERLAY_TABLES`) break."""
    from optimization.audit.overlay import verify_overlays

    if not policy.overlays and all(frames[name].is_empty() for name in OVERLAY_TABLES):
        return []
    return verify_overlays(overlay_book(tables, assignment), policy, frames)


def overlay_rules() -> Mapping[str, str]:
    """What is checked of overlays: each rule with a sentence that says what must hold."""
    from optimization.audit.overlay import OVERLAY_RULES

    return OVERLAY_RULES


def overlay_book(tables: PlanningTables, assignment: pl.DataFrame) -> "OverlayBook":
    """What overlays are planned and judged by."""
    from optimization.audit.overlay import OverlayBook

    return OverlayBook(
        tables.accounts,
        tables.reps,
        pl.DataFrame(schema=_REPS) if tables.overlay_reps is None else tables.overlay_reps,
        pl.DataFrame(schema=_MEMBERS) if tables.overlay_members is None else tables.overlay_members,
        assignment,
    )
