"""Options that several commands share."""

from collections.abc import Callable
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


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give `command` the four options that choose the settings of a run."""
    for option in (scenario_option, as_of_option, data_dir_option, config_option):
        command = option(command)
    return command


def chosen_settings(
    config: Path, data_dir: Path | None, as_of: datetime | None, scenario: str | None
) -> Settings:
    """The settings that the four options choose."""
    return load_settings(
        config, data_dir=data_dir, as_of=as_of.date() if as_of else None, scenario=scenario
    )
