"""The last good load, kept beside the releases to compare the next one with.

`<data_dir>/baseline/<input digest>/` holds Parquet copies of the figures, the headings, the keys of
quarantined rows, and of the records people write (without pay); `loads.json` names the last two
loads. A load is good when its plan was published. Publishing the same input again compares it with
the load *before* it, as the first time, so that a re-run finds what the first run found.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.ingest.entities import ENTITIES
from pipelines.ingest.sql import identifier
from pipelines.quality.columns import PAY

RECORD_TABLES = ("raw_crm__account", "raw_crm__rep", "raw_crm__product", "raw_crm__opportunity")
"""The tables whose records are compared one by one; activities are too many and never change."""

_INDEX = "loads.json"
_NAME_DIGITS = 16


@dataclass(frozen=True)
class Baseline:
    """A load that was good: where its tables lie."""

    folder: Path

    def table(self, name: str) -> str:
        """SQL that reads table `name` of that load."""
        path = str(self.folder / f"{name}.parquet").replace("'", "''")
        return f"read_parquet('{path}')"

    def has(self, name: str) -> bool:
        """Whether that load kept table `name`."""
        return (self.folder / f"{name}.parquet").is_file()


def find_baseline(root: Path, input_digest: str, origin: str) -> Baseline | None:
    """The last good load of other content than `input_digest`; None when there is none.

    `origin` names where input comes from; loads of another origin are not comparable.
    """
    for name in reversed(_loads(root, origin)):
        if name != input_digest[:_NAME_DIGITS] and (root / name).is_dir():
            return Baseline(root / name)
    return None


def keep_load(
    connection: duckdb.DuckDBPyConnection, root: Path, input_digest: str, origin: str
) -> None:
    """Make the load in the working database the last good one; older than two are let go."""
    name = input_digest[:_NAME_DIGITS]
    loads = [load for load in _loads(root, origin) if load != name]
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o700)
    building = root / f"{name}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    _copy(connection, "FROM load_profile ORDER BY ALL", building / "load_profile.parquet")
    _copy(connection, "FROM load_column ORDER BY ALL", building / "load_column.parquet")
    _copy(
        connection,
        "SELECT source_table, source_file, row_number, record_id, rule FROM quarantined_row"
        " ORDER BY ALL",
        building / "quarantined_row.parquet",
    )
    entities = {entity.table: entity for entity in ENTITIES.values()}
    for table in RECORD_TABLES:
        columns = ", ".join(
            identifier(field.name) for field in entities[table].fields if field.name not in PAY
        )
        keys = ", ".join(identifier(field.name) for field in entities[table].keys)
        _copy(
            connection,
            f"SELECT {columns} FROM {table} ORDER BY {keys}",
            building / f"{table}.parquet",
        )
    shutil.rmtree(root / name, ignore_errors=True)
    building.rename(root / name)
    kept = [*loads[-1:], name]
    _write_index(root, origin, kept)
    for stale in root.iterdir():
        if stale.is_dir() and stale.name not in kept:
            shutil.rmtree(stale, ignore_errors=True)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    target = str(path).replace("'", "''")
    connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _loads(root: Path, origin: str) -> list[str]:
    try:
        index = json.loads((root / _INDEX).read_text())
    except (OSError, ValueError):
        return []
    return list(index["loads"]) if index.get("origin") == origin else []


def _write_index(root: Path, origin: str, loads: list[str]) -> None:
    building = root / f"{_INDEX}.building"
    with building.open("w") as stream:
        json.dump({"origin": origin, "loads": loads}, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    building.replace(root / _INDEX)
