"""Tables that no entity is read from, but whose rows are checked: keys, and what they refer to.

Contacts and leads are such tables. Nothing of them is loaded or published but what is wrong.
"""

from dataclasses import replace

import duckdb

from pipelines.errors import InputError, near
from pipelines.ingest import field_sql
from pipelines.ingest.entities import ENTITIES
from pipelines.ingest.file_search import SourceFolder, find_table, table_names
from pipelines.ingest.landing import LANDING, Landing, drop_landing, land, watched
from pipelines.ingest.ledger import Finding
from pipelines.ingest.mapping import SourceMapping, WatchedTable
from pipelines.ingest.row_findings import Explanation, name_rows
from pipelines.ingest.side_files import SideBooks
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import respell
from pipelines.ingest.sql import case, identifier, literal

RULES = {
    "not_a_salesforce_id": Explanation(
        "warning", "have an id that is none of Salesforce's: those have 15 or 18 characters"
    ),
    "unknown_reference": Explanation("warning", "refer to a record that is not loaded"),
}

_CHECKED = "watched_row"


def watched_files(folder: SourceFolder, mapping: SourceMapping) -> list[SourceFile]:
    """The files of the watched tables that are there."""
    return [file for table in mapping.watch for file in find_table(folder, table.table, table.csv)]


def check_watched(
    connection: duckdb.DuckDBPyConnection,
    mapping: SourceMapping,
    folder: SourceFolder,
    books: SideBooks,
    run_id: str,
) -> list[Finding]:
    """Findings on the watched tables of one source; their rows are entered into `books`.

    Comes after the raw tables, which are referred to. Raises InputError for a table that must be
    there and is not, or lacks its key.
    """
    findings = []
    for table in mapping.watch:
        files = find_table(folder, table.table, table.csv)
        if not files and not table.optional:
            raise InputError(
                f"{folder.path}: no table '{table.table}'{near(table.table, table_names(folder))}"
            )
        for file in files:
            findings += _check(connection, mapping, table, file, books, run_id)
    return findings


def _check(
    connection: duckdb.DuckDBPyConnection,
    mapping: SourceMapping,
    table: WatchedTable,
    file: SourceFile,
    books: SideBooks,
    run_id: str,
) -> list[Finding]:
    name = f"{mapping.source}.{table.table}"
    with watched(file):
        landing = land(connection, file, in_place=True)
        landing = replace(landing, columns=respell(table.columns(), landing.columns, file.name))
        if table.key not in landing.columns:
            raise InputError(
                f"{file.name}: column '{table.key}' is missing{near(table.key, landing.columns)}"
            )
        followed = {
            column: ENTITIES[mapping.source, entity]
            for column, entity in table.references.items()
            if column in landing.columns
        }
        links = "".join(
            f", {_text(landing, column)} AS {identifier(column)}" for column in followed
        )
        exclusion = case(
            (field_sql.outcome(test, _text(landing, test.column)), literal(test.rule))
            for test in table.exclude
            if test.column is not None and test.column in landing.columns
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_CHECKED} AS SELECT row_number,"
            f" {_text(landing, table.key)} AS record_id, CAST({exclusion} AS VARCHAR) AS exclusion"
            f"{links} FROM {LANDING}"
        )
        books.enter(name, file, "watched", table.table, landing, _set_aside(table, landing))
    drop_landing(connection)
    tests = []
    if table.salesforce_id:
        tests.append((table.key, "not_a_salesforce_id", "record_id",
                      f"NOT {field_sql.is_salesforce_id('record_id')}"))  # fmt: skip
    for column, entity in followed.items():
        value, key = identifier(column), identifier(entity.keys[0].name)
        spelt = field_sql.salesforce_id(value) if table.salesforce_id else value
        known = f"SELECT {key} FROM {entity.table} WHERE {key} IS NOT NULL"
        tests.append((column, "unknown_reference", value, f"{spelt} NOT IN ({known})"))
    findings = []
    if tests:
        query = " UNION ALL ".join(
            f"SELECT {literal(rule)} AS rule, {literal(column)} AS column_name, row_number,"
            f" record_id, {value} AS value FROM {_CHECKED}"
            f" WHERE exclusion IS NULL AND {value} IS NOT NULL AND {test}"
            for column, rule, value, test in tests
        )
        findings = name_rows(connection, run_id, name, RULES, query)
    connection.execute(f"DROP TABLE {_CHECKED}")
    return findings


def _text(landing: Landing, column: str) -> str:
    return f"nullif({field_sql.trimmed(landing.sql_column(column))}, '')"


def _set_aside(table: WatchedTable, landing: Landing) -> str:
    """Every row: what nothing is wrong with is left out, too, because it is only checked."""
    content = f"CAST({landing.payload_sql} AS VARCHAR)"
    return f"""
        WITH repeated AS (
            SELECT record_id FROM {_CHECKED} WHERE exclusion IS NULL AND record_id IS NOT NULL
            GROUP BY record_id HAVING count(*) > 1),
        ranked AS (
            SELECT row_number, row_number() OVER same_key > 1 AS is_later,
                content = first_value(content) OVER same_key AS is_same
            FROM (SELECT row_number, record_id, {content} AS content
                FROM {_CHECKED} JOIN repeated USING (record_id)
                JOIN {LANDING} USING (row_number) WHERE exclusion IS NULL)
            WINDOW same_key AS (PARTITION BY record_id ORDER BY row_number)),
        judged AS (
            SELECT row_number, record_id, CASE WHEN exclusion IS NOT NULL THEN exclusion
                WHEN record_id IS NULL THEN 'missing_value'
                WHEN is_later AND is_same THEN 'duplicate_row'
                WHEN is_later THEN 'duplicate_key' ELSE 'only_checked' END AS rule
            FROM {_CHECKED} LEFT JOIN ranked USING (row_number))
        SELECT row_number, rule, record_id AS value,
            CASE WHEN rule IN ('missing_value', 'duplicate_key') THEN {literal(table.key)} END
                AS column_name,
            CASE WHEN rule IN ('missing_value', 'duplicate_key') THEN 'quarantined'
                WHEN rule = 'duplicate_row' THEN 'duplicate' ELSE 'excluded' END AS outcome
        FROM judged"""
