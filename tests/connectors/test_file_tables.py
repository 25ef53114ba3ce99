"""Files that keep coming: what changed counts, whichever file brings it and whenever."""

import json
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import yaml
from company_records import CONFIG  # type: ignore[import-not-found]

from pipelines.errors import InputError
from pipelines.ingest.connectors.file_tables import FileTable, FileTables
from pipelines.ingest.mapping import CsvOptions
from pipelines.settings.loader import load_settings
from pipelines.stages.connections import landed_sources, look_at
from pipelines.stages.ingest import ingest

ACCOUNT = FileTable("account*", ("Id",), "Changed", is_deleted="Gone")
HEADING = "Id,Name,Owner,Changed,Gone\n"


def write(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text(HEADING + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def rows_of(folder: Path, table: FileTable, columns: list[str] | None = None) -> list[Any]:
    tables = FileTables(folder, {"account": table})
    (one,) = tables.tables()
    names = columns or list(tables.columns(one))
    return pa.Table.from_batches(tables.read(one, names, None)).to_pylist()


def test_every_kind_of_file_gives_the_same_text(tmp_path: Path) -> None:
    write(tmp_path, "account_1.csv", "A1,Acme,R1,2026-06-01T10:00:00.000+0000,no")
    (tmp_path / "account_2.jsonl").write_text(
        json.dumps({"Id": "A1", "Changed": "2026-06-01 12:00:00+02:00", "Gone": False, "New": 1})
    )
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'A1' AS Id, TIMESTAMP '2026-06-01 10:00:00' AS Changed, false AS Gone)"
            f" TO '{tmp_path / 'account_3.parquet'}'"
        )
    rows = rows_of(tmp_path, ACCOUNT, ["Id", "Changed", "Gone"])
    assert len(rows) == 3
    assert {tuple(row.values()) for row in rows} == {("A1", "2026-06-01T10:00:00.000000Z", "false")}
    # Columns that only some files have are null in the others.
    assert [row["New"] for row in rows_of(tmp_path, ACCOUNT)] == [None, "1", None]


def test_a_cursor_of_another_spelling_is_declared(tmp_path: Path) -> None:
    text = "Id;Changed;Gone\nA1;31.01.2026 09:30;Yes\n"
    (tmp_path / "account.csv").write_bytes(text.encode("utf-16"))
    table = FileTable(
        "account.csv",
        ("Id",),
        "Changed",
        ("%d.%m.%Y %H:%M",),
        "Gone",
        CsvOptions(delimiter=";"),
    )
    assert rows_of(tmp_path, table) == [
        {"Id": "A1", "Changed": "2026-01-31T09:30:00.000000Z", "Gone": "true"}
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A1,Acme,R1,yesterday,no", r"account\.csv: row 2, column 'Changed': 'yesterday'"),
        ("A1,Acme,R1,,no", "row 2, column 'Changed': '' is no moment"),
        (" ,Acme,R1,2026-06-01,no", "row 2, column 'Id': ' ' names no record"),
        ("A1,Acme,R1", "row 2 cannot be read: 3 fields instead of 5"),
    ],
)
def test_a_row_that_is_no_version_of_a_record_is_refused(
    tmp_path: Path, row: str, message: str
) -> None:
    write(tmp_path, "account.csv", "A0,Good,R1,2026-06-01,no", row)
    with pytest.raises(InputError, match=message):
        rows_of(tmp_path, ACCOUNT)


def test_what_the_settings_name_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "account_1.csv").write_text("Id,Change,Gone\nA1,2026-06-01,no\n")
    with pytest.raises(InputError, match=r"'Changed' is missing \(did you mean 'Change'\?\)"):
        rows_of(tmp_path, ACCOUNT)
    (tmp_path / "account_2.csv").write_text("Id\nA1\n")
    with pytest.raises(InputError, match=r"2 files of table account .* no cursor"):
        rows_of(tmp_path, FileTable("account*"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of three tables that come as files; the reps always as a whole."""
    drops = tmp_path / "drops"
    drops.mkdir()
    write(drops, "account_0601.csv", "A1,Acme,R1,2026-06-01,no", "A2,Beta,R1,2026-06-01,no")
    (drops / "rep.csv").write_text("Id,Name\nR1,Ann\nR2,Bo\n")
    (drops / "deal_1.csv").write_text("Id,Account,Stage,Changed\nD1,A1,Open,2026-06-01\n")
    (tmp_path / "mapping.yaml").write_text(
        yaml.safe_dump(
            {
                "source": "crm",
                "entities": {
                    "account": {
                        "table": "account",
                        "columns": {
                            "account_id": "Id",
                            "account_name": "Name",
                            "owner_rep_id": "Owner",
                        },
                        "exclude": [{"rule": "deleted", "column": "Gone", "in": ["true"]}],
                    },
                    "rep": {"table": "rep", "columns": {"rep_id": "Id", "rep_name": "Name"}},
                    "opportunity": {
                        "table": "deal",
                        "columns": {
                            "opportunity_id": "Id",
                            "account_id": "Account",
                            "stage": "Stage",
                            "status": {
                                "column": "Stage",
                                "aliases": {"Open": "open", "Won": "won"},
                            },
                        },
                    },
                },
            }
        )
    )
    versioned = {"key": ["Id"], "cursor": "Changed"}
    connector = {
        "type": "files",
        "path": "drops",
        "tables": {
            "account": {"files": "account_*.csv", "is_deleted": "Gone"} | versioned,
            "deal": {"files": "deal_*.csv"} | versioned,
            "rep": {"files": "rep.csv"},
        },
    }
    document = {
        "name": "drops",
        "data_dir": "data",
        "as_of": date(2026, 6, 30),
        "sources": {"crm": {"mapping": "mapping.yaml", "connector": connector}},
        "scoring": str(CONFIG / "scoring.yaml"),
        "policies": str(CONFIG / "policies"),
    }
    path = tmp_path / "project.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def loaded(project: Path) -> tuple[list[Any], list[Any], dict[str, bytes]]:
    """Accounts, their history and the bytes that have landed, after a load."""
    settings = load_settings(project)
    ingest(settings, today=date(2026, 7, 1))
    folder = project.parent / "data"
    with duckdb.connect(str(folder / "working" / "warehouse.duckdb"), read_only=True) as connection:
        accounts = connection.execute(
            "SELECT account_id, account_name, owner_rep_id FROM raw_crm__account ORDER BY ALL"
        ).fetchall()
        history = connection.execute(
            "SELECT record_id, value, strftime(valid_from_at, '%m-%d'),"
            " strftime(valid_to_at, '%m-%d') FROM record_history"
            " WHERE field_name IN ('owner_rep_id', 'stage') ORDER BY ALL"
        ).fetchall()
    landed = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted((folder / "landed").rglob("*"))
        if path.is_file()
    }
    return accounts, history, landed


def test_changes_come_file_by_file_and_history_is_kept(project: Path) -> None:
    drops = project.parent / "drops"
    first = loaded(project)
    assert first[0] == [("A1", "Acme", "R1"), ("A2", "Beta", "R1")]
    assert loaded(project) == first
    # A change, a deletion, and later a file with an older change that came late.
    write(drops, "account_0620.csv", "A1,Acme,R2,2026-06-20,no", "A2,Beta,R1,2026-06-19,yes")
    (drops / "deal_2.csv").write_text("Id,Account,Stage,Changed\nD1,A1,Won,2026-06-21\n")
    assert loaded(project)[0] == [("A1", "Acme", "R2")]
    write(drops, "account_0610.csv", "A1,Acme Old,R1,2026-06-10,no")
    accounts, history, landed = loaded(project)
    assert accounts == [("A1", "Acme", "R2")]
    assert history == [
        ("A1", "R1", "06-01", "06-20"),
        ("A1", "R2", "06-20", None),
        ("A2", "R1", "06-01", "06-19"),
        ("D1", "Open", "06-01", "06-21"),
        ("D1", "Won", "06-21", None),
    ]
    # Files that have landed may be moved away.
    for path in drops.glob("*_*.csv"):
        path.unlink()
    assert loaded(project) == (accounts, history, landed)
    settings = load_settings(project)
    assert landed_sources(settings)[0].versions
    looks = {look.wanted: look for look in look_at(settings, "crm")}
    assert looks["rep"].columns_found == 2


LOAD = """
import os, signal, sys
from pathlib import Path
from pipelines.ingest.connectors.file_tables import FileTable, FileTables
from pipelines.ingest.landed.extraction import Wanted, extract
from pipelines.ingest.landed.store import LandedStore

drops, landed, deadly = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
synced, sync = 0, os.fsync

def dying(descriptor):
    global synced
    synced += 1
    if synced == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(descriptor)

os.fsync = dying
tables = FileTables(drops, {"account": FileTable("account*", ("Id",), "Changed")})
extract(
    tables, LandedStore(landed, tables.identity), [Wanted("account", None, False)],
    overlap_minutes=0, max_shrink_share=0.5, progress=lambda *_: None,
)
"""


def load_dying(drops: Path, landed: Path, deadly: int) -> int:
    """The exit code of a load in a process of its own that is killed at its n-th fsync."""
    return subprocess.run(
        [sys.executable, "-c", LOAD, str(drops), str(landed), str(deadly)],
        cwd=Path(__file__).parents[2],
        check=False,
    ).returncode


def current(landed: Path) -> bytes:
    return (landed / "current" / "account.parquet").read_bytes()


def test_loads_that_are_killed_repeat_safely(tmp_path: Path) -> None:
    drops, landed = tmp_path / "drops", tmp_path / "landed"
    drops.mkdir()
    write(drops, "account_1.csv", "A1,Acme,R1,2026-06-01,no", "A2,Beta,R1,2026-06-01,no")
    # Of the batch, the manifest and the table as it stands, a file is synced and then its folder.
    for deadly in (1, 3, 5):
        assert load_dying(drops, landed, deadly) == -signal.SIGKILL
    write(drops, "account_2.csv", "A1,Acme,R2,2026-06-20,no")
    assert load_dying(drops, landed, deadly=0) == 0
    assert load_dying(drops, tmp_path / "undisturbed", deadly=0) == 0
    assert current(landed) == current(tmp_path / "undisturbed")
    assert not [path for path in landed.rglob("*") if "building" in path.name]
    assert not (landed / "incoming.parquet").exists()
