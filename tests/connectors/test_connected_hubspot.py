"""A project on HubSpot: loaded, loaded again, changed and planned, over real HTTP."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from company_records import (  # type: ignore[import-not-found]
    hubspot_records,
    make_company,
    moment,
    write_project,
)
from fake_hubspot import TOKEN, FakeHubSpot  # type: ignore[import-not-found]
from protocol_server import ProtocolServer, serving  # type: ignore[import-not-found]

from pipelines.settings.loader import load_settings
from pipelines.stages.ingest import ingest
from tests.end_to_end.whole_run import territory


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = tmp_path_factory.mktemp("company") / "files"
    return make_company(files, accounts=60, reps=4)  # type: ignore[no-any-return]


@pytest.fixture
def account(company: Path) -> FakeHubSpot:
    return FakeHubSpot(hubspot_records(company))


@pytest.fixture
def server(account: FakeHubSpot) -> Iterator[ProtocolServer]:
    with serving(account) as running:
        yield running


@pytest.fixture
def project(
    server: ProtocolServer, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    connector = {"type": "hubspot", "base_url": server.url}
    return write_project(tmp_path, company, connector, "hubspot")  # type: ignore[no-any-return]


def load(project: Path) -> tuple[str, duckdb.DuckDBPyConnection]:
    """One ingest; the digest of its input and the raw tables."""
    settings = load_settings(project)
    context, _ = ingest(settings, today=date(2026, 12, 31))
    path = settings.data_dir / "working" / "warehouse.duckdb"
    return context.input_digest, duckdb.connect(str(path), read_only=True)


def test_loading_again_and_after_changes(project: Path, account: FakeHubSpot) -> None:
    kept = account.objects["companies"][8]
    before, now = account.owners[1]["id"], account.owners[2]["id"]
    kept["properties"]["hubspot_owner_id"] = now
    kept["past"] = {"hubspot_owner_id": [(before, moment(-86_400)), (now, moment(-60))]}
    digest, raw = load(project)
    with raw:
        # What HubSpot knows of earlier owners, from before the first load.
        assert raw.execute(
            "SELECT value, valid_to_at IS NULL, is_start_known FROM record_history"
            " WHERE field_name = 'owner_rep_id' AND record_id = ? ORDER BY valid_from_at",
            [kept["id"]],
        ).fetchall() == [(before, False, False), (now, True, True)]
        roles = raw.sql("SELECT DISTINCT source_file FROM meta_load WHERE file_role = 'history'")
        assert {name for (name,) in roles.fetchall()} == {
            "company_property_history.parquet",
            "deal_property_history.parquet",
        }
        assert raw.sql("SELECT count(*) FROM raw_crm__account").fetchone() == (60,)
        won = [d for d in account.objects["deals"] if d["properties"]["dealstage"] == "closedwon"]
        assert raw.sql(
            "SELECT count(*) FROM raw_crm__opportunity"
            " WHERE status = 'won' AND stage = 'Closed Won'"
        ).fetchone() == (len(won),)
        assert raw.sql(
            "SELECT count(*) FROM raw_crm__opportunity WHERE account_id IS NULL"
        ).fetchone() == (0,)
        regions = raw.sql("SELECT count(*) FROM raw_crm__rep WHERE region IS NULL").fetchone()
        assert regions == (0,)
        kinds = raw.sql("SELECT DISTINCT activity_type FROM raw_crm__activity ORDER BY 1")
        assert kinds.fetchall() == [("call",), ("meeting",)]
        lost = raw.sql("SELECT sum(rows_quarantined + rows_duplicate) FROM meta_load").fetchone()
        assert lost == (0,)

    again, raw = load(project)
    raw.close()
    assert again == digest

    gone, moved = account.objects["companies"][5], account.objects["companies"][6]
    gone |= {"archived": True, "archivedAt": moment(90_000)}
    moved["properties"] |= {
        "hubspot_owner_id": account.owners[0]["id"],
        "hs_lastmodifieddate": moment(90_001),
    }
    changed, raw = load(project)
    with raw:
        assert changed != digest
        assert raw.execute(
            "SELECT account_id, owner_rep_id FROM raw_crm__account WHERE account_id IN (?, ?)",
            [gone["id"], moved["id"]],
        ).fetchall() == [(moved["id"], account.owners[0]["id"])]


def test_a_whole_run_plans_the_company(project: Path, tmp_path: Path) -> None:
    done = territory("run", "--config", project, dagster_home=tmp_path / "home")
    assert done.exit_code == 0, done.errors
    path = project.parent / "data" / "published" / "territory.duckdb"
    with duckdb.connect(str(path), read_only=True) as published:
        assert published.sql("SELECT count(*) FROM fct_assignment").fetchone() == (60,)
    assert TOKEN not in done.output + done.errors
