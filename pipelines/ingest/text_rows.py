"""The rows of a text file, through Arrow's CSV reader with every type inference off.

It names each line with too few or too many fields and its row number, which DuckDB's own reader
cannot do behind quoted line breaks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import InputError
from pipelines.ingest.source_file import SourceFile, open_text

# One record may be this long (a long text field); the reader holds a few such blocks in memory.
_BLOCK_BYTES = 16 << 20
# More malformed rows than this are a wrong delimiter, not bad rows.
MALFORMED_LIMIT = 100_000
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


class TextRows:
    """The rows of a delimited file through Arrow's reader, numbered as they stand in the file."""

    def __init__(self, file: SourceFile, width: int, *, first_row: int) -> None:
        self.malformed: list[MalformedRow] = []
        self._file = file
        self._width = width
        self._first_row = first_row

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
        refuse_flood(self._file, self.malformed)
        self._renumber(connection, table)

    def _batches(self, schema: Any) -> Iterator[Any]:
        import numpy
        import pyarrow
        from pyarrow import csv

        names = [name for name in schema.names if name != "position"]
        is_json = self._file.format == "jsonl"
        position, is_heading = 1, self._first_row == 2
        with open_text(self._file) as (stream, encoding):
            reader = csv.open_csv(
                stream,
                read_options=csv.ReadOptions(
                    # Row numbers of malformed rows are only known to the serial reader.
                    use_threads=False,
                    column_names=names,
                    block_size=_BLOCK_BYTES,
                    encoding="utf8" if encoding == "utf-8" else encoding,
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
        if len(self.malformed) > MALFORMED_LIMIT:
            return "skip"
        number = row.number - self._first_row + 1
        value = f"{row.actual_columns} fields instead of {row.expected_columns}"
        self.malformed.append(
            MalformedRow(number, "wrong_field_count", value, raw_payload(row.text))
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


def raw_payload(text: str | None) -> str:
    """A line that has no columns, as the JSON of a quarantined row."""
    return json.dumps({"line": (text or "")[:_PAYLOAD_LIMIT_CHARACTERS]}, ensure_ascii=False)


def refuse_flood(file: SourceFile, malformed: list[MalformedRow]) -> None:
    """InputError when the malformed rows are too many to be single bad rows."""
    if len(malformed) > MALFORMED_LIMIT:
        raise InputError(
            f"{file.name}: more than {MALFORMED_LIMIT:,} rows are malformed, the first is row "
            f"{malformed[0].row_number} ({malformed[0].value}); check csv.delimiter and csv.quote"
        )
