"""Projects that were run once and may be read, or copied and spoilt."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from whole_run import CONFIG, SmallProject, territory

from pipelines.sample import CompanySettings, generate_company


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
def published(sample_data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published release of the sample company, opened as any reader does."""
    path = sample_data_dir / "published" / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory, dagster_home: Path) -> Path:
    """A published project on 150 accounts and 6 reps; copied, never changed."""
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
