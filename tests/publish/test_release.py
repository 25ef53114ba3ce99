"""A release holds what the contract promises, exactly, and nothing that must stay back."""

import hashlib
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.errors import ConfigurationError, GateError, TerritoryError
from pipelines.publish import (
    CONTRACT_TABLES,
    Release,
    current_release,
    publish_release,
    read_manifest,
)
from pipelines.publish.manifest import damages
from tests.publish.small_warehouse import AS_OF, request_for


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("données [x] *")

    def write_pages(release: Path) -> None:
        assert (release / "territory.duckdb").is_file()
        (release / "report.html").write_text("<p>balance</p>")

    return publish_release(replace(request_for(folder), write_pages=write_pages))


def data_dir_of(release: Release) -> Path:
    return release.path.parents[1]


def test_the_link_names_the_release_and_is_relative(release: Release) -> None:
    link = data_dir_of(release) / "published"
    assert link.readlink() == Path("releases/plan_a")
    assert link.resolve() == release.path


def test_another_process_reads_every_table_with_duckdb_pyarrow_and_polars(
    release: Release,
) -> None:
    script = """
import sys, pathlib, glob, duckdb, polars, pyarrow.parquet as pq
folder = pathlib.Path(sys.argv[1])
with duckdb.connect(str(folder / "territory.duckdb"), read_only=True) as c:
    for (name,) in c.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
        file = folder / "parquet" / f"{name}.parquet"
        counts = {
            c.execute(f"SELECT count(*) FROM {name}").fetchone()[0],
            pq.read_table(pathlib.Path(file)).num_rows,
            polars.read_parquet(file, glob=False).height,
        }
        print(name, *counts)
"""
    output = subprocess.run(
        [sys.executable, "-c", script, str(data_dir_of(release) / "published")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seen = dict(line.split(" ", 1) for line in output.splitlines())
    assert seen == {entry.name: str(entry.rows) for entry in release.manifest.tables}
    assert set(seen) == set(CONTRACT_TABLES)
    assert seen["dim_account"] == "10"


def test_manifest_matches_the_files(release: Release) -> None:
    manifest = read_manifest(data_dir_of(release))
    assert (manifest.plan_id, manifest.run_id, manifest.as_of) == ("plan_a", "run_1", AS_OF)
    assert damages(release.path, is_deep=True) == []
    account = manifest.table("dim_account")
    content = (release.path / account.path).read_bytes()
    assert account.sha256 == hashlib.sha256(content).hexdigest()
    assert [c.name for c in account.columns] == pq.read_schema(release.path / account.path).names
    assert {f.path for f in manifest.files} >= {
        "territory.duckdb",
        "moves.csv",
        "moves.xlsx",
        "report.html",
        "parquet/kpi_plan.parquet",
    }
    on_disk = {p.relative_to(release.path).as_posix() for p in release.path.rglob("*.*")}
    assert on_disk == {f.path for f in manifest.files} | {"manifest.json"}


def test_rows_are_sorted_by_the_key_and_comments_are_kept(release: Release) -> None:
    frame = pl.read_parquet(release.path / "parquet/dim_account.parquet", glob=False)
    assert frame["account_id"].to_list() == [f"A{n}" for n in range(10)]
    with duckdb.connect(str(release.path / "territory.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'dim_account'"
        ).fetchone() == ("Grain: one account. It's real.",)
        assert connection.execute(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'dim_account' "
            "AND column_name = 'account_id'"
        ).fetchone() == ("Id of the account.",)
        assert (
            "v1.4.0"
            in connection.execute(
                "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path IS NOT NULL"
            ).fetchall()[0][0]
        )


def test_pay_data_stays_in_the_restricted_folder(release: Release) -> None:
    for path in release.path.rglob("*.*"):
        assert b"77.77" not in path.read_bytes(), path
    restricted = release.restricted_path
    assert restricted == data_dir_of(release) / "restricted" / "plan_a"
    assert stat.S_IMODE(restricted.stat().st_mode) == 0o700
    assert stat.S_IMODE(restricted.parent.stat().st_mode) == 0o700
    assert {p.name for p in restricted.iterdir()} == {
        "int_territory__pay_cost.parquet",
        "quarantined_row.parquet",
    }
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in restricted.iterdir())
    full = pl.read_parquet(restricted / "quarantined_row.parquet", glob=False)
    assert "77.77" in full["value"].to_list()
    published = pl.read_parquet(release.path / "parquet/quarantined_row.parquet", glob=False)
    assert published["payload_json"].to_list() == [
        '{"employees": "many"}',
        "(withheld: pay or personal data)",
    ]
    assert published["value"].to_list() == ["many", "(withheld: pay or personal data)"]


def test_equal_content_gives_equal_bytes_whatever_the_input_order(tmp_path: Path) -> None:
    one = request_for(tmp_path / "one")
    two = request_for(tmp_path / "two", run="2")
    with duckdb.connect(str(two.warehouse)) as connection:
        for table in ("dim_account", "fct_assignment", "quarantined_row"):
            connection.execute(
                f"CREATE TEMP TABLE shuffled AS SELECT * FROM {table} ORDER BY hash(#1); "
                f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM shuffled; "
                "DROP TABLE shuffled"
            )
    digests = [
        {f.path: f.sha256 for f in publish_release(request).manifest.files}
        for request in (one, two)
    ]
    different = {path for path in digests[0] if digests[0][path] != digests[1][path]}
    assert different <= {"territory.duckdb", "parquet/meta_run.parquet"}
    assert "parquet/meta_run.parquet" in different


def test_parquet_of_many_row_groups_repeats_on_any_number_of_threads(tmp_path: Path) -> None:
    digests = set()
    for threads in (1, 4):
        request = request_for(tmp_path / str(threads))
        with duckdb.connect(str(request.warehouse)) as connection:
            connection.execute(
                "INSERT INTO dim_account (account_id, account_name, potential_usd) "
                "SELECT 'B' || i, 'name ' || (i % 977), i FROM range(250_000) AS r(i) "
                f"ORDER BY hash(i + {threads})"
            )
            connection.execute(f"SET threads = {threads}")
            digests.add(publish_release(request).manifest.table("dim_account").sha256)
    assert len(digests) == 1
    file = tmp_path / "1" / "published" / "parquet" / "dim_account.parquet"
    assert pq.ParquetFile(file).num_row_groups > 1


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("ALTER TABLE dim_rep ADD COLUMN hourly_cost_usd DOUBLE", "dim_rep.hourly_cost_usd is pay"),
        ("ALTER TABLE dim_rep ADD COLUMN Hourly_Cost_USD DOUBLE", "is pay data"),
        (
            "ALTER TABLE dim_account RENAME potential_usd TO potential",
            "dim_account.potential_usd is missing (did you mean 'potential'?)",
        ),
        ("DROP TABLE kpi_balance", "table kpi_balance is missing"),
        ("ALTER TABLE kpi_plan ALTER seed TYPE HUGEINT", "kpi_plan.seed has type HUGEINT"),
        ("ALTER TABLE dim_rep ADD COLUMN tags VARCHAR[]", "dim_rep.tags has type VARCHAR[]"),
        ("UPDATE kpi_plan SET workload_cv = 'nan'", "kpi_plan.workload_cv (1 rows)"),
        ("UPDATE fct_assignment SET plan_id = 'plan_old'", "rows of plan plan_old"),
        ("DROP TABLE int_territory__pay_cost", "int_territory__pay_cost is missing"),
    ],
)
def test_a_broken_contract_stops_publication(tmp_path: Path, statement: str, message: str) -> None:
    good = publish_release(request_for(tmp_path, "plan_good"))
    request = request_for(tmp_path, "plan_bad")
    with duckdb.connect(str(request.warehouse)) as connection:
        connection.execute(statement)
    with pytest.raises(GateError) as error:
        publish_release(request)
    assert message in str(error.value)
    assert current_release(tmp_path) == good
    assert {p.name for p in (tmp_path / "releases").iterdir()} == {"plan_good"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan_id": "../escape"}, "cannot name a release"),
        ({"tables": ("dim_acount",)}, "did you mean 'dim_account'"),
        ({"tables": ("dim_account",)}, "needed for the list of moves"),
        ({"keep_releases": 0}, "at least 1"),
        ({"restricted_tables": ("dim_rep",)}, "restricted"),
    ],
)
def test_a_wrong_request_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        publish_release(replace(request_for(tmp_path), **change))  # type: ignore[arg-type]
    assert not (tmp_path / "releases").exists()


def test_a_fence_that_raises_leaves_the_last_publication(tmp_path: Path) -> None:
    good = publish_release(request_for(tmp_path, sales=1))

    def lost() -> None:
        raise GateError("this run no longer holds its lock")

    with pytest.raises(GateError, match="no longer holds"):
        publish_release(request_for(tmp_path, sales=2), lost)
    assert current_release(tmp_path) == good
    assert damages(good.path, is_deep=True) == []
    assert [p.name for p in (tmp_path / "releases").iterdir()] == ["plan_a"]
    assert [p.name for p in (tmp_path / "restricted").iterdir()] == ["plan_a"]


def test_a_full_disk_is_told_and_leaves_the_last_publication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = publish_release(request_for(tmp_path, "plan_a"))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    request = request_for(tmp_path, "plan_b")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TerritoryError, match=r"No space left on device.*free space"):
        publish_release(request)
    assert current_release(tmp_path) == good
    assert [p.name for p in (tmp_path / "releases").iterdir()] == ["plan_a"]


def test_publishing_a_plan_again_mends_it_in_place(tmp_path: Path) -> None:
    first = publish_release(request_for(tmp_path, run="1"))
    (first.path / "parquet" / "kpi_plan.parquet").unlink()
    (first.path / "manifest.json").unlink()
    with pytest.raises(TerritoryError, match=r"manifest\.json.*missing.*publish again"):
        current_release(tmp_path)
    second = publish_release(request_for(tmp_path, run="2"))
    assert second.path == first.path
    assert damages(second.path, is_deep=True) == []
    assert read_manifest(tmp_path).run_id == "run_2"
    unchanged = [t.name for t in first.manifest.tables if t in second.manifest.tables]
    assert set(CONTRACT_TABLES) - set(unchanged) == {"meta_run"}


def test_where_folders_cannot_be_exchanged_a_revision_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.publish.swap.exchange", lambda one, other: False)
    names = [publish_release(request_for(tmp_path, keep=1)).path.name for _ in range(4)]
    # The release just replaced stays for its readers, so a name is free again after two turns.
    assert names == ["plan_a", "plan_a.r2", "plan_a.r3", "plan_a"]
    assert current_release(tmp_path).restricted_path.is_dir()
    assert damages((tmp_path / "published").resolve(), is_deep=True) == []


def test_nothing_published_yet(tmp_path: Path) -> None:
    assert current_release(tmp_path) is None
    with pytest.raises(TerritoryError, match="nothing was published"):
        read_manifest(tmp_path)


def test_a_folder_in_place_of_the_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    with pytest.raises(ConfigurationError, match="not a symbolic link"):
        publish_release(request_for(tmp_path))
