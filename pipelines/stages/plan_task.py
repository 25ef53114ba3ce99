"""One scenario as a task: planning tables in, plan tables out, both as Parquet.

A task needs its files only, neither the working database nor anything of the run's process, so it
may run beside others, in another process or as a run of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from pipelines.publish.snapshot import literal
from pipelines.settings.loader import Scenario
from pipelines.stages.fit_losses import ESTIMATES
from pipelines.stages.plan_tables import write_scenario
from pipelines.stages.planner import PlanningTables, make_plan, read_matrix, travel_matrix_path

INPUTS = {
    "accounts": "SELECT * FROM int_plan__account ORDER BY account_id",
    "reps": "SELECT * FROM int_plan__rep ORDER BY rep_id",
    # Who left is not in the plan, but an override of theirs is no typing error.
    "overrides": "SELECT *, rep_id IN (SELECT rep_id FROM stg_crm__rep) AS is_known_rep "
    "FROM stg_plan__override ORDER BY account_id, action, rep_id, group_id",
    "estimates": ESTIMATES,
    "overlay_reps": "SELECT * FROM int_plan__overlay_rep ORDER BY rep_id",
    "overlay_members": "SELECT * FROM int_plan__overlay_member ORDER BY account_id, rep_id",
}
# A book may lack them: then the policy's own fit losses count, and nobody fills a second role.
OPTIONAL_INPUTS = ("estimates", "overlay_reps", "overlay_members")


@dataclass(frozen=True)
class PlanTask:
    """What it takes to solve a scenario.

    Attributes:
        inputs: folder of the planning tables.
        out: folder that gets the plan's tables.
        threads: of the solver, at most; None as the policy says. The plan does not depend on them.
    """

    scenario: Scenario
    plan_id: str
    as_of: date
    inputs: Path
    out: Path
    threads: int | None = None


def write_inputs(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write the planning tables of the working database into `folder` as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, query in INPUTS.items():
        target = literal(folder / f"{name}.parquet")
        connection.execute(f"COPY ({query}) TO {target} (FORMAT parquet)")


def read_inputs(folder: Path, scenario: Scenario, as_of: date) -> PlanningTables:
    """The planning tables of `folder` with the drive times of the scenario.

    Without one of `OPTIONAL_INPUTS` the plan is made all the same.
    """
    return PlanningTables(
        **{
            name: pl.read_parquet(folder / f"{name}.parquet", glob=False)
            for name in INPUTS
            if name not in OPTIONAL_INPUTS or (folder / f"{name}.parquet").is_file()
        },
        travel_matrix=matrix_of(scenario),
        as_of=as_of,
    )


def matrix_of(scenario: Scenario) -> pl.DataFrame | None:
    """The drive times of the scenario; None without."""
    return read_matrix(travel_matrix_path(scenario.policy, scenario.policy_path))


def solve_task(task: PlanTask, is_interrupted: Callable[[], bool] | None = None) -> None:
    """Plan the scenario and write its tables to `task.out`.

    Args:
        is_interrupted: asked while solving; once true, the best plan so far is taken.

    Raises:
        InfeasibleError, InputError, TerritoryError, KeyboardInterrupt: as `make_plan`.
    """
    policy = task.scenario.policy
    tables = read_inputs(task.inputs, task.scenario, task.as_of)
    threads = min(task.threads or policy.solver.threads, policy.solver.threads)
    plan = make_plan(
        tables,
        policy.model_copy(update={"solver": policy.solver.model_copy(update={"threads": threads})}),
        task.scenario.policy_path,
        is_interrupted=is_interrupted,
    )
    write_scenario(
        task.out,
        scenario=task.scenario.name,
        plan_id=task.plan_id,
        as_of=task.as_of,
        policy=policy,
        accounts=tables.accounts,
        plan=plan,
    )
