"""`territory run`: the whole way from files to a published plan."""

import dataclasses
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import progress_shown
from pipelines.cli.options import run_options, run_settings
from pipelines.cli.summary import print_summary
from pipelines.errors import GateError
from pipelines.interrupts import stopping_gracefully
from pipelines.settings.loader import Settings


@click.command()
@run_options
@click.option("--draft", is_flag=True, help="Record the plan as a draft; nobody proposes it yet.")
@click.option(
    "--effective",
    is_flag=True,
    help="Publish the plan in force on the new data, with its KPIs; plan nothing.",
)
def run(
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenarios: tuple[str, ...],
    all_scenarios: bool,
    draft: bool,
    effective: bool,
) -> None:
    """Read the input, plan the territories, check them and publish them.

    Ctrl-C while a plan is sought goes on with the best plan so far; a second one aborts.
    """
    # Settings are read before anything heavy: a mistyped key answers in under a second.
    settings = run_settings(config, data_dir, as_of, scenarios, all_scenarios)
    settings = dataclasses.replace(settings, is_draft=draft)
    if effective:
        _check_effective(settings, draft or all_scenarios or bool(scenarios))
    with progress_shown(), stopping_gracefully():
        from pipelines.execution import execute_run

        release = execute_run(settings, keeps_effective=effective)
    print_summary(release, settings.project.name)


def _check_effective(settings: Settings, has_more: bool) -> None:
    """Before anything is read: there must be a plan to show, and nothing else can be asked of it.

    Raises:
        click.UsageError: further options ask for a plan made anew.
        GateError: no plan has been made effective.
    """
    from pipelines.keeping.chosen import plan_in_force

    if has_more:
        raise click.UsageError(
            "--effective shows the plan in force under its own policy; leave out --scenario, "
            "--all-scenarios and --draft"
        )
    if plan_in_force(settings.data_dir, settings.as_of) is None:
        raise GateError(
            f"{settings.data_dir}: no plan has been made effective yet; `territory plans` lists "
            "the plans, `territory plan approve` and `territory plan make-effective` take one up"
        )
