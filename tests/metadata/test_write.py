"""The metadata of the real dbt project, written beside tables that dbt just built."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ConfigurationError, TerritoryError
from pipelines.metadata import RunFacts, write_metadata
from pipelines.metadata.declared import declared_tables
from pipelines.metadata.write import WRITTEN_TABLES
from pipelines.publish import CONTRACT_TABLES, PublishRequest, publish_release
from pipelines.publish.contract import CONTRACT, META_TABLES, check_contract
from tests.dbt.company import small_company, write_raw_tables
from tests.dbt.dbt_run import Dbt
from tests.dbt.plan_tables import write_plan_tables
from tests.dbt.score_tables import write_forecast_table, write_score_tables

MAPPING = """
source: crm
entities:
  account:
    file: accounts.csv
    columns:
      account_id: account
      account_name: {template: "{first} {last}"}
      annual_revenue_usd: {column: revenue, unit: 1000000}
      country: {constant: United States}
      segment: {column: code, lookup: {file: codes.csv, key: code, value: segment}}
"""

RUN = RunFacts(
    run_id="run_1",
    plan_id="plan_1",
    scenario="default",
    as_of=date(2026, 6, 30),
    started_at=datetime(2026, 7, 1, 8, 0, tzinfo=timezone(timedelta(hours=2))),
    finished_at=datetime(2026, 7, 1, 6, 0, 42, 500_000, tzinfo=UTC),
    code_version="0.1.0+abc",
    settings_digest="s",
    input_digest="i",
    step_seconds={"ingest": 1.23456, "plan": 2.0},
)


class Described:
    """A working database with its metadata, and how long writing it took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = folder / "warehouse.duckdb"
        self.manifest = folder / "target" / "manifest.json"
        self.mapping = folder / "crm.yaml"
        self.mapping.write_text(MAPPING)
        dbt = Dbt(folder)
        write_raw_tables(self.warehouse, small_company())
        without_tests = ("--exclude", "resource_type:unit_test", "resource_type:test")
        dbt.build(self.warehouse, "--select", "tag:pre_score", *without_tests)
        write_score_tables(self.warehouse)
        dbt.build(self.warehouse, "--select", "tag:pre_plan", *without_tests)
        write_plan_tables(self.warehouse)
        write_forecast_table(self.warehouse)
        dbt.build(self.warehouse, "--select", "tag:post_plan", *without_tests)
        self.write()

    def write(self) -> None:
        with duckdb.connect(str(self.warehouse)) as connection:
            write_metadata(connection, self.manifest, RUN, mappings=[self.mapping])

    def rows(self, query: str) -> list[tuple]:  # type: ignore[type-arg]
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Described:
    return Described(tmp_path_factory.mktemp("described"))


MARTS = tuple(t.name for t in CONTRACT if t.name not in META_TABLES)


def test_the_marts_meet_the_contract(described: Described) -> None:
    with duckdb.connect(str(described.warehouse)) as connection:
        check_contract(connection, MARTS)


def test_every_published_column_is_described_and_has_a_type(described: Described) -> None:
    published = "table_name IN (SELECT table_name FROM meta_table WHERE is_published)"
    assert (
        described.rows(
            f"SELECT table_name, column_name FROM meta_column WHERE {published} "
            "AND (description = '' OR data_type = '')"
        )
        == []
    )
    counted = dict(
        described.rows(f"SELECT table_name, count(*) FROM meta_column WHERE {published} GROUP BY 1")
    )
    assert set(counted) == {table.name for table in CONTRACT}
    assert all(counted[table.name] >= len(table.columns) for table in CONTRACT)


def test_every_table_has_a_layer_and_published_ones_a_grain(described: Described) -> None:
    assert described.rows("SELECT table_name FROM meta_table WHERE layer = 'other'") == []
    assert (
        described.rows(
            "SELECT table_name FROM meta_table WHERE is_published AND grain NOT LIKE '% %.'"
        )
        == []
    )
    assert described.rows(
        "SELECT table_name, layer, kind FROM meta_table WHERE table_name IN "
        "('raw_crm__account', 'stg_crm__account', 'int_plan__account', 'plan_assignment', "
        "'dim_account', 'meta_run') ORDER BY 1"
    ) == [
        ("dim_account", "mart", "dbt"),
        ("int_plan__account", "planning", "dbt"),
        ("meta_run", "metadata", "python"),
        ("plan_assignment", "plan", "python"),
        ("raw_crm__account", "raw", "ingest"),
        ("stg_crm__account", "staging", "dbt"),
    ]


def test_every_column_of_every_model_has_lineage_that_was_understood(
    described: Described,
) -> None:
    assert (
        described.rows(
            "SELECT c.table_name, c.column_name FROM meta_column AS c JOIN meta_table AS t "
            "USING (table_name) WHERE t.kind = 'dbt' AND NOT EXISTS (SELECT 1 FROM "
            "meta_column_lineage AS l WHERE l.table_name = c.table_name "
            "AND l.column_name = c.column_name)"
        )
        == []
    )
    # Without an expression, a whole table upstream is what stands for SQL not understood.
    assert (
        described.rows(
            "SELECT * FROM meta_column_lineage WHERE upstream_column = '*' AND expression IS NULL"
        )
        == []
    )


def test_upstream_columns_exist(described: Described) -> None:
    assert (
        described.rows(
            "SELECT l.* FROM meta_column_lineage AS l WHERE step <> 'ingest' "
            "AND upstream_table IS NOT NULL AND upstream_column <> '*' "
            "AND NOT starts_with(upstream_table, 'plan_') AND NOT EXISTS (SELECT 1 FROM "
            "meta_column AS c WHERE c.table_name = l.upstream_table "
            "AND c.column_name = l.upstream_column)"
        )
        == []
    )


@pytest.mark.parametrize(
    ("column", "source"),
    [
        (("dim_account", "account_name"), ("accounts.csv", "last")),
        (("fct_assignment", "service_hours"), ("raw_crm__activity", "duration_hours")),
        (("kpi_territory", "actual_sales_usd"), ("raw_crm__opportunity", "amount_usd")),
        (("kpi_balance", "max_deviation_pct"), ("int_plan__rep", "effective_capacity_hours")),
        (("kpi_plan", "moved_accounts"), ("stg_plan__override", "rep_id")),
        (("plan_binding", "limit_amount"), ("int_plan__rep", "capacity_hours")),
        (("fct_assignment", "is_locked"), ("raw_crm__opportunity", "probability_pct")),
    ],
)
def test_a_figure_can_be_followed_to_its_source(
    described: Described, column: tuple[str, str], source: tuple[str, str]
) -> None:
    reached = described.rows(
        f"""
        WITH RECURSIVE upstream (table_name, column_name) AS (
            SELECT '{column[0]}', '{column[1]}'
            UNION
            SELECT l.upstream_table, l.upstream_column FROM upstream
            JOIN meta_column_lineage AS l USING (table_name, column_name)
            WHERE l.upstream_table IS NOT NULL
        )
        SELECT * FROM upstream
        """
    )
    assert source in reached


def test_a_field_no_mapping_fills_is_said_to_be_empty(described: Described) -> None:
    assert described.rows(
        "SELECT column_name, upstream_table FROM meta_column_lineage "
        "WHERE table_name = 'raw_crm__account' AND expression LIKE 'empty:%' "
        "AND column_name IN ('city', 'country')"
    ) == [("city", None)]


def test_raw_columns_come_from_the_mapping(described: Described) -> None:
    assert described.rows(
        "SELECT column_name, upstream_table, upstream_column, expression "
        "FROM meta_column_lineage WHERE table_name = 'raw_crm__account' AND step = 'ingest' "
        "AND (upstream_table IS NOT NULL OR expression LIKE 'constant%') ORDER BY ALL"
    ) == [
        ("account_id", "accounts.csv", "account", None),
        ("account_name", "accounts.csv", "first", "template '{first} {last}'"),
        ("account_name", "accounts.csv", "last", "template '{first} {last}'"),
        ("annual_revenue_usd", "accounts.csv", "revenue", "× 1000000"),
        ("country", None, None, "constant 'United States'"),
        ("segment", "accounts.csv", "code", "looked up in codes.csv by code"),
        ("segment", "codes.csv", "segment", "looked up in codes.csv by code"),
    ]


def test_the_run_is_recorded_in_utc(described: Described) -> None:
    (row,) = described.rows(
        "SELECT run_id, as_of, started_at, duration_seconds, status, step_timings_json, "
        "versions_json FROM meta_run"
    )
    assert row[:5] == ("run_1", date(2026, 6, 30), datetime(2026, 7, 1, 6), 42.5, "success")
    assert json.loads(row[5]) == {"ingest": 1.235, "plan": 2.0}
    assert "duckdb" in json.loads(row[6])


def test_tables_without_a_model_get_their_comments(described: Described) -> None:
    assert described.rows(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'meta_metric' "
        "AND column_name = 'formula'"
    ) == [("How it is computed.",)]


def test_writing_again_changes_nothing(described: Described) -> None:
    tables = ("meta_table", "meta_column", "meta_column_lineage", "meta_metric")
    before = [described.rows(f"SELECT * FROM {table}") for table in tables]
    described.write()
    assert [described.rows(f"SELECT * FROM {table}") for table in tables] == before
    assert all(before)


def test_marts_and_metadata_can_be_published_as_they_are(described: Described) -> None:
    with duckdb.connect(str(described.warehouse)) as connection:
        for name in set(META_TABLES) - set(WRITTEN_TABLES):
            columns = declared_tables()[name].columns
            kinds = ", ".join(f"{column} {entry.type}" for column, entry in columns.items())
            connection.execute(f"CREATE TABLE {name} ({kinds})")
    release = publish_release(
        PublishRequest(
            warehouse=described.warehouse,
            data_dir=described.folder,
            plan_id="plan_1",
            run_id="run_1",
            scenario="default",
            as_of=RUN.as_of,
        )
    )
    assert [entry.name for entry in release.manifest.tables] == list(CONTRACT_TABLES)
    with duckdb.connect(str(release.path / "territory.duckdb"), read_only=True) as connection:
        uncommented = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "AND comment IS NULL AND table_name NOT IN "
            "('quarantined_row', 'record_history', 'custom_field', 'meta_check_result',"
            " 'fct_assignment_history', 'fct_holdout', 'fct_challenge',"
            " 'kpi_drift', 'kpi_rebalance', 'fct_rebalance_move',"
            " 'meta_finding', 'meta_load', 'meta_finding_row', 'meta_drift', 'meta_kpi_history')"
        ).fetchall()
    assert uncommented == []


def test_a_model_without_compiled_sql_is_named(described: Described, tmp_path: Path) -> None:
    manifest = json.loads(described.manifest.read_text())
    for node in manifest["nodes"].values():
        node.pop("compiled_code", None)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE dim_rep (rep_id VARCHAR)")
        with pytest.raises(TerritoryError, match="'dim_rep' has no compiled SQL"):
            write_metadata(connection, path, RUN)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with duckdb.connect() as connection, pytest.raises(ConfigurationError, match="not parsed"):
        write_metadata(connection, tmp_path / "manifest.json", RUN)
