"""`territory status`: what is published, and how it came about."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import console
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.cli.release_reader import open_release, published_folder, records
from pipelines.cli.summary import print_summary


@click.command()
@settings_options
def status(
    config: Path, data_dir: Path | None, as_of: datetime | None, scenario: str | None
) -> None:
    """Show the published plan, its certificate and its checks."""
    settings = chosen_settings(config, data_dir, as_of, scenario)
    folder = published_folder(settings.data_dir)
    print_summary(folder, settings.project.name, scenario)
    with open_release(folder) as connection:
        (run,) = records(connection, "FROM meta_run ORDER BY started_at DESC LIMIT 1")
        gates = records(
            connection,
            "SELECT gate, count(*) AS checks, count(*) FILTER (NOT passed) AS failed "
            "FROM meta_check_result GROUP BY gate ORDER BY gate",
        )
    console.print(
        f"Run          {run['run_id']}, planning date {run['as_of']}, "
        f"{run['duration_seconds']} s, started {run['started_at']}",
        markup=False,
    )
    for gate in gates:
        console.print(
            f"Checks       {gate['gate']}: {gate['checks']} checks, {gate['failed']} not passed"
        )
    releases = sorted(path.name for path in folder.parent.glob("[!.]*"))
    console.print(f"Releases     {len(releases)} kept: {', '.join(releases)}", markup=False)
