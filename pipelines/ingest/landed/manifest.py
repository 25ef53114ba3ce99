"""What a landed source holds: the file that makes batches count."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipelines.errors import InputError

_VERSION = 1


@dataclass(frozen=True)
class Batch:
    """One Parquet file of records, relative to the store."""

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class LandedTable:
    """The batches of one table, oldest first, and where the next extraction starts."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    cursor_column: str | None
    is_deleted: str | None
    cursor: str | None
    batches: tuple[Batch, ...]
    rows: int


@dataclass(frozen=True)
class Manifest:
    """All tables of one source; `identity` says what they were read from."""

    identity: str
    tables: dict[str, LandedTable] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Replace the manifest at `path` in one step, forced to disk."""
        content = {"version": _VERSION} | asdict(self)
        building = path.with_name(path.name + ".building")
        with building.open("w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1, sort_keys=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        building.replace(path)
        sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path) -> "Manifest | None":
        """The manifest at `path`; None when nothing has landed yet."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: cannot be read ({error}); remove the folder {path.parent} to load the "
                "source anew"
            ) from error
        if content.get("version") != _VERSION:
            raise InputError(
                f"{path}: was written by another version of this program; remove the folder "
                f"{path.parent} to load the source anew"
            )
        tables = {
            name: LandedTable(
                **{
                    **table,
                    "columns": tuple(table["columns"]),
                    "key": tuple(table["key"]),
                    "batches": tuple(Batch(**batch) for batch in table["batches"]),
                }
            )
            for name, table in content["tables"].items()
        }
        return cls(content["identity"], tables)


def sync_folder(path: Path) -> None:
    """Force the entries of a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
