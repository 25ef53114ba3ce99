"""`territory frontier`: what tighter bands and fewer moves cost under one policy."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.errors import GateError

if TYPE_CHECKING:
    from optimization import Policy
    from optimization.frontier.points import Frontier
    from pipelines.stages.planner import PlanningTables

_COLUMNS = (
    ("plan", "point_name", "{}"),
    ("band used\n%", "band_use_pct", "{:.1f}"),
    ("beyond\n%", "band_excess_pct", "{:,.1f}"),
    ("accounts\nmoved", "moved_accounts", "{:,}"),
    ("cost\nUSD a year", "objective_usd", "{:,.0f}"),
    ("gap\n%", "optimality_gap_pct", "{:.3f}"),
    ("value\nUSD a year", "expected_value_usd", "{:,.0f}"),
    ("price\nUSD a year", "price_of_{curve}_usd", "{:,.0f}"),
)
_CURVES = {
    "fairness": "Price of fairness: what tighter bands cost",
    "stability": "Price of stability: what fewer moves cost",
}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@settings_options
@click.option(
    "--points",
    type=click.IntRange(1, 50),
    default=7,
    show_default=True,
    help="Plans wanted, none dominated.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the table."
)
def frontier(
    files: tuple[Path, ...],
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    points: int,
    out: Path | None,
) -> None:
    """Trade balance off against moves and cost: plans none of which is beaten by another.

    FILES are planning tables and a policy, as for `territory optimize`. Without any, the planning
    tables of the last run are taken, with the policy of --scenario. Nothing is published; --out
    gets frontier.parquet and frontier.csv.
    """
    from pipelines.stages.frontier import frontier_of
    from pipelines.standalone import write_plan_files

    with progress_shown():
        tables, policy, named = given_tables(files, config, data_dir, as_of, scenario)
        traced = frontier_of(tables, policy, named, points)
        paths = [] if out is None else write_plan_files(out, {"frontier": traced.table()})
    _print(traced)
    if out is not None:
        console.print(f"Verified. {len(paths)} files written to {out}", markup=False)


def given_tables(
    files: tuple[Path, ...],
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
) -> "tuple[PlanningTables, Policy, str]":
    """The planning tables, the policy, and what to call it."""
    from pipelines.stages.plan_task import read_inputs
    from pipelines.stages.run_context import RunContext, WorkPaths
    from pipelines.standalone import PlanningFiles, planning_inputs, recognise

    if files:
        chosen = recognise(files, PlanningFiles())
        return planning_inputs(chosen, as_of.date() if as_of else None)
    settings = chosen_settings(config, data_dir, as_of, scenario)
    paths = WorkPaths(settings.data_dir)
    if not (paths.context.is_file() and paths.planning.is_dir()):
        raise GateError(
            f"{settings.data_dir}: no run has got as far as a plan here; start one with "
            "`territory run`, or give files of planning tables"
        )
    last = RunContext.load(paths)
    if as_of is not None and as_of.date() != last.as_of:
        raise GateError(
            f"{settings.data_dir}: the last run was for {last.as_of}, not {as_of.date()}; run that "
            "date first, or leave --as-of out"
        )
    one = settings.scenarios[0]
    return read_inputs(paths.planning, one, last.as_of), one.policy, str(one.policy_path)


def _print(traced: "Frontier") -> None:
    rows = {row["point_name"]: row for row in traced.table().to_dicts()}
    for curve, title in _CURVES.items():
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading, name, _ in _COLUMNS:
            is_text = name == "point_name"
            table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
        for point in traced.curve(curve):
            row = rows[point.variation.name]
            table.add_row(
                *(_cell(row[name.format(curve=curve)], form) for _, name, form in _COLUMNS)
            )
        console.print(table)
    console.print(
        "Band used: the largest deviation of any rep from any target, % of the policy's tolerance. "
        "Beyond: what lies outside those tolerances, % of a target, over all reps and metrics. "
        "No plan is beaten by another in both of these, moves and cost.",
        markup=False,
    )
    relaxed = [point.variation.name for point in traced.points if point.relaxed_limits]
    if relaxed:
        console.print(
            f"Limits had to give way for: {', '.join(relaxed)}. Their gap holds within the "
            "widened limits.",
            markup=False,
        )
    for curve in _CURVES:
        other = [one.variation.name for one in traced.curve(curve) if curve not in one.priced_on]
        if other:
            console.print(
                f"Without a price of {curve}, because more or less gave way than for the others: "
                f"{', '.join(other)}.",
                markup=False,
            )
    for variation, reason in traced.dropped:
        console.print(f"Left out: {variation.name}, {reason}", markup=False)
    if traced.shortfall:
        console.print(f"Fewer than asked for: {traced.shortfall}", markup=False)


def _cell(value: Any, form: str) -> str:
    return "" if value is None else form.format(value)
