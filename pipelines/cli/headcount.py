"""`territory headcount`: what seats are worth, where to base new ones, what if somebody leaves."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pipelines.cli.console import console, progress_shown
from pipelines.cli.frontier import given_tables
from pipelines.cli.options import settings_options

if TYPE_CHECKING:
    import polars as pl

_RANGE = re.compile(r"([+-]?\d{1,2})(?:\.\.([+-]?\d{1,2}))?")
_MOST_SEATS = 20


class _Seats(click.ParamType):
    """`-2..+4`: from two seats fewer to four more; `-1` or `+2` alone."""

    name = "seats"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = _RANGE.fullmatch(str(value).replace(" ", ""))
        if found is None:
            self.fail(f"'{value}' is no range of seats; write -2..+4, -1 or +3", param, ctx)
        one = int(found[1])
        other = int(found[2]) if found[2] else 0
        low, high = min(one, other, 0), max(one, other, 0)
        if -low > _MOST_SEATS or high > _MOST_SEATS:
            self.fail(f"'{value}' goes beyond {_MOST_SEATS} seats either way", param, ctx)
        return -low, high


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@settings_options
@click.option(
    "--seats",
    type=_Seats(),
    help="Seats fewer and more, such as -2..+4. Default: the policy's, or else -1..+1 unless "
    "--leaver is given.",
)
@click.option(
    "--leaver", "leavers", multiple=True, help="Rep who may leave (rep_id); several times."
)
@click.option(
    "--candidates",
    type=click.IntRange(1, 1000),
    help="Seats or bases planned at each step; default: the policy's, 3.",
)
@click.option(
    "--seat-cost",
    type=click.FloatRange(0, 1e9),
    help="USD a year that a seat costs in all; default: the policy's, or none.",
)
@click.option(
    "--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="File for it all."
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for the table."
)
def headcount(
    files: tuple[Path, ...],
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    seats: tuple[int, int] | None,
    leavers: tuple[str, ...],
    candidates: int | None,
    seat_cost: float | None,
    json_path: Path | None,
    out: Path | None,
) -> None:
    """Plan larger and smaller teams: what a seat is worth, which to give up, where to base one.

    FILES are planning tables and a policy, as for `territory optimize`. Without any, the planning
    tables of the last run are taken, with the policy of --scenario. Nothing is published; --json
    and --out get the whole table.
    """
    from optimization.headcount.table import headcount_table
    from pipelines.stages.headcount import headcount_of
    from pipelines.standalone import write_plan_files

    with progress_shown():
        tables, policy, named = given_tables(files, config, data_dir, as_of, scenario)
        asked = policy.headcount
        changes: dict[str, Any] = {}
        if leavers:
            changes["leavers"] = list(dict.fromkeys(leavers))
        if seats is None and not asked.is_asked_for and not leavers:
            seats = (1, 1)
        if seats is not None:
            changes |= {"fewer_seats": seats[0], "more_seats": seats[1]}
        if candidates is not None:
            changes["candidates"] = candidates
        if seat_cost is not None:
            changes["seat_cost_usd"] = seat_cost
        policy = policy.model_copy(update={"headcount": asked.model_copy(update=changes)})
        study = headcount_of(tables, policy, named)
        table = headcount_table(study, tables.reps, policy)
        paths = [] if out is None else write_plan_files(out, {"headcount": table})
        if json_path is not None:
            json_path.write_text(json.dumps(table.to_dicts(), indent=1) + "\n", encoding="utf-8")
    _print(table)
    if json_path is not None:
        console.print(f"Written to {json_path}", markup=False)
    if out is not None:
        console.print(f"{len(paths)} files written to {out}", markup=False)


def _print(table: "pl.DataFrame") -> None:
    rows = table.to_dicts()
    _print_steps([row for row in rows if row["option_kind"] in ("today", "fewer", "more")])
    kinds = ("backfill", "vacant", "redistribution")
    _print_leavers([row for row in rows if row["option_kind"] in kinds])
    for row in rows:
        is_shown = row["is_best"] or row["option_kind"] in kinds or row["value_usd"] is None
        if is_shown:
            console.print(f"- {row['statement']}{_based(row)}", markup=False)
    console.print(
        "Value: margin on expected sales less losses of customers who change hands, travel, "
        "handovers, overtime and deviations, USD a year, before what seats cost. Every plan is "
        "verified.",
        markup=False,
    )


def _based(row: dict[str, Any]) -> str:
    if row["option_kind"] != "more" or row["base_latitude"] is None:
        return ""
    place = f"{row['base_latitude']:.2f}, {row['base_longitude']:.2f}"
    return f" Its base: {place}, where account {row['base_account_id']} is."


def _print_steps(rows: list[dict[str, Any]]) -> None:
    if len(rows) < 2:
        return
    table = _table(
        "Seats, each step the best of those planned; value and worth in USD a year",
        *("seats", "seat", "value", "seat is\nworth", "at least", "at most", "gap\n%"),
        *("worst\nband %", "moved", "handed\nover"),
    )
    best = [row for row in rows if row["is_best"]]
    for row in sorted(best, key=lambda one: one["seats_change"]):
        change = row["seats_change"]
        table.add_row(
            f"{row['seat_count']}" + (f" ({change:+d})" if change else ""),
            {"fewer": "without ", "more": "", "today": "today"}[row["option_kind"]]
            + (row["rep_name"] or ""),
            _whole(row["value_usd"]),
            _whole(row["seat_value_usd"]),
            _whole(row["least_seat_value_usd"]),
            _whole(row["most_seat_value_usd"]),
            *_quality(row),
        )
    console.print(table)


def _print_leavers(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    table = _table(
        "If a rep leaves; change of value in USD a year against keeping the rep",
        *("rep", "seat", "seats", "change", "overtime\nhours", "gap\n%"),
        *("worst\nband %", "moved", "handed\nover"),
    )
    for row in rows:
        table.add_row(
            row["rep_name"],
            row["option_kind"] + ("*" if row["is_best"] else ""),
            f"{row['seat_count']}",
            "no plan" if row["value_usd"] is None else f"{row['value_change_usd']:+,.0f}",
            _whole(row["overtime_hours"]),
            *_quality(row),
        )
    console.print(table)
    console.print("* the better of backfill and redistribution, after seat costs", markup=False)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        is_text = heading in ("seat", "rep")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=not is_text)
    return table


def _quality(row: dict[str, Any]) -> tuple[str, str, str, str]:
    """Gap, worst band and what changes hands."""
    gap, band = row["optimality_gap_pct"], row["worst_band_pct"]
    return (
        "" if gap is None else f"{gap:.3f}",
        "" if band is None else f"{band:.1f}",
        _whole(row["moved_accounts"]),
        _whole(row["handed_over_accounts"]),
    )


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"
