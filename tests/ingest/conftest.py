"""A small book of business on disk: write files, map them, ingest them, look at the tables."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.ingest import IngestResult, SourceInput, ingest_sources

ACCOUNT_COLUMNS: dict[str, Any] = {"account_id": "id", "account_name": "name"}


class Book:
    """The files of one source and the database they are ingested into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mapping = root / "mapping.yaml"
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET threads = 2")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def map(self, entities: dict[str, Any], source: str = "crm", **further: Any) -> None:
        document = {"source": source, "entities": entities} | further
        self.mapping.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def map_accounts(self, file: str = "accounts.csv", **options: Any) -> None:
        columns = options.pop("columns", {})
        self.map({"account": {"file": file, "columns": ACCOUNT_COLUMNS | columns} | options})

    def ingest(self, **options: Any) -> IngestResult:
        source = SourceInput(self.mapping, self.root)
        options = {"run_id": "run", "max_quarantined_share": 1.0} | options
        return ingest_sources(self.connection, [source], **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def accounted(self, role: str) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Rows read, loaded, quarantined, duplicate and excluded by rule, by table and file."""
        rows = self.rows(
            "SELECT source_table, source_file, rows_read, rows_loaded, rows_quarantined,"
            " rows_duplicate, excluded_by_json, rows_excluded FROM meta_load"
            f" WHERE file_role = '{role}'"
        )
        assert all(row[2] == sum(row[3:6]) + row[7] for row in rows)
        return {row[:2]: (*row[2:6], json.loads(row[6])) for row in rows}

    def quarantined(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT row_number, rule, column_name, value FROM quarantined_row ORDER BY row_number"
        )


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path)
    yield made
    made.connection.close()
