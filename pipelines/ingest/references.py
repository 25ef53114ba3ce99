"""References between entities that lead nowhere, as findings: a sale is never dropped for one.

Salesforce shows ids with 15 characters in reports and with 18 elsewhere. Where a reference leads
somewhere in the other spelling only, as from a report to what an API has brought, it takes the
spelling of the record it leads to, and a finding names the rows.
"""

import duckdb

from pipelines.ingest import field_sql
from pipelines.ingest.entities import ENTITIES, Entity, Field
from pipelines.ingest.ledger import Finding
from pipelines.ingest.sql import identifier

_EXAMPLES = 3


def reference_findings(
    connection: duckdb.DuckDBPyConnection, mapped: dict[str, frozenset[str]], run_id: str
) -> list[Finding]:
    """Findings for unknown, missing and respelt references; their rows go to `meta_finding_row`.

    `mapped` holds the mapped fields per raw table. A reference is followed only where both its
    column and the table it leads to were part of the input.
    """
    findings = []
    for entity in ENTITIES.values():
        for field in entity.fields:
            if field.name not in mapped.get(entity.table, frozenset()):
                continue
            if field.is_expected:
                findings += _missing(connection, entity, field, run_id)
            if field.references and ENTITIES[field.references].table in mapped:
                findings += _unknown(connection, entity, field, ENTITIES[field.references], run_id)
    return findings


def _missing(
    connection: duckdb.DuckDBPyConnection, entity: Entity, field: Field, run_id: str
) -> list[Finding]:
    row = connection.execute(
        f"SELECT count(*) FROM {entity.table} WHERE {identifier(field.name)} IS NULL"
    ).fetchone()
    count = int(row[0]) if row else 0
    if not count:
        return []
    _name(
        connection, entity, field, "missing_reference", f"{identifier(field.name)} IS NULL", run_id
    )
    message = f"{count:,} rows of {entity.table} have no {field.name}; they are loaded without one"
    return [Finding("warning", "missing_reference", entity.table, field.name, count, message)]


def _unknown(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    field: Field,
    target: Entity,
    run_id: str,
) -> list[Finding]:
    name, key = identifier(field.name), identifier(target.keys[0].name)
    # Faster than NOT EXISTS, which first collects the distinct values of the child.
    test = (
        f"{name} IS NOT NULL"
        f" AND {name} NOT IN (SELECT {key} FROM {target.table} WHERE {key} IS NOT NULL)"
    )
    look = (
        f"SELECT count(*), count(DISTINCT {name}),"
        f" array_to_string(list_sort(list(DISTINCT left({name}, 60)))[:{_EXAMPLES}], ', ')"
        f" FROM {entity.table} AS child WHERE {test}"
    )
    count, values, examples = connection.execute(look).fetchone() or (0, 0, "")
    findings = []
    if count and (united := _unite(connection, entity, field, target, test, run_id)):
        findings.append(united)
        count, values, examples = connection.execute(look).fetchone() or (0, 0, "")
    if not count:
        return findings
    _name(connection, entity, field, "unknown_reference", test, run_id)
    message = (
        f"{count:,} rows of {entity.table} name {values:,} {field.name} that {target.table} "
        f"does not have, such as {examples}; they are loaded as they are"
    )
    return [
        *findings,
        Finding("warning", "unknown_reference", entity.table, field.name, count, message),
    ]


def _unite(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    field: Field,
    target: Entity,
    is_unknown: str,
    run_id: str,
) -> Finding | None:
    """Give unknown references the spelling that the record of the same 18 characters has."""
    name, key = identifier(field.name), identifier(target.keys[0].name)
    found = connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE respelt AS
        WITH known AS (
            SELECT {field_sql.salesforce_id(key)} AS long_id, min({key}) AS spelling
            FROM {target.table} WHERE length({key}) IN (15, 18) GROUP BY ALL HAVING count(*) = 1)
        SELECT child.row_number, child.source_file, child.{name} AS value, known.spelling
        FROM {entity.table} AS child
        JOIN known ON known.long_id = {field_sql.salesforce_id(f"child.{name}")}
        WHERE {is_unknown}""").fetchone()
    count = int(found[0]) if found else 0
    if count:
        keys = ", ".join(f"child.{identifier(part.name)}" for part in entity.keys)
        same_row = (
            "child.row_number = respelt.row_number AND child.source_file = respelt.source_file"
        )
        connection.execute(
            f"""
            INSERT INTO meta_finding_row BY NAME
            SELECT concat_ws(':', 'id_respelt', $table, $column) AS finding_id,
                $table AS table_name, $column AS column_name, 'id_respelt' AS rule,
                concat_ws('|', {keys}) AS record_id, child.row_number, respelt.value,
                respelt.spelling AS repaired_value, $run_id AS run_id
            FROM {entity.table} AS child JOIN respelt ON {same_row} ORDER BY child.row_number""",
            {"table": entity.table, "column": field.name, "run_id": run_id},
        )
        connection.execute(
            f"UPDATE {entity.table} AS child SET {name} = respelt.spelling FROM respelt"
            f" WHERE {same_row}"
        )
    connection.execute("DROP TABLE respelt")
    if not count:
        return None
    message = (
        f"{count:,} rows of {entity.table} spell {field.name} with 15 characters where "
        f"{target.table} has 18, or the other way round; they take its spelling"
    )
    return Finding("info", "id_respelt", entity.table, field.name, count, message)


def _name(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    field: Field,
    rule: str,
    test: str,
    run_id: str,
) -> None:
    keys = ", ".join(identifier(key.name) for key in entity.keys)
    connection.execute(
        f"""
        INSERT INTO meta_finding_row BY NAME
        SELECT concat_ws(':', $rule, $table, $column) AS finding_id, $table AS table_name,
            $column AS column_name, $rule AS rule, concat_ws('|', {keys}) AS record_id, row_number,
            left({identifier(field.name)}, 200) AS value, $run_id AS run_id
        FROM {entity.table} AS child WHERE {test} ORDER BY row_number""",
        {"rule": rule, "table": entity.table, "column": field.name, "run_id": run_id},
    )
