"""Runs that are done once a session and may be read, or copied and spoilt; the order of files."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.end_to_end.whole_run import (
    CONFIG,
    SmallProject,
    copied_project,
    territory,
    territory_process,
)
from tests.shared_folder import made_once

# Dear first: two workers take files from the front of the queue, and a dear one at its end would
# leave one of them idle. What needs the same shared run starts on different workers.
FIRST = (
    "end_to_end/test_sample_company.py",
    "end_to_end/test_readers_and_kills.py",
    "end_to_end/test_bad_input.py",
    "end_to_end/",
    "connectors/",
    "dbt/",
    "benchmarks/",
    "optimization/",
    "book/",
    "engine/",
    "scoring/",
    "publish/test_crash.py",
    "expectations/",
    "headcount/",
    "metadata/",
    "browser/",
)
# Continuous integration installs Superset beside the tests before it.
AFTER_THEM = "end_to_end/test_superset.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(folder).as_posix()
        if name == AFTER_THEM:
            return len(FIRST)
        return next((n for n, start in enumerate(FIRST) if name.startswith(start)), len(FIRST) + 1)

    items.sort(key=rank)


@pytest.fixture(scope="session")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dagster_home")


@pytest.fixture(scope="session")
def sample_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after a default run on the sample company."""

    def run(folder: Path) -> None:
        data_dir = folder / "data"
        outcome = territory_process(
            "run", "--data-dir", data_dir, dagster_home=folder / "dagster_home"
        )
        assert outcome.exit_code == 0, outcome.errors
        (data_dir / "summary.txt").write_text(outcome.output)

    return made_once(tmp_path_factory, "sample", run) / "data"


@pytest.fixture
def published(sample_data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published release of the sample company, opened as any reader does."""
    path = sample_data_dir / "published" / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def small_company(tmp_path_factory: pytest.TempPathFactory, dagster_home: Path) -> Path:
    """A published project on 150 accounts and 6 reps; copied, never changed."""
    from pipelines.sample import CompanySettings, generate_company

    def run(folder: Path) -> None:
        generate_company(
            CompanySettings(
                accounts=150, reps=6, seed=3, as_of=date(2026, 6, 30), out=folder / "input"
            )
        )
        sources = {
            source: {
                "mapping": str(CONFIG / "mappings" / f"sample_{source}.yaml"),
                "path": "input",
            }
            for source in ("crm", "market", "plan")
        }
        (folder / "project.yaml").write_text(
            yaml.safe_dump(
                {
                    "name": "Small company",
                    "data_dir": "data",
                    "sources": sources,
                    "scoring": str(CONFIG / "scoring.yaml"),
                    "policies": str(CONFIG / "policies"),
                }
            )
        )
        outcome = territory("run", "--config", folder / "project.yaml", dagster_home=dagster_home)
        assert outcome.exit_code == 0, outcome.errors

    return made_once(tmp_path_factory, "small_company", run)


@pytest.fixture
def small_project(small_company: Path, tmp_path: Path, dagster_home: Path) -> SmallProject:
    return copied_project(small_company, tmp_path, dagster_home)
