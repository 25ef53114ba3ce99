"""Judge what reps object to in a plan, from a file of challenges, on the data of the last run."""

import csv
from pathlib import Path

import polars as pl

from pipelines.errors import GateError, InputError, near, quote
from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.record import CHOSEN_NAME
from pipelines.run_lock import RunLock
from pipelines.settings.loader import Settings
from pipelines.stages.fit_losses import with_estimates
from pipelines.stages.plan import read_planning_tables
from pipelines.stages.planner import PlanningTables
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

COLUMNS = ("account_id", "rep_id", "wish", "reason")
WISHES = ("own", "release")


def judge_file(settings: Settings, context: RunContext, path: Path, plan_id: str) -> pl.DataFrame:
    """Every challenge of the CSV file `path` with its outcome, rep, cost and the reason for it.

    Args:
        settings: of the scenario of the plan; the working database of the last run is read.

    Raises:
        InputError: the file, or a row of it, names what the plan does not have.
        GateError: a run is going on, or the plan has other accounts than the last run.
    """
    from optimization.book.planning import build_planning
    from optimization.report.challenges import judge_challenges

    store = PlanStore(settings.data_dir)
    assignment = store.assignment(plan_id)
    with RunLock(settings.data_dir), session(WorkPaths(settings.data_dir).warehouse) as connection:
        tables = read_planning_tables(connection, settings, context)
    _check_same_accounts(plan_id, assignment, tables.accounts)
    accounts = _as_planned(store, plan_id, tables)
    challenges = read_challenges(path, tables.accounts, tables.reps)
    planning = build_planning(
        accounts,
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


def plan_to_judge(store: PlanStore, context: RunContext) -> str:
    """The plan of the last run; where that only held a plan against its data, its last proposal.

    Raises:
        GateError: there is neither.
    """
    known = store.plan_ids()
    if context.plan_id in known:
        return context.plan_id
    proposals = [p for p in known if store.record(p).run_id == context.run_id]
    if not proposals:
        raise GateError(
            f"{store.folder}: the last run has made no plan; name one with --plan, or "
            "`territory run`"
        )
    return proposals[-1]


def _check_same_accounts(plan_id: str, assignment: pl.DataFrame, accounts: pl.DataFrame) -> None:
    planned = set(assignment["account_id"].to_list())
    differing = sorted(planned ^ set(accounts["account_id"].to_list()))
    if differing:
        raise GateError(
            f"{plan_id} was made of other data than the last run read: {len(differing):,} "
            f"account(s) are in one of the two only, {', '.join(differing[:3])}…; judge a plan of "
            "that run, or of `territory rebalance`"
        )


def _as_planned(store: PlanStore, plan_id: str, tables: PlanningTables) -> pl.DataFrame:
    """The accounts with the owners a plan started from: of a rebalancing those of its plan."""
    from optimization.rebalance.standing import stand

    chosen = store.folder / plan_id / CHOSEN_NAME
    if not chosen.is_file():
        return tables.accounts
    return stand(tables.accounts, tables.reps, pl.read_parquet(chosen.read_bytes())).accounts


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
