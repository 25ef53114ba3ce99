"""Readers never notice a run; after a killed one the next makes the same bytes elsewhere, too."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from whole_run import (
    Outcome,
    SmallProject,
    copied_project,
    parquet_digests,
    territory,
    territory_process,
)

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


@dataclass(frozen=True)
class WatchedRun:
    """What readers saw while a run was going on, and what it made."""

    project: SmallProject
    before: dict[str, str]
    exit_code: int
    errors: str
    accounts_read: list[int]
    refused: Outcome | None


@pytest.fixture(scope="module")
def watched_run(
    small_company: Path, dagster_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> WatchedRun:
    """A run over files whose rows come in another order, with a reader who never stops reading."""
    project = copied_project(small_company, tmp_path_factory.mktemp("watched"), dagster_home)
    before = parquet_digests(project.data_dir / "published")
    for file in ("accounts.csv", "opportunities.csv", "users.csv"):
        project.replace_in(file, with_rows_reversed)
    lock = project.data_dir / "working" / "run.lock"
    accounts_read, refused = [], None
    with start(project) as run:
        while run.poll() is None:
            accounts_read.append(accounts_published(project))
            if refused is None and lock.read_text() == str(run.pid):
                refused = project.run()
            time.sleep(POLL_SECONDS)
        errors = run.stderr.read() if run.stderr else ""
    return WatchedRun(project, before, run.returncode, errors, accounts_read, refused)


def with_rows_reversed(text: str) -> str:
    heading, *rows = text.splitlines()
    return "\n".join([heading, *sorted(rows, reverse=True)]) + "\n"


def test_readers_see_a_whole_plan_at_every_moment_of_a_run(watched_run: WatchedRun) -> None:
    assert watched_run.exit_code == 0, watched_run.errors
    assert len(watched_run.accounts_read) > 20
    assert set(watched_run.accounts_read) == {150}


def test_no_other_run_begins_during_a_run(watched_run: WatchedRun) -> None:
    assert watched_run.refused is not None
    assert watched_run.refused.exit_code == 3, watched_run.refused.errors
    assert "another run is going on" in watched_run.refused.errors


def test_rows_in_another_order_give_the_same_scores(watched_run: WatchedRun) -> None:
    after = parquet_digests(watched_run.project.data_dir / "published")
    # Other files, so another plan_id in every table that carries one; the account table has none.
    assert after["dim_account.parquet"] == watched_run.before["dim_account.parquet"]
    assert after["fct_assignment.parquet"] != watched_run.before["fct_assignment.parquet"]


def test_killed_and_refused_runs_leave_the_publication_and_the_next_run_works(
    small_project: SmallProject, small_company: Path
) -> None:
    """The next run makes the same bytes, although the machine around it looks different."""
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
    elsewhere = small_project.config.parents[1] / "other place, señor"
    small_project.config.parent.rename(elsewhere)
    again = territory_process(
        *("run", "--config", elsewhere / small_project.config.name),
        dagster_home=elsewhere.parent / "dagster",
        PYTHONHASHSEED="4242",
        TZ="Pacific/Auckland",
        LC_ALL="C",
    )
    assert again.exit_code == 0, again.errors
    data, first = elsewhere / "data", small_company / "data"
    assert parquet_digests(data / "published") == before
    assert (data / "published").readlink() == (first / "published").readlink()
    for moves in ("moves.csv", "moves.xlsx"):
        made = (data / "published" / moves).read_bytes()
        assert made == (first / "published" / moves).read_bytes()
    leftovers = [
        path.name for folder in ("releases", "restricted") for path in (data / folder).glob(".*")
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
