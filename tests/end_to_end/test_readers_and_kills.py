"""Readers never notice a run, and a killed run leaves nothing to clean up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from whole_run import SmallProject, territory

POLL_SECONDS = 0.05


def start(project: SmallProject) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "run", "--config", str(project.config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"DAGSTER_HOME": str(project.dagster_home)},
    )


def accounts_published(project: SmallProject) -> int:
    path = (project.data_dir / "published").resolve() / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM fct_assignment").fetchone() or (0,)
        return int(count)


def test_a_reader_sees_a_whole_plan_at_every_moment_of_a_run(small_project: SmallProject) -> None:
    reads = 0
    with start(small_project) as run:
        while run.poll() is None:
            assert accounts_published(small_project) == 150
            reads += 1
            time.sleep(POLL_SECONDS)
        assert run.returncode == 0, run.stderr and run.stderr.read()
    assert reads > 20


def test_a_second_run_on_the_same_folder_is_refused(small_project: SmallProject) -> None:
    with start(small_project) as first:
        lock = small_project.data_dir / "working" / "run.lock"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and lock.read_text() != str(first.pid):
            time.sleep(POLL_SECONDS)
        second = small_project.run()
        assert second.exit_code == 3, second.errors
        assert "another run is going on" in second.errors
        assert first.wait(timeout=120) == 0


@pytest.mark.parametrize("seconds", [2.0, 5.0, 8.0])
def test_a_killed_run_leaves_the_publication_and_the_next_run_works(
    small_project: SmallProject, seconds: float
) -> None:
    before = (small_project.data_dir / "published").resolve()
    with start(small_project) as run:
        time.sleep(seconds)
        run.send_signal(signal.SIGKILL)
    assert (small_project.data_dir / "published").resolve() == before
    assert accounts_published(small_project) == 150
    again = small_project.run()
    assert again.exit_code == 0, again.errors
    leftovers = [
        path.name
        for folder in ("releases", "restricted")
        for path in Path(small_project.data_dir / folder).glob(".*")
    ]
    assert [name for name in leftovers if "building" in name] == []


def test_an_unwritable_target_is_refused_before_any_work(
    small_project: SmallProject, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    outcome = territory(
        "run",
        "--config",
        small_project.config,
        "--data-dir",
        blocked / "data",
        dagster_home=small_project.dagster_home,
    )
    assert outcome.exit_code == 2, outcome.errors
    assert str(blocked) in outcome.errors
