"""How plans take hold: the history of owners, and who keeps which open deal for a while."""

import polars as pl

from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.history import assignment_history
from pipelines.lifecycle.holdouts import holdouts_of
from pipelines.metadata.declared import declared_tables
from pipelines.settings.loader import Settings
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

TRANSITION_TABLES = ("fct_assignment_history", "fct_holdout")


def write_transition(settings: Settings, context: RunContext) -> None:
    """Write `TRANSITION_TABLES` of the run.

    The history is that of the effective plans; the plan of this run has not begun.
    """
    history = assignment_history(PlanStore(settings.data_dir))
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        holdouts = [
            holdouts_of(connection, one.name, context.as_of, one.policy.transition.holdout_days)
            for one in settings.scenarios
        ]
        frames: dict[str, pl.DataFrame] = {
            "fct_assignment_history": history,
            "fct_holdout": pl.concat(holdouts),
        }
        for table, frame in frames.items():
            columns = declared_tables()[table].columns
            declared = ", ".join(f"{name} {column.type}" for name, column in columns.items())
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({declared})")
            connection.register("transition_rows", frame.to_arrow())
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM transition_rows")
            connection.unregister("transition_rows")
