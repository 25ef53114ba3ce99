"""`territory check`: read the input and check it, without planning or publishing."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.settings.loader import Settings

if TYPE_CHECKING:
    from pipelines.stages.check import CheckReport


@click.command()
@settings_options
@click.option(
    "--source",
    help="Only try to reach this source and look for the tables and columns that its mapping "
    "reads; nothing is loaded.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write every finding, with its rows, and each file's reconciliation to this file.",
)
@click.option(
    "--suggest",
    "unknown_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead: print a first mapping of this file, guessed from its headings and values.",
)
def check(
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    source: str | None,
    json_file: Path | None,
    unknown_file: Path | None,
) -> None:
    """Validate the settings, read every input file and check what it holds.

    A source that is no folder of files is checked as it was loaded last; only where nothing has
    been loaded yet, it is read now, and forgotten afterwards.
    """
    if unknown_file is not None:
        from pipelines.suggest import as_yaml, draft_mapping

        click.echo(as_yaml(draft_mapping(unknown_file)), nl=False)
        return
    from pipelines.stages.check import check_input

    settings = chosen_settings(config, data_dir, as_of, scenario)
    if source is not None:
        _look(settings, source)
        return
    with progress_shown(), tempfile.TemporaryDirectory() as scratch:
        report = check_input(
            settings, Path(scratch), today=date.today(), names_rows=json_file is not None
        )
    if json_file is not None:
        text = json.dumps(report.content(), indent=1, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    if report.files:
        _print_files(report.files)
    if report.checks:
        _print_findings(report)
    if report.stopped_by is not None:
        raise report.stopped_by
    assert report.as_of is not None
    console.print(f"Input is good. Planning date {report.as_of.isoformat()}.")


def _look(settings: Settings, source: str) -> None:
    from pipelines.stages.connections import look_at

    with progress_shown():
        looks = list(look_at(settings, source))
    table = Table(title=f"Source '{source}': tables and columns that its mapping reads")
    for name in ("table", "found as", "columns read", "columns missing"):
        table.add_column(name)
    for look in looks:
        missing = ", ".join(look.columns_missing) or "none"
        table.add_row(
            look.wanted,
            look.found or "not there, optional",
            f"{look.columns_found}" if look.columns_found else "",
            missing if look.columns_found else "",
        )
    console.print(table)
    console.print("Everything can be reached. Nothing was loaded.")


def _print_files(files: Sequence[Mapping[str, Any]]) -> None:
    table = Table(title="Files: read = loaded + quarantined + duplicates + excluded")
    table.add_column("file")
    for name in ("read", "loaded", "quarantined", "duplicates", "excluded"):
        table.add_column(name, justify="right")
    for file in files:
        counts = ("read", "loaded", "quarantined", "duplicate", "excluded")
        role = "" if file["role"] == "records" else f" ({file['role']})"
        table.add_row(
            Path(file["file"]).name + role, *(f"{file[f'rows_{count}']:,}" for count in counts)
        )
    console.print(table)


def _print_findings(report: "CheckReport") -> None:
    failed = sum(not row.passed for row in report.checks)
    console.print(f"{len(report.checks)} checks, {len(report.checks) - failed} passed")
    for finding in report.findings:
        rows = f" ({finding['rows_affected']:,} rows)" if finding["origin"] == "check" else ""
        console.print(
            f"  {finding['severity']}: {finding['table']}"
            f"{'.' + finding['column'] if finding['column'] else ''}: {finding['rule']}: "
            f"{finding['message']}{rows}",
            markup=False,
        )
