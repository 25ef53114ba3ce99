"""Tables that come as files, full or with only what changed, one drop after the other.

A folder that always holds the whole export needs no connector: it is read where it lies.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import InputError, near, quote
from pipelines.ingest.connectors.protocol import Table
from pipelines.ingest.file_search import SourceFolder, matching_files
from pipelines.ingest.landing import LANDING, Landing, land, watched
from pipelines.ingest.mapping import CsvOptions
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.sql import identifier, literal, literals

if TYPE_CHECKING:
    import pyarrow

_ROWS_PER_BATCH = 100_000
_TRUE = ("true", "t", "yes", "y", "1")
# Sorts in the order of time, whatever the spelling and offset in the file.
_MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class FileTable:
    """The files of one table, by name or pattern, and what tells its records and their changes."""

    files: str
    key: tuple[str, ...] = ()
    cursor: str | None = None
    cursor_format: tuple[str, ...] = ()
    is_deleted: str | None = None
    csv: CsvOptions = field(default_factory=CsvOptions)


class FileTables:
    """The tables of a folder of files."""

    def __init__(self, folder: Path, tables: Mapping[str, FileTable]) -> None:
        self._folder = SourceFolder(folder)
        self._tables = dict(tables)

    @property
    def identity(self) -> str:
        return f"files:{self._folder.path.name}"

    def tables(self) -> Sequence[Table]:
        return [
            Table(name, one.key, one.cursor, one.is_deleted)
            for name, one in sorted(self._tables.items())
        ]

    def columns(self, table: Table) -> Sequence[str]:
        """The columns of all files of `table`; none where no file is there (any more)."""
        names: dict[str, None] = {}
        for file in self._files(table.name):
            with _landed(file) as (_, landing):
                self._check(file, landing, table)
                names |= dict.fromkeys(name for name in landing.columns if name)
        return list(names)

    def read(
        self, table: Table, columns: Sequence[str], since: str | None
    ) -> Iterator["pyarrow.RecordBatch"]:
        # A file may bring a change late, so all are read; the store keeps what it does not have.
        del since
        import pyarrow

        schema = pyarrow.schema([(name, pyarrow.string()) for name in columns])
        for file in self._files(table.name):
            with _landed(file) as (connection, landing):
                self._check(file, landing, table)
                texts = ", ".join(self._text(table, landing, name) for name in columns)
                self._check_rows(connection, file, landing, table)
                reader = connection.execute(
                    f"SELECT {texts} FROM {LANDING} ORDER BY row_number"
                ).to_arrow_reader(_ROWS_PER_BATCH)
                for batch in reader:
                    yield pyarrow.RecordBatch.from_arrays(
                        [column.cast(pyarrow.string()) for column in batch.columns], schema=schema
                    )

    def _files(self, name: str) -> list[SourceFile]:
        one = self._tables[name]
        files = matching_files(self._folder, one.files, one.csv)
        if len(files) > 1 and one.cursor is None:
            raise InputError(
                f"{self._folder.path}: {len(files)} files of table {name} ({files[0].name}, …) and "
                f"no cursor to tell which is newer; set connector.tables.{name}.cursor"
            )
        return files

    def _check(self, file: SourceFile, landing: Landing, table: Table) -> None:
        """InputError for a file without the columns that tell its records apart."""
        for name in (*table.key, table.cursor, table.is_deleted):
            if name is not None and name not in landing.columns:
                raise InputError(
                    f"{file.name}: column '{name}' is missing{near(name, landing.columns)}; see "
                    f"connector.tables.{table.name}"
                )

    def _check_rows(
        self,
        connection: duckdb.DuckDBPyConnection,
        file: SourceFile,
        landing: Landing,
        table: Table,
    ) -> None:
        """InputError for rows that cannot be kept as versions of a record: a gap would stay."""
        setting = f"connector.tables.{table.name}"
        if landing.malformed:
            row = landing.malformed[0]
            raise InputError(
                f"{file.name}: row {row.row_number} cannot be read: {row.value}; mend it"
            )
        for name in table.key:
            is_empty = f"{_trimmed(landing, name)} IS NULL"
            _refuse(connection, file, landing, name, is_empty, "names no record; mend the row")
        if table.cursor is not None:
            moment = self._moment(table, landing)
            what = f"is no moment of a change; mend the row or set {setting}.cursor_format"
            _refuse(connection, file, landing, table.cursor, f"{moment} IS NULL", what)

    def _text(self, table: Table, landing: Landing, name: str) -> str:
        if name not in landing.columns:
            text = "NULL::VARCHAR"
        elif name == table.cursor:
            text = self._moment(table, landing)
        elif name == table.is_deleted:
            flag = f"coalesce(lower({_trimmed(landing, name)}) IN ({literals(_TRUE)}), false)"
            text = f"CAST({flag} AS VARCHAR)"
        elif name in table.key:
            text = _trimmed(landing, name)
        else:
            text = f"nullif({landing.sql_column(name)}, '')"
        return f"{text} AS {identifier(name)}"

    def _moment(self, table: Table, landing: Landing) -> str:
        text = _trimmed(landing, table.cursor or "")
        formats = self._tables[table.name].cursor_format
        if formats:
            moment = f"timezone('UTC', CAST(try_strptime({text}, [{literals(formats)}])"
            moment += " AS TIMESTAMPTZ))"
        else:
            moment = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
        # 'epoch' and 'infinity' are moments to DuckDB.
        return (
            f"CASE WHEN regexp_matches({text}, '[0-9]')"
            f" THEN strftime({moment}, {literal(_MOMENT_FORMAT)}) END"
        )


def _trimmed(landing: Landing, name: str) -> str:
    return f"nullif(trim({landing.sql_column(name)}), '')"


def _refuse(
    connection: duckdb.DuckDBPyConnection,
    file: SourceFile,
    landing: Landing,
    name: str,
    is_bad: str,
    what: str,
) -> None:
    """InputError for the first row that is bad."""
    found = connection.execute(
        f"SELECT row_number, {landing.sql_column(name)} FROM {LANDING} WHERE {is_bad}"
        " ORDER BY row_number LIMIT 1"
    ).fetchone()
    if found is not None:
        raise InputError(f"{file.name}: row {found[0]}, column '{name}': {quote(found[1])} {what}")


@contextmanager
def _landed(file: SourceFile) -> Iterator[tuple[duckdb.DuckDBPyConnection, Landing]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; SET threads = 2")
        with watched(file):
            yield connection, land(connection, file, in_place=True)
