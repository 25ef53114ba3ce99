"""Options that several commands share."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from pipelines.settings.loader import DEFAULT_CONFIG, Settings, load_settings

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    show_default="config/project.yaml",
    help="The project settings.",
)
data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder for results; wins over the file."
)
as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Planning date; by default the latest business date in the data.",
)
scenario_option = click.option("--scenario", help="Policy to plan with: policies/NAME.yaml.")
scenarios_option = click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    help="Policy to plan with: policies/NAME.yaml. May be given several times; the first is the "
    "chosen one, which report and lists show.",
)
all_scenarios_option = click.option(
    "--all-scenarios", is_flag=True, help="Plan with every policy of the project's folder."
)


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` the four options that choose the settings of a run."""
    return _with(command, scenario_option, as_of_option, data_dir_option, config_option)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` the options of a run, which may plan several scenarios."""
    return _with(
        command,
        *(all_scenarios_option, scenarios_option, as_of_option, data_dir_option, config_option),
    )


def chosen_settings(
    config: Path, data_dir: Path | None, as_of: datetime | None, scenario: str | None
) -> Settings:
    """The settings that the four options choose."""
    return run_settings(config, data_dir, as_of, [scenario] if scenario else [])


def run_settings(
    config: Path,
    data_dir: Path | None,
    as_of: datetime | None,
    scenarios: Sequence[str],
    all_scenarios: bool = False,
) -> Settings:
    """The settings that the options of a run choose."""
    return load_settings(
        config,
        data_dir=data_dir,
        as_of=as_of.date() if as_of else None,
        scenarios=scenarios,
        all_scenarios=all_scenarios,
    )


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    for option in options:
        command = option(command)
    return command
