"""Periods of owners and stages from the versions that connections have brought."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.entities import ENTITIES
from pipelines.ingest.file_search import SourceFolder
from pipelines.ingest.history import (
    HISTORY_TABLE,
    VersionedTable,
    create_history_table,
    record_history,
)
from pipelines.ingest.loading import create_raw_table

MAPPING = {
    "source": "crm",
    "entities": {
        "account": {
            "table": "Account",
            "columns": {"account_id": "Id", "account_name": "Name", "owner_rep_id": "OwnerId"},
            "exclude": [{"rule": "soft_deleted", "column": "IsDeleted", "in": ["true"]}],
        },
        "opportunity": {
            "table": "Deal",
            "columns": {
                "opportunity_id": "Id",
                "stage": {
                    "column": "Stage",
                    "lookup": {"file": "stages.csv", "key": "id", "value": "label"},
                },
                "status": {"column": "Stage", "aliases": {"s1": "open", "s2": "won"}},
            },
        },
    },
}

Version = tuple[str, int, str | None, bool]


def moment(minute: int) -> datetime:
    return datetime(2026, 6, 1, 10, minute)


def periods(folder: Path, table: str, column: str, versions: list[Version]) -> list[Any]:
    """The periods of (record, minute, value, is deleted) versions of `table`."""
    mapping = folder / "mapping.yaml"
    mapping.write_text(yaml.safe_dump(MAPPING))
    (folder / "stages.csv").write_text("id,label\ns1,Open talks\ns2,Closed Won\n")
    path = folder / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE v (Id VARCHAR, Name VARCHAR, {column} VARCHAR, IsDeleted VARCHAR,"
            " SystemModstamp VARCHAR)"
        )
        connection.executemany(
            "INSERT INTO v VALUES (?, 'x', ?, ?, ?)",
            [
                [record, value, str(gone).lower(), moment(minute).isoformat() + ".000Z"]
                for record, minute, value, gone in versions
            ],
        )
        connection.execute(f"COPY v TO '{path}' (FORMAT parquet)")
        for entity in ENTITIES.values():
            create_raw_table(connection, entity)
        create_history_table(connection)
        versioned = VersionedTable(table, path, "SystemModstamp", "IsDeleted")
        record_history(connection, mapping, SourceFolder(folder), [versioned], {"USD": 1.0})
        assert not connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE temporary"
        ).fetchall()
        return connection.execute(
            "SELECT field_name, record_id, value, minute(valid_from_at), minute(valid_to_at),"
            f" is_start_known FROM {HISTORY_TABLE} ORDER BY ALL"
        ).fetchall()


def test_an_owner_has_the_account_until_the_next_one(tmp_path: Path) -> None:
    versions: list[Version] = [
        ("A1", 0, "R1", False),
        ("A1", 5, "R1", False),
        ("A1", 9, "R2", False),
        ("A2", 1, None, False),
    ]
    assert periods(tmp_path, "Account", "OwnerId", versions) == [
        ("owner_rep_id", "A1", "R1", 0, 9, False),
        ("owner_rep_id", "A1", "R2", 9, None, True),
        ("owner_rep_id", "A2", None, 1, None, False),
    ]


def test_a_deletion_ends_a_period_and_a_return_starts_one(tmp_path: Path) -> None:
    versions: list[Version] = [
        ("A1", 0, "R1", False),
        ("A1", 3, "R1", True),
        ("A1", 8, "R1", False),
    ]
    assert periods(tmp_path, "Account", "OwnerId", versions) == [
        ("owner_rep_id", "A1", "R1", 0, 3, False),
        ("owner_rep_id", "A1", "R1", 8, None, True),
    ]


def test_a_stage_is_what_the_mapping_makes_of_it(tmp_path: Path) -> None:
    versions: list[Version] = [("D1", 0, "s1", False), ("D1", 4, "s2", False)]
    assert periods(tmp_path, "Deal", "Stage", versions) == [
        ("stage", "D1", "Closed Won", 4, None, True),
        ("stage", "D1", "Open talks", 0, 4, False),
        ("status", "D1", "open", 0, 4, False),
        ("status", "D1", "won", 4, None, True),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history")


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["A1", "A2"]), st.integers(0, 59)),
        st.tuples(st.sampled_from(["R1", "R2", None]), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_at_every_moment_the_period_says_what_the_last_version_said(
    folder: Path, states: dict[tuple[str, int], tuple[str | None, bool]]
) -> None:
    versions = [(record, at, value, gone) for (record, at), (value, gone) in states.items()]
    found = periods(folder, "Account", "OwnerId", versions)
    for record in ("A1", "A2"):
        own = [row for row in found if row[1] == record]
        for at in range(60):
            holding = [row for row in own if row[3] <= at and (row[4] is None or at < row[4])]
            past = [(when, *state) for (name, when), state in states.items()
                    if name == record and when <= at]  # fmt: skip
            last = max(past, default=None)
            if last is None or last[2]:
                assert holding == []
            else:
                assert [row[2] for row in holding] == [last[1]]
