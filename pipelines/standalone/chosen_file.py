"""Files of planning tables together with the file of a chosen plan."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.errors import InputError, near
from pipelines.stages.planner import PlanningTables
from pipelines.standalone.planning_files import (
    PlanningFiles,
    planning_inputs,
    read_table,
    recognise,
)

if TYPE_CHECKING:
    from optimization import Policy


def planned_files(
    files: Sequence[Path], plan_file: Path, as_of: date | None
) -> tuple[PlanningTables, "Policy", str, pl.DataFrame]:
    """The planning tables of `files`, the policy, what to call it, and the owners of the plan.

    Raises:
        ConfigurationError: the policy cannot be read.
        InputError: a file cannot be read; the message names file, row and column.
    """
    tables, policy, named = planning_inputs(recognise(files, PlanningFiles()), as_of)
    return tables, policy, named, read_owners(plan_file)


def read_owners(file: Path) -> pl.DataFrame:
    """account_id and rep_id of a chosen plan, such as `plan_assignment.csv`.

    Raises:
        InputError: the file cannot be read, or lacks a column.
    """
    frame = read_table(file)
    for column in ("account_id", "rep_id"):
        if column not in frame.columns:
            raise InputError(f"{file}: column '{column}' is missing{near(column, frame.columns)}")
    return frame.select(pl.col("account_id", "rep_id").cast(pl.String))
