"""Whole runs through the command line, each in a data folder of its own."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT.parent / "shared" / "data"))

needs_real_data = pytest.mark.skipif(
    not (REAL_DATA / "maven_crm").is_dir(),
    reason=f"real data is not here: {REAL_DATA} (set TERRITORY_REAL_DATA)",
)


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    exit_code: int
    output: str
    errors: str


def territory(*arguments: object, dagster_home: Path, **environment: str) -> Outcome:
    """Run the `territory` command in this process: the libraries are imported once, not each time.

    Where the process itself is tested, such as by a kill, use `territory_process`.
    """
    from pipelines.cli import main

    output, errors = StringIO(), StringIO()
    exit_code = 0
    with (
        patch.dict(os.environ, {"DAGSTER_HOME": str(dagster_home)} | environment),
        patch.object(sys, "argv", ["territory", *map(str, arguments)]),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        try:
            main()
        except SystemExit as end:
            exit_code = int(end.code or 0)
    return Outcome(exit_code, output.getvalue(), errors.getvalue())


def territory_process(
    *arguments: object, dagster_home: Path, timeout_seconds: int = 900, **environment: str
) -> Outcome:
    """Run the `territory` command in a process of its own, as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        env=os.environ | {"DAGSTER_HOME": str(dagster_home)} | environment,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class SmallProject:
    """A project of its own on a small sample company, whose files a test may spoil."""

    config: Path
    data_dir: Path
    input: Path
    dagster_home: Path

    def run(self, *arguments: object, **environment: str) -> Outcome:
        return territory(
            "run",
            "--config",
            self.config,
            *arguments,
            dagster_home=self.dagster_home,
            **environment,
        )

    def edit(self, **settings: object) -> None:
        """Set top-level keys of the project settings."""
        document = yaml.safe_load(self.config.read_text())
        self.config.write_text(yaml.safe_dump(document | settings))

    def replace_in(self, file: str, change: Callable[[str], str]) -> None:
        path = self.input / file
        path.write_text(change(path.read_text()))


def copied_project(company: Path, folder: Path, dagster_home: Path) -> SmallProject:
    """A copy of `company` below `folder`."""
    copy = folder / "project"
    shutil.copytree(company, copy, symlinks=True)
    return SmallProject(
        config=copy / "project.yaml",
        data_dir=copy / "data",
        input=copy / "input",
        dagster_home=dagster_home,
    )


def parquet_digests(release: Path) -> dict[str, str]:
    """Hashes of the published Parquet files; the run tells the time, so its table is left out."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((release / "parquet").glob("*.parquet"))
        if path.name != "meta_run.parquet"
    }
