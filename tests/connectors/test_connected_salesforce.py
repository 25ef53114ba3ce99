"""A project on Salesforce: loaded, loaded again, changed, checked and planned, over real HTTP."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from company_records import (  # type: ignore[import-not-found]
    make_company,
    salesforce_records,
    write_project,
)
from fake_salesforce import (  # type: ignore[import-not-found]
    CLIENT_ID,
    CLIENT_SECRET,
    FakeSalesforce,
    with_moments,
)
from protocol_server import ProtocolServer, serving  # type: ignore[import-not-found]

from pipelines.errors import InputError
from pipelines.lifecycle import PlanStore
from pipelines.settings.loader import load_settings
from pipelines.stages.check import landed_before
from pipelines.stages.connections import current_sources
from pipelines.stages.ingest import ingest
from pipelines.stages.reproduce import reproduce_plan
from tests.end_to_end.whole_run import territory


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_company(tmp_path_factory.mktemp("company") / "files")  # type: ignore[no-any-return]


@pytest.fixture
def organisation(company: Path) -> FakeSalesforce:
    records = salesforce_records(company)
    return FakeSalesforce(
        {name: with_moments(rows) for name, rows in records.items()}, page_rows=1000
    )


@pytest.fixture
def server(organisation: FakeSalesforce) -> Iterator[ProtocolServer]:
    with serving(organisation) as running:
        yield running


@pytest.fixture
def project(
    server: ProtocolServer, company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET)
    connector = {
        "type": "salesforce",
        "login_url": server.url,
        "bulk_rows": 500,
        "poll_seconds": 0.05,
    }
    return write_project(tmp_path, company, connector)  # type: ignore[no-any-return]


def load(project: Path) -> tuple[str, duckdb.DuckDBPyConnection]:
    """One ingest; the digest of its input and the raw tables."""
    settings = load_settings(project)
    context, _ = ingest(settings, today=date(2026, 12, 31))
    path = settings.data_dir / "working" / "warehouse.duckdb"
    return context.input_digest, duckdb.connect(str(path), read_only=True)


def test_loading_again_and_after_changes(
    project: Path, organisation: FakeSalesforce, server: ProtocolServer
) -> None:
    digest, raw = load(project)
    with raw:
        assert raw.sql("SELECT count(*) FROM raw_crm__account").fetchone() == (150,)
        persons = len(organisation.records["User"]) - 1
        assert raw.sql("SELECT count(*) FROM raw_crm__rep").fetchone() == (persons,)
        assert raw.sql(
            "SELECT source_file, excluded_by_json FROM meta_load WHERE rows_excluded > 0"
            " AND source_table = 'raw_crm__rep'"
        ).fetchall() == [("User.parquet", '{"not_a_person": 1}')]
        statuses = raw.sql(
            "SELECT status, count(*) > 0 FROM raw_crm__opportunity GROUP BY 1 ORDER BY 1"
        ).fetchall()
        assert statuses == [("lost", True), ("open", True), ("won", True)]
        lost = raw.sql("SELECT sum(rows_quarantined + rows_duplicate) FROM meta_load").fetchone()
        assert lost == (0,)
        hours = raw.sql("SELECT max(duration_hours::DOUBLE) FROM raw_crm__activity").fetchone()
        assert hours is not None
        assert 0 < hours[0] < 24
    assert server.made("jobs/query/.*/results") > 0, "nothing came through Bulk API 2.0"
    landed = project.parent / "data" / "landed" / "crm" / "current"
    territory = duckdb.sql(f"FROM '{landed}/ObjectTerritory2Association.parquet'").fetchall()
    assert len(territory) == 1

    again, raw = load(project)
    raw.close()
    assert again == digest

    # A check reads what has landed and asks nobody.
    apart = landed_before(load_settings(project))
    assert apart["connectors"] == {}
    assert apart["sources"]["crm"].path == landed

    rows: list[dict[str, Any]] = organisation.records["Account"]
    gone, moved = rows[10], rows[11]
    gone |= {"IsDeleted": True, "SystemModstamp": "2026-06-02T09:00:00.000Z"}
    moved |= {
        "OwnerId": next(
            user["Id"] for user in organisation.records["User"] if user["Id"] != moved["OwnerId"]
        ),
        "SystemModstamp": "2026-06-02T09:00:01.000Z",
    }
    rows.append(
        rows[12] | {"Id": "0015e000000newwAAA", "SystemModstamp": "2026-06-02T09:00:02.000Z"}
    )
    changed, raw = load(project)
    with raw:
        assert changed != digest
        found = dict(
            raw.execute(
                "SELECT account_id, owner_rep_id FROM raw_crm__account"
                " WHERE account_id IN (?, ?, '0015e000000newwAAA')",
                [gone["Id"], moved["Id"]],
            ).fetchall()
        )
        assert found == {moved["Id"]: moved["OwnerId"], "0015e000000newwAAA": rows[12]["OwnerId"]}
        assert raw.sql(
            "SELECT excluded_by_json FROM meta_load WHERE source_table = 'raw_crm__account'"
        ).fetchall() == [('{"soft_deleted": 1}',)]
        history = raw.execute(
            "SELECT record_id, value, valid_to_at IS NULL, is_start_known FROM record_history"
            " WHERE field_name = 'owner_rep_id' AND record_id IN (?, ?) ORDER BY 1, valid_from_at",
            [gone["Id"], moved["Id"]],
        ).fetchall()
        assert [row[2:] for row in history] == [(False, False), (False, False), (True, True)]
        assert history[2][:2] == (moved["Id"], moved["OwnerId"])
        since = raw.execute(
            "SELECT owner_since_date FROM raw_crm__account WHERE account_id = ?", [moved["Id"]]
        ).fetchone()
        assert since == ("2026-06-02",)


def test_a_dry_run_tells_what_is_there_and_loads_nothing(project: Path, tmp_path: Path) -> None:
    looked = territory(
        "check", "--config", project, "--source", "crm", dagster_home=tmp_path / "home"
    )
    assert looked.exit_code == 0, looked.errors
    assert "OpportunityLineItem" in looked.output
    assert "Nothing was loaded" in looked.output
    # Of two possible columns one is there, and what may be missing is not missed.
    assert not [name for name in ("StateCode", "_fivetran") if name in looked.output]
    assert not (project.parent / "data" / "landed").exists()
    wrong = territory(
        *("check", "--config", project, "--source", "crm"),
        dagster_home=tmp_path / "home",
        SALESFORCE_CLIENT_SECRET="a-wrong-secret",
    )
    assert wrong.exit_code == 2
    assert "invalid client credentials" in wrong.errors
    assert "a-wrong-secret" not in wrong.output + wrong.errors
    unknown = territory(
        "check", "--config", project, "--source", "crn", dagster_home=tmp_path / "home"
    )
    assert unknown.exit_code == 2
    assert "did you mean 'crm'?" in unknown.errors


def test_a_whole_run_plans_the_company(
    project: Path, organisation: FakeSalesforce, server: ProtocolServer, tmp_path: Path
) -> None:
    organisation.answers_per_token = 7
    done = territory("run", "--config", project, dagster_home=tmp_path / "home")
    assert done.exit_code == 0, done.errors
    assert server.made("oauth2/token") > 1
    with duckdb.connect(
        str(project.parent / "data" / "published" / "territory.duckdb"), read_only=True
    ) as published:
        assert published.sql("SELECT count(*) FROM fct_assignment").fetchone() == (150,)
        active = sum(bool(user["IsActive"]) for user in organisation.records["User"])
        owners = published.sql("SELECT count(DISTINCT rep_id) FROM fct_assignment").fetchone()
        assert owners == (active,)
    everything = done.output + done.errors
    logged = "".join(
        path.read_text(errors="replace") for path in (project.parent / "data").rglob("*.log")
    )
    for text in (everything, logged):
        assert CLIENT_SECRET not in text
        assert "session-" not in text
    kept = [path for top in (project.parent / "data", tmp_path / "home") for path in top.rglob("*")]
    assert len(kept) > 50
    assert not [
        path for path in kept if path.is_file() and CLIENT_SECRET.encode() in path.read_bytes()
    ]
    _check_reproduced(project, organisation, tmp_path)


def _check_reproduced(project: Path, organisation: FakeSalesforce, tmp_path: Path) -> None:
    """The plan is made again from its record, whatever has landed since."""
    settings = load_settings(project)
    store = PlanStore(settings.data_dir)
    (plan_id,) = store.plan_ids()
    linked = store.folder / plan_id / "landed" / "crm" / "current" / "Account.parquet"
    now = settings.landed_dir / "crm" / "current" / "Account.parquet"
    assert linked.samefile(now), "takes no room while nothing new has landed"
    for row in organisation.records["Account"][:40]:
        row |= {"OwnerId": "0055e000000gone1AAA", "SystemModstamp": "2026-06-02T09:00:00.000Z"}
    current_sources(settings)
    assert not linked.samefile(now)
    again = territory("plan", "reproduce", plan_id, "--config", project, dagster_home=tmp_path)
    assert again.exit_code == 0, again.errors
    assert f"{plan_id} is reproduced: all 150 accounts have the rep they had." in again.output
    shutil.rmtree(linked.parents[2])
    with pytest.raises(InputError, match=r"Account\.parquet .*differs.*retention\.landed_inputs"):
        reproduce_plan(settings, store, plan_id)
