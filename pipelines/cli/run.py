"""`territory run`: the whole way from files to a published plan."""

import dataclasses
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import progress_shown
from pipelines.cli.options import run_options, run_settings
from pipelines.cli.summary import print_summary
from pipelines.interrupts import stopping_gracefully


@click.command()
@run_options
@click.option("--draft", is_flag=True, help="Record the plan as a draft; nobody proposes it yet.")
def run(
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenarios: tuple[str, ...],
    all_scenarios: bool,
    draft: bool,
) -> None:
    """Read the input, plan the territories, check them and publish them.

    Ctrl-C while a plan is sought goes on with the best plan so far; a second one aborts.
    """
    # Settings are read before anything heavy: a mistyped key answers in under a second.
    settings = run_settings(config, data_dir, as_of, scenarios, all_scenarios)
    settings = dataclasses.replace(settings, is_draft=draft)
    with progress_shown(), stopping_gracefully():
        from pipelines.execution import execute_run

        release = execute_run(settings)
    print_summary(release, settings.project.name)
