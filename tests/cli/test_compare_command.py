"""`territory compare`: two scenarios of one release, or of two for the same date."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from pipelines.cli.compare import compare
from pipelines.errors import InputError
from pipelines.publish.manifest import Manifest, write_manifest

AS_OF = date(2026, 6, 30)
_TABLES = {
    "kpi_scenario": """
        SELECT *, 0.0 AS difference, 'same' AS comparison FROM (VALUES
            ('base', 'expected_value_usd', 'kpi_plan', 'higher', 1000.0),
            ('base', 'moved_accounts', 'kpi_plan', 'lower', 2.0),
            ('base', 'rep_count', 'kpi_plan', 'none', 3.0),
            ('calm', 'expected_value_usd', 'kpi_plan', 'higher', 900.5),
            ('calm', 'moved_accounts', 'kpi_plan', 'lower', 1.0),
            ('calm', 'rep_count', 'kpi_plan', 'none', 3.0)
        ) AS rows(scenario, kpi_name, table_name, good_direction, kpi_value)
    """,
    "meta_metric": """
        SELECT 'Expected value' AS metric_name, 'kpi_plan' AS table_name,
            'expected_value_usd' AS column_name, 'USD a year' AS unit
    """,
    "fct_assignment": """
        SELECT *, 'R1' AS previous_rep_id, rep_id <> 'R1' AS is_moved FROM (VALUES
            ('base', 'A1', 'R2', 'Nearer to R2.', 500.00::DECIMAL(18,2)),
            ('base', 'A2', 'R1', 'Stays.', 100.00::DECIMAL(18,2)),
            ('calm', 'A1', 'R1', '=Stays by rule.', 420.50::DECIMAL(18,2)),
            ('calm', 'A2', 'R1', 'Stays.', 100.00::DECIMAL(18,2))
        ) AS rows(scenario, account_id, rep_id, reason, value_usd)
    """,
    "dim_account": """
        SELECT 'A' || i AS account_id, 'Account ' || i AS account_name,
            100.0 * i AS actual_sales_usd FROM range(1, 3) AS rows(i)
    """,
    "dim_rep": """
        SELECT scenario, rep_id, 'Rep ' || rep_id AS rep_name
        FROM (VALUES ('base'), ('calm')) AS s(scenario), (VALUES ('R1'), ('R2')) AS r(rep_id)
    """,
}


def release(data_dir: Path, plan_id: str, *scenarios: str) -> None:
    """A release of these scenarios, published."""
    folder = data_dir / "releases" / plan_id
    (folder / "parquet").mkdir(parents=True)
    with duckdb.connect() as connection:
        for table, query in _TABLES.items():
            names = ", ".join(f"'{name}'" for name in scenarios)
            where = f"WHERE scenario IN ({names})" if "scenario" in query else ""
            connection.execute(
                f"COPY (FROM ({query}) {where}) TO '{folder}/parquet/{table}.parquet'"
            )
    write_manifest(
        folder,
        Manifest(
            contract_version="1.9",
            plan_id=plan_id,
            run_id="run_1",
            scenario=scenarios[0],
            as_of=AS_OF,
            plans={name: f"{plan_id}_{name}" for name in scenarios},
            tables=(),
            files=(),
        ),
    )
    link = data_dir / "published"
    link.unlink(missing_ok=True)
    link.symlink_to(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "base.yaml").write_text("")
    root = Path(__file__).resolve().parents[2]
    path = tmp_path / "project.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "name": "x",
                "data_dir": "data [1]",
                "scenario": "base",
                "scoring": str(root / "config" / "scoring.yaml"),
                "sources": {"crm": {"mapping": "m.yaml", "path": "."}},
            }
        )
    )
    return path


def output(project: Path, *arguments: str) -> str:
    done = CliRunner().invoke(
        compare, [*arguments, "--config", str(project)], catch_exceptions=False
    )
    assert done.exit_code == 0
    return " ".join(done.output.split())


@pytest.mark.parametrize("is_one_release", [True, False])
def test_figures_and_differing_accounts_stand_side_by_side(
    project: Path, tmp_path: Path, is_one_release: bool
) -> None:
    data_dir = tmp_path / "data [1]"
    if is_one_release:
        release(data_dir, "plan_both", "base", "calm")
    else:
        release(data_dir, "plan_calm", "calm")
        release(data_dir, "plan_base", "base")
    out = tmp_path / "differences.csv"
    told = output(project, "base", "calm", "--out", str(out))
    assert "1 accounts with 100 USD of sales have another rep in calm than in base" in told
    assert "Account 1 (A1) base: Rep R2, worth 500 USD a year. Nearer to R2." in told
    assert "Difference: -79.500 USD a year" in told
    assert "Account 2" not in told
    lines = out.read_text("utf-8-sig").splitlines()
    assert lines[0].split(",")[:5] == [
        *("account_id", "account_name", "actual_sales_usd", "previous_rep_id", "base_rep_id")
    ]
    assert len(lines) == 2
    assert "'=Stays by rule." in lines[1]
    assert "worse" in told
    assert "better" in told


def test_a_scenario_that_is_not_published_is_named(project: Path, tmp_path: Path) -> None:
    release(tmp_path / "data [1]", "plan_base", "base")
    with pytest.raises(InputError, match="no plan of scenario 'calm' for 2026-06-30") as error:
        output(project, "base", "calm")
    assert "there are: base." in str(error.value)
    assert "--scenario base --scenario calm" in str(error.value)
