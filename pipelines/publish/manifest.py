"""`manifest.json`: what a release holds, so that a reader can check it and a run can compare it.

It holds no wall-clock time: the same plan gives the same manifest, apart from the digests of
`meta_run` and of the DuckDB file, whose bytes depend on free space inside it.
"""

import hashlib
import json
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import TerritoryError

MANIFEST_NAME = "manifest.json"


class _Entry(BaseModel):
    # A reader of an older version ignores what a newer one added.
    model_config = ConfigDict(extra="ignore", frozen=True)


class ColumnEntry(_Entry):
    """A column of a published table, with its DuckDB type."""

    name: str
    type: str


class TableEntry(_Entry):
    """A published table: its Parquet file (relative to the release) and that file's SHA-256."""

    name: str
    rows: int
    path: str
    sha256: str
    columns: tuple[ColumnEntry, ...]


class FileEntry(_Entry):
    """A file of the release: path relative to it, size in bytes and SHA-256."""

    path: str
    bytes: int
    sha256: str


class Manifest(_Entry):
    """The content of a release.

    Attributes:
        plan_id, scenario: those of the chosen scenario.
        plans: id of the plan of each scenario; releases of one scenario may have none.
    """

    contract_version: str
    plan_id: str
    run_id: str
    scenario: str
    as_of: date
    plans: dict[str, str] = Field(default_factory=dict)
    tables: tuple[TableEntry, ...]
    files: tuple[FileEntry, ...]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios whose plans the release holds, the chosen one first."""
        return tuple(self.plans) or (self.scenario,)

    def table(self, name: str) -> TableEntry:
        """The entry of table `name`; raises KeyError when the release has no such table."""
        for entry in self.tables:
            if entry.name == name:
                return entry
        raise KeyError(name)


def file_sha256(path: Path) -> str:
    """SHA-256 of the file at `path`, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_entries(release: Path) -> tuple[FileEntry, ...]:
    """Every file of the folder `release` but the manifest, sorted by path."""
    return tuple(
        FileEntry(
            path=path.relative_to(release).as_posix(),
            bytes=path.stat().st_size,
            sha256=file_sha256(path),
        )
        for path in sorted(release.rglob("*"))
        if path.is_file() and path.name != MANIFEST_NAME
    )


def write_manifest(release: Path, manifest: Manifest) -> None:
    """Write `manifest` into the folder `release`."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (release / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


def load_manifest(release: Path) -> Manifest:
    """Read the manifest of the folder `release`.

    Raises:
        TerritoryError: it is missing or not a manifest.
    """
    path = release / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = "missing" if isinstance(error, FileNotFoundError) else "not readable"
        raise TerritoryError(
            f"{path}: the manifest of this release is {reason}; publish again to mend it"
        ) from None


def damages(release: Path, *, is_deep: bool = False) -> list[str]:
    """What is wrong with the release in folder `release`, one sentence each; empty when intact.

    Args:
        is_deep: also recompute every digest instead of comparing sizes only.
    """
    try:
        manifest = load_manifest(release)
    except TerritoryError as error:
        return [str(error)]
    found: list[str] = []
    for entry in manifest.files:
        path = release / entry.path
        if not path.is_file():
            found.append(f"{path}: missing")
        elif path.stat().st_size != entry.bytes:
            found.append(f"{path}: {path.stat().st_size} bytes instead of {entry.bytes}")
        elif is_deep and file_sha256(path) != entry.sha256:
            found.append(f"{path}: content differs from its digest in the manifest")
    return found
