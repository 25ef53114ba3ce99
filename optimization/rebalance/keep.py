"""A chosen plan on today's tables, as a plan with its figures: nothing is planned anew.

Owners are those of the chosen plan. What it gives to nobody who is still there, new accounts and
those of reps who left, is routed at once (`router`), unless the policy lets it stay without owner.
Manual decisions that came after the plan wait for the next one: of the overrides only locks and
the assignments that it follows count. The bound is that of all plans of the policy, so the gap says
how much planning anew could save at most.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from optimization.finding import Finding
from optimization.policy import Policy
from optimization.rebalance.standing import Standing, stand

if TYPE_CHECKING:
    from optimization.book.planning import Planning
    from optimization.book.tables import Ints
    from optimization.engine.answer import Answer
    from optimization.report.result import Plan

STATUS = "kept"


@dataclass(frozen=True)
class KeptPlan:
    """A chosen plan held against new data.

    plan: its tables; what was routed is a new assignment or a forced move, nothing else moves.
    accounts, overrides: the tables on which the verifier judges it.
    """

    plan: "Plan"
    accounts: pl.DataFrame
    overrides: pl.DataFrame


def keep_territories(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    chosen: pl.DataFrame,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
) -> KeptPlan:
    """The chosen plan as it stands today, with its figures.

    Args:
        accounts, reps, overrides, policy, chosen, as_of, travel_matrix: as in
            `rebalance_territories`.

    Raises:
        PlanInputError: a table or the chosen plan contradicts itself or the policy.
        SolverError: HiGHS refused the relaxation.
    """
    from optimization.book.floors import metric_floors
    from optimization.book.planning import build_planning
    from optimization.book.relaxations import relaxed_limits
    from optimization.report.extract import extract_plan

    standing = stand(accounts, reps, chosen)
    followed = followed_overrides(overrides, chosen)
    planning = build_planning(
        standing.accounts, reps, followed, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    answer = _answer(planning, _owner(planning))
    findings = [
        *standing.findings,
        *_placed(standing),
        *(
            Finding("warning", "band_relaxed", None, 1, text)
            for text in relaxed_limits(planning, answer.owner)
        ),
    ]
    plan = extract_plan(planning, answer, metric_floors(planning), findings)
    return KeptPlan(plan, standing.accounts, followed)


def followed_overrides(overrides: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """The manual decisions that a chosen plan cannot contradict.

    Locks hold what it gives; an assignment counts where the plan follows it.
    """
    owner = chosen.select(
        pl.col("account_id").cast(pl.String), planned=pl.col("rep_id").cast(pl.String)
    )
    action = pl.col("action").cast(pl.String).str.strip_chars().str.to_lowercase()
    is_followed = (action == "lock") | (
        (action == "assign") & (pl.col("rep_id") == pl.col("planned"))
    )
    return (
        overrides.with_columns(pl.col("account_id").cast(pl.String))
        .join(owner, on="account_id", how="left", maintain_order="left")
        .filter(is_followed)
        .select(overrides.columns)
    )


def _owner(planning: "Planning") -> "Ints":
    """(U) rep of each unit, J for nobody."""
    from optimization.rebalance.router import route_units

    home, held = planning.problem.incumbent, planning.units.fixed
    assert home is not None
    home = np.where(held >= 0, held, home)
    may_stay = (home < 0) & np.isfinite(planning.units.nobody_usd)
    owner = np.where(may_stay, len(planning.reps), home)
    for unit, rep in route_units(planning, np.flatnonzero(owner < 0)):
        owner[unit] = rep
    return owner


def _answer(planning: "Planning", owner: "Ints") -> "Answer":
    from optimization.engine.answer import Answer
    from optimization.engine.problem import TOLERANCE
    from optimization.engine.watch import Watch
    from optimization.rebalance.lexicographic import relaxed_bound

    plan = planning.problem.evaluate(owner)
    room = plan.relaxation + TOLERANCE if plan.relaxation > 0 else 0.0
    proof = relaxed_bound(planning.problem, room, Watch())
    return Answer(
        owner=owner,
        objective=plan.objective,
        bound=min(proof.bound, plan.objective),
        prices=proof.prices,
        relaxation=plan.relaxation + plan.clashes,
        least_relaxation=0.0,
        status=STATUS,
        is_repeatable=True,
    )


def _placed(standing: Standing) -> list[Finding]:
    """What the chosen plan says nothing of, which is routed."""
    found = []
    for rule, ids, what in (
        ("account_not_in_plan", standing.new, "are not in the plan in force"),
        ("owner_left", standing.left, "belong to reps who left since the plan was made"),
    ):
        if ids:
            text = (
                f"{len(ids)} account(s) {what}; each is shown with the cheapest territory that "
                "stays in band until a rebalancing is approved"
            )
            found.append(Finding("warning", rule, ids[0], len(ids), text))
    return found
