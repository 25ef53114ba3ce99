"""The store of one source: batches of every version of a record, and its tables as they stand.

    <store>/manifest.json          which batches count; replaced atomically, last
    <store>/batches/<table>/*.parquet   what each load brought that was new
    <store>/current/<table>.parquet     the latest version of each record, read by the mapping
    <store>/refreshed/<table>.sha256     of which batches that is
    <store>/inner/<name>/<table>.parquet     what `current/<name>.parquet` is put together from

A batch counts once the manifest names it, so a load that was cut off leaves files nobody reads; the
next one removes them and asks again from the old cursor. Records are only ever added: absence from
an answer closes nothing.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines.errors import InputError
from pipelines.ingest.connectors.protocol import Table, Unnested
from pipelines.ingest.landed.manifest import Batch, LandedTable, Manifest, sync_folder
from pipelines.ingest.sql import identifier, literal

if TYPE_CHECKING:
    import pyarrow

_PARQUET = "(FORMAT parquet, COMPRESSION zstd)"
# Reading hundreds of small files costs more than writing them together once.
_MOST_BATCHES = 60


class LandedStore:
    """The landed tables of one source in `folder`."""

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder = folder
        self.current = folder / "current"
        self._batches = folder / "batches"
        self._manifest_path = folder / "manifest.json"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        self.manifest = Manifest.load(self._manifest_path) or Manifest(identity)
        if self.manifest.identity != identity:
            raise InputError(
                f"{folder}: holds the tables of {self.manifest.identity}, but the settings name "
                f"{identity}; give the project another data_dir, or remove that folder"
            )
        self._remove_leftovers()

    def landed(self, table: Table) -> LandedTable | None:
        """What the store has of `table`."""
        return self.manifest.tables.get(table.name)

    def add(
        self,
        table: Table,
        columns: tuple[str, ...],
        records: Iterable["pyarrow.RecordBatch"],
        *,
        max_shrink_share: float,
    ) -> int:
        """Keep what is new in `records`; how many record versions that is.

        A table without a cursor is replaced instead, unless it lost more than `max_shrink_share`
        of its rows: InputError then, as half an answer looks like mass deletion.
        """
        incoming = self.folder / "incoming.parquet"
        before = self.landed(table)
        try:
            rows = _write(incoming, columns, records)
            if table.cursor is None:
                added = self._replace(table, columns, incoming, rows, before, max_shrink_share)
            else:
                added = self._append(table, columns, incoming, before)
        finally:
            incoming.unlink(missing_ok=True)
        self._refresh(table)
        return added

    def _append(
        self, table: Table, columns: tuple[str, ...], incoming: Path, before: LandedTable | None
    ) -> int:
        cursor = identifier(table.cursor or "")
        identity = [identifier(name) for name in table.key] + [cursor]
        names = ", ".join(identifier(name) for name in columns)
        new = (
            f"SELECT DISTINCT ON ({', '.join(identity)}) {names} FROM {_files([incoming])}"
            f" ORDER BY {', '.join(identity)}"
        )
        known = before is not None and set(columns) <= set(before.columns)
        if before is not None and known and before.batches:
            same = " AND ".join(f"old.{name} = new.{name}" for name in identity)
            old = _files([self.folder / batch.file for batch in before.batches])
            new = (
                f"SELECT * FROM ({new}) AS new WHERE NOT EXISTS (FROM {old} AS old WHERE {same})"
                f" ORDER BY {', '.join(identity)}"
            )
        batch = self._store_batch(table, new, len(before.batches) if before else 0)
        with duckdb.connect() as connection:
            latest = connection.execute(
                f"SELECT max({cursor}) FROM {_files([incoming])}"
            ).fetchone()
        start = max(
            filter(None, [before.cursor if before else None, latest and latest[0]]), default=None
        )
        kept = before.batches if before else ()
        batches = (*kept, batch) if batch else kept
        if batch or before is None or (before.cursor, before.columns) != (start, columns):
            self._commit(table, columns, start, batches)
        if len(batches) > _MOST_BATCHES:
            self._compact(table)
        return batch.rows if batch else 0

    def _replace(
        self,
        table: Table,
        columns: tuple[str, ...],
        incoming: Path,
        rows: int,
        before: LandedTable | None,
        max_shrink_share: float,
    ) -> int:
        if before is not None and rows < before.rows * (1 - max_shrink_share):
            raise InputError(
                f"{self.manifest.identity}: table {table.name} has {rows:,} rows, {before.rows:,} "
                "at the last load; if that is right, raise connector.max_shrink_share for one run"
            )
        names = ", ".join(identifier(name) for name in columns)
        number = int(Path(before.batches[-1].file).stem) if before and before.batches else 0
        batch = self._store_batch(
            table, f"SELECT {names} FROM {_files([incoming])} ORDER BY ALL", number
        )
        same = before and batch and before.batches and before.batches[-1].sha256 == batch.sha256
        if same and before and before.columns == columns:
            (self.folder / batch.file).unlink() if batch else None
            return 0
        self._commit(table, columns, None, (batch,) if batch else ())
        self._remove_leftovers()
        return rows

    def _store_batch(self, table: Table, query: str, number: int) -> Batch | None:
        """The outcome of `query` as the next batch; None when it has no rows."""
        folder = self._batches / table.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{number + 1:06}.parquet"
        _copy(query, path)
        with duckdb.connect() as connection:
            row = connection.execute(f"SELECT count(*) FROM {_files([path])}").fetchone()
        assert row is not None
        if not row[0]:
            path.unlink()
            return None
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Batch(path.relative_to(self.folder).as_posix(), int(row[0]), digest)

    def _commit(
        self,
        table: Table,
        columns: tuple[str, ...],
        cursor: str | None,
        batches: tuple[Batch, ...],
    ) -> None:
        landed = LandedTable(
            columns,
            table.key,
            table.cursor,
            table.is_deleted,
            cursor,
            batches,
            sum(batch.rows for batch in batches),
        )
        tables = self.manifest.tables | {table.name: landed}
        self.manifest = replace(self.manifest, tables=tables)
        self.manifest.save(self._manifest_path)

    def versions(self, name: str) -> str | None:
        """SQL of every version of every record of a table; None where nothing has landed.

        `_batch` numbers the loads: of two versions with one cursor the later load counts.
        """
        landed = self.manifest.tables.get(name)
        if landed is None or not landed.batches:
            return None
        parts = [
            f"SELECT *, {number} AS _batch FROM {_files([self.folder / batch.file])}"
            for number, batch in enumerate(landed.batches)
        ]
        return "(" + " UNION ALL BY NAME ".join(parts) + ")"

    def export_versions(self, name: str, path: Path) -> bool:
        """Write every version of a table's records to `path`; False where nothing has landed."""
        versions = self.versions(name)
        if versions is None:
            return False
        landed = self.manifest.tables[name]
        names = ", ".join(identifier(column) for column in landed.columns)
        order = ", ".join(identifier(column) for column in landed.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        _copy(
            f"SELECT {names} FROM {versions} ORDER BY {order},"
            f" {identifier(landed.cursor_column or '')}, _batch",
            path,
        )
        return True

    def _refresh(self, table: Table) -> None:
        """Write the table as it stands, and the tables inside it, unless they are up to date."""
        self.current.mkdir(exist_ok=True)
        landed = self.manifest.tables[table.name]
        # Written last: a load that was cut off before has no stamp, or that of older batches.
        stamp = self.folder / "refreshed" / f"{table.name}.sha256"
        wanted = hashlib.sha256(repr((landed.columns, landed.batches, table)).encode()).hexdigest()
        path = self.current / f"{table.name}.parquet"
        if path.is_file() and stamp.is_file() and stamp.read_text() == wanted:
            return
        names = ", ".join(identifier(name) for name in landed.columns)
        versions = self.versions(table.name)
        if versions is None:
            columns = ", ".join(f"NULL::VARCHAR AS {identifier(name)}" for name in landed.columns)
            query = f"SELECT {columns} WHERE false"
        elif table.cursor is None:
            query = f"SELECT {names} FROM {versions} ORDER BY ALL"
        else:
            keys = ", ".join(identifier(name) for name in table.key)
            query = (
                f"SELECT {names} FROM {versions} QUALIFY row_number() OVER (PARTITION BY {keys}"
                f" ORDER BY {identifier(table.cursor)} DESC, _batch DESC) = 1 ORDER BY {keys}"
            )
        _copy(query, path)
        for inner in table.inner:
            # Several tables may hold rows of one inner table, as all engagements have companies.
            folder = self.folder / "inner" / inner.name
            folder.mkdir(parents=True, exist_ok=True)
            _copy(_unnested(path, table, inner), folder / f"{table.name}.parquet")
            parts = _files(sorted(folder.glob("*.parquet")))
            _copy(f"SELECT * FROM {parts} ORDER BY ALL", self.current / f"{inner.name}.parquet")
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(wanted)

    def _compact(self, table: Table) -> None:
        """Write all batches of a table as one; every version stays."""
        landed = self.manifest.tables[table.name]
        names = ", ".join(identifier(name) for name in landed.columns)
        order = ", ".join(identifier(name) for name in (*table.key, table.cursor or ""))
        number = int(Path(landed.batches[-1].file).stem)
        batch = self._store_batch(
            table,
            f"SELECT DISTINCT ON ({order}) {names} FROM {self.versions(table.name)}"
            f" ORDER BY {order}, _batch DESC",
            number,
        )
        assert batch is not None
        self._commit(table, landed.columns, landed.cursor, (batch,))
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Remove what a load that was cut off has left behind."""
        named = {batch.file for table in self.manifest.tables.values() for batch in table.batches}
        for path in self.folder.rglob("*"):
            is_stray = path.suffix == ".building" or path.name == "incoming.parquet"
            is_batch = path.suffix == ".parquet" and self._batches in path.parents
            if is_stray or (is_batch and path.relative_to(self.folder).as_posix() not in named):
                path.unlink(missing_ok=True)


def _write(path: Path, columns: tuple[str, ...], records: Iterable["pyarrow.RecordBatch"]) -> int:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(name, pyarrow.string()) for name in columns])
    rows = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in records:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _files(paths: list[Path]) -> str:
    listed = ", ".join(literal(str(path)) for path in paths)
    return f"read_parquet([{listed}], union_by_name = true)"


def _copy(query: str, path: Path) -> None:
    """Write the outcome of `query` to `path` in one step, forced to disk."""
    building = path.with_name(path.name + ".building")
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(f"COPY ({query}) TO {literal(str(building))} {_PARQUET}")
    with building.open("rb") as stream:
        os.fsync(stream.fileno())
    building.replace(path)
    sync_folder(path.parent)


def _unnested(path: Path, table: Table, inner: Unnested) -> str:
    keys = ", ".join(identifier(name) for name in table.key)
    fields = ", ".join(
        f"json_extract_string(item, {literal('$.' + name)}) AS {identifier(name)}"
        for name in inner.fields
    )
    items = f"unnest(from_json({identifier(inner.column)}, '[\"JSON\"]'))"
    return (
        f"SELECT {keys}, {fields} FROM (SELECT {keys}, {items} AS item FROM {_files([path])}"
        f" WHERE {identifier(inner.column)} IS NOT NULL) ORDER BY ALL"
    )
