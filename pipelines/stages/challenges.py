"""Judge what reps object to in the plan of the last run, from a file of challenges."""

import csv
from pathlib import Path

import polars as pl

from pipelines.errors import InputError, near, quote
from pipelines.lifecycle import PlanStore
from pipelines.run_lock import RunLock
from pipelines.settings.loader import Settings
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.plan import read_planning_tables
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

COLUMNS = ("account_id", "rep_id", "wish", "reason")
WISHES = ("own", "release")


def judge_file(settings: Settings, context: RunContext, path: Path) -> pl.DataFrame:
    """Every challenge of the CSV file `path` with its outcome, rep, cost and the reason for it.

    Args:
        settings: of the scenario of the last run, whose working database is read.

    Raises:
        InputError: the file, or a row of it, names what the plan does not have.
        GateError: a run is going on.
    """
    from optimization.book.planning import build_planning
    from optimization.report.challenges import judge_challenges

    assignment = PlanStore(settings.data_dir).assignment(context.plan_id)
    with RunLock(settings.data_dir), session(WorkPaths(settings.data_dir).warehouse) as connection:
        tables = read_planning_tables(connection, settings, context)
    challenges = read_challenges(path, tables.accounts, tables.reps)
    planning = build_planning(
        tables.accounts,
        tables.reps,
        tables.overrides,
        with_estimates(settings.policy, tables.estimates),
        as_of=tables.as_of,
        travel_matrix=tables.travel_matrix,
    )
    accept = settings.policy.transition.accept_challenges_below_usd
    judged = judge_challenges(planning, assignment, challenges, accept)
    return challenges.with_columns(
        outcome=pl.Series([j.outcome for j in judged], dtype=pl.String),
        to_rep_id=pl.Series([j.to_rep_id for j in judged], dtype=pl.String),
        cost_usd=pl.Series([j.cost_usd for j in judged], dtype=pl.Float64),
        outcome_reason=pl.Series([j.reason for j in judged], dtype=pl.String),
    )


def accepted_overrides(judged: pl.DataFrame) -> pl.DataFrame:
    """The accepted challenges as rows of the file of manual overrides, for the next plan."""
    accepted = judged.filter(pl.col("outcome") == "accepted")
    return accepted.select(
        pl.col("account_id").alias("Account ID"),
        pl.lit("assign").alias("Action"),
        pl.col("to_rep_id").alias("Rep ID"),
        pl.format("Challenge of {}: {}", "rep_id", "reason").alias("Reason"),
        pl.lit(None, pl.String).alias("Expires"),
        pl.lit(None, pl.String).alias("Group ID"),
    )


def read_challenges(path: Path, accounts: pl.DataFrame, reps: pl.DataFrame) -> pl.DataFrame:
    """The challenges of a CSV file: account_id, rep_id, wish (own or release), reason.

    Raises:
        InputError: naming file, row and what is wrong with it.
    """
    known = {"account_id": accounts["account_id"].to_list(), "rep_id": reps["rep_id"].to_list()}
    allowed = {name: set(values) for name, values in {**known, "wish": WISHES}.items()}
    rows = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for name in COLUMNS:
                if name not in (reader.fieldnames or ()):
                    raise InputError(f"{path}: column {name} is missing", column_name=name)
            for number, row in enumerate(reader, start=1):
                for name, values in allowed.items():
                    if row[name] not in values:
                        raise InputError(
                            f"{path}: row {number}: {name} {quote(row[name])} is not known to the "
                            f"plan{near(row[name] or '', values)}",
                            column_name=name,
                        )
                if not (row["reason"] or "").strip():
                    raise InputError(f"{path}: row {number}: reason is empty; say why")
                rows.append({name: row[name] for name in COLUMNS})
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
