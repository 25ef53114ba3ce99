"""From planning tables to a certified plan: the book's side, the engine, the report.

1. the tables and the policy become a problem of units, reps and limits     (book)
2. what no plan can keep is named before anything is solved                 (book.obstacles, floors)
3. the engine finds a plan and a bound                                      (engine)
4. owners, reasons, targets, certificate and binding limits become tables   (report)
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from optimization.errors import Infeasible
from optimization.finding import Finding
from optimization.policy import Policy
from optimization.report.result import Plan

if TYPE_CHECKING:
    from optimization.book.planning import Planning
    from optimization.engine.answer import Answer

# Receives what is being done, steps done and steps in all.
Progress = Callable[[str, int, int], None]
# Runs a function over tasks in their order, like the built-in `map`; a pool of processes is faster.
Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
STEPS = 4


def plan_territories(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
    progress: Progress | None = None,
    is_interrupted: Callable[[], bool] | None = None,
) -> Plan:
    """Plan the territories of one scenario.

    Args:
        accounts: `int_plan__account`. reps: `int_plan__rep`. overrides: `stg_plan__override`.
        policy: what to value, what to keep, how hard to search.
        as_of: the day of the plan, for lock rules that expire.
        travel_matrix: drive times between zones, where the policy names a matrix.
        progress: called as progress(what, done, total), with bound and best plan in the words.
        is_interrupted: asked while solving; once true, the best plan so far is returned with the
            status `interrupted`.

    Returns:
        The plan with its certificate; independent of the order of the rows.

    Raises:
        PlanInputError: a table or an override contradicts itself or the policy.
        Infeasible: no plan keeps the policy and `on_infeasible` is `stop`.
        NoPlanYet: the time limit or an interrupt struck before there was any plan.
        SolverError: HiGHS refused a model.
    """
    from optimization.book.floors import metric_floors
    from optimization.book.obstacles import named_obstacles
    from optimization.book.planning import build_planning
    from optimization.engine.solve import solve
    from optimization.engine.watch import Watch

    tell = progress or _quiet
    watch = Watch(policy.solver.time_limit_seconds, is_interrupted or _never)
    tell("reading the book", 0, STEPS)
    planning = build_planning(
        accounts, reps, overrides, policy, as_of=as_of, travel_matrix=travel_matrix
    )
    tell("looking for limits that clash", 1, STEPS)
    clashes = named_obstacles(planning)
    if clashes and policy.on_infeasible == "stop":
        raise Infeasible(clashes)
    floors = metric_floors(planning)

    def heard(stage: str, bound: float | None, cost: float | None) -> None:
        tell(_in_words(stage, bound, cost), 2, STEPS)

    answer = solve(planning.problem, watch, heard)
    if answer.relaxation > 0 and policy.on_infeasible == "stop":
        raise Infeasible(_limits_to_relax(planning, answer))
    tell("writing the plan", 3, STEPS)
    plan = written_plan(planning, answer, floors, clashes)
    tell("planned", STEPS, STEPS)
    return plan


def written_plan(
    planning: "Planning", answer: "Answer", floors: dict[str, float], clashes: list[str]
) -> Plan:
    """The tables of an answer, with what had to give among the findings.

    floors: as `metric_floors` returns them. clashes: limits that no plan can keep, in words.
    """
    from optimization.report.extract import extract_plan

    return extract_plan(planning, answer, floors, _findings(planning, answer, clashes))


def _in_words(stage: str, bound: float | None, cost: float | None) -> str:
    words = [stage]
    if cost is not None:
        words.append(f"plan {cost:,.0f}")
    if bound is not None:
        words.append(f"bound {bound:,.0f}")
    if cost and bound is not None and bound <= cost:
        words.append(f"gap {100 * (cost - bound) / abs(cost):.3f} %")
    return ", ".join(words)


def _limits_to_relax(planning: "Planning", answer: "Answer") -> list[str]:
    from optimization.book.relaxations import relaxed_limits

    return relaxed_limits(planning, answer.owner)


def _findings(planning: "Planning", answer: "Answer", clashes: list[str]) -> list[Finding]:
    found = [Finding("warning", "limits_clash", None, 1, text) for text in clashes]
    if answer.relaxation > 0:
        limits = _limits_to_relax(planning, answer)
        found += [Finding("warning", "band_relaxed", None, 1, text) for text in limits]
    return found


def _never() -> bool:
    return False


def _quiet(what: str, done: int, total: int) -> None:
    """Nobody listens."""
