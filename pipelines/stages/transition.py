"""How plans take hold: the history of owners, who keeps which open deal for a while, how far the
effective plan has drifted and what was proposed, and what reps objected to."""

import duckdb
import polars as pl

from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.challenges import kept_challenges
from pipelines.lifecycle.history import assignment_history
from pipelines.lifecycle.holdouts import holdouts_of, lasting_holdouts
from pipelines.metadata.declared import declared_tables
from pipelines.settings.loader import Settings
from pipelines.stages.kept_checks import CHECK_TABLES, kept_tables
from pipelines.stages.rebalance import check_effective
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

TRANSITION_TABLES = ("fct_assignment_history", "fct_holdout", *CHECK_TABLES, "fct_challenge")


def write_transition(settings: Settings, context: RunContext) -> None:
    """Write `TRANSITION_TABLES` of the run.

    The history is that of the effective plans; a plan of this run has not begun. Of a plan that is
    kept, the holdouts are those that still last.
    """
    store = PlanStore(settings.data_dir)
    check_effective(settings, context)
    with session(WorkPaths(settings.data_dir).warehouse) as connection:
        if settings.kept_plan_id is None:
            holdouts = [
                holdouts_of(connection, one.name, context.as_of, one.policy.transition.holdout_days)
                for one in settings.scenarios
            ]
        else:
            holdouts = [lasting_holdouts(connection, store, settings.kept_plan_id, context.as_of)]
        frames: dict[str, pl.DataFrame] = {
            "fct_assignment_history": _with_names(assignment_history(store), connection),
            "fct_holdout": pl.concat(holdouts),
            **kept_tables(settings.data_dir),
            "fct_challenge": kept_challenges(store),
        }
        for table, frame in frames.items():
            columns = declared_tables()[table].columns
            declared = ", ".join(f"{name} {column.type}" for name, column in columns.items())
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({declared})")
            connection.register("transition_rows", frame.to_arrow())
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM transition_rows")
            connection.unregister("transition_rows")


def _with_names(history: pl.DataFrame, connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """`history` with the CRM's names of reps whom no effective plan had, such as the first ones."""
    known = connection.execute("SELECT rep_id, rep_name FROM dim_owner").fetchall()
    crm = pl.col("rep_id").replace_strict(dict(known), default=None, return_dtype=pl.String)
    return history.with_columns(rep_name=pl.coalesce("rep_name", crm))
