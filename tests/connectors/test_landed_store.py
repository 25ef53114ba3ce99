"""What landed stays: increments, deletions, loads that break off, answers that are half empty."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines.errors import InputError
from pipelines.ingest.connectors.protocol import Table, Unnested, text_batch
from pipelines.ingest.landed.extraction import Wanted, extract
from pipelines.ingest.landed.store import LandedStore

TEAMS = Unnested("team", "teams", ("team_id",))
ACCOUNT = Table("Account", ("Id",), "SystemModstamp", "IsDeleted")
STAGE = Table("Stage", ("Id",), inner=(TEAMS,))


class MemoryConnector:
    """Tables in memory; `break_after` rows the connection breaks off."""

    identity = "memory:acme"

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {"Account": [], "Stage": []}
        self.asked: list[tuple[str, str | None]] = []
        self.break_after: int | None = None
        self.further: list[str] = []

    def tables(self) -> Sequence[Table]:
        return [ACCOUNT, STAGE]

    def columns(self, table: Table) -> Sequence[str]:
        if table is STAGE:
            return ["Id", "Name", "teams"]
        return ["Id", "Name", "SystemModstamp", "IsDeleted", *self.further]

    def read(
        self, table: Table, columns: Sequence[str], since: str | None
    ) -> Iterator[pa.RecordBatch]:
        self.asked.append((table.name, since))
        sent = 0
        for row in self.rows[table.name]:
            if since is None or row["SystemModstamp"] >= since:
                if self.break_after is not None and sent >= self.break_after:
                    raise InputError("broke off")
                sent += 1
                yield text_batch([row], columns)


def account(number: int, minute: int, name: str = "Acme", **more: Any) -> dict[str, Any]:
    moment = f"2026-06-01T10:{minute:02}:00.000Z"
    return {"Id": f"A{number}", "Name": name, "IsDeleted": False, "SystemModstamp": moment} | more


class Source:
    """A connector and its store; each `load` opens the store anew, as each run does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connector = MemoryConnector()
        self.columns: dict[str, tuple[str, ...]] = {"Account": ("Id", "Name", "IsDeleted")}

    def load(self, **options: Any) -> dict[str, int]:
        wanted = [Wanted(name, columns, False) for name, columns in self.columns.items()]
        settings: dict[str, Any] = {"overlap_minutes": 5, "max_shrink_share": 0.5} | options
        return extract(self.connector, self.store(), wanted, progress=lambda *_: None, **settings)

    def store(self) -> LandedStore:
        return LandedStore(self.folder, self.connector.identity)

    def current(self, table: str = "Account", columns: str = "Id, Name, IsDeleted") -> list[Any]:
        path = self.folder / "current" / f"{table}.parquet"
        return duckdb.sql(f"SELECT {columns} FROM '{path}' ORDER BY ALL").fetchall()

    def digests(self) -> dict[str, str]:
        return {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = Source(tmp_path / "landed")
    made.connector.rows["Account"] = [account(1, 0), account(2, 1), account(3, 2)]
    return made


def test_loading_again_changes_not_one_byte(source: Source) -> None:
    assert source.load() == {"Account": 3}
    before = source.digests()
    assert source.load() == {"Account": 0}
    assert source.digests() == before
    # The second load only asked for what is new, and a little before.
    assert source.connector.asked[1] == ("Account", "2026-06-01T09:57:00.000Z")


def test_a_changed_record_replaces_its_old_version(source: Source) -> None:
    source.load()
    source.connector.rows["Account"][0] = account(1, 9, "Acme Corp")
    assert source.load() == {"Account": 1}
    assert source.current()[0] == ("A1", "Acme Corp", "false")
    assert len(source.current()) == 3


def test_a_record_that_becomes_visible_late_is_not_missed(source: Source) -> None:
    source.load()
    source.connector.rows["Account"].append(account(4, 1, "Late"))
    assert source.load() == {"Account": 1}
    assert ("A4", "Late", "false") in source.current()


def test_an_older_version_that_comes_later_does_not_win(source: Source) -> None:
    source.connector.rows["Account"][0] = account(1, 5, "New")
    source.load()
    source.connector.rows["Account"].insert(0, account(1, 4, "Old"))
    assert source.load() == {"Account": 1}
    assert source.current()[0] == ("A1", "New", "false")


def test_a_deleted_record_is_marked_and_an_absent_one_stays(source: Source) -> None:
    source.load()
    source.connector.rows["Account"] = [account(1, 9, IsDeleted=True)]
    source.load()
    assert source.current() == [
        ("A1", "Acme", "true"),
        ("A2", "Acme", "false"),
        ("A3", "Acme", "false"),
    ]


def test_an_empty_answer_closes_nothing(source: Source) -> None:
    source.load()
    before = source.digests()
    source.connector.rows["Account"] = []
    source.columns["Account"] = ("Id", "Name")
    source.load()
    assert source.digests() == before


def test_a_load_that_breaks_off_repeats_safely(source: Source, tmp_path: Path) -> None:
    source.load()
    rows = source.connector.rows["Account"]
    rows += [account(number, 10 + number) for number in range(4, 9)]
    before = source.digests()
    source.connector.break_after = 3
    with pytest.raises(InputError, match="broke off"):
        source.load()
    assert source.digests() == before
    source.connector.break_after = None
    assert source.load() == {"Account": 5}
    undisturbed = Source(tmp_path / "other")
    undisturbed.connector.rows["Account"] = rows
    undisturbed.load()
    assert undisturbed.current() == source.current()


@pytest.mark.parametrize("step", range(1, 8))
def test_a_death_at_any_rename_loses_nothing(
    source: Source, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    source.load()
    source.connector.rows["Account"] += [account(4, 20), account(1, 21, "Renamed")]
    replace, calls = Path.replace, 0

    def dying(path: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == step:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", dying)
    try:
        source.load()
    except KeyboardInterrupt:
        # What a killed process leaves behind stays; the next run must cope with it.
        (source.folder / "incoming.parquet").write_bytes(b"half a file")
    monkeypatch.setattr(Path, "replace", replace)
    source.load()
    assert [row[:2] for row in source.current()] == [
        ("A1", "Renamed"),
        ("A2", "Acme"),
        ("A3", "Acme"),
        ("A4", "Acme"),
    ]
    named = {path for path in source.digests() if path.startswith("batches/")}
    manifest = source.store().manifest.tables["Account"]
    assert named == {batch.file for batch in manifest.batches}
    assert not [path for path in source.digests() if "building" in path or "incoming" in path]


def test_a_further_column_is_fetched_for_every_record(source: Source) -> None:
    source.load()
    for row in source.connector.rows["Account"]:
        row["Tier"] = "gold"
    source.connector.further = ["Tier"]
    source.columns["Account"] = ("Id", "Name", "IsDeleted", "Tier")
    assert source.load() == {"Account": 3}
    assert source.connector.asked[-1] == ("Account", None)
    assert source.current(columns="DISTINCT Tier") == [("gold",)]


def test_a_column_that_is_gone_does_not_stop_the_load(source: Source) -> None:
    for row in source.connector.rows["Account"]:
        row["Tier"] = "gold"
    source.connector.further = ["Tier"]
    source.columns["Account"] = ("Id", "Name", "IsDeleted", "Tier")
    source.load()
    source.connector.further = []
    source.connector.rows["Account"] = [account(1, 9, "New")]
    assert source.load() == {"Account": 1}
    assert source.current()[0] == ("A1", "New", "false")


def test_a_whole_table_is_replaced_but_not_by_half_an_answer(source: Source) -> None:
    source.columns = {"Stage": ("Id", "Name")}
    stages = [{"Id": f"S{n}", "Name": f"Stage {n}", "teams": None} for n in range(6)]
    source.connector.rows["Stage"] = stages
    assert source.load() == {"Stage": 6}
    before = source.digests()
    assert source.load() == {"Stage": 0}
    assert source.digests() == before
    for few in (2, 0):
        source.connector.rows["Stage"] = stages[:few]
        with pytest.raises(InputError, match=rf"has {few} rows, 6 at the last load"):
            source.load()
        assert source.digests() == before
    source.connector.rows["Stage"] = stages[:4]
    source.load()
    assert source.current("Stage", "Id") == [(f"S{n}",) for n in range(4)]
    source.connector.rows["Stage"] = []
    source.load(max_shrink_share=1)
    assert source.current("Stage", "Id") == []


def test_a_table_inside_another_becomes_a_table(source: Source) -> None:
    source.columns = {"team": ("team_id",)}
    source.connector.rows["Stage"] = [
        {"Id": "S1", "Name": "x", "teams": [{"team_id": "T2"}, {"team_id": "T1"}]},
        {"Id": "S2", "Name": "y", "teams": None},
    ]
    source.load()
    assert source.current("team", "Id, team_id") == [("S1", "T1"), ("S1", "T2")]


def test_another_organisation_never_mixes_with_the_first(source: Source) -> None:
    source.load()
    source.connector.identity = "memory:other"
    with pytest.raises(InputError, match="holds the tables of memory:acme"):
        source.load()


def test_many_small_batches_become_one_with_every_version(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.ingest.landed.store._MOST_BATCHES", 3)
    for minute in range(6):
        source.connector.rows["Account"][0] = account(1, 10 + minute, f"Name {minute}")
        source.load()
    store = source.store()
    assert len(store.manifest.tables["Account"].batches) <= 3
    versions = store.versions("Account")
    names = duckdb.sql(f"SELECT Name FROM {versions} WHERE Id = 'A1' ORDER BY 1").fetchall()
    assert names == [(f"Name {minute}",) for minute in range(6)]
    assert source.current()[0][1] == "Name 5"


def test_a_manifest_that_cannot_be_read_is_explained(source: Source) -> None:
    source.load()
    (source.folder / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"remove the folder .* to load the source anew"):
        source.load()


def test_a_missing_table_is_named_with_its_neighbour(source: Source) -> None:
    source.columns = {"Acount": ("Id",)}
    with pytest.raises(InputError, match=r"no table 'Acount' \(did you mean 'Account'\?\)"):
        source.load()
