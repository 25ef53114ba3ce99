"""Salesforce over real HTTP: what is read, and what every documented fault leads to."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fake_salesforce import (  # type: ignore[import-not-found]
    CLIENT_ID,
    CLIENT_SECRET,
    FakeSalesforce,
    with_moments,
)
from protocol_server import (  # type: ignore[import-not-found]
    Answer,
    Fault,
    ProtocolServer,
    json_answer,
    serving,
)

from pipelines.errors import ConfigurationError, InputError, TerritoryError
from pipelines.ingest.connectors.protocol import Table
from pipelines.ingest.connectors.salesforce import SalesforceTables
from pipelines.settings.connectors import SalesforceSettings
from pipelines.stages.connections import open_connector

ACCOUNT = Table("Account", ("Id",), "SystemModstamp", "IsDeleted")
COLUMNS = ("Id", "Name", "AnnualRevenue", "IsDeleted", "SystemModstamp")
FAST = {"first_wait_seconds": 0.01, "timeout_seconds": 1, "poll_seconds": 0.01}


def accounts(count: int) -> list[dict[str, Any]]:
    return with_moments(
        {
            "Id": f"0015500000Xy{i:03}AAB",
            "Name": f"Acme, “{i}”\nand sons",
            "AnnualRevenue": 1000.0 * i or None,
            "IsDeleted": i % 3 == 0,
        }
        for i in range(count)
    )


@pytest.fixture
def organisation() -> FakeSalesforce:
    return FakeSalesforce({"Account": accounts(10)}, page_rows=4)


@pytest.fixture
def server(
    organisation: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ProtocolServer]:
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", CLIENT_SECRET)
    with serving(organisation) as running:
        yield running


def connect(server: ProtocolServer, **options: Any) -> SalesforceTables:
    settings = {"type": "salesforce", "login_url": server.url} | FAST | options
    connector = open_connector(SalesforceSettings(**settings))
    assert isinstance(connector, SalesforceTables)
    return connector


def read(connector: SalesforceTables, since: str | None = None) -> list[dict[str, Any]]:
    batches = list(connector.read(ACCOUNT, COLUMNS, since))
    return pa.Table.from_batches(batches).to_pylist() if batches else []


def expected(count: int) -> list[dict[str, Any]]:
    return [
        {
            "Id": row["Id"],
            "Name": row["Name"],
            "AnnualRevenue": None
            if row["AnnualRevenue"] is None
            else str(int(row["AnnualRevenue"])),
            "IsDeleted": "true" if row["IsDeleted"] else "false",
            "SystemModstamp": row["SystemModstamp"],
        }
        for row in accounts(count)
    ]


def test_all_pages_come_as_text_deleted_records_included(server: ProtocolServer) -> None:
    assert read(connect(server)) == expected(10)
    assert server.made("queryAll/01g") == 2


def test_a_large_answer_comes_through_bulk_api_with_the_same_values(server: ProtocolServer) -> None:
    rows = read(connect(server, bulk_rows=5))
    # Bulk API writes numbers with their point.
    for row in rows:
        row["AnnualRevenue"] = row["AnnualRevenue"] and row["AnnualRevenue"].removesuffix(".0")
    assert rows == expected(10)
    assert server.made("jobs/query/.*/results") == 3


def test_an_increment_asks_for_changes_only(server: ProtocolServer) -> None:
    rows = read(connect(server), since="2026-06-01T00:00:07.000Z")
    assert [row["Id"] for row in rows] == [row["Id"] for row in expected(10)[7:]]


def test_tables_and_columns_are_those_that_can_be_read(server: ProtocolServer) -> None:
    connector = connect(server)
    assert [table.name for table in connector.tables()] == ["Account"]
    assert "BillingAddress" not in connector.columns(ACCOUNT)


@pytest.mark.parametrize("bulk_rows", [5, 100])
def test_a_session_that_expires_mid_way_is_renewed_and_the_query_goes_on(
    server: ProtocolServer, organisation: FakeSalesforce, bulk_rows: int
) -> None:
    organisation.answers_per_token = 2
    assert len(read(connect(server, bulk_rows=bulk_rows))) == 10
    assert server.made("oauth2/token") >= 2
    # No page was asked for twice beyond the one refused: the query did not start again.
    assert server.made("POST .*jobs/query") == (1 if bulk_rows == 5 else 0)


BUSY = json_answer([{"errorCode": "SERVER_UNAVAILABLE", "message": "try later"}], 503)
LIMIT = json_answer(
    [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit"}], 403
)
CROWD = json_answer(
    [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded"}], 403
)
TOO_MANY = json_answer([{"errorCode": "x", "message": "y"}], 429, **{"Retry-After": "0"})
PAGE = r"queryAll/01g.*-4"

PASSING = {
    "a page fails once": Fault(PAGE, "status", answer=BUSY),
    "a page fails three times": Fault(PAGE, "status", times=3, answer=BUSY),
    "429 with Retry-After": Fault(PAGE, "status", times=2, answer=TOO_MANY),
    "connection cut mid-body": Fault(PAGE, "cut"),
    "a server that hangs once": Fault(PAGE, "hang", seconds=1.5),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_passing_fault_costs_patience_only(server: ProtocolServer, case: str) -> None:
    fault = PASSING[case]
    server.faults.append(Fault(**vars(fault)))
    assert read(connect(server)) == expected(10)


LASTING = {
    "a page that always fails": (Fault(PAGE, "status", None, BUSY), {}, "SERVER_UNAVAILABLE"),
    "always cut": (Fault(PAGE, "cut", None), {}, "broke off in the middle of an answer, 3 times"),
    "daily limit": (Fault(PAGE, "status", None, LIMIT), {}, "daily limit of requests is used up"),
    "long Retry-After": (
        Fault(PAGE, "status", None, json_answer([], 429, **{"Retry-After": "3600"})),
        {},
        "wants 3,600 s of patience, more than 120 s",
    ),
    "hang": (
        Fault(PAGE, "hang", None, seconds=1),
        {"timeout_seconds": 0.2},
        "(does not answer in time|closed the connection), 3 times",
    ),
    "trickle": (
        Fault(PAGE, "trickle", None, seconds=20),
        {"total_seconds": 0.3},
        "takes more than 0 s to answer, 3 times",
    ),
    "redirect": (
        Fault(PAGE, "redirect", None, location="https://evil.example/services?sid=x"),
        {},
        "redirects to evil.example/services, which is not followed",
    ),
    "huge compressed body": (
        Fault(PAGE, "huge", None, size=3 << 20),
        {"max_body_mb": 1},
        "sends more than 1 MB in one answer",
    ),
    "a page that is no JSON": (
        Fault(PAGE, "status", None, Answer(b"<html>maintenance</html>", 200)),
        {},
        "sent an answer that is none of its interface",
    ),
    "locator gone": (
        Fault(PAGE, "status", None,
              json_answer([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "gone"}], 400)),
        {},
        "INVALID_QUERY_LOCATOR: gone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LASTING)
def test_a_lasting_fault_ends_in_one_clear_message(server: ProtocolServer, case: str) -> None:
    fault, options, message = LASTING[case]
    server.faults.append(Fault(**vars(fault)))
    started = time.monotonic()
    with pytest.raises(InputError, match=message) as raised:
        read(connect(server, **({"attempts": 3} | options)))
    assert time.monotonic() - started < 10
    assert_no_secret(raised.value)


def test_too_many_at_once_is_waited_for(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults.append(Fault(PAGE, "status", 1, CROWD))
    connector = connect(server)
    waits: list[float] = []
    monkeypatch.setattr(connector, "_sleep", waits.append)
    assert len(read(connector)) == 10
    assert waits == [2.0]


def test_a_page_that_is_missing_is_noticed(
    server: ProtocolServer, organisation: FakeSalesforce
) -> None:
    short = json_answer({"totalSize": 10, "done": True, "records": []})
    server.faults.append(Fault(PAGE, "status", None, short))
    with pytest.raises(InputError, match="only 4 of 10 records came"):
        read(connect(server))


def test_a_bulk_job_that_fails_says_why(server: ProtocolServer) -> None:
    failed = json_answer({"state": "Failed", "errorMessage": "InvalidBatch: no such field"})
    server.faults.append(Fault("GET .*jobs/query/750", "status", None, failed))
    with pytest.raises(InputError, match="the bulk query failed: 'InvalidBatch: no such field'"):
        read(connect(server, bulk_rows=5))


def test_wrong_and_missing_credentials(
    server: ProtocolServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", "wrong-secret")
    with pytest.raises(ConfigurationError, match="invalid client credentials") as raised:
        read(connect(server))
    assert "wrong-secret" not in str(raised.value)
    monkeypatch.delenv("SALESFORCE_CLIENT_SECRET")
    with pytest.raises(ConfigurationError, match="set the environment variables SALESFORCE_CLIENT"):
        read(connect(server))
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", "stale-token-4711")
    with pytest.raises(InputError, match="the session is not accepted") as refused:
        read(connect(server))
    assert "stale-token-4711" not in str(refused.value)
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", "session-1")
    assert len(read(connect(server))) == 10


def test_a_token_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SalesforceSettings(type="salesforce", login_url="http://acme.my.salesforce.com")
    with pytest.raises(ConfigurationError, match="is no https address"):
        open_connector(settings)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SALESFORCE_ACCESS_TOKEN", "t")
    settings = SalesforceSettings(
        type="salesforce", login_url="http://127.0.0.1:9", attempts=2, first_wait_seconds=0.01
    )
    with pytest.raises(InputError, match="cannot be reached"):
        list(open_connector(settings).tables())


def assert_no_secret(error: TerritoryError) -> None:
    text = str(error)
    assert CLIENT_SECRET not in text
    assert "session-" not in text
    assert "SELECT" not in text
    assert len(text) < 2_000


def test_rows_of_history_are_asked_for_by_the_moment_they_were_made(
    server: ProtocolServer, organisation: FakeSalesforce
) -> None:
    organisation.records["AccountHistory"] = [
        {"Id": f"017{day}", "NewValue": "x", "CreatedDate": f"2026-06-0{day}T00:00:00.000Z"}
        for day in (1, 2, 3)
    ]
    connector = connect(server)
    history = next(table for table in connector.tables() if table.name == "AccountHistory")
    assert connector.columns(history) == ["Id", "NewValue", "CreatedDate"]
    batches = connector.read(history, ["Id", "CreatedDate"], "2026-06-02T00:00:00.000Z")
    assert pa.Table.from_batches(batches).to_pylist() == [
        {"Id": f"017{day}", "CreatedDate": f"2026-06-0{day}T00:00:00.000Z"} for day in (2, 3)
    ]
