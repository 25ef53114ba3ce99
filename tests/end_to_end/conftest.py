"""Whole runs through the command line, each in a process and a data folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
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


def territory(
    *arguments: object, dagster_home: Path, timeout_seconds: int = 300, **environment: str
) -> Outcome:
    """Run the `territory` command as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        env=os.environ | {"DAGSTER_HOME": str(dagster_home)} | environment,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dagster_home")


@pytest.fixture(scope="session")
def sample_data_dir(tmp_path_factory: pytest.TempPathFactory, dagster_home: Path) -> Path:
    """The data folder after a default run on the sample company."""
    data_dir = tmp_path_factory.mktemp("sample") / "data"
    outcome = territory("run", "--data-dir", data_dir, dagster_home=dagster_home)
    assert outcome.exit_code == 0, outcome.errors
    (data_dir / "summary.txt").write_text(outcome.output)
    return data_dir


@pytest.fixture
def published(sample_data_dir: Path) -> duckdb.DuckDBPyConnection:
    """The published release of the sample company, opened as any reader does."""
    return duckdb.connect(str(sample_data_dir / "published" / "territory.duckdb"), read_only=True)


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


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory, dagster_home: Path) -> Path:
    """A published project on 150 accounts and 6 reps; copied, never changed."""
    from datetime import date

    from pipelines.sample import CompanySettings, generate_company

    folder = tmp_path_factory.mktemp("small_company")
    generate_company(
        CompanySettings(accounts=150, reps=6, seed=3, as_of=date(2026, 6, 30), out=folder / "input")
    )
    (folder / "project.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "Small company",
                "data_dir": "data",
                "sources": {
                    source: {
                        "mapping": str(CONFIG / "mappings" / f"sample_{source}.yaml"),
                        "path": "input",
                    }
                    for source in ("crm", "market", "plan")
                },
                "scoring": str(CONFIG / "scoring.yaml"),
                "policies": str(CONFIG / "policies"),
            }
        )
    )
    outcome = territory("run", "--config", folder / "project.yaml", dagster_home=dagster_home)
    assert outcome.exit_code == 0, outcome.errors
    return folder


@pytest.fixture
def small_project(small_company: Path, tmp_path: Path, dagster_home: Path) -> SmallProject:
    folder = tmp_path / "project"
    shutil.copytree(small_company, folder, symlinks=True)
    return SmallProject(
        config=folder / "project.yaml",
        data_dir=folder / "data",
        input=folder / "input",
        dagster_home=dagster_home,
    )
