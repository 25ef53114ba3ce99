"""Land a source file as text, unaltered, as the temporary view `landing`.

`landing` has `row_number BIGINT` (1 = first data row), one VARCHAR column `c0, c1, …` per source
column (positions instead of headings, so no heading can clash with SQL), and for JSON lines the
verbatim line as `payload`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

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
# What `landing` shows, where the file was copied.
_ROWS = "landing_rows"

# Of DuckDB; lists of them end in ']'.
_CLEAN_TYPE = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL\([0-9,]+\)|BOOLEAN|DATE"
    r"|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?)$"
)


@dataclass(frozen=True)
class Landing:
    """What was landed: `rows_read` counts landed and malformed rows together.

    `guessed_line` is the first line that is no UTF-8, where the encoding had to be guessed.
    `kinds` are the DuckDB types of the landed columns (`c0`) whose text was made of a number, date
    or flag: it is ASCII without white space around it.
    """

    columns: list[str]
    rows_read: int
    file_sha256: str
    malformed: list[MalformedRow]
    payload_sql: str
    guessed_line: int | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)

    def sql_column(self, name: str) -> str:
        """The landed column of the source column called `name`."""
        return f"c{self.columns.index(name)}"


def land(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, *, in_place: bool = False
) -> Landing:
    """Replace `landing` by the rows of `file`.

    With `in_place`, `landing` shows a Parquet file where it lies: copying it as text takes as long
    as reading it into a table. All use of it then belongs inside `watched`.

    Raises InputError when the file cannot be trusted as a whole.
    """
    drop_landing(connection)
    with unchanged(file):
        seen = inspect(file)
        if file.format == "parquet":
            landing = _land_parquet(connection, seen.file, seen.sha256, in_place=in_place)
        elif file.format == "jsonl":
            landing = _land_json_lines(connection, seen.file, seen.sha256)
        else:
            landing = _land_delimited(connection, seen.file, seen.sha256)
        return replace(landing, guessed_line=seen.guessed_line)


def drop_landing(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop `landing` and what it shows."""
    connection.execute(f"DROP VIEW IF EXISTS {LANDING}")
    connection.execute(f"DROP TABLE IF EXISTS {_ROWS}")


def _show_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """Make `landing` show the rows that were copied; how many there are."""
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {LANDING} AS FROM {_ROWS}")
    return _count(connection)


@contextmanager
def watched(file: SourceFile) -> Iterator[None]:
    """InputError when `file` changes inside the block, or when a page of it cannot be read."""
    with unchanged(file):
        try:
            yield
        except duckdb.Error as error:
            if file.format == "parquet" and (damage := _damage(file)) is not None:
                raise damage from error
            raise


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
    rows.store(connection, _ROWS)
    landed = _show_rows(connection)
    if rows.malformed and not landed:
        raise InputError(
            f"{file.name}: no line has the {len(header)} fields of the heading "
            f"(row {rows.malformed[0].row_number}: {rows.malformed[0].value}); check "
            "csv.delimiter, and csv.skip_lines if the heading is further down"
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
        f"CREATE OR REPLACE TEMP TABLE {_ROWS} AS SELECT row_number, payload{fields} FROM ("
        f" SELECT *, json_extract_string(payload, [{pointers}]::VARCHAR[]) AS texts"
        " FROM landing_objects)"
    )
    connection.execute("DROP TABLE landing_objects")
    connection.execute("DROP TABLE landing_lines")
    landed = _show_rows(connection)
    if malformed and not landed:
        raise InputError(f"{file.name}: no line is a JSON object; one object a line is needed")
    return Landing(names, landed + len(malformed), digest, malformed, "payload")


def _land_parquet(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, digest: str, *, in_place: bool
) -> Landing:
    source = f"read_parquet({literal(str(file.path))}, file_row_number = true)"
    make = f"CREATE TEMP {f'VIEW {LANDING}' if in_place else f'TABLE {_ROWS}'} AS"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()[:-1]
        names = _parquet_names(file)
        positions = ", ".join(f"c{i}" for i in range(len(described)))
        texts = "".join(f", {_as_text(f'c{i}', row[1])} AS c{i}" for i, row in enumerate(described))
        connection.execute(
            f"{make} SELECT position + 1 AS row_number{texts}"
            f" FROM {source} AS source({positions}, position)"
        )
    except duckdb.Error as error:
        raise _damaged(file, error) from error
    landed = _count(connection) if in_place else _show_rows(connection)
    payload = ", ".join(f"{literal(name)}, c{i}" for i, name in enumerate(names))
    kinds = {f"c{i}": row[1] for i, row in enumerate(described) if _CLEAN_TYPE.match(row[1])}
    return Landing(names, landed, digest, [], f"json_object({payload})", kinds=kinds)


def _damage(file: SourceFile) -> InputError | None:
    """What reading all of a Parquet file raises; None when it can be read."""
    with duckdb.connect() as connection:
        try:
            connection.execute(
                f"SELECT bit_xor(hash(COLUMNS(*))) FROM read_parquet({literal(str(file.path))})"
            )
        except duckdb.Error as error:
            return _damaged(file, error)
    return None


def _damaged(file: SourceFile, error: duckdb.Error) -> InputError:
    return InputError(
        f"{file.name}: is damaged or no Parquet file ({str(error).splitlines()[0][:200]}); "
        "export it again"
    )


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
