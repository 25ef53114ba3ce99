"""Findings that name their rows: `meta_finding_row` beside the summary in `meta_finding`."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import duckdb

from pipelines.errors import VALUE_LIMIT_CHARACTERS
from pipelines.ingest.ledger import Finding
from pipelines.ingest.sql import literal

_EXAMPLES = 3
_EXAMPLE_CHARACTERS = 60


class Explanation(NamedTuple):
    """What a rule says of the rows it names, as the end of a sentence."""

    severity: Literal["info", "warning"]
    text: str


def name_rows(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    table: str,
    rules: Mapping[str, Explanation],
    query: str,
) -> list[Finding]:
    """Enter the rows of `query` into `meta_finding_row`; one finding per rule and column.

    `query` gives `rule`, `column_name` and any of `record_id`, `row_number`, `value`,
    `repaired_value`, `related_record_id`, `score`; texts are cut at 200 characters.
    """
    found = connection.execute(
        f"CREATE OR REPLACE TEMP TABLE named_rows AS SELECT * FROM ({query})"
    ).fetchone()
    if not found or not found[0]:
        connection.execute("DROP TABLE named_rows")
        return []
    connection.execute(
        f"""
        INSERT INTO meta_finding_row BY NAME
        SELECT concat_ws(':', rule, {literal(table)}, column_name) AS finding_id,
            {literal(table)} AS table_name, $run_id AS run_id,
            * REPLACE (left(CAST(value AS VARCHAR), {VALUE_LIMIT_CHARACTERS}) AS value)
        FROM named_rows ORDER BY ALL""",
        {"run_id": run_id},
    )
    example = f"left(CAST(value AS VARCHAR), {_EXAMPLE_CHARACTERS})"
    groups = connection.execute(
        f"""
        SELECT rule, column_name, count(*),
            array_to_string(list_sort(list(DISTINCT {example}))[:{_EXAMPLES}], ', ')
        FROM named_rows GROUP BY rule, column_name ORDER BY rule, column_name"""
    ).fetchall()
    connection.execute("DROP TABLE named_rows")
    return [
        Finding(
            rules[rule].severity,
            rule,
            table,
            column,
            count,
            f"{count:,} rows of {table}: {rules[rule].text}" + (f" ({shown})" if shown else ""),
        )
        for rule, column, count, shown in groups
    ]
