"""`territory run`: the whole way from files to a published plan."""

import os
import threading
from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.console import progress_shown
from pipelines.cli.options import chosen_settings, settings_options
from pipelines.cli.summary import print_summary


@click.command()
@settings_options
def run(config: Path, data_dir: Path | None, as_of: datetime | None, scenario: str | None) -> None:
    """Read the input, plan the territories, check them and publish them."""
    # Settings are read before anything heavy: a mistyped key answers in under a second.
    settings = chosen_settings(config, data_dir, as_of, scenario)
    with progress_shown():
        # Great Expectations takes seconds to import; DuckDB and HiGHS work outside the
        # interpreter's lock meanwhile.
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        threading.Thread(target=_warm_up, daemon=True).start()
        from pipelines.execution import execute_run

        release = execute_run(settings)
    print_summary(release, settings.project.name)


def _warm_up() -> None:
    from expectations import warm_up

    warm_up()
