"""Land a source file as text, unaltered, in the temporary table `landing`.

`landing` has `row_number BIGINT` (1 = first data row), one VARCHAR column `c0, c1, …` per source
column (positions instead of headings, so no heading can clash with SQL), and for JSON lines the
verbatim line as `payload`. Delimited text is parsed by Arrow's CSV reader with every type
inference off: it names each line with too few or too many fields and its row number, which
DuckDB's own reader cannot do behind quoted line breaks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import InputError
from pipelines.ingest.inspection import inspect
from pipelines.ingest.source_file import SourceFile, open_bytes, read_header
from pipelines.ingest.sql import literal, literals

LANDING = "landing"

# One record may be this long (a long text field); the reader holds a few such blocks in memory.
_BLOCK_BYTES = 16 << 20
# More malformed lines than this are a wrong delimiter, not bad rows.
_MALFORMED_LIMIT = 100_000
# Never in valid JSON text unescaped, so every line is one field.
_NO_DELIMITER = "\x01"
_PAYLOAD_LIMIT_CHARACTERS = 100_000


@dataclass(frozen=True)
class MalformedRow:
    """A line that could not be split into the file's columns."""

    row_number: int
    rule: str
    value: str
    payload_json: str


@dataclass(frozen=True)
class Landing:
    """What was landed: `rows_read` counts landed and malformed rows together."""

    columns: list[str]
    rows_read: int
    file_sha256: str
    malformed: list[MalformedRow]
    payload_sql: str

    def sql_column(self, name: str) -> str:
        """The landed column of the source column called `name`."""
        return f"c{self.columns.index(name)}"


def land(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> Landing:
    """Replace `landing` by the rows of `file`.

    Raises InputError when the file cannot be trusted as a whole.
    """
    digest = inspect(file)
    if file.format == "parquet":
        return _land_parquet(connection, file, digest)
    if file.format == "jsonl":
        return _land_json_lines(connection, file, digest)
    return _land_delimited(connection, file, digest)


def _land_delimited(
    connection: duckdb.DuckDBPyConnection, file: SourceFile, digest: str
) -> Landing:
    header = read_header(file)
    # The heading is the reader's first row.
    rows = _TextRows(file, len(header), first_row=2)
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
    rows = _TextRows(file, 1, first_row=1)
    rows.store(connection, "landing_lines")
    # CASE keeps json_type from text that is no JSON, on which it raises.
    is_object = "CASE WHEN json_valid(c0) THEN json_type(c0) = 'OBJECT' ELSE false END"
    broken = connection.execute(
        f"SELECT row_number, c0 FROM landing_lines WHERE NOT {is_object}"
        " ORDER BY row_number LIMIT ?",
        [_MALFORMED_LIMIT + 1],
    ).fetchall()
    malformed = rows.malformed + [
        MalformedRow(number, "not_a_json_object", line[:200], _raw_payload(line))
        for number, line in broken
    ]
    malformed.sort(key=lambda row: row.row_number)
    _refuse_flood(file, malformed)
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
    return Landing(names, _count(connection), digest, [], f"json_object({payload})")


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
        moment = f"CAST({column} AS TIMESTAMP)"
        return (
            f"CASE WHEN {moment} = date_trunc('day', {moment})"
            f" THEN CAST(CAST({moment} AS DATE) AS VARCHAR) ELSE CAST({moment} AS VARCHAR) END"
        )
    if type_name.endswith("]") or type_name.startswith(("STRUCT", "MAP", "UNION")):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


class _TextRows:
    """The rows of a delimited file through Arrow's reader, numbered as they stand in the file."""

    def __init__(self, file: SourceFile, width: int, *, first_row: int) -> None:
        self.malformed: list[MalformedRow] = []
        self._file = file
        self._width = width
        self._first_row = first_row
        self._malformed_ahead: list[int] = []

    def store(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Write the well-formed rows to the temporary `table`."""
        import pyarrow

        schema = pyarrow.schema(
            [(f"c{i}", pyarrow.string()) for i in range(self._width)]
            + [("position", pyarrow.int64())]
        )
        # Positions count well-formed rows only: the reader parses ahead, so malformed rows are
        # known for certain at the end and their numbers are woven in afterwards.
        reader = pyarrow.RecordBatchReader.from_batches(schema, self._batches(schema))
        connection.register("landing_stream", reader)
        try:
            columns = ", ".join(f"c{i}" for i in range(self._width))
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {table} AS"
                f" SELECT position AS row_number, {columns} FROM landing_stream"
            )
        except (duckdb.Error, pyarrow.ArrowException) as error:
            raise self._unreadable(error) from error
        finally:
            connection.unregister("landing_stream")
        _refuse_flood(self._file, self.malformed)
        self._renumber(connection, table)

    def _batches(self, schema: Any) -> Iterator[Any]:
        import numpy
        import pyarrow
        from pyarrow import csv

        names = [name for name in schema.names if name != "position"]
        is_json = self._file.format == "jsonl"
        position, is_heading = 1, self._first_row == 2
        with open_bytes(self._file) as stream:
            reader = csv.open_csv(
                stream,
                read_options=csv.ReadOptions(
                    # Row numbers of malformed rows are only known to the serial reader.
                    use_threads=False,
                    column_names=names,
                    block_size=_BLOCK_BYTES,
                    encoding={"utf-8": "utf8"}.get(
                        self._file.csv.encoding, self._file.csv.encoding
                    ),
                ),
                parse_options=csv.ParseOptions(
                    delimiter=_NO_DELIMITER if is_json else self._file.delimiter,
                    quote_char=False if is_json else (self._file.csv.quote or False),
                    newlines_in_values=not is_json and bool(self._file.csv.quote),
                    invalid_row_handler=self._refuse_row,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pyarrow.string()),
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                if is_heading and batch.num_rows:
                    batch, is_heading = batch.slice(1), False
                numbers = pyarrow.array(numpy.arange(position, position + batch.num_rows))
                position += batch.num_rows
                yield pyarrow.RecordBatch.from_arrays([*batch.columns, numbers], schema=schema)

    def _refuse_row(self, row: Any) -> str:
        if len(self.malformed) > _MALFORMED_LIMIT:
            return "skip"
        number = row.number - self._first_row + 1
        value = f"{row.actual_columns} fields instead of {row.expected_columns}"
        self.malformed.append(
            MalformedRow(number, "wrong_field_count", value, _raw_payload(row.text))
        )
        return "skip"

    def _renumber(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        if not self.malformed:
            return
        # The i-th malformed row (i from 1) stands behind `number - i` well-formed ones: every
        # well-formed row after those moves down by i.
        shift_after = {row.row_number - i: i for i, row in enumerate(self.malformed, 1)}
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE landing_shift AS"
            " SELECT unnest(?::BIGINT[]) AS position, unnest(?::BIGINT[]) AS shift",
            [list(shift_after), list(shift_after.values())],
        )
        connection.execute(
            f"UPDATE {table} SET row_number = {table}.row_number + moved.shift FROM ("
            f"  SELECT rows.row_number, shifts.shift FROM {table} AS rows"
            f"  ASOF JOIN landing_shift AS shifts ON rows.row_number > shifts.position) AS moved"
            f" WHERE {table}.row_number = moved.row_number"
        )
        connection.execute("DROP TABLE landing_shift")

    def _unreadable(self, error: Exception) -> InputError:
        reason = str(error).splitlines()[0][:300]
        if "straddling" in str(error):
            reason = f"one record is longer than {_BLOCK_BYTES >> 20} MB; is a quote left open?"
        return InputError(f"{self._file.name}: cannot be read as a table: {reason}")


def _raw_payload(text: str | None) -> str:
    return json.dumps({"line": (text or "")[:_PAYLOAD_LIMIT_CHARACTERS]}, ensure_ascii=False)


def _refuse_flood(file: SourceFile, malformed: list[MalformedRow]) -> None:
    if len(malformed) > _MALFORMED_LIMIT:
        raise InputError(
            f"{file.name}: more than {_MALFORMED_LIMIT:,} rows are malformed, the first is row "
            f"{malformed[0].row_number} ({malformed[0].value}); check csv.delimiter and csv.quote"
        )


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(f"SELECT count(*) FROM {LANDING}").fetchone()
    assert row is not None
    return int(row[0])
