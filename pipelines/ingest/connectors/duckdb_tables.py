"""Tables that a loading tool keeps in a schema of a DuckDB file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import InputError, near
from pipelines.ingest.connectors.protocol import Table
from pipelines.ingest.sql import identifier, literal

if TYPE_CHECKING:
    import pyarrow

_ROWS_PER_BATCH = 100_000


class DuckDBTables:
    """The tables and views of one schema; each is read whole, as text."""

    def __init__(self, database: Path, schema: str) -> None:
        self._database = database
        self._schema = schema

    @property
    def identity(self) -> str:
        return f"duckdb:{self._database.name}:{self._schema}"

    def tables(self) -> Sequence[Table]:
        with self._open() as connection:
            names = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_catalog = 'landed' ORDER BY ALL"
            ).fetchall()
        schemas = {schema for schema, _ in names}
        if self._schema not in schemas:
            raise InputError(
                f"{self._database}: no schema '{self._schema}' with tables"
                f"{near(self._schema, schemas)}; set connector.schema"
            )
        return [Table(name, key=()) for schema, name in names if schema == self._schema]

    def columns(self, table: Table) -> Sequence[str]:
        with self._open() as connection:
            return [
                str(row[0])
                for row in connection.execute(f"DESCRIBE {self._name(table)}").fetchall()
            ]

    def read(
        self, table: Table, columns: Sequence[str], since: str | None
    ) -> Iterator["pyarrow.RecordBatch"]:
        import pyarrow

        del since
        with self._open() as connection:
            kinds = {
                row[0]: str(row[1])
                for row in connection.execute(f"DESCRIBE {self._name(table)}").fetchall()
            }
            texts = ", ".join(
                f"{_as_text(identifier(name), kinds[name])} AS {identifier(name)}"
                for name in columns
            )
            # Ordered, so that two loads of the same table are the same bytes.
            reader = connection.execute(
                f"SELECT {texts} FROM {self._name(table)} ORDER BY ALL"
            ).to_arrow_reader(_ROWS_PER_BATCH)
            schema = pyarrow.schema([(name, pyarrow.string()) for name in columns])
            for batch in reader:
                yield pyarrow.RecordBatch.from_arrays(
                    [column.cast(pyarrow.string()) for column in batch.columns], schema=schema
                )

    def _name(self, table: Table) -> str:
        return f"landed.{identifier(self._schema)}.{identifier(table.name)}"

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if not self._database.is_file():
            raise InputError(f"{self._database}: no such file; set connector.database")
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            try:
                connection.execute(f"ATTACH {literal(str(self._database))} AS landed (READ_ONLY)")
            except duckdb.Error as error:
                raise InputError(
                    f"{self._database}: cannot be opened for reading "
                    f"({str(error).splitlines()[0][:200]}); does another process write to it?"
                ) from error
            try:
                yield connection
            except duckdb.Error as error:
                raise InputError(
                    f"{self._database}: cannot be read: {str(error).splitlines()[0][:200]}"
                ) from error


def _as_text(column: str, kind: str) -> str:
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST(timezone('UTC', {column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"
