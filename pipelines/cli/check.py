"""`territory check`: read the input and check it, without planning or publishing."""

import dataclasses
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from pipelines.cli.console import console, progress_shown
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.ingest import FileLoad
from pipelines.settings.loader import Settings
from pipelines.stages.check_results import CheckRow


@click.command()
@settings_options
@click.option(
    "--source",
    help="Only try the connection of this source and look for the tables and columns that its "
    "mapping reads; nothing is loaded.",
)
def check(
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenario: str | None,
    source: str | None,
) -> None:
    """Validate the settings, read every input file and check what it holds.

    A source that is no folder of files is checked as it was loaded last; only where nothing has
    been loaded yet, it is read now, and forgotten afterwards.
    """
    from pipelines.stages.gates import run_expectations, stop_on_failed_checks
    from pipelines.stages.ingest import ensure_sample, ingest

    settings = chosen_settings(config, data_dir, as_of, scenario)
    if source is not None:
        _look(settings, source)
        return
    with progress_shown(), tempfile.TemporaryDirectory() as scratch:
        if settings.project.sample is not None:
            ensure_sample(settings.project.sample, settings.data_dir / "input")
        # A folder of its own: the working database of a run that is going on stays untouched.
        apart = dataclasses.replace(
            settings,
            data_dir=Path(scratch),
            project=settings.project.model_copy(update={"sample": None}),
            **_landed_before(settings),
        )
        context, result = ingest(apart, today=date.today())
        rows = run_expectations(apart, context, "raw")
    _print_files(result.loads)
    _print_checks(rows)
    stop_on_failed_checks(rows)
    console.print(f"Input is good. Planning date {context.as_of.isoformat()}.")


def _landed_before(settings: Settings) -> dict[str, Any]:
    """Sources and connectors of a check: what has landed is read where it lies, untouched."""
    landed = {
        name: settings.landed_dir / name / "current"
        for name in settings.connectors
        if (settings.landed_dir / name / "manifest.json").is_file()
    }
    return {
        "sources": {
            name: dataclasses.replace(source, path=landed.get(name, source.path))
            for name, source in settings.sources.items()
        },
        "connectors": {
            name: connector for name, connector in settings.connectors.items() if name not in landed
        },
    }


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
    console.print("The connection works. Nothing was loaded.")


def _print_files(files: Sequence[FileLoad]) -> None:
    table = Table(title="Files: read = loaded + quarantined + duplicates + excluded")
    table.add_column("file")
    for name in ("read", "loaded", "quarantined", "duplicates", "excluded"):
        table.add_column(name, justify="right")
    for load in files:
        table.add_row(
            Path(load.source_file).name,
            *(
                f"{count:,}"
                for count in (
                    load.rows_read,
                    load.rows_loaded,
                    load.rows_quarantined,
                    load.rows_duplicate,
                    load.rows_excluded,
                )
            ),
        )
    console.print(table)


def _print_checks(rows: list[CheckRow]) -> None:
    failed = [row for row in rows if not row.passed]
    console.print(f"{len(rows)} checks, {len(rows) - len(failed)} passed")
    for row in failed:
        console.print(
            f"  {row.severity}: {row.table_name}"
            f"{'.' + row.column_name if row.column_name else ''}: {row.message} "
            f"({row.rows_affected:,} rows)",
            markup=False,
        )
