"""Write the metadata tables into the working database, from where they are published."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.metadata.dbt_manifest import DbtTable, dbt_lineage, read_tables
from pipelines.metadata.declared import DeclaredTable, declared_metrics, declared_tables
from pipelines.metadata.origins import LineageRow, ingest_lineage, python_lineage
from pipelines.metadata.run_facts import RunFacts
from pipelines.metadata.sql_lineage import ALL_COLUMNS
from pipelines.metadata.units import unit_of

WRITTEN_TABLES = ("meta_run", "meta_table", "meta_column", "meta_column_lineage", "meta_metric")
"""The tables this module makes; the other `meta_*` tables come from ingest and the gates."""

_LAYERS = {
    "raw_": "raw",
    "stg_": "staging",
    "int_plan__": "planning",
    "int_": "intermediate",
    "plan_binding": "mart",
    "plan_": "plan",
    "dim_": "mart",
    "fct_": "mart",
    "bridge_": "mart",
    "kpi_": "mart",
    "meta_": "metadata",
    "quarantined_row": "metadata",
    "record_history": "metadata",
    "custom_field": "metadata",
}

_FIRST_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")


def write_metadata(
    connection: duckdb.DuckDBPyConnection,
    manifest_path: Path,
    run: RunFacts,
    *,
    dbt_targets: Sequence[Path] = (),
    mappings: Sequence[Path] = (),
) -> None:
    """Make `meta_run`, `meta_table`, `meta_column`, `meta_column_lineage` and `meta_metric`.

    Tables that no dbt model makes also get their comments. The tables are made anew: they tell of
    this run only. To be called when every other table stands, just before publication.

    Args:
        connection: the working database, open for writing.
        manifest_path: the manifest of the dbt project.
        dbt_targets: folders with the SQL compiled in this run; default: that of the manifest.
        mappings: mapping files of the run's sources, for the origin of raw columns.

    Raises:
        ConfigurationError: the manifest or a mapping is missing or wrong.
        TerritoryError: a model that stands in the database has no compiled SQL.
    """
    # The contract takes the columns of these tables from this package.
    from pipelines.publish.contract import CONTRACT_TABLES, table_columns

    declared = declared_tables()
    for table in WRITTEN_TABLES:
        _create(connection, table, declared[table])
    dbt_tables = read_tables(manifest_path)
    columns = {
        table: kinds
        for table, kinds in table_columns(connection).items()
        if table in dbt_tables or table in declared
    }
    # Published tables that are written after these are described as they are declared.
    for table in CONTRACT_TABLES:
        if table not in columns and table in declared:
            columns[table] = {name: c.type for name, c in declared[table].columns.items()}
    _fill(connection, "meta_run", [run.row()])
    _fill(connection, "meta_table", _table_rows(columns, dbt_tables, declared, CONTRACT_TABLES))
    _fill(connection, "meta_column", _column_rows(columns, dbt_tables, declared))
    _fill(connection, "meta_metric", [asdict(metric) for metric in declared_metrics()])
    lineage = {
        row
        for row in (
            *dbt_lineage(dbt_tables, dbt_targets or [manifest_path.parent], columns),
            *ingest_lineage(mappings),
            *python_lineage(),
        )
        if row.column_name == ALL_COLUMNS or row.column_name in columns.get(row.table_name, {})
    }
    _fill(connection, "meta_column_lineage", [asdict(row) for row in sorted(lineage, key=_order)])
    existing = table_columns(connection)
    for table in sorted(declared.keys() & existing.keys()):
        _comment(connection, table, declared[table], existing[table])


def _table_rows(
    columns: Mapping[str, Mapping[str, str]],
    dbt_tables: Mapping[str, DbtTable],
    declared: Mapping[str, DeclaredTable],
    published: Sequence[str],
) -> list[dict[str, Any]]:
    rows = []
    for table in sorted(columns):
        if table in declared:
            grain, description = declared[table].grain, declared[table].description
        else:
            description = dbt_tables[table].description
            sentence = _FIRST_SENTENCE.match(description)
            grain = sentence[0] if sentence else description
        is_model = table in dbt_tables and dbt_tables[table].kind != "source"
        rows.append(
            {
                "table_name": table,
                "layer": _layer(table),
                "kind": "dbt" if is_model else "ingest" if table.startswith("raw_") else "python",
                "grain": grain,
                "description": description,
                "is_published": table in published,
            }
        )
    return rows


def _column_rows(
    columns: Mapping[str, Mapping[str, str]],
    dbt_tables: Mapping[str, DbtTable],
    declared: Mapping[str, DeclaredTable],
) -> list[dict[str, Any]]:
    rows = []
    for table in sorted(columns):
        for position, (column, kind) in enumerate(columns[table].items(), start=1):
            own = declared[table].columns.get(column) if table in declared else None
            described = dbt_tables[table].columns if table in dbt_tables else {}
            rows.append(
                {
                    "table_name": table,
                    "column_name": column,
                    "position": position,
                    "data_type": kind,
                    "unit": unit_of(column),
                    "description": own.description if own else described.get(column, ""),
                }
            )
    return rows


def _layer(table: str) -> str:
    return next((layer for prefix, layer in _LAYERS.items() if table.startswith(prefix)), "other")


def _order(row: LineageRow) -> tuple[str, ...]:
    return tuple(value or "" for value in astuple(row))


def _create(connection: duckdb.DuckDBPyConnection, table: str, declaration: DeclaredTable) -> None:
    columns = ", ".join(f'"{name}" {c.type}' for name, c in declaration.columns.items())
    connection.execute(f'CREATE OR REPLACE TABLE "{table}" ({columns})')


def _fill(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]
) -> None:
    frame = pl.DataFrame(list(rows), infer_schema_length=None)
    if frame.is_empty():
        return
    connection.register("metadata_rows", frame.to_arrow())
    connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM metadata_rows')
    connection.unregister("metadata_rows")


def _comment(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    declaration: DeclaredTable,
    existing: Mapping[str, str],
) -> None:
    connection.execute(f'COMMENT ON TABLE "{table}" IS {_literal(declaration.description)}')
    for column, entry in declaration.columns.items():
        if column in existing:
            connection.execute(
                f'COMMENT ON COLUMN "{table}"."{column}" IS {_literal(entry.description)}'
            )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
