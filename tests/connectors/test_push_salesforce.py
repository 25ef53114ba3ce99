"""A plan is sent to Salesforce: exactly, once, and as if nothing had happened when taken back."""

import copy
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from company_records import write_project  # type: ignore[import-not-found]
from fake_salesforce import (  # type: ignore[import-not-found]
    CLIENT_ID,
    CLIENT_SECRET,
    FakeSalesforce,
    with_moments,
)
from protocol_server import Answer, Fault, ProtocolServer, serving  # type: ignore[import-not-found]

from pipelines.cli import territory
from pipelines.errors import ConfigurationError, GateError, InputError
from pipelines.ingest.connectors.guarded_http import GuardedSession, HttpLimits
from pipelines.ingest.connectors.salesforce import SalesforceAccess
from pipelines.lifecycle import PlanRecord, PlanStore
from pipelines.lifecycle.record import ASSIGNMENT_NAME
from pipelines.publish.manifest import file_sha256
from pipelines.stages.push import deliver, delivery_of, preview
from pipelines.writeback.journal import Journal
from pipelines.writeback.push import PushOutcome
from pipelines.writeback.salesforce import SalesforceWriter

TODAY = date(2026, 7, 1)
PLAN = "plan_a"


def _id(prefix: str, number: int) -> str:
    return f"{prefix}5e000000000{number}AAA"


A = [_id("001", number) for number in range(6)]
U = [_id("005", number) for number in range(4)]
T = [_id("0MI", number) for number in range(4)]
MODEL, NEXT_MODEL = _id("0MA", 0), _id("0MA", 1)

# Account: owner and territory before, owner in the plan. Territory k is that of user k.
BEFORE = [(0, 0), (0, 0), (1, 1), (1, None), (2, 3), (0, 0)]
WANTED: list[int | None] = [1, 0, 2, 1, 2, None]


def organisation() -> dict[str, list[dict[str, Any]]]:
    links = [(A[i], T[place]) for i, (_, place) in enumerate(BEFORE) if place is not None]
    records: dict[str, list[dict[str, Any]]] = {
        "Account": [
            {"Id": A[i], "Name": f"Account {i}", "OwnerId": U[owner], "IsDeleted": False}
            for i, (owner, _) in enumerate(BEFORE)
        ],
        "User": [{"Id": id_, "Name": f"User {i}", "IsActive": True} for i, id_ in enumerate(U)],
        # Territory 3 is none of the plan's; 0 is found by name, 1 and 2 by who works there.
        "Territory2": [
            {"Id": id_, "Name": f"T-{U[0]}" if i == 0 else f"Area {i}", "DeveloperName": f"A{i}",
             "Territory2ModelId": MODEL}
            for i, id_ in enumerate(T)
        ],
        "Territory2Model": [
            {"Id": MODEL, "Name": "Sales 2026", "DeveloperName": "Sales_2026", "State": "Active"},
        ],
        "ObjectTerritory2Association": [
            {"Id": _id("0MT", i), "ObjectId": account, "Territory2Id": place,
             "AssociationCause": "Territory2Manual", "IsDeleted": False}
            for i, (account, place) in enumerate(links)
        ] + [
            # Made by a rule of the organisation: neither ours to delete nor to count.
            {"Id": _id("0MT", 9), "ObjectId": A[0], "Territory2Id": T[2],
             "AssociationCause": "Territory2AssignmentRule", "IsDeleted": False}
        ],
        "UserTerritory2Association": [
            {"Id": _id("0MU", i), "UserId": U[i], "Territory2Id": T[i]} for i in (1, 2)
        ],
    }  # fmt: skip
    return {name: with_moments(rows) for name, rows in records.items()}


def standing(application: FakeSalesforce) -> dict[str, Any]:
    """What stands in the organisation, without the ids of associations."""
    there = {
        name: [row for row in rows if not row.get("IsDeleted")]
        for name, rows in application.records.items()
    }
    return {
        "owners": {row["Id"]: row["OwnerId"] for row in there["Account"]},
        "objects": sorted(
            (row["ObjectId"], row["Territory2Id"], row["AssociationCause"])
            for row in there["ObjectTerritory2Association"]
        ),
        "users": sorted(
            (row["UserId"], row["Territory2Id"]) for row in there["UserTerritory2Association"]
        ),
    }


def approved_state() -> dict[str, Any]:
    manual = "Territory2Manual"
    return {
        # The last account has no owner in the plan; Salesforce needs one, so it keeps its own.
        "owners": dict(zip(A, [U[1], U[0], U[2], U[1], U[2], U[0]], strict=True)),
        "objects": sorted(
            [
                (A[0], T[1], manual), (A[0], T[2], "Territory2AssignmentRule"),
                (A[1], T[0], manual), (A[2], T[2], manual), (A[3], T[1], manual),
                (A[4], T[2], manual),
                (A[4], T[3], manual), (A[5], T[0], manual),
            ]
        ),
        "users": sorted([(U[0], T[0]), (U[1], T[1]), (U[2], T[2])]),
    }  # fmt: skip


ROWS = 9  # 2 owners, 4 + 1 associations made, 2 deleted


@pytest.fixture
def application() -> FakeSalesforce:
    return FakeSalesforce(organisation())


@pytest.fixture
def server(application: FakeSalesforce) -> Iterator[ProtocolServer]:
    with serving(application) as running:
        yield running


@pytest.fixture
def crm(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> SalesforceWriter:
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET)
    return open_writer(server)


def open_writer(server: ProtocolServer, **settings: Any) -> SalesforceWriter:
    session = GuardedSession(HttpLimits(attempts=2, first_wait_seconds=0), sleep=no_pause)
    access = SalesforceAccess(server.url, "61.0", "SALESFORCE", bulk_rows=20_000, **settings)
    writer = SalesforceWriter(access, session, sleep=no_pause)
    writer.batch_rows = 2  # so that every step has several requests
    return writer


def no_pause(_seconds: float) -> None:
    return None


def store_with_plan(
    folder: Path, state: str = "approved", **further: list[str | None]
) -> PlanStore:
    folder.mkdir(exist_ok=True)
    store = PlanStore(folder, clock=lambda: datetime(2026, 7, 1, 8, tzinfo=UTC))
    path = folder / "assignment.parquet"
    reps = [None if rep is None else U[rep] for rep in WANTED]
    pl.DataFrame(
        {
            "account_id": A,
            "territory_id": [f"T-{rep}" if rep else "UNASSIGNED" for rep in reps],
            "territory_name": [None] * len(A),
            "rep_id": reps,
            "previous_rep_id": [U[owner] for owner, _ in BEFORE],
        }
        | further,
        schema_overrides={"territory_name": pl.String},
    ).write_parquet(path)
    record = PlanRecord(
        plan_id=PLAN, run_id="run_1", company="Small", scenario="default",
        as_of=date(2026, 6, 30), code_version="1", seed=7, input_digest="i", settings_digest="s",
        policy_digest="p", inputs=(), figures={}, account_count=len(A),
        assignment_digest=file_sha256(path),
    )  # fmt: skip
    store.keep(record, {ASSIGNMENT_NAME: path}, is_draft=state == "draft")
    if state == "approved":
        store.act("approve", PLAN, by="vp", why="balanced")
    return store


def send(store: PlanStore, crm: SalesforceWriter, *, is_rollback: bool = False) -> PushOutcome:
    delivery = delivery_of(store, PLAN, crm, day=TODAY, is_rollback=is_rollback)
    return deliver(
        store, PLAN, crm, delivery, by="ops", why="x", is_rollback=is_rollback, sleep=no_pause
    )


@pytest.mark.parametrize("state", ["draft", "proposed"])
def test_nothing_is_sent_for_a_plan_nobody_approved(
    tmp_path: Path, crm: SalesforceWriter, server: ProtocolServer, state: str
) -> None:
    store = store_with_plan(tmp_path, state)
    with pytest.raises(GateError, match=f"plan_a is {state}, so nothing is sent"):
        send(store, crm)
    assert server.requests == []


def test_nothing_is_sent_if_the_approval_is_taken_back_before_the_first_row(
    tmp_path: Path, crm: SalesforceWriter, application: FakeSalesforce
) -> None:
    store = store_with_plan(tmp_path)
    delivery = delivery_of(store, PLAN, crm, day=TODAY)
    store.act("withdraw", PLAN, by="vp", why="wait")
    with pytest.raises(GateError, match="plan_a is draft"):
        deliver(store, PLAN, crm, delivery, by="ops", why="x")
    assert application.writes.rows_written == 0


def test_a_preview_counts_and_changes_nothing(
    tmp_path: Path, crm: SalesforceWriter, application: FakeSalesforce
) -> None:
    store = store_with_plan(tmp_path)
    application.records["Account"][0]["OwnerId"] = U[3]
    application.records["Account"][1]["IsDeleted"] = True
    found = preview(crm, delivery_of(store, PLAN, crm, day=TODAY))
    assert found.counts() == {
        ("account_owner", "update"): 2,
        ("object_territory", "delete"): 2,
        ("object_territory", "insert"): 4,
        ("user_territory", "insert"): 1,
    }
    assert found.conflicts == [A[0]], "somebody gave it to a fourth user meanwhile"
    assert found.missing == [A[1]]
    assert [(item.subject_id, item.reason) for item in found.unresolved] == [
        (A[5], "has no owner in the plan, and needs one")
    ]
    assert application.writes.rows_written == 0


def test_owners_by_the_rebalanced_plan_or_by_the_source_are_no_conflict(
    tmp_path: Path, crm: SalesforceWriter, application: FakeSalesforce
) -> None:
    source: list[str | None] = [U[3], U[0], U[3], U[1], U[2], U[0]]
    store = store_with_plan(tmp_path, source_rep_id=source, rep_name=["Ana"] * len(A))
    application.records["Account"][0]["OwnerId"] = U[3]
    application.records["Account"][3]["OwnerId"] = U[3]
    delivery = delivery_of(store, PLAN, crm, day=TODAY)
    assert preview(crm, delivery).conflicts == [A[3]]
    assert delivery.names[U[1]] == "Ana"


def test_a_push_is_exact_does_nothing_twice_and_is_taken_back(
    tmp_path: Path, crm: SalesforceWriter, application: FakeSalesforce
) -> None:
    before = standing(application)
    store = store_with_plan(tmp_path)
    outcome = send(store, crm)
    assert standing(application) == approved_state()
    assert (len(outcome.done), outcome.left) == (application.writes.rows_written, [])
    rows = application.writes.rows_written
    assert send(store, crm).results == {}
    assert application.writes.rows_written == rows
    assert send(store, crm, is_rollback=True).left == []
    assert standing(application) == before
    assert not Journal(store.folder / PLAN).is_open()
    with pytest.raises(GateError, match="nothing to undo"):
        send(store, crm, is_rollback=True)
    acts = [(act.verb, act.details.get("rows_failed")) for act in store.acts(PLAN)]
    assert acts[2:] == [("push", 0), ("push", 0), ("roll_back", 0)]


@pytest.mark.parametrize("settings", [{}, {"bulk_write_rows": 1}], ids=["requests", "jobs"])
def test_interrupted_at_any_row_and_repeated_it_ends_in_the_approved_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, int]
) -> None:
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET)
    untouched = standing(FakeSalesforce(organisation()))
    for is_rollback in (False, True):
        row = 0
        while True:
            row += 1
            application = FakeSalesforce(copy.deepcopy(organisation()))
            folder = tmp_path / f"{is_rollback}{row}"
            store = store_with_plan(folder)
            with serving(application) as server:
                if is_rollback:
                    send(store, open_writer(server, **settings))
                written = application.writes.rows_written
                application.writes.rows_until_death = row
                try:
                    send(store, open_writer(server, **settings), is_rollback=is_rollback)
                except InputError:
                    assert application.writes.rows_written == written + row
                    application.writes.rows_until_death = None
                    send(store, open_writer(server, **settings), is_rollback=is_rollback)
                else:
                    break
                # Every row was written once, although its answer never came.
                assert application.writes.rows_written == written + ROWS
                wanted = untouched if is_rollback else approved_state()
                assert standing(application) == wanted, row
                if not is_rollback and row % 4 == 1:
                    send(store, open_writer(server, **settings), is_rollback=True)
                    assert standing(application) == untouched, row
        assert row == ROWS + 1


def test_a_row_that_fails_for_a_moment_is_tried_again_one_that_stays_bad_is_named(
    tmp_path: Path, crm: SalesforceWriter, application: FakeSalesforce
) -> None:
    store = store_with_plan(tmp_path)
    application.writes.refusals = {A[0]: ["UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW"]}
    application.records["User"][2]["IsActive"] = False
    outcome = send(store, crm)
    failed = [(row.change.kind, row.change.subject_id, row.code) for row in outcome.failed]
    assert failed == [("account_owner", A[2], "INACTIVE_OWNER_OR_USER")]
    owners = standing(application)["owners"]
    assert (owners[A[0]], owners[A[2]], owners[A[3]]) == (U[1], U[1], U[1])
    application.records["User"][2]["IsActive"] = True
    assert send(store, crm).left == []
    assert standing(application) == approved_state()


def test_a_large_push_goes_as_jobs_with_a_result_for_every_row(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    store = store_with_plan(tmp_path)
    application.writes.refusals = {A[0]: ["UNABLE_TO_LOCK_ROW"]}
    application.records["User"][2]["IsActive"] = False
    outcome = send(store, open_writer(server, bulk_write_rows=3))
    failed = [(row.change.kind, row.change.subject_id, row.code) for row in outcome.failed]
    assert failed == [("account_owner", A[2], "INACTIVE_OWNER_OR_USER")]
    assert "owner is not active" in outcome.failed[0].message
    jobs = [
        (job.operation, job.object, len(job.rows)) for job in application.writes.jobs.jobs.values()
    ]
    assert jobs == [("insert", "ObjectTerritory2Association", 4)], "fewer rows go by request"
    assert standing(application)["owners"][A[0]] == U[1]
    application.records["User"][2]["IsActive"] = True
    assert send(store, crm).left == []
    assert standing(application) == approved_state()


def test_rows_that_a_failed_job_did_not_come_to_are_sent_again(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    application.writes.jobs.fails_after = 1
    outcome = send(store_with_plan(tmp_path), open_writer(server, bulk_write_rows=1))
    assert standing(application) == approved_state()
    assert (len(outcome.done), outcome.left) == (ROWS, [])


def test_a_job_that_goes_on_after_its_push_died_is_waited_for(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    store = store_with_plan(tmp_path)
    server.faults.append(Fault(r"GET .*/ingest/\w+\?", "status", None, Answer(b"[]", 400)))
    with pytest.raises(InputError):
        send(store, open_writer(server, bulk_write_rows=1))
    journal = Journal(store.folder / PLAN)
    assert len(journal.open_jobs()) == 1
    (job,) = application.writes.jobs.jobs.values()
    assert (job.state, job.results) == ("UploadComplete", [])
    server.faults.clear()
    assert send(store, open_writer(server, bulk_write_rows=1)).left == []
    assert len(job.results) == len(job.rows) > 0, "the job ended before anything was compared"
    assert application.writes.rows_written == ROWS
    assert standing(application) == approved_state()
    assert journal.open_jobs() == []


def test_a_job_that_never_got_its_rows_is_ended_and_one_that_is_forgotten_is_no_trouble(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    store = store_with_plan(tmp_path)
    server.faults.append(Fault(r"PUT .*/batches", "status", None, Answer(b"[]", 400)))
    with pytest.raises(InputError):
        send(store, open_writer(server, bulk_write_rows=1))
    server.faults.clear()
    Journal(store.folder / PLAN).started("7505e0000000999AAA")
    assert send(store, open_writer(server, bulk_write_rows=1)).left == []
    states = [job.state for job in application.writes.jobs.jobs.values()]
    assert states[0] == "Aborted"
    assert set(states[1:]) == {"JobComplete"}
    assert standing(application) == approved_state()


def test_only_accounts_of_the_plan_are_read_and_later_only_those_that_changed(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    others = [
        {"Id": f"0015e0000{number:06}BBB", "Name": "x", "OwnerId": U[3], "IsDeleted": False}
        for number in range(50)
    ]
    application.records["Account"] += with_moments(others)
    send(store_with_plan(tmp_path), crm)
    asked = [
        request.query["q"][0]
        for request in server.requests
        if request.path.endswith("queryAll/") and " FROM Account " in request.query["q"][0]
    ]
    named = [
        sorted(query.split("(")[1].rstrip(")").replace("'", "").split(", ")) for query in asked
    ]
    # The one without owner in the plan is not asked for, and then only what was sent.
    assert named == [A[:5], [A[0], *A[2:5]]]


def test_a_model_is_named_where_the_organisation_has_several(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    copies = [
        {**row, "Id": row["Id"].replace("0MI", "0MJ"), "Territory2ModelId": NEXT_MODEL}
        for row in application.records["Territory2"]
    ]
    application.records["Territory2"] += copies
    models = [
        {
            "Id": NEXT_MODEL,
            "Name": "Sales 2027",
            "DeveloperName": "Sales_2027",
            "State": "Planning",
        },
        {"Id": _id("0MA", 2), "Name": "Old", "DeveloperName": "Old", "State": "Archived"},
    ]
    application.records["Territory2Model"] += with_moments(models)
    store = store_with_plan(tmp_path)
    for wanted, message in (
        (None, "several territory models: Sales_2026 \\(Active\\); Sales_2027 \\(Planning\\)"),
        ("Sales_2028", "no territory model 'Sales_2028' .did you mean"),
        ("old", "Old \\(Archived\\): nothing can be written"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            send(store, open_writer(server, territory2_model=wanted))
    assert application.writes.rows_written == 0
    send(store, open_writer(server, territory2_model="sales 2026"))
    assert standing(application) == approved_state()
    # Nobody works in the other model yet, so only the one territory called like ours is known.
    send(store, open_writer(server, territory2_model=NEXT_MODEL))
    there = standing(application)
    assert set(approved_state()["objects"]) <= set(there["objects"])
    added = set(there["objects"]) - set(approved_state()["objects"])
    assert added == {(A[1], T[0].replace("0MI", "0MJ"), "Territory2Manual")}


def test_the_command_sends_only_with_yes(
    tmp_path: Path, server: ProtocolServer, application: FakeSalesforce, crm: SalesforceWriter
) -> None:
    config = write_project(tmp_path, tmp_path, {"type": "salesforce", "login_url": server.url})
    store_with_plan(tmp_path / "data")
    command = ["push", PLAN, "--config", str(config), "--results", str(tmp_path / "rows.csv")]
    shown = CliRunner().invoke(territory, command, catch_exceptions=False)
    assert "Changes      2 owners changed" in shown.output
    assert f"Affected     {U[2]}: gains 1, loses 0 accounts" in shown.output
    assert "Nothing was sent. Send it with --yes." in shown.output
    assert application.writes.rows_written == 0
    sent = CliRunner().invoke(territory, [*command, "--yes", "--by", "=Ana"])
    assert sent.exit_code == 0, sent.output
    assert standing(application) == approved_state()
    rows = pl.read_csv(tmp_path / "rows.csv")
    assert rows["outcome"].to_list() == ["done"] * ROWS
    withdrawn = ["plan", "withdraw", PLAN, "--why", "x", "--config", str(config)]
    refused = CliRunner().invoke(territory, withdrawn)
    assert isinstance(refused.exception, GateError)
    assert "take that back first" in str(refused.exception)


def test_a_dated_move_waits(tmp_path: Path, crm: SalesforceWriter) -> None:
    store = store_with_plan(tmp_path)
    details = {"dated_moves": {A[0]: "2026-08-01"}}
    store.act("make_effective", PLAN, by="o", why="x", effective_date=TODAY, details=details)
    counts = [
        preview(crm, delivery_of(store, PLAN, crm, day=day)).counts()["account_owner", "update"]
        for day in (TODAY, date(2026, 8, 1))
    ]
    assert counts == [1, 2]
