"""`territory frontier` on files and on what the last run left, and the ways in which it ends."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from planning_tables import write_book  # type: ignore[import-not-found]

from optimization import Policy
from pipelines.cli import territory
from pipelines.errors import GateError, InfeasibleError
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.standalone import PlanningFiles, read_planning_files


def frontier(*arguments: object) -> None:
    territory.main(["frontier", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    accounts, reps, _, policy = write_book(tmp_path)
    return accounts, reps, policy


def test_plans_are_shown_with_units_and_written(
    files: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frontier(*files, "--points", 3, "--out", tmp_path / "out")
    table = pl.read_parquet(tmp_path / "out" / "frontier.parquet")
    assert table.height >= 3
    assert pl.read_csv(tmp_path / "out" / "frontier.csv").columns == table.columns
    said = capsys.readouterr().out
    assert "Price of fairness" in said
    assert "Price of stability" in said
    assert "USD a year" in said
    assert "Verified. 2 files written" in said


def test_without_a_run_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="start one with `territory run`"):
        frontier("--data-dir", tmp_path / "nothing")


def test_a_policy_without_a_plan_is_named(files: tuple[Path, ...]) -> None:
    policy = files[-1]
    frozen = "locks: [{name: nothing moves}]\non_infeasible: stop\n"
    policy.write_text(policy.read_text() + frozen)
    with pytest.raises(InfeasibleError, match=str(policy)):
        frontier(*files)


def test_it_reads_the_planning_tables_of_the_last_run(
    files: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = WorkPaths(tmp_path / "data")
    paths.planning.mkdir(parents=True)
    tables = read_planning_files(PlanningFiles(files[0], files[1]), Policy(), None)
    for name in ("accounts", "reps", "overrides"):
        getattr(tables, name).write_parquet(paths.planning / f"{name}.parquet")
    last = RunContext("run_1", "plan_1", date(2026, 6, 30), "default", "", "", "")
    last.save(paths)
    frontier("--data-dir", paths.data_dir, "--points", 1)
    assert "policy" in capsys.readouterr().out
    with pytest.raises(GateError, match="the last run was for 2026-06-30"):
        frontier("--data-dir", paths.data_dir, "--as-of", "2026-07-31")
