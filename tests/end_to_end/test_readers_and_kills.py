"""Readers never notice a run, and a killed run leaves nothing to clean up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
from whole_run import SmallProject, parquet_digests, territory

POLL_SECONDS = 0.2


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


def test_readers_see_a_whole_plan_at_every_moment_of_a_run_and_no_other_run_begins(
    small_project: SmallProject,
) -> None:
    reads = 0
    lock = small_project.data_dir / "working" / "run.lock"
    refused = None
    with start(small_project) as run:
        while run.poll() is None:
            assert accounts_published(small_project) == 150
            reads += 1
            if refused is None and lock.read_text() == str(run.pid):
                refused = small_project.run()
            time.sleep(POLL_SECONDS)
        assert run.returncode == 0, run.stderr and run.stderr.read()
    assert reads > 20
    assert refused is not None
    assert refused.exit_code == 3, refused.errors
    assert "another run is going on" in refused.errors


def test_killed_and_refused_runs_leave_the_publication_and_the_next_run_works(
    small_project: SmallProject,
) -> None:
    release = (small_project.data_dir / "published").resolve()
    before = parquet_digests(release)
    for stage in ("Checking raw tables", "Scoring accounts and reps"):
        kill_when_it_says(small_project, stage)
        assert (small_project.data_dir / "published").resolve() == release
        assert accounts_published(small_project) == 150
    accounts = (small_project.input / "accounts.csv").read_text()
    small_project.replace_in("accounts.csv", lambda text: text.splitlines()[0] + "\n")
    assert small_project.run().exit_code == 2
    assert (small_project.data_dir / "published").resolve() == release
    (small_project.input / "accounts.csv").write_text(accounts)
    again = small_project.run()
    assert again.exit_code == 0, again.errors
    assert parquet_digests((small_project.data_dir / "published").resolve()) == before
    leftovers = [
        path.name
        for folder in ("releases", "restricted")
        for path in Path(small_project.data_dir / folder).glob(".*")
    ]
    assert [name for name in leftovers if "building" in name] == []


def kill_when_it_says(project: SmallProject, what: str) -> None:
    with start(project) as run:
        assert run.stderr is not None
        assert any(what in line for line in run.stderr), f"the run never came to: {what}"
        run.send_signal(signal.SIGKILL)


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
