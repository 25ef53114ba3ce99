"""`territory rebalance`: the chosen plan against new data, and what would restore its bands."""

import json
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.errors import InputError
from pipelines.interrupts import stopping_gracefully

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("files", nargs=-1, type=_file)
@settings_options
@click.option("--force", is_flag=True, help="Propose even where nothing has drifted.")
@click.option("--plan", "plan_file", type=_file, help="With FILES: account_id, rep_id of the plan.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="With FILES: folder to write."
)
def rebalance(
    files: tuple[Path, ...],
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    force: bool,
    plan_file: Path | None,
    out: Path | None,
) -> None:
    """Hold the chosen plan against new data; propose the fewest moves that restore its bands.

    Reads and scores the input as `run` does, but plans and publishes nothing: the proposal goes to
    the folder proposals and to whom the settings notify. With FILES of planning tables, --plan and
    --out, it does the same without the pipeline.
    """
    if files:
        _with_files(files, plan_file, out, as_of)
        return
    from pipelines.stages.rebalance import settings_of_chosen

    settings = chosen_settings(config, data_dir, as_of, scenario)
    # Before anything is read: without a plan there is nothing to hold against the data.
    own = settings_of_chosen(settings, settings.as_of)
    if scenario is None:
        settings = own
    with progress_shown(), stopping_gracefully():
        from pipelines.definitions import REBALANCE_JOB
        from pipelines.execution import execute_job

        execute_job(REBALANCE_JOB, settings, {"rebalance": {"config": {"is_forced": force}}})
    _tell(settings.data_dir)


def _tell(data_dir: Path) -> None:
    from pipelines.stages.kept_checks import FOLDER, MESSAGE_NAME
    from pipelines.stages.run_context import WorkPaths
    from pipelines.warehouse import session

    with session(WorkPaths(data_dir).warehouse) as connection:
        plan_id, proposal_id, signals, passed = connection.execute(
            "SELECT any_value(plan_id), any_value(proposal_id), count(*), "
            "count(*) FILTER (is_passed) FROM plan_drift"
        ).fetchone()  # type: ignore[misc]
        (proposals,) = connection.execute("SELECT count(*) FROM plan_rebalance").fetchone()  # type: ignore[misc]
    if not proposals:
        console.print(
            f"{plan_id} holds: none of {signals} signals passed its threshold.", markup=False
        )
        return
    folder = data_dir / FOLDER / proposal_id
    message = json.loads((folder / MESSAGE_NAME).read_text(encoding="utf-8"))
    console.print(f"{passed} of {signals} signals passed their thresholds.", markup=False)
    console.print(message["text"], markup=False)
    console.print(f"Proposal: {folder}", markup=False)


def _with_files(
    files: tuple[Path, ...], plan_file: Path | None, out: Path | None, as_of: datetime | None
) -> None:
    from optimization.rebalance.drift import measure_drift
    from pipelines.stages.planner import planning_errors
    from pipelines.stages.rebalance import propose, sentences
    from pipelines.standalone import write_plan_files
    from pipelines.standalone.chosen_file import planned_files

    if plan_file is None or out is None:
        raise InputError("with files, --plan (account_id, rep_id) and --out are needed too")
    with progress_shown(), stopping_gracefully():
        tables, policy, named, chosen = planned_files(
            files, plan_file, as_of.date() if as_of else None
        )
        with planning_errors(policy, named):
            drift = measure_drift(
                *(tables.accounts, tables.reps, tables.overrides, policy, chosen),
                as_of=tables.as_of,
                travel_matrix=tables.travel_matrix,
            )
        proposal = propose(tables, policy, named, chosen)
        frames = {
            "kpi_drift": drift,
            "kpi_rebalance": proposal.kpi,
            "fct_rebalance_move": proposal.moves,
        }
        paths = write_plan_files(out, frames | proposal.plan.tables())
    for sentence in sentences(drift, proposal):
        console.print(sentence, markup=False)
    console.print(f"Verified. {len(paths)} files written to {out}", markup=False)
