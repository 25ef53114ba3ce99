"""A plan is sent to HubSpot: the owners of companies, in batches some rows of which may fail."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fake_hubspot import TOKEN, FakeHubSpot  # type: ignore[import-not-found]
from protocol_server import ProtocolServer, serving  # type: ignore[import-not-found]

from pipelines.errors import InputError
from pipelines.ingest.connectors.guarded_http import GuardedSession, HttpLimits
from pipelines.lifecycle import PlanRecord, PlanStore
from pipelines.lifecycle.record import ASSIGNMENT_NAME
from pipelines.publish.manifest import file_sha256
from pipelines.stages.push import deliver, delivery_of
from pipelines.writeback.hubspot import HubSpotWriter
from pipelines.writeback.push import PushOutcome

PLAN = "plan_a"
BEFORE = {"900": "51", "901": "51", "902": "52", "903": None, "904": "51"}
WANTED = {"900": "52", "901": "51", "902": "51", "903": "52", "904": None}
ROWS = 4


def account() -> FakeHubSpot:
    companies = [
        {
            "id": id_,
            "archived": False,
            "properties": {
                "hubspot_owner_id": owner,
                "hs_lastmodifieddate": "2026-06-30T00:00:00.000Z",
            },
        }
        for id_, owner in BEFORE.items()
    ]
    owners = [{"id": id_, "archived": False} for id_ in ("51", "52")]
    world = {
        "objects": {"companies": companies}, "associations": {}, "owners": owners, "stages": []
    }  # fmt: skip
    return FakeHubSpot(world)


def owners_in(application: FakeHubSpot) -> dict[str, Any]:
    companies = application.objects["companies"]
    return {item["id"]: item["properties"]["hubspot_owner_id"] for item in companies}


def writer(server: ProtocolServer) -> HubSpotWriter:
    limits = HttpLimits(attempts=2, first_wait_seconds=0)
    made = HubSpotWriter(server.url, "HUBSPOT", GuardedSession(limits, sleep=no_pause))
    made.batch_rows = 2
    return made


def no_pause(_seconds: float) -> None:
    return None


def approved(folder: Path) -> PlanStore:
    folder.mkdir()
    store = PlanStore(folder, clock=lambda: datetime(2026, 7, 1, 8, tzinfo=UTC))
    path = folder / "assignment.parquet"
    columns = {
        "account_id": list(WANTED),
        "rep_id": list(WANTED.values()),
        "previous_rep_id": list(BEFORE.values()),
    }
    pl.DataFrame(columns).write_parquet(path)
    record = PlanRecord(
        plan_id=PLAN, run_id="run_1", company="Small", scenario="default",
        as_of=date(2026, 6, 30), code_version="1", seed=7, input_digest="i", settings_digest="s",
        policy_digest="p", inputs=(), figures={}, account_count=5,
        assignment_digest=file_sha256(path),
    )  # fmt: skip
    store.keep(record, {ASSIGNMENT_NAME: path})
    store.act("approve", PLAN, by="vp", why="balanced")
    return store


def send(store: PlanStore, server: ProtocolServer, *, is_rollback: bool = False) -> PushOutcome:
    crm, day = writer(server), date(2026, 7, 1)
    delivery = delivery_of(store, PLAN, crm, day=day, is_rollback=is_rollback)
    return deliver(
        store, PLAN, crm, delivery, by="ops", why="x", is_rollback=is_rollback, sleep=no_pause
    )


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)


def test_interrupted_at_any_row_and_repeated_it_ends_in_the_approved_state(tmp_path: Path) -> None:
    for row in range(1, ROWS + 1):
        application = account()
        store = approved(tmp_path / str(row))
        with serving(application) as server:
            application.rows_until_death = row
            with pytest.raises(InputError, match="cannot be reached or closed"):
                send(store, server)
            application.rows_until_death = None
            assert send(store, server).left == []
            assert owners_in(application) == WANTED
            assert application.rows_written == ROWS
            send(store, server, is_rollback=True)
            assert owners_in(application) == BEFORE


def test_rows_that_fail_are_named_and_the_others_arrive(tmp_path: Path) -> None:
    application = account()
    store = approved(tmp_path / "data")
    application.owners[1]["archived"] = True
    with serving(application) as server:
        outcome = send(store, server)
    failed = [(row.change.subject_id, row.code, row.message) for row in outcome.failed]
    reason = ("VALIDATION_ERROR", "owner is not valid")
    assert failed == [("900", *reason), ("903", *reason)]
    assert owners_in(application) == BEFORE | {"902": "51", "904": None}
