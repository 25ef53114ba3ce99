"""The part of HubSpot's documented CRM interfaces that the connector uses."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from protocol_server import (  # type: ignore[import-not-found]
    Answer,
    Request,
    ServerDied,
    json_answer,
)

TOKEN = "pat-na1-very-secret-0815"
SEARCH_LIMIT = 10_000

Record = dict[str, Any]


class FakeHubSpot:
    """An account: `objects` by kind, `associations` of (kind, id) with (company, types)."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.objects: dict[str, list[Record]] = world["objects"]
        self.associations: dict[tuple[str, str], list[tuple[str, tuple[int, ...]]]] = world[
            "associations"
        ]
        self.owners: list[Record] = world["owners"]
        self.stages: list[Record] = world["stages"]
        self.search_limit = SEARCH_LIMIT
        # After so many rows written the server answers nothing any more; None: it lives.
        self.rows_until_death: int | None = None
        self.rows_written = 0

    def answer(self, request: Request) -> Answer:
        self._check_alive()
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found")
        match request.path.strip("/").split("/"):
            case ["crm", "v3", "properties", kind] if kind in self.objects:
                return self._properties(kind)
            case ["crm", "v3", "objects", kind] if kind in self.objects:
                return self._page(kind, request)
            case ["crm", "v3", "objects", kind, "search"] if kind in self.objects:
                return self._search(kind, json.loads(request.body))
            case ["crm", "v3", "objects", kind, "batch", "read"] if kind in self.objects:
                return self._batch_read(kind, request)
            case ["crm", "v3", "objects", "companies", "batch", "update"]:
                return self._batch_update(json.loads(request.body))
            case ["crm", "v4", "associations", kind, "companies", "batch", "read"]:
                return self._associations(kind, json.loads(request.body))
            case ["crm", "v3", "owners" | "owners/"]:
                return self._owners(request)
            case ["crm", "v3", "pipelines", "deals"]:
                return self._pipelines()
        return _error(404, "OBJECT_NOT_FOUND", f"no {request.path}")

    def _properties(self, kind: str) -> Answer:
        names = dict.fromkeys(
            name for item in self.objects[kind] for name in item["properties"]
        ) or {"hs_lastmodifieddate": None, "hs_timestamp": None}
        common = {"type": "string", "fieldType": "text", "description": "", "groupName": "g",
                  "options": []}  # fmt: skip
        return json_answer({"results": [{"name": name, "label": name} | common for name in names]})

    def _page(self, kind: str, request: Request) -> Answer:
        asked = request.query
        is_archived = asked.get("archived", ["false"])[0].lower() == "true"
        limit, start = int(asked["limit"][0]), int(asked.get("after", ["0"])[0])
        if limit > 100:
            return _error(400, "VALIDATION_ERROR", "limit is above 100")
        found = [item for item in self.objects[kind] if item["archived"] == is_archived]
        properties = [name for text in asked.get("properties", []) for name in text.split(",")]
        return json_answer(_paged(found, properties, start, limit))

    def _search(self, kind: str, asked: dict[str, Any]) -> Answer:
        (group,) = asked["filterGroups"]
        (test,) = group["filters"]
        if (test["propertyName"], test["operator"]) != ("hs_lastmodifieddate", "GTE"):
            return _error(400, "VALIDATION_ERROR", "unexpected filter")
        start, limit = int(asked.get("after", 0)), asked["limit"]
        if start + limit > self.search_limit:
            return _error(400, "VALIDATION_ERROR", "paging beyond the search limit")
        found = sorted(
            (
                item
                for item in self.objects[kind]
                if not item["archived"]
                and _moment(item["properties"]["hs_lastmodifieddate"]) >= _moment(test["value"])
            ),
            key=lambda item: item["properties"]["hs_lastmodifieddate"],
        )
        content = _paged(found, asked["properties"], start, limit)
        return json_answer(content | {"total": len(found)})

    def _check_alive(self) -> None:
        if self.rows_until_death == 0:
            raise ServerDied

    def _batch_read(self, kind: str, request: Request) -> Answer:
        asked = json.loads(request.body)
        is_archived = request.query.get("archived", ["false"])[0].lower() == "true"
        by_id = {item["id"]: item for item in self.objects[kind] if item["archived"] == is_archived}
        wanted = [item["id"] for item in asked["inputs"]]
        followed = asked.get("propertiesWithHistory", [])
        if not 0 < len(wanted) <= (50 if followed else 100):
            return _error(400, "VALIDATION_ERROR", "too many inputs in one request")
        found = [by_id[id_] for id_ in wanted if id_ in by_id]
        missing = [id_ for id_ in wanted if id_ not in by_id]
        return self._batch(
            found, asked["properties"], missing, "Could not get some objects", followed
        )

    def _batch_update(self, asked: dict[str, Any]) -> Answer:
        by_id = {item["id"]: item for item in self.objects["companies"] if not item["archived"]}
        owners = {owner["id"] for owner in self.owners if not owner["archived"]}
        done, failed = [], []
        assert 0 < len(asked["inputs"]) <= 100
        for item in asked["inputs"]:
            self._check_alive()
            owner = item["properties"]["hubspot_owner_id"]
            if item["id"] not in by_id or owner not in owners | {""}:
                failed.append(item["id"])
                continue
            by_id[item["id"]]["properties"]["hubspot_owner_id"] = owner or None
            done.append(by_id[item["id"]])
            self.rows_written += 1
            if self.rows_until_death is not None:
                self.rows_until_death -= 1
        self._check_alive()
        return self._batch(done, ["hubspot_owner_id"], failed, "owner is not valid")

    def _batch(
        self,
        found: list[Record],
        properties: list[str],
        failed: list[str],
        message: str,
        followed: Sequence[str] = (),
    ) -> Answer:
        moment = "2026-06-30T00:00:00.000Z"
        content = {"status": "COMPLETE", "startedAt": moment, "completedAt": moment}
        results = _paged(found, properties, 0, 100)["results"]
        for item, result in zip(found, results, strict=True):
            if followed:
                result["propertiesWithHistory"] = {name: _past(item, name) for name in followed}
        if not failed:
            return json_answer(content | {"results": results})
        error = {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": message,
            "context": {"ids": failed},
            "links": {},
            "errors": [],
        }
        return json_answer(content | {"results": results, "numErrors": 1, "errors": [error]}, 207)

    def _associations(self, kind: str, asked: dict[str, Any]) -> Answer:
        results = []
        for item in asked["inputs"]:
            targets = self.associations.get((kind, item["id"]), [])
            if targets:
                results.append(
                    {
                        "from": {"id": item["id"]},
                        "to": [
                            {
                                "toObjectId": company,
                                "associationTypes": [
                                    {"category": "HUBSPOT_DEFINED", "typeId": type_, "label": None}
                                    for type_ in types
                                ],
                            }
                            for company, types in targets
                        ],
                    }
                )
        moment = "2026-06-30T00:00:00.000Z"
        return json_answer(
            {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
        )

    def _owners(self, request: Request) -> Answer:
        is_archived = request.query.get("archived", ["false"])[0].lower() == "true"
        times = {"createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-01T00:00:00Z"}
        found = [owner | times for owner in self.owners if owner["archived"] == is_archived]
        return json_answer({"results": found})

    def _pipelines(self) -> Answer:
        times = {"createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-01T00:00:00Z"}
        stages = [
            {"displayOrder": i, "archived": False} | times | stage
            for i, stage in enumerate(self.stages)
        ]
        pipeline = {"id": "default", "label": "Sales", "displayOrder": 0, "archived": False}
        return json_answer({"results": [pipeline | times | {"stages": stages}]})


def _paged(found: list[Record], properties: list[str], start: int, limit: int) -> dict[str, Any]:
    results = [
        {
            "id": item["id"],
            "archived": item["archived"],
            "archivedAt": item.get("archivedAt"),
            "createdAt": "2020-01-01T00:00:00Z",
            "updatedAt": item["properties"]["hs_lastmodifieddate"],
            "properties": {name: item["properties"].get(name) for name in properties},
        }
        for item in found[start : start + limit]
    ]
    content: dict[str, Any] = {"results": results}
    if start + limit < len(found):
        content["paging"] = {"next": {"after": str(start + limit)}}
    return content


def _past(item: Record, name: str) -> list[Record]:
    """The values of a property, newest first, as HubSpot lists them."""
    value, at = item["properties"].get(name), item["properties"]["hs_lastmodifieddate"]
    changes = item.get("past", {}).get(name) or ([(value, at)] if value else [])
    source = {"sourceType": "CRM_UI", "sourceId": "userId:7"}
    return [{"value": value, "timestamp": changed} | source for value, changed in reversed(changes)]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _error(status: int, category: str, message: str) -> Answer:
    return json_answer({"status": "error", "category": category, "message": message}, status)
