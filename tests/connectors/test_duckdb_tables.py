"""Tables that a loading tool keeps in a DuckDB file."""

import os
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from company_records import make_company, write_project  # type: ignore[import-not-found]

from pipelines.errors import InputError
from pipelines.ingest.connectors.duckdb_tables import DuckDBTables
from pipelines.settings.loader import load_settings
from pipelines.stages.ingest import ingest

ROOT = Path(__file__).resolve().parents[2]
REAL_DATA = Path(os.environ.get("TERRITORY_REAL_DATA", ROOT / ".." / "shared" / "data"))

needs_real_data = pytest.mark.skipif(
    not REAL_DATA.is_dir(), reason=f"no data at {REAL_DATA}; set TERRITORY_REAL_DATA to its folder"
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE SCHEMA crm; CREATE TABLE crm.account AS SELECT 'A1' AS id, true AS is_deleted,"
            " DATE '2026-02-28' AS day, 12.50::DECIMAL(9,2) AS amount, ['x'] AS tags,"
            " TIMESTAMPTZ '2026-02-28 23:30:00+00' AS at UNION ALL"
            " SELECT 'A2', NULL, NULL, NULL, NULL, NULL"
        )
    return path


def test_every_type_becomes_text(database: Path) -> None:
    tables = DuckDBTables(database, "crm")
    (table,) = tables.tables()
    columns = tables.columns(table)
    rows = pa.Table.from_batches(tables.read(table, columns, None)).to_pylist()
    assert rows[0] == {
        "id": "A1",
        "is_deleted": "true",
        "day": "2026-02-28",
        "amount": "12.50",
        "tags": '["x"]',
        "at": "2026-02-28 23:30:00",
    }
    assert rows[1] == {"id": "A2"} | dict.fromkeys(columns[1:])


def test_a_wrong_schema_and_a_missing_file_are_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no schema 'cmr' .*\(did you mean 'crm'\?\)"):
        DuckDBTables(database, "cmr").tables()
    with pytest.raises(InputError, match="no such file"):
        DuckDBTables(tmp_path / "none.duckdb", "crm").tables()
    (tmp_path / "text.duckdb").write_text("no database")
    with pytest.raises(InputError, match="cannot be opened for reading"):
        DuckDBTables(tmp_path / "text.duckdb", "crm").tables()


@needs_real_data
def test_the_salesforce_seeds_load_from_a_database(tmp_path: Path) -> None:
    path = tmp_path / "landed.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA salesforce")
        for file in sorted((REAL_DATA / "salesforce_fivetran_seeds").glob("sf_*_data.csv")):
            name = file.stem.removeprefix("sf_").removesuffix("_data")
            connection.execute(
                f"CREATE TABLE salesforce.\"{name}\" AS FROM read_csv('{file}', header = true)"
            )
    connector = {"type": "duckdb", "database": "landed.duckdb", "schema": "salesforce"}
    company = make_company(tmp_path / "company", accounts=20, reps=2)
    project = write_project(tmp_path, company, connector)
    _, result = ingest(load_settings(project, as_of=date(2026, 1, 1)), today=date(2026, 1, 1))
    loads = {load.source_file: load for load in result.loads}
    assert (loads["account.parquet"].rows_read, loads["account.parquet"].rows_loaded) == (10, 1)
    assert loads["opportunity.parquet"].excluded_by == {"soft_deleted": 10}
    assert all(load.is_reconciled() for load in loads.values())
