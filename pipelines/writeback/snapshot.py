"""What the source says of territories in use: the three tables of Salesforce, where they landed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.ingest.spelling import folded
from pipelines.writeback.changes import CAUSE, Link, LinkKind
from pipelines.writeback.ids import normal_id

_LINKS: Mapping[LinkKind, tuple[str, str]] = {
    "object_territory": ("ObjectTerritory2Association", "ObjectId"),
    "user_territory": ("UserTerritory2Association", "UserId"),
}


@dataclass(frozen=True)
class Territories:
    """Territories and the associations a person made, with their ids; empty where none landed."""

    records: Sequence[Mapping[str, str | None]] = ()
    links: Mapping[Link, str] = field(default_factory=dict)


def landed_territories(folder: Path, prefix: str = "", suffix: str = "") -> Territories:
    """The territories among the tables (Parquet or CSV) in `folder`, in any spelling."""
    records = list(_rows(folder, f"{prefix}Territory2{suffix}", ("Id", "Name", "DeveloperName")))
    links: dict[Link, str] = {}
    for kind, (table, subject) in _LINKS.items():
        columns = ("Id", subject, "Territory2Id", "AssociationCause")
        for row in _rows(folder, f"{prefix}{table}{suffix}", columns):
            identity, who, where = row["Id"], row[subject], row["Territory2Id"]
            is_ours = kind == "user_territory" or row["AssociationCause"] in (CAUSE, None)
            if identity and who and where and is_ours:
                links[kind, normal_id("salesforce", who), where] = identity
    return Territories(records, links)


def _rows(folder: Path, table: str, columns: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """The records of a table that are not deleted; columns it does not have are None."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".parquet", ".csv") or folded(path.stem) != folded(table):
            continue
        content = path.read_bytes()
        frame = (
            pl.read_parquet(content)
            if path.suffix == ".parquet"
            else pl.read_csv(content, infer_schema=False)
        )
        by_folded = {folded(name): name for name in frame.columns}
        for row in frame.iter_rows(named=True):
            if str(row.get(by_folded.get("isdeleted", ""))).lower() == "true":
                continue
            values = {name: row.get(by_folded.get(folded(name), "")) for name in columns}
            yield {name: None if value is None else str(value) for name, value in values.items()}
        return
