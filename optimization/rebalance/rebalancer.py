"""From a chosen plan and today's planning tables to the fewest moves that restore the bands.

1. the chosen plan's owners become the incumbents of today's accounts         (standing)
2. voluntary moves are counted by a budget of their own                       (moves)
3. least excess, then fewest moves, then least cost, each with its bound      (lexicographic)
4. the plan's tables, the moves, and the price of it all                      (proposal)
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from optimization.errors import Infeasible
from optimization.finding import Finding
from optimization.policy import Policy
from optimization.rebalance.standing import stand

if TYPE_CHECKING:
    from optimization.book.planning import Planning
    from optimization.engine.answer import Answer
    from optimization.rebalance.lexicographic import Rebalanced
    from optimization.rebalance.proposal import Proposal

Progress = Callable[[str, int, int], None]
STEPS = 4


def rebalance_territories(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    chosen: pl.DataFrame,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
    progress: Progress | None = None,
    is_interrupted: Callable[[], bool] | None = None,
) -> "Proposal":
    """Propose the smallest set of voluntary moves that brings a chosen plan back into its bands.

    Args:
        accounts: `int_plan__account` of today. reps: `int_plan__rep` of today. overrides:
            `stg_plan__override`.
        policy: its `rebalancing` says what counts as few moves.
        chosen: the assignment of the chosen plan: account_id, rep_id (null: nobody).
        as_of, travel_matrix, progress, is_interrupted: as in `plan_territories`.

    New accounts and those of reps who left get an owner; neither counts as a voluntary move. The
    answer does not depend on the order of any rows.

    Raises:
        PlanInputError: a table, an override or the chosen plan contradicts itself or the policy.
        Infeasible: no plan keeps the policy and `on_infeasible` is `stop`.
        NoPlanYet: the time limit or an interrupt struck before there was any plan.
        SolverError: HiGHS refused a model.
    """
    from optimization.book.floors import metric_floors
    from optimization.book.planning import build_planning
    from optimization.book.relaxations import relaxed_limits
    from optimization.engine.watch import Watch
    from optimization.rebalance.lexicographic import rebalance
    from optimization.rebalance.moves import counted
    from optimization.rebalance.proposal import propose
    from optimization.report.extract import extract_plan

    tell = progress or _quiet
    watch = Watch(policy.solver.time_limit_seconds, is_interrupted or _never)
    tell("reading the book and the chosen plan", 0, STEPS)
    standing = stand(accounts, reps, chosen)
    planning = build_planning(
        standing.accounts, reps, overrides, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    tell("counting moves", 1, STEPS)
    wanted = policy.rebalancing
    moves = counted(planning, wanted.measure)

    def heard(stage: str, _bound: float | None, _cost: float | None) -> None:
        # Bound and cost hold the price of the moves, which says nothing to anybody.
        tell(stage, 2, STEPS)

    found = rebalance(
        moves,
        price=None if wanted.move_price_usd is None else wanted.move_price_usd * moves.scale,
        step=1.0 if wanted.measure == "accounts" else 0.0,
        watch=watch,
        tell=heard,
    )
    limits = relaxed_limits(planning, found.owner)
    if found.relaxation > 0 and policy.on_infeasible == "stop":
        raise Infeasible(limits)
    tell("writing the proposal", 3, STEPS)
    findings = [
        *standing.findings,
        *(Finding("warning", "band_relaxed", None, 1, text) for text in limits),
    ]
    plan = extract_plan(planning, _answer(planning, found), metric_floors(planning), findings)
    proposal = propose(planning, moves, found, standing, plan)
    tell("rebalanced", STEPS, STEPS)
    return proposal


def _answer(planning: "Planning", found: "Rebalanced") -> "Answer":
    """The plan as an answer to the policy's own problem: its gap is what few moves cost at most."""
    from optimization.engine.answer import Answer

    gap = found.cost - found.any_bound
    scale = max(abs(found.cost), 1.0)
    is_least = found.relaxation <= found.least_relaxation + 2e-6
    status = "work_limit"
    if is_least and gap <= 1e-9 * scale:
        status = "optimal"
    elif is_least and gap <= planning.policy.solver.rel_gap_pct / 100 * scale:
        status = "within_gap"
    return Answer(
        owner=found.owner,
        objective=found.cost,
        bound=found.any_bound,
        prices=found.prices,
        relaxation=found.relaxation,
        least_relaxation=found.least_relaxation,
        status=status,
        is_repeatable=found.is_repeatable,
    )


def _never() -> bool:
    return False


def _quiet(what: str, done: int, total: int) -> None:
    """Nobody listens."""
