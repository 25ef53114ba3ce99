"""What Dagster needs to declare the checks before anything runs, without importing Dagster."""

from pathlib import Path
from typing import NamedTuple

from expectations.suite import SUITES_FOLDER, load_suites


class CheckSpec(NamedTuple):
    """One asset check; the asset carries the name of the table."""

    asset_name: str
    check_name: str
    description: str
    blocking: bool


def check_specs(stage: str, folder: Path = SUITES_FOLDER) -> list[CheckSpec]:
    """The checks of `stage` by table and entry. Raises SuiteError for a faulty suite."""
    return [
        CheckSpec(suite.table, check.name, check.description, check.severity == "error")
        for suite in load_suites(stage, folder)
        for check in suite.checks
    ]
