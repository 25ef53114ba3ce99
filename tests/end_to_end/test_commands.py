"""The commands beside `run`: check, demo, and what they say when something is wrong."""

from pathlib import Path

from whole_run import SmallProject, territory


def test_check_reads_everything_and_changes_nothing(small_project: SmallProject) -> None:
    before = sorted(path.name for path in small_project.data_dir.iterdir())
    outcome = territory(
        "check", "--config", small_project.config, dagster_home=small_project.dagster_home
    )
    assert outcome.exit_code == 0, outcome.errors
    assert "accounts.csv" in outcome.output
    assert "150" in outcome.output
    assert "Input is good. Planning date 2026-06-30" in outcome.output
    assert sorted(path.name for path in small_project.data_dir.iterdir()) == before


def test_check_of_one_source_looks_at_its_files_and_loads_nothing(
    small_project: SmallProject,
) -> None:
    outcome = territory(
        *("check", "--config", small_project.config, "--source", "crm"),
        dagster_home=small_project.dagster_home,
    )
    assert outcome.exit_code == 0, outcome.errors
    assert "opportunities.csv" in outcome.output
    assert "Nothing was loaded" in outcome.output


def test_check_names_what_is_wrong(small_project: SmallProject) -> None:
    (small_project.input / "users.csv").unlink()
    outcome = territory(
        "check", "--config", small_project.config, dagster_home=small_project.dagster_home
    )
    assert outcome.exit_code == 2
    assert "users.csv" in outcome.errors


def test_demo_writes_a_company_that_runs(tmp_path: Path, dagster_home: Path) -> None:
    out = tmp_path / "company"
    outcome = territory(
        *("demo", "--accounts", 40, "--reps", 3, "--seed", 5, "--as-of", "2025-12-31"),
        *("--dirt", "--out", out),
        dagster_home=dagster_home,
    )
    assert outcome.exit_code == 0, outcome.errors
    assert {"accounts.csv", "opportunities.csv", "answer_key.csv"} <= {
        path.name for path in out.iterdir()
    }


def test_status_before_the_first_run_says_what_to_do(tmp_path: Path, dagster_home: Path) -> None:
    outcome = territory("status", "--data-dir", tmp_path, dagster_home=dagster_home)
    assert outcome.exit_code == 2
    assert "territory run" in outcome.errors


def test_a_mistyped_command_gets_its_near_name(dagster_home: Path) -> None:
    outcome = territory("statsu", dagster_home=dagster_home)
    assert outcome.exit_code == 2
    assert "did you mean 'status'" in outcome.errors
