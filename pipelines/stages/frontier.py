"""The frontier of a policy on planning tables, its plans side by side where that pays."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import TerritoryError
from pipelines.progress import report
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.plan_workers import obey_parent, worker_count
from pipelines.stages.planner import (
    PlanningTables,
    planning_errors,
    stop_on_violations,
    violations_of,
)

if TYPE_CHECKING:
    from optimization import Policy
    from optimization.frontier.points import Frontier

# Plans of up to 400 pairs take 0.3 s each, those of 900 pairs 8 s; a process costs 2 to 3 s of
# imports. Seven plans of the latter are solved sooner side by side.
FEWEST_PAIRS = 3_000

Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def frontier_of(
    tables: PlanningTables, policy: "Policy", policy_path: Path | str, wanted: int
) -> "Frontier":
    """Trace the frontier of `policy`, telling the progress; every plan is verified.

    Args:
        policy_path: named in messages about the policy.
        wanted: plans, none of which is dominated.

    Raises:
        GateError: the verifier objects to a plan.
        InfeasibleError, InputError, TerritoryError: as `make_plan`, of the policy's own plan.
    """
    from optimization.frontier.trace import trace_frontier

    pairs = tables.accounts.height * tables.reps.height
    workers = worker_count(wanted, pairs, FEWEST_PAIRS)
    with planning_errors(policy, policy_path), side_by_side(workers) as run:
        rules = with_estimates(policy, tables.estimates)
        if workers > 1:
            solver = rules.solver.model_copy(update={"threads": 1})
            rules = rules.model_copy(update={"solver": solver})
        traced = trace_frontier(
            tables.accounts,
            tables.reps,
            tables.overrides,
            rules,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
            wanted=wanted,
            run=run,
            progress=lambda what, done, total: report(
                f"Planning: {what} ({done} of {total})", done, total
            ),
        )
    report("Verifying the plans")
    for point in traced.points:
        found = violations_of(tables, point.policy, point.plan.tables())
        stop_on_violations(found, f"the plan '{point.variation.name}' of the frontier")
    return traced


@contextmanager
def side_by_side(workers: int) -> Iterator[Mapper]:
    """Gives a `map` that runs in `workers` processes; the built-in one for a single worker.

    Raises:
        TerritoryError: a process was killed.
    """
    if workers < 2:
        yield map
        return
    # Fresh processes: forked ones would inherit the locks of threads that they do not have.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), obey_parent)
    try:
        yield pool.map
    except BrokenProcessPool:
        raise TerritoryError(
            "a process that planned was killed, perhaps for want of memory; ask for fewer plans, "
            "or where more is free"
        ) from None
    finally:
        # After an error or Ctrl-C nothing waits for plans that nobody wants.
        pool.shutdown(wait=False, cancel_futures=True)
