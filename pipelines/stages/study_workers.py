"""Many plans of one policy side by side: how, under which rules, and what is told meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

from pipelines.errors import TerritoryError
from pipelines.progress import report
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.plan_workers import obey_parent, worker_count
from pipelines.stages.planner import PlanningTables

if TYPE_CHECKING:
    from optimization import Policy
    from optimization.planner import Mapper

# Plans of up to 400 pairs take 0.3 s each, those of 900 pairs 8 s; a process costs 2 to 3 s of
# imports. Seven plans of the latter are solved sooner side by side.
FEWEST_PAIRS = 3_000


def study_workers(tables: PlanningTables, plans: int) -> int:
    """Processes that a study of so many plans is worth."""
    return worker_count(plans, tables.accounts.height * tables.reps.height, FEWEST_PAIRS)


def study_rules(tables: PlanningTables, policy: "Policy", workers: int) -> "Policy":
    """The policy with the estimates of the book; with a single thread for each of many workers."""
    rules = with_estimates(policy, tables.estimates)
    if workers < 2:
        return rules
    return rules.model_copy(update={"solver": rules.solver.model_copy(update={"threads": 1})})


def tell_plans(what: str, done: int, total: int) -> None:
    """Tell how many plans there are."""
    report(f"Planning: {what} ({done} of {total})", done, total)


@contextmanager
def side_by_side(workers: int) -> Iterator["Mapper"]:
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
