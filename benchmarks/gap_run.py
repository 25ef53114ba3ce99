"""One solver on one instance in this process, so that its peak memory is its own.

Run by `benchmarks.gap`; prints one line of JSON: assignment, bound, status, seconds, peak memory.
The clock starts when the instance is in memory and the solver's packages are loaded.
"""

import argparse
import importlib
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gap_instances import Instance, read_instance
from benchmarks.gap_rivals import RIVALS

ENGINE = "engine"
# Largest scaled capacity unit: loads of whole numbers then differ by more than the engine's
# tolerance of 1e-6 of a limit.
LARGEST_SCALE = 1e5
# Search steps a round, millions per second of the limit: a round then takes about a sixth of it.
STEPS_PER_SECOND = 10
# Packages to load before the clock starts.
_PACKAGES = {
    ENGINE: "optimization.engine.solve",
    "highs": "highspy",
    "scip": "pyscipopt",
    "cpsat": "ortools.sat.python.cp_model",
}


def engine(instance: Instance, seconds: float, threads: int) -> dict[str, Any]:
    """The planning engine: capacities as upper limits, costs as given."""
    from optimization.engine.answer import NoPlanYet
    from optimization.engine.dense import DensePairs
    from optimization.engine.problem import Effort, Limits, Problem
    from optimization.engine.solve import solve
    from optimization.engine.watch import Watch

    watch = Watch(seconds)
    scale = np.clip(instance.capacity, 1.0, LARGEST_SCALE)
    limits = Limits.none(instance.agents, 1)
    limits.upper[:, 0] = instance.capacity / scale
    fits = instance.load <= instance.capacity[:, None]
    if not fits.any(axis=0).all():
        return {"assignment": None, "bound": None, "status": "infeasible"}
    problem = Problem(
        DensePairs.of(
            np.ascontiguousarray(instance.cost.T),
            np.ascontiguousarray((instance.load / scale[:, None]).T)[:, :, None],
            allowed=np.ascontiguousarray(fits.T),
        ),
        limits,
        ("load",),
        # Whole costs below a million: a smaller gap than this is none. Only the clock stops.
        effort=Effort(
            rel_gap=1e-6,
            threads=threads,
            rounds=1_000_000,
            search_steps=round(STEPS_PER_SECOND * seconds),
        ),
    )
    try:
        answer = solve(problem, watch)
    except NoPlanYet:
        return {"assignment": None, "bound": None, "status": "none yet"}
    if answer.relaxation > 0:
        return {"assignment": None, "bound": None, "status": "no plan keeps the capacities"}
    return {
        "assignment": answer.owner.tolist(),
        "bound": answer.bound,
        "status": answer.status,
    }


def run(solver: str, path: Path, seconds: float, threads: int) -> dict[str, Any]:
    """What the solver found, its seconds and this process's peak memory."""
    instance = read_instance(path)
    importlib.import_module(_PACKAGES[solver])
    started = time.monotonic()
    if solver == ENGINE:
        found = engine(instance, seconds, threads)
    else:
        found = vars(RIVALS[solver](instance, seconds, threads))
    found = dict(found, seconds=round(time.monotonic() - started, 3))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kilobytes, macOS in bytes.
    kilobytes = peak / 1024 if sys.platform == "darwin" else peak
    return dict(found, peak_memory_mb=round(kilobytes / 1024, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("solver", choices=sorted(_PACKAGES))
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    asked = parser.parse_args()
    print(json.dumps(run(asked.solver, asked.file, asked.seconds, asked.threads)))


if __name__ == "__main__":
    main()
