"""Land a source file as text, unaltered, in the temporary table `landing`.

`landing` has `row_number BIGINT` (1 = first data row), one VARCHAR column `c0, c1, …` per source
column (positions instead of headings, so no heading can clash with SQL), and for JSON lines the
verbatim line as `payload`.
"""

import re
from dataclasses import dataclass, replace

import duckdb

from pipelines.errors import InputError
from pipelines.ingest.inspection import inspect, unchanged
from pipelines.ingest.source_file import SourceFile, read_header
from pipelines.ingest.sql import literal, literals
from pipelines.ingest.text_rows import (
    MALFORMED_LIMIT,
    MalformedRow,
    TextRows,
    raw_payload,
    refuse_flood,
)

LANDING = "landing"

# Of DuckDB, alone or with digits after it; lists of them end in ']'.
_CLEAN_TYPE = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL\([0-9,]+\)|BOOLEAN|DATE"
    r"|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?)$"
)


@dataclass(frozen=True)
class Landing:
    """What was landed: `rows_read` counts landed and malformed rows together.

    `guessed_line` is the first line that is no UTF-8, where the encoding had to be guessed.
    `clean` are the landed columns (`c0`) whose text was made of a number, date or flag: it is ASCII
    without white space around it.
    """

    columns: list[str]
    rows_read: int
    file_sha256: str
    malformed: list[MalformedRow]
    payload_sql: str
    guessed_line: int | None = None
    clean: frozenset[str] = frozenset()

    def sql_column(self, name: str) -> str:
        """The landed column of the source column called `name`."""
        return f"c{self.columns.index(name)}"


def land(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> Landing:
    """Replace `landing` by the rows of `file`.

    Raises InputError when the file cannot be trusted as a whole.
    """
    read = {"parquet": _land_parquet, "jsonl": _land_json_lines}.get(file.format, _land_delimited)
    with unchanged(file):
        seen = inspect(file)
        landing = read(connection, seen.file, seen.sha256)
        return replace(landing, guessed_line=seen.guessed_line)


def file_columns(file: SourceFile) -> list[str] | None:
    """The columns of `file` after a look at all of it; None for JSON lines, where rows tell them.

    Raises InputError when the file cannot be trusted as a whole.
    """
    seen = inspect(file)
    if file.format == "parquet":
        return _parquet_names(file)
    return None if file.format == "jsonl" else read_header(seen.file)


def _land_delimited(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, digest: str
) -> Landing:
    header = read_header(file)
    # The heading is the reader's first row.
    rows = TextRows(file, len(header), first_row=2)
    rows.store(connection, LANDING)
    landed = _count(connection)
    if rows.malformed and not landed:
        raise InputError(
            f"{file.name}: no line has the {len(header)} fields of the heading "
            f"(row {rows.malformed[0].row_number}: {rows.malformed[0].value}); check csv.delimiter"
        )
    payload = ", ".join(f"{literal(name)}, c{i}" for i, name in enumerate(header))
    return Landing(
        header, landed + len(rows.malformed), digest, rows.malformed, f"json_object({payload})"
    )


def _land_json_lines(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, digest: str
) -> Landing:
    rows = TextRows(file, 1, first_row=1)
    rows.store(connection, "landing_lines")
    # CASE keeps json_type from text that is no JSON, on which it raises.
    is_object = "CASE WHEN json_valid(c0) THEN json_type(c0) = 'OBJECT' ELSE false END"
    broken = connection.execute(
        f"SELECT row_number, c0 FROM landing_lines WHERE NOT {is_object}"
        " ORDER BY row_number LIMIT ?",
        [MALFORMED_LIMIT + 1],
    ).fetchall()
    malformed = rows.malformed + [
        MalformedRow(number, "not_a_json_object", line[:200], raw_payload(line))
        for number, line in broken
    ]
    malformed.sort(key=lambda row: row.row_number)
    refuse_flood(file, malformed)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE landing_objects AS"
        f" SELECT row_number, c0 AS payload FROM landing_lines WHERE {is_object}"
    )
    names = [
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT unnest(json_keys(payload)) AS name FROM landing_objects ORDER BY name"
        ).fetchall()
    ]
    pointers = literals("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    fields = "".join(f", texts[{i + 1}] AS c{i}" for i in range(len(names)))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {LANDING} AS SELECT row_number, payload{fields} FROM ("
        f" SELECT *, json_extract_string(payload, [{pointers}]::VARCHAR[]) AS texts"
        " FROM landing_objects)"
    )
    connection.execute("DROP TABLE landing_objects")
    connection.execute("DROP TABLE landing_lines")
    landed = _count(connection)
    if malformed and not landed:
        raise InputError(f"{file.name}: no line is a JSON object; one object a line is needed")
    return Landing(names, landed + len(malformed), digest, malformed, "payload")


def _land_parquet(connection: duckdb.DuckDBPyConnection, file: SourceFile, digest: str) -> Landing:
    source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()[:-1]
        names = _parquet_names(file)
        positions = ", ".join(f"c{i}" for i in range(len(described)))
        texts = "".join(f", {_as_text(f'c{i}', row[1])} AS c{i}" for i, row in enumerate(described))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {LANDING} AS SELECT position + 1 AS row_number{texts}"
            f" FROM {source} AS source({positions}, position)"
        )
    except duckdb.Error as error:
        raise InputError(
            f"{file.name}: is damaged or no Parquet file ({str(error).splitlines()[0][:200]}); "
            "export it again"
        ) from error
    payload = ", ".join(f"{literal(name)}, c{i}" for i, name in enumerate(names))
    clean = frozenset(f"c{i}" for i, row in enumerate(described) if _CLEAN_TYPE.match(row[1]))
    return Landing(names, _count(connection), digest, [], f"json_object({payload})", clean=clean)


def _parquet_names(file: SourceFile) -> list[str]:
    # DuckDB renames headings that differ only in case; the file's own names are wanted.
    import pyarrow.parquet

    try:
        return [str(name) for name in pyarrow.parquet.read_schema(file.path).names]
    except (OSError, ValueError) as error:
        raise InputError(f"{file.name}: is no readable Parquet file; export it again") from error


def _as_text(column: str, type_name: str) -> str:
    if type_name in ("DOUBLE", "FLOAT"):
        # Identifiers often come as floating point because a few are missing: 1370.0 is 1370.
        is_whole = f"isfinite({column}) AND {column} = trunc({column}) AND abs({column}) < 1e15"
        return (
            f"CASE WHEN {is_whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR)"
            f" ELSE CAST({column} AS VARCHAR) END"
        )
    if type_name.startswith("TIMESTAMP"):
        # A moment has the date it has in UTC, whatever the time zone of the process.
        moment = f"timezone('UTC', {column})" if "ZONE" in type_name else column
        moment = f"CAST({moment} AS TIMESTAMP)"
        return (
            f"CASE WHEN {moment} = date_trunc('day', {moment})"
            f" THEN CAST(CAST({moment} AS DATE) AS VARCHAR) ELSE CAST({moment} AS VARCHAR) END"
        )
    if type_name.endswith("]") or type_name.startswith(("STRUCT", "MAP", "UNION")):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(f"SELECT count(*) FROM {LANDING}").fetchone()
    assert row is not None
    return int(row[0])
