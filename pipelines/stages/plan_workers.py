"""Several scenarios solved side by side, each in a process with one solver thread.

A plan depends on neither threads nor neighbours, so these plans are those of one by one.
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import connection, get_context, parent_process
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from pipelines.errors import TerritoryError
from pipelines.interrupts import interruptible
from pipelines.progress import report
from pipelines.stages.plan_task import PlanTask, solve_task

# A process costs 2 to 3 s of imports; fewer account-rep pairs than this in all are solved sooner
# one by one.
FEWEST_PAIRS = 50_000
# What a process takes: 350 MB and 14 bytes a pair (recorded at 200,000 x 500), with a margin.
BASE_BYTES, BYTES_PER_PAIR = 500_000_000, 20

_ABORT = 1_000_000
_interrupts: "Synchronized[int] | None" = None


def solve_tasks(tasks: Sequence[PlanTask], pairs: int) -> None:
    """Solve every task: side by side where cores and memory allow, else one by one.

    Ctrl-C goes on with the best plans so far of the scenarios being solved; a second one aborts.

    Args:
        pairs: account-rep pairs of one scenario.

    Raises:
        InfeasibleError, InputError, TerritoryError, KeyboardInterrupt: as `solve_task`, of the
            first task that failed; the others are given up.
    """
    workers = worker_count(len(tasks), pairs)
    if workers < 2:
        for number, task in enumerate(tasks):
            if len(tasks) > 1:
                report(f"Planning scenario {task.scenario.name}", number, len(tasks))
            solve_task(task)
        return
    solve_side_by_side(tasks, workers)


def worker_count(tasks: int, pairs: int, fewest_pairs: int = FEWEST_PAIRS) -> int:
    """How many processes solve `tasks` scenarios of `pairs` pairs each; 1: none but this one.

    Args:
        fewest_pairs: with fewer in all there is no process.
    """
    if tasks < 2 or tasks * pairs < fewest_pairs:
        return 1
    fitting = _available_bytes() // (BASE_BYTES + BYTES_PER_PAIR * pairs)
    return max(1, min(tasks, _cores(), fitting))


def _cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _available_bytes() -> int:
    """Memory that nobody uses; where the system does not say, all there is."""
    facts = Path("/proc/meminfo")
    for line in facts.read_text().splitlines() if facts.is_file() else []:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def solve_side_by_side(tasks: Sequence[PlanTask], workers: int) -> None:
    """Solve every task in one of `workers` processes, with one solver thread; as `solve_tasks`."""
    # A fresh process: a forked one would inherit the locks of threads that it does not have.
    context = get_context("spawn")
    interrupts: Synchronized[int] = context.Value("i", 0)
    done = 0
    with (
        interruptible() as is_interrupted,
        ProcessPoolExecutor(workers, context, _begin, (interrupts,)) as pool,
    ):
        waiting = {pool.submit(_solve, replace(task, threads=1)): task for task in tasks}
        try:
            while waiting:
                report(f"Planning: {len(tasks)} scenarios in {workers} processes", done, len(tasks))
                ended, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                if is_interrupted():
                    interrupts.value = 1
                for future in ended:
                    task = waiting.pop(future)
                    try:
                        future.result()
                    except BrokenProcessPool:
                        raise TerritoryError(
                            f"scenario '{task.scenario.name}': a process that solved scenarios "
                            "was killed, perhaps for want of memory; plan fewer at a time"
                        ) from None
                    done += 1
        finally:
            if waiting:
                interrupts.value = _ABORT
                pool.shutdown(wait=False, cancel_futures=True)


def _begin(interrupts: "Synchronized[int]") -> None:
    global _interrupts
    _interrupts = interrupts
    obey_parent()


def obey_parent() -> None:
    """Set a process up: it heeds its parent instead of the terminal and dies with it."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _solve(task: PlanTask) -> None:
    counter = _interrupts
    assert counter is not None
    # An interrupt is for what is being solved when it comes, not for scenarios still to come.
    before = counter.value
    if before < _ABORT:
        solve_task(task, is_interrupted=lambda: counter.value > before)
