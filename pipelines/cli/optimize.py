"""`territory optimize`: the planner alone, on files of planning tables."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import console, progress_shown
from pipelines.interrupts import stopping_gracefully
from pipelines.progress import report

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("files", nargs=-1, type=_file)
@click.option("--accounts", type=_file, help="account_id, service_hours and what else is known.")
@click.option("--reps", type=_file, help="rep_id, capacity_hours and what else is known.")
@click.option("--overrides", type=_file, help="account_id, action, rep_id, group_id.")
@click.option("--policy", type=_file, help="The planning policy; by default its defaults.")
@click.option("--travel-matrix", type=_file, help="from_zone, to_zone, hours and km, one way.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Planning date, by which overrides and lock rules expire.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write.",
)
def optimize(
    files: tuple[Path, ...],
    accounts: Path | None,
    reps: Path | None,
    overrides: Path | None,
    policy: Path | None,
    travel_matrix: Path | None,
    as_of: datetime | None,
    out: Path,
) -> None:
    """Plan territories from FILES of planning tables (CSV or Parquet) and write the plan.

    Which file is which is told by its columns, or by the options. Ctrl-C goes on with the best plan
    so far; a second one aborts.
    """
    from pipelines.stages.planner import make_plan, stop_on_violations, violations_of
    from pipelines.standalone import (
        PlanningFiles,
        headline,
        planning_inputs,
        recognise,
        write_plan_files,
    )

    given = PlanningFiles(accounts, reps, overrides, policy, travel_matrix)
    with progress_shown(), stopping_gracefully():
        report("Reading the planning tables")
        chosen = recognise(files, given)
        tables, rules, named = planning_inputs(chosen, as_of.date() if as_of else None)
        frames = make_plan(tables, rules, named).tables()
        report("Verifying the plan")
        stop_on_violations(violations_of(tables, rules, frames))
        paths = write_plan_files(out, frames)
    for sentence in headline(frames):
        console.print(sentence, markup=False)
    console.print(f"Verified. {len(paths)} files written to {out}", markup=False)
