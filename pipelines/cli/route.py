"""`territory route`: new accounts to the best territory that stays in band."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import polars as pl

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.errors import GateError, InputError

if TYPE_CHECKING:
    from optimization import Policy
    from pipelines.stages.planner import PlanningTables

_file = click.Path(path_type=Path, dir_okay=False)
_SHOWN = 20


@click.command()
@click.argument("files", nargs=-1, type=_file)
@settings_options
@click.option("--account", "accounts", multiple=True, help="Only this account; repeatable.")
@click.option("--plan", "plan_file", type=_file, help="With FILES: account_id, rep_id of the plan.")
@click.option("--out", type=_file, help="CSV to write: account_id, rep_id, reason and the rest.")
def route(
    files: tuple[Path, ...],
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    accounts: tuple[str, ...],
    plan_file: Path | None,
    out: Path | None,
) -> None:
    """Give accounts without owner to the cheapest territory that stays in band; move nothing else.

    Reads the data of the last run and the chosen plan; or FILES of planning tables and --plan.
    """
    with progress_shown():
        if files:
            rows = _of_files(files, plan_file, as_of, accounts)
        else:
            rows = _of_last_run(config, data_dir, as_of, scenario, accounts)
    if out is not None:
        _write(out, rows)
        console.print(f"{rows.height} account(s) routed, written to {out}", markup=False)
        return
    if rows.is_empty():
        console.print("Every account has an owner.")
    for row in rows.head(_SHOWN).iter_rows(named=True):
        console.print(f"{row['account_id']} → {row['rep_id']}: {row['reason']}", markup=False)
    if rows.height > _SHOWN:
        console.print(f"and {rows.height - _SHOWN} more; --out FILE writes them all")


def _of_files(
    files: tuple[Path, ...],
    plan_file: Path | None,
    as_of: datetime | None,
    accounts: tuple[str, ...],
) -> pl.DataFrame:
    from pipelines.standalone.chosen_file import planned_files

    if plan_file is None:
        raise InputError("with files, --plan (account_id, rep_id) is needed too")
    tables, policy, named, chosen = planned_files(files, plan_file, as_of.date() if as_of else None)
    return _routed(tables, policy, named, chosen, accounts)


def _of_last_run(
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    accounts: tuple[str, ...],
) -> pl.DataFrame:
    from pipelines.keeping.chosen import chosen_plan
    from pipelines.stages.plan import read_planning_tables
    from pipelines.stages.run_context import RunContext, WorkPaths
    from pipelines.warehouse import session

    settings = chosen_settings(config, data_dir, as_of, scenario)
    paths = WorkPaths(settings.data_dir)
    if not (paths.warehouse.is_file() and paths.context.is_file()):
        raise GateError(
            f"{settings.data_dir}: no data has been read yet; `territory run` or "
            "`territory rebalance` reads it"
        )
    context = RunContext.load(paths)
    day: date = context.as_of
    chosen = chosen_plan(settings.data_dir, day)
    with session(paths.warehouse) as connection:
        tables = read_planning_tables(connection, settings, context)
    return _routed(tables, settings.policy, str(settings.policy_path), chosen.owners, accounts)


def _routed(
    tables: "PlanningTables",
    policy: "Policy",
    named: str,
    chosen: pl.DataFrame,
    accounts: tuple[str, ...],
) -> pl.DataFrame:
    from optimization import route_accounts
    from pipelines.stages.fit_losses import with_estimates
    from pipelines.stages.planner import planning_errors

    with planning_errors(policy, named):
        return route_accounts(
            tables.accounts,
            tables.reps,
            tables.overrides,
            with_estimates(policy, tables.estimates),
            chosen,
            account_ids=accounts or None,
            as_of=tables.as_of,
            travel_matrix=tables.travel_matrix,
        )


def _write(out: Path, rows: pl.DataFrame) -> None:
    from pipelines.standalone.plan_files import neutral

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        neutral(rows).write_csv(out)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from None
