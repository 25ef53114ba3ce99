"""HubSpot over real HTTP: what is read, and what every documented fault leads to."""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from company_records import moment  # type: ignore[import-not-found]
from fake_hubspot import TOKEN, FakeHubSpot  # type: ignore[import-not-found]
from protocol_server import (  # type: ignore[import-not-found]
    Answer,
    Fault,
    ProtocolServer,
    json_answer,
    serving,
)

from pipelines.errors import ConfigurationError, InputError
from pipelines.ingest.connectors.hubspot import HubSpotTables
from pipelines.settings.connectors import HubSpotSettings
from pipelines.stages.connections import open_connector

FAST = {"first_wait_seconds": 0.01, "timeout_seconds": 1}


def deal(number: int, changed: int) -> dict[str, Any]:
    properties = {"dealname": f"Deal {number}", "dealstage": "won", "amount": None}
    properties["hs_lastmodifieddate"] = moment(changed)
    return {"id": f"{number}", "archived": False, "properties": properties}


@pytest.fixture
def account() -> FakeHubSpot:
    owner = {"email": "a@example.com", "firstName": "Ann", "lastName": "Lee", "type": "PERSON"}
    teams = [{"id": "7", "name": "West", "primary": True}]
    return FakeHubSpot(
        {
            "objects": {"deals": [deal(n, n) for n in range(250)], "companies": [], "calls": []},
            "associations": {("deals", "1"): [("900", (341,)), ("901", (5, 341))]},
            "owners": [
                owner | {"id": "1", "archived": False, "teams": teams},
                owner | {"id": "2", "archived": True},
            ],
            "stages": [
                {
                    "id": "won",
                    "label": "Won",
                    "metadata": {"isClosed": "true", "probability": "1.0"},
                },
                {
                    "id": "lost",
                    "label": "Lost",
                    "metadata": {"isClosed": "true", "probability": "0.0"},
                },
                {
                    "id": "open",
                    "label": "Open",
                    "metadata": {"isClosed": "false", "probability": "0.4"},
                },
            ],
        }
    )


@pytest.fixture
def server(account: FakeHubSpot, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProtocolServer]:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    with serving(account) as running:
        yield running


def connect(server: ProtocolServer, **options: Any) -> HubSpotTables:
    connector = open_connector(
        HubSpotSettings(**({"type": "hubspot", "base_url": server.url} | FAST | options))
    )
    assert isinstance(connector, HubSpotTables)
    return connector


def read(
    connector: HubSpotTables, name: str = "deal", since: str | None = None
) -> list[dict[str, Any]]:
    table = next(table for table in connector.tables() if table.name == name)
    batches = list(connector.read(table, connector.columns(table), since))
    return pa.Table.from_batches(batches).to_pylist() if batches else []


def test_all_pages_come_with_their_companies(server: ProtocolServer) -> None:
    rows = read(connect(server))
    assert [row["deal_id"] for row in rows] == [str(n) for n in range(250)]
    assert (rows[1]["dealname"], rows[1]["is_deleted"]) == ("Deal 1", "false")
    assert rows[0]["companies"] is None
    assert '"company_id": "901"' in rows[1]["companies"]
    assert '"type_id": 5' in rows[1]["companies"]


def test_the_history_of_owner_and_stage_comes_in_batches(
    server: ProtocolServer, account: FakeHubSpot
) -> None:
    past = [("open", moment(1)), ("won", moment(60))]
    account.objects["deals"][3] |= {"archived": True, "past": {"dealstage": past}}
    rows = {row["deal_id"]: row for row in read(connect(server))}
    changes = json.loads(rows["3"]["property_history"])
    assert [(one["name"], one["value"], one["timestamp"]) for one in changes] == [
        ("dealstage", "open", moment(1)),
        ("dealstage", "won", moment(60)),
    ]
    # More than one request gives: each has its own.
    assert all('"won"' in row["property_history"] for row in rows.values())
    table = next(table for table in connect(server).tables() if table.name == "deal")
    batches = connect(server).read(table, ["deal_id", "hs_lastmodifieddate"], moment(240))
    assert sum(batch.num_rows for batch in batches) == 11
    # Who does not ask for it pays no request for it.
    asked = [request.path for request in server.requests]
    assert sum("objects/deals/batch/read" in path for path in asked) == 6


def test_an_increment_searches_for_changes_and_lists_what_is_archived(
    server: ProtocolServer, account: FakeHubSpot
) -> None:
    account.objects["deals"][3] |= {"archived": True, "archivedAt": moment(900)}
    rows = read(connect(server), since=moment(245))
    assert [(row["deal_id"], row["is_deleted"]) for row in rows] == [
        *((str(n), "false") for n in range(245, 250)),
        ("3", "true"),
    ]
    # Archiving is a change of its own.
    assert rows[-1]["hs_lastmodifieddate"] == moment(900)


def test_more_changes_than_one_search_gives_are_all_found(
    server: ProtocolServer, account: FakeHubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.ingest.connectors.hubspot._SEARCH_LIMIT", 60)
    monkeypatch.setattr("pipelines.ingest.connectors.hubspot._SEARCH_PAGE_ROWS", 20)
    account.search_limit = 60
    rows = read(connect(server), since=moment(0))
    assert {row["deal_id"] for row in rows} == {str(n) for n in range(250)}


def test_more_changes_in_one_moment_than_the_search_gives_are_not_lost_silently(
    server: ProtocolServer, account: FakeHubSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.ingest.connectors.hubspot._SEARCH_LIMIT", 60)
    monkeypatch.setattr("pipelines.ingest.connectors.hubspot._SEARCH_PAGE_ROWS", 20)
    account.search_limit = 60
    account.objects["deals"] = [deal(n, 5) for n in range(250)]
    with pytest.raises(InputError, match="more than 60 deals changed at"):
        read(connect(server), since=moment(5))


def test_won_and_lost_belong_to_the_stage(server: ProtocolServer) -> None:
    rows = read(connect(server), "deal_pipeline_stage")
    assert [(row["stage_id"], row["is_closed"], row["closed_won"]) for row in rows] == [
        ("won", "true", "true"),
        ("lost", "true", "false"),
        ("open", "false", "false"),
    ]


def test_owners_come_with_their_teams_archived_ones_too(server: ProtocolServer) -> None:
    rows = read(connect(server), "owner")
    assert [(row["owner_id"], row["is_active"], row["archived"]) for row in rows] == [
        ("1", "true", "false"),
        ("2", "false", "true"),
    ]
    assert '"team_id": "7"' in rows[0]["teams"]


BUSY = json_answer({"category": "X", "message": "try later"}, 503)
TOO_MANY = json_answer({"category": "RATE_LIMITS", "message": "ten seconds"}, 429)
SOON = Answer(TOO_MANY.body, 429, {"Retry-After": "0"})
PAGE = r"objects/deals\?.*after=100"

PASSING = {
    "a page fails once": Fault(PAGE, "status", answer=BUSY),
    "429 with Retry-After": Fault(PAGE, "status", times=2, answer=SOON),
    "429 without": Fault(PAGE, "status", answer=TOO_MANY),
    "connection cut mid-body": Fault(PAGE, "cut"),
    "the associations fail once": Fault("associations", "status", answer=BUSY),
    "the history fails once": Fault("objects/deals/batch/read", "status", answer=BUSY),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_passing_fault_costs_patience_only(server: ProtocolServer, case: str) -> None:
    server.faults.append(Fault(**vars(PASSING[case])))
    assert len(read(connect(server))) == 250


LASTING = {
    "a page that always fails": (Fault(PAGE, "status", None, BUSY), {}, "answers 503"),
    "429 for ever": (Fault(PAGE, "status", None, SOON), {}, "limit of requests is used up"),
    "always cut": (Fault(PAGE, "cut", None), {}, "broke off in the middle of an answer, 3 times"),
    "trickle": (
        Fault(PAGE, "trickle", None, seconds=20),
        {"total_seconds": 0.3},
        "takes more than 0 s to answer",
    ),
    "redirect": (
        Fault(PAGE, "redirect", None, location="https://evil.example/x"),
        {},
        "redirects to evil.example/x, which is not followed",
    ),
    "huge compressed body": (
        Fault(PAGE, "huge", None, size=3 << 20),
        {"max_body_mb": 1},
        "sends more than 1 MB in one answer",
    ),
    "a login page": (
        Fault(PAGE, "status", None, Answer(b"<html>log in</html>", 200)),
        {},
        "none of its interface",
    ),
    "a missing scope": (
        Fault(PAGE, "status", None,
              json_answer({"category": "MISSING_SCOPES", "message": "scope"}, 403)),
        {},
        "the token lacks a right",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LASTING)
def test_a_lasting_fault_ends_in_one_clear_message(server: ProtocolServer, case: str) -> None:
    fault, options, message = LASTING[case]
    server.faults.append(Fault(**vars(fault)))
    with pytest.raises(InputError, match=message) as raised:
        read(connect(server, **({"attempts": 3} | options)))
    assert TOKEN not in str(raised.value)


def test_wrong_and_missing_tokens(server: ProtocolServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "a-stale-token")
    with pytest.raises(InputError, match="does not accept the token") as raised:
        read(connect(server))
    assert "a-stale-token" not in str(raised.value)
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    with pytest.raises(ConfigurationError, match="set the environment variable HUBSPOT_ACCESS"):
        read(connect(server))
