"""From planning tables to a certified plan: bound, primal search, core model, certificate.

1. exact linear relaxation over all pairs -> lower bound and prices
2. rounding of its vertex, shifts and swaps -> a first plan
3. where no plan keeps every hard band: the smallest total relaxation, then step 4 within it
4. better plans and a better bound: the whole model where it is small, branching on the
   large units where it is not
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from optimization.bound import Answer, Certificate, cost_goal, relaxation_goal
from optimization.errors import Infeasible
from optimization.extract import extract_plan
from optimization.floors import metric_floors, named_clashes
from optimization.improve import improve_plan
from optimization.model import ModelAnswer, solve_model
from optimization.policy import METRICS, Policy
from optimization.problem import TOLERANCE, Planning, Problem, build_problem
from optimization.relaxation import Relaxation, solve_relaxation
from optimization.result import Finding, Plan
from optimization.search import improve, round_shares
from optimization.tables import Ints

Progress = Callable[[str, int, int], None]
STEPS = ("problem", "bound", "search", "improve", "publish")
# Up to this many pairs the whole model goes to HiGHS; beyond it, branching on large units wins.
WHOLE_MODEL_PAIRS = 3_000


def plan_territories(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    *,
    as_of: date | None = None,  # noqa: ARG001
    travel_matrix: pl.DataFrame | None = None,  # noqa: ARG001
    progress: Progress | None = None,
    is_interrupted: Callable[[], bool] | None = None,  # noqa: ARG001
) -> Plan:
    """Plan the territories of one scenario.

    Args:
        accounts: `int_plan__account`. reps: `int_plan__rep`. overrides: `stg_plan__override`.
        policy: what to value, what to keep, how hard to search.
        as_of, travel_matrix, is_interrupted: not looked at by this engine.
        progress: called as progress(step, done, total) at the start of each step and at the end.

    Returns:
        The plan with its certificate; independent of the order of the rows.

    Raises:
        PlanInputError: a table or an override contradicts itself.
        Infeasible: no plan keeps the policy and `on_infeasible` is `stop`.
        SolverError: HiGHS refused a model.
    """
    tell = progress or _quiet
    tell(STEPS[0], 0, len(STEPS))
    planning = build_problem(accounts, reps, overrides, policy)
    clashes = named_clashes(planning)
    if clashes and policy.on_infeasible == "stop":
        raise Infeasible(clashes)
    floors = metric_floors(planning)
    answer = solve_problem(planning.problem, lambda step: tell(STEPS[step], step, len(STEPS)))
    if answer.relaxation > 0 and policy.on_infeasible == "stop":
        raise Infeasible(_relaxed_limits(planning, answer.owner))
    tell(STEPS[4], 4, len(STEPS))
    plan = extract_plan(planning, answer, floors, _relaxation_findings(planning, answer, clashes))
    tell(STEPS[4], len(STEPS), len(STEPS))
    return plan


def solve_problem(problem: Problem, tell: Callable[[int], None] | None = None) -> Answer:
    """Solve the array problem; hard bands are relaxed by the smallest total that a plan needs."""
    tell = tell or _silent
    if problem.unit_count == 0:
        return _nothing_to_plan(problem)
    tell(1)
    root = _root(problem)
    tell(2)
    owner = _first_plan(problem, root)
    tell(3)
    if problem.allowed.sum() <= WHOLE_MODEL_PAIRS:
        answer = _whole(problem, root, owner)
    else:
        answer = _by_parts(problem, root, owner)
    return _certified(problem, answer)


def _nothing_to_plan(problem: Problem) -> Answer:
    """Without accounts every plan is the empty one, and it costs nothing."""
    prices = np.zeros(problem.limit.shape)
    proof = Certificate(0.0, prices, np.zeros(problem.allowed.shape))
    return Answer(np.zeros(0, dtype=np.int64), 0.0, proof, 0.0, "optimal", True)


def _whole(problem: Problem, root: Relaxation, owner: Ints) -> Answer:
    """The whole model in HiGHS, after the smallest relaxation where the hard bands need one."""
    repeatable, budget = True, 0.0
    if problem.relaxation(owner) > 0:
        owner, repeatable = _least_relaxation(problem, owner)
        budget = _budget(problem, owner)
    if budget > 0:
        root = solve_relaxation(problem, cost_goal(problem, budget, 1_000 * _penalty(problem)))
    answer = solve_model(problem, cost_goal(problem, budget), problem.allowed)
    found = _owner(problem, answer)
    if found is not None and problem.relaxation(found) <= budget + TOLERANCE:
        owner = min((owner, found), key=problem.objective)
    return Answer(
        owner=owner,
        bound=max(answer.bound, root.certificate.bound),
        certificate=root.certificate,
        relaxation=problem.relaxation(owner),
        status=answer.status,
        is_repeatable=repeatable and answer.status != "time_limit",
    )


def _by_parts(problem: Problem, root: Relaxation, owner: Ints) -> Answer:
    """Bound and plan of a large problem; a second pass where no plan kept every hard band."""
    improved = improve_plan(problem, 0.0, root, owner)
    budget = _budget(problem, improved.owner)
    if budget > 0:
        elastic = cost_goal(problem, budget, 1_000 * _penalty(problem))
        root = solve_relaxation(problem, elastic)
        improved = improve_plan(problem, budget, root, improved.owner)
    return Answer(
        owner=improved.owner,
        bound=max(improved.bound, root.certificate.bound),
        certificate=root.certificate,
        relaxation=problem.relaxation(improved.owner),
        status="node_limit",
        is_repeatable=improved.is_repeatable,
    )


def _budget(problem: Problem, owner: Ints) -> float:
    """What the plan needs, with room for rounding: the budget must not cut off its own plan."""
    needed = problem.relaxation(owner)
    return needed + TOLERANCE if needed > 0 else 0.0


def _certified(problem: Problem, answer: Answer) -> Answer:
    """The bound held against the plan's own cost, and the status they imply."""
    cost = problem.objective(answer.owner)
    bound = min(answer.bound, cost)
    status = answer.status
    if bound >= cost - 1e-6 * max(cost, 1.0):
        status = "optimal"
    elif bound >= cost * (1 - _gap(problem) / 100):
        status = "within_gap"
    elif status == "optimal":
        # The core was solved to its own gap, which leaves more than the policy's.
        status = "node_limit"
    return replace(answer, bound=bound, status=status)


def _gap(problem: Problem) -> float:
    """The gap in % at which the search may stop."""
    solver = problem.solver
    is_small = problem.allowed.sum() <= WHOLE_MODEL_PAIRS
    return solver.rel_gap_pct if is_small else max(solver.rel_gap_pct, solver.large_gap_pct)


def _quiet(step: str, done: int, total: int) -> None:
    """Nobody listens."""


def _silent(step: int) -> None:
    """Nobody listens."""


def _root(problem: Problem) -> Relaxation:
    """LP with a penalty on widening: exact for the hard bands as soon as nothing is widened."""
    penalty = _penalty(problem)
    root = solve_relaxation(problem, cost_goal(problem, 0.0, penalty))
    if root.relaxation > TOLERANCE:
        root = solve_relaxation(problem, cost_goal(problem, 0.0, 1_000 * penalty))
    return root


def _penalty(problem: Problem) -> float:
    """USD for a whole target of relaxation: above what any single unit's owner can be worth."""
    return 10 * max(float(np.where(problem.allowed, problem.cost, 0.0).max(initial=0.0)), 1.0)


def _penalties(problem: Problem, root: Relaxation) -> list[float]:
    """Prices of a whole target's violation for the search: from near the dual prices upward."""
    typical = float(root.certificate.prices.max(initial=0.0))
    scale = max(typical, float(problem.cost.mean()) if problem.cost.size else 0.0, 1.0)
    return [2 * scale, 20 * scale, 1_000 * scale]


def _first_plan(problem: Problem, root: Relaxation) -> Ints:
    owner = round_shares(problem, root.share)
    goal = cost_goal(problem, 0.0)
    for penalty in _penalties(problem, root):
        owner = improve(problem, goal, owner, penalty)
        if problem.relaxation(owner) == 0:
            break
    return owner


def _least_relaxation(problem: Problem, owner: Ints) -> tuple[Ints, bool]:
    """The plan with the smallest total relaxation found, and whether it is repeatable."""
    goal = relaxation_goal(problem)
    proof = solve_relaxation(problem, goal)
    start = improve(problem, goal, round_shares(problem, proof.share), 1.0)
    best = min((owner, start), key=problem.relaxation)
    if problem.relaxation(best) <= proof.certificate.bound + TOLERANCE:
        return best, True
    answer = solve_model(problem, goal, problem.allowed)
    found = _owner(problem, answer)
    if found is not None:
        best = min((best, found), key=problem.relaxation)
    return best, answer.status != "time_limit"


def _owner(problem: Problem, answer: ModelAnswer) -> Ints | None:
    return None if answer.share is None else round_shares(problem, answer.share)


def _relaxed_limits(planning: Planning, owner: Ints) -> list[str]:
    """Each hard limit the plan exceeds, in words."""
    problem = planning.problem
    slack = problem.slack_values(owner)
    sentences = []
    for g in problem.relax_slacks:
        band = next(
            b
            for b in planning.policy.metrics
            if METRICS.index(b.metric) == problem.slacks[g].metric
        )
        for j in np.flatnonzero(slack[:, g] > TOLERANCE):
            sentences.append(
                f"{band.metric} of rep {planning.reps.ids[j]} needs ±{band.tolerance_pct:g} % "
                f"widened by {100 * slack[j, g]:.2f} points of its target"
            )
    return sentences


def _relaxation_findings(planning: Planning, answer: Answer, clashes: list[str]) -> list[Finding]:
    findings = [Finding("warning", "limits_clash", None, 1, text) for text in clashes]
    if answer.relaxation > 0:
        limits = _relaxed_limits(planning, answer.owner)
        findings += [Finding("warning", "band_relaxed", None, 1, text) for text in limits]
    return findings
