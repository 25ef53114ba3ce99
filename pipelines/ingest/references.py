"""References between entities that lead nowhere, as findings: a sale is never dropped for one."""

import duckdb

from pipelines.ingest.entities import ENTITIES, Entity, Field
from pipelines.ingest.ledger import Finding
from pipelines.ingest.sql import identifier

_EXAMPLES = 3


def reference_findings(
    connection: duckdb.DuckDBPyConnection, mapped: dict[str, frozenset[str]], run_id: str
) -> list[Finding]:
    """Findings for unknown and for missing references; their rows go to `meta_finding_row`.

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
    count, values, examples = connection.execute(
        f"SELECT count(*), count(DISTINCT {name}),"
        f" array_to_string(list_sort(list(DISTINCT left({name}, 60)))[:{_EXAMPLES}], ', ')"
        f" FROM {entity.table} AS child WHERE {test}"
    ).fetchone() or (0, 0, "")
    if not count:
        return []
    _name(connection, entity, field, "unknown_reference", test, run_id)
    message = (
        f"{count:,} rows of {entity.table} name {values:,} {field.name} that {target.table} "
        f"does not have, such as {examples}; they are loaded as they are"
    )
    return [Finding("warning", "unknown_reference", entity.table, field.name, count, message)]


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
