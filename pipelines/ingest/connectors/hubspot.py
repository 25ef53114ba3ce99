"""HubSpot through its official client, as tables named like those Fivetran lands.

Companies, deals and engagements go by `hs_lastmodifieddate`: everything is read page by page the
first time, later what changed is searched for. Archived objects are listed each time, because no
search finds them. Associations with companies come with each object that changed, and so does the
history of the properties that say who owns it and how far it is, where the mapping asks for it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.errors import ConfigurationError, InputError
from pipelines.ingest.connectors.guarded_http import GuardedSession
from pipelines.ingest.connectors.protocol import Table, Unnested, text_batch
from pipelines.ingest.connectors.secrets import checked_url, secret

if TYPE_CHECKING:
    import pyarrow

_CURSOR = "hs_lastmodifieddate"
_PAGE_ROWS = 100
# The search gives no more than this many results of one question.
_SEARCH_LIMIT = 10_000
_SEARCH_PAGE_ROWS = 200
_ASSOCIATION_PAGE_ROWS = 1_000
# With the history of properties, HubSpot gives half as many objects as without.
_HISTORY_BATCH_ROWS = 50
_COMPANIES = "companies"
_HISTORY = "property_history"
_CHANGE_COLUMNS = ("name", "value", "timestamp", "source", "source_id")


@dataclass(frozen=True)
class _Kind:
    """A kind of object: its name in the API, the key column, the table of its associations.

    `followed` are the properties whose history the table <name>_property_history holds.
    """

    api_name: str
    key: str
    associations: str | None = None
    followed: tuple[str, ...] = ()


_KINDS = {
    "company": _Kind("companies", "id", followed=("hubspot_owner_id",)),
    "deal": _Kind("deals", "deal_id", "deal_company", ("dealstage", "hubspot_owner_id")),
    **{
        f"engagement_{name}": _Kind(f"{name}s", "engagement_id", "engagement_company")
        for name in ("call", "email", "meeting", "note", "task")
    },
}
_STAGE_COLUMNS = (
    "stage_id",
    "pipeline_id",
    "pipeline_label",
    "label",
    "display_order",
    "is_closed",
    "closed_won",
    "probability",
    "archived",
)
_OWNER_COLUMNS = (
    "owner_id",
    "email",
    "first_name",
    "last_name",
    "type",
    "is_active",
    "archived",
    "teams",
)


class HubSpotTables:
    """The CRM objects of one account."""

    def __init__(self, base_url: str, secret_prefix: str, session: GuardedSession) -> None:
        self._base_url = checked_url(base_url, "connector.base_url")
        self._prefix = secret_prefix
        self._session = session
        self._client: Any = None

    @property
    def identity(self) -> str:
        return f"hubspot:{urlsplit(self._base_url).netloc}"

    def tables(self) -> Sequence[Table]:
        objects = [
            Table(
                name,
                key=(kind.key,),
                cursor=_CURSOR,
                is_deleted="is_deleted",
                inner=tuple(_inner(name, kind)),
            )
            for name, kind in _KINDS.items()
        ]
        teams = Unnested("owner_team", "teams", ("team_id", "team_name", "is_team_primary"))
        return [
            *objects,
            Table("owner", key=("owner_id",), inner=(teams,)),
            Table("deal_pipeline_stage", key=("stage_id",)),
        ]

    def columns(self, table: Table) -> Sequence[str]:
        if table.name == "owner":
            return _OWNER_COLUMNS
        if table.name == "deal_pipeline_stage":
            return _STAGE_COLUMNS
        kind = _KINDS[table.name]
        answer = self._ask(lambda: self._api().crm.properties.core_api.get_all(kind.api_name))
        names = sorted({item.name for item in answer.results} | {_CURSOR})
        inner = [inner.column for inner in _inner(table.name, kind)]
        return [kind.key, "is_deleted", *inner, *names]

    def read(
        self, table: Table, columns: Sequence[str], since: str | None
    ) -> Iterator["pyarrow.RecordBatch"]:
        if table.name == "owner":
            yield text_batch(self._owners(), columns)
        elif table.name == "deal_pipeline_stage":
            yield text_batch(self._stages(), columns)
        else:
            kind = _KINDS[table.name]
            own = (kind.key, "is_deleted", _COMPANIES, _HISTORY)
            properties = [name for name in columns if name not in own]
            asks_history = _HISTORY in columns
            live = self._pages(kind, properties, is_archived=False)
            if since is not None:
                live = self._changed(kind, properties, since)
            for page in live:
                records = self._records(kind, page, asks_history=asks_history)
                yield text_batch(records, columns)
            for page in self._pages(kind, properties, is_archived=True):
                records = self._records(kind, page, is_archived=True, asks_history=asks_history)
                yield text_batch(records, columns)

    def _records(
        self,
        kind: _Kind,
        objects: Sequence[Any],
        *,
        asks_history: bool,
        is_archived: bool = False,
    ) -> list[dict[str, Any]]:
        companies: Mapping[str, Any] = {}
        changes: Mapping[str, Any] = {}
        if asks_history:
            ids = [item.id for item in objects]
            changes = self._changes(kind, ids, is_archived=is_archived)
        if kind.associations and objects and not is_archived:
            companies = self._companies(kind, [item.id for item in objects])
        records = []
        for item in objects:
            record = dict(item.properties or {})
            record[kind.key] = item.id
            record["is_deleted"] = is_archived
            record[_COMPANIES] = companies.get(item.id)
            record[_HISTORY] = changes.get(item.id) or None
            if is_archived:
                # Archiving leaves the last change as it was, so it is the change that counts here.
                record[_CURSOR] = _moment(item.archived_at) or record.get(_CURSOR)
            record[_CURSOR] = record.get(_CURSOR) or _moment(item.updated_at)
            records.append(record)
        return records

    def _pages(
        self, kind: _Kind, properties: list[str], *, is_archived: bool
    ) -> Iterator[Sequence[Any]]:
        after = None
        while True:
            options: dict[str, Any] = {
                "limit": _PAGE_ROWS,
                "properties": properties,
                "archived": is_archived,
            }
            if after is not None:
                options["after"] = after
            answer = self._ask(
                partial(self._api().crm.objects.basic_api.get_page, kind.api_name, **options)
            )
            if answer.results:
                yield answer.results
            after = _after(answer)
            if after is None:
                return

    def _changed(self, kind: _Kind, properties: list[str], since: str) -> Iterator[Sequence[Any]]:
        start = since
        while True:
            after, last, seen = None, start, 0
            while True:
                request = {
                    "filterGroups": [
                        {"filters": [{"propertyName": _CURSOR, "operator": "GTE", "value": start}]}
                    ],
                    "sorts": [{"propertyName": _CURSOR, "direction": "ASCENDING"}],
                    "properties": properties,
                    "limit": _SEARCH_PAGE_ROWS,
                } | ({"after": after} if after is not None else {})
                answer = self._ask(
                    partial(self._api().crm.objects.search_api.do_search, kind.api_name, request)
                )
                if answer.results:
                    yield answer.results
                    last = answer.results[-1].properties[_CURSOR]
                    seen += len(answer.results)
                after = _after(answer)
                if after is None:
                    return
                if int(after) + _SEARCH_PAGE_ROWS > _SEARCH_LIMIT:
                    break
            if last == start:
                raise InputError(
                    f"{self.identity}: more than {_SEARCH_LIMIT:,} {kind.api_name} changed at "
                    f"{start}, more than the search gives; remove the landed source to load it anew"
                )
            start = last

    def _changes(
        self, kind: _Kind, ids: Sequence[str], *, is_archived: bool
    ) -> dict[str, list[dict[str, Any]]]:
        """The history of the followed properties of each object, oldest first.

        An object that has left between the page and this has none; a later load sees it leave.
        """
        found: dict[str, list[dict[str, Any]]] = {}
        for start in range(0, len(ids), _HISTORY_BATCH_ROWS):
            request = {
                "inputs": [{"id": item} for item in ids[start : start + _HISTORY_BATCH_ROWS]],
                "properties": [_CURSOR],
                "propertiesWithHistory": list(kind.followed),
            }
            answer = self._ask(
                partial(
                    self._api().crm.objects.batch_api.read,
                    kind.api_name,
                    request,
                    archived=is_archived,
                )
            )
            for item in answer.results:
                changes = [
                    {
                        "name": name,
                        "value": change.value,
                        "timestamp": _moment(change.timestamp),
                        "source": change.source_type,
                        "source_id": change.source_id,
                    }
                    for name, past in (item.properties_with_history or {}).items()
                    for change in past
                ]
                changes.sort(key=lambda change: (change["name"], change["timestamp"] or ""))
                found[item.id] = changes
        return found

    def _companies(self, kind: _Kind, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The companies of each object, with the types of the association."""
        found: dict[str, list[dict[str, Any]]] = {}
        asked = [{"id": item} for item in ids]
        while asked:
            inputs, asked = asked[:_ASSOCIATION_PAGE_ROWS], asked[_ASSOCIATION_PAGE_ROWS:]
            answer = self._ask(
                partial(
                    self._api().crm.associations.v4.batch_api.get_page,
                    kind.api_name,
                    "companies",
                    {"inputs": inputs},
                )
            )
            for result in answer.results:
                found.setdefault(result._from.id, []).extend(
                    {
                        "company_id": target.to_object_id,
                        "type_id": kind_of.type_id,
                        "category": kind_of.category,
                    }
                    for target in result.to
                    for kind_of in target.association_types
                )
                after = _after(result)
                if after is not None:
                    asked.append({"id": result._from.id, "after": after})
        return found

    def _owners(self) -> Iterator[dict[str, Any]]:
        for is_archived in (False, True):
            after = None
            while True:
                options: dict[str, Any] = {"limit": _PAGE_ROWS, "archived": is_archived}
                if after is not None:
                    options["after"] = after
                answer = self._ask(partial(self._api().crm.owners.owners_api.get_page, **options))
                for owner in answer.results:
                    yield {
                        "owner_id": owner.id,
                        "email": owner.email,
                        "first_name": owner.first_name,
                        "last_name": owner.last_name,
                        "type": owner.type,
                        "is_active": not is_archived,
                        # An owner who left stays a name for old deals, and carries no territory.
                        "archived": is_archived,
                        "teams": [
                            {
                                "team_id": team.id,
                                "team_name": team.name,
                                "is_team_primary": team.primary,
                            }
                            for team in owner.teams or []
                        ]
                        or None,
                    }
                after = _after(answer)
                if after is None:
                    break

    def _stages(self) -> Iterator[dict[str, Any]]:
        answer = self._ask(lambda: self._api().crm.pipelines.pipelines_api.get_all("deals"))
        for pipeline in answer.results:
            for stage in pipeline.stages:
                metadata = stage.metadata or {}
                is_closed = metadata.get("isClosed") == "true"
                probability = metadata.get("probability")
                yield {
                    "stage_id": stage.id,
                    "pipeline_id": pipeline.id,
                    "pipeline_label": pipeline.label,
                    "label": stage.label,
                    "display_order": stage.display_order,
                    "is_closed": is_closed,
                    "closed_won": is_closed and probability in ("1.0", "1"),
                    "probability": probability,
                    "archived": stage.archived,
                }

    def _api(self) -> Any:
        if self._client is None:
            from hubspot import HubSpot

            token = secret(f"{self._prefix}_ACCESS_TOKEN")
            if token is None:
                raise ConfigurationError(
                    f"{self.identity}: no credentials; set the environment variable "
                    f"{self._prefix}_ACCESS_TOKEN (docs/sources.md says how to get a token)"
                )
            self._client = HubSpot(access_token=token, api_factory=self._api_factory)
        return self._client

    def _api_factory(self, package: Any, name: str, config: Mapping[str, Any]) -> Any:
        """An API of the client that goes through the guarded session."""
        configuration = package.Configuration(host=self._base_url)
        configuration.access_token = config["access_token"]
        client = package.ApiClient(configuration=configuration)
        client.rest_client.pool_manager = _Transport(self._session)
        return getattr(package, name)(api_client=client)

    def _ask(self, ask: Callable[[], Any]) -> Any:
        try:
            answer = ask()
            # The client makes an empty answer of a login page; that would end the data early.
            if answer.results is None:
                raise TypeError("no results")
            return answer
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{self.identity}: sent an answer that is none of its interface "
                f"({type(error).__name__}); is connector.base_url right?"
            ) from None
        except Exception as error:
            # The client has an exception class of its own in each of its packages.
            status = getattr(error, "status", None)
            if status is None:
                raise
            raise self._refused(int(status), error) from None

    def _refused(self, status: int, error: Any) -> InputError:
        reason = _explained(error)
        if status == 401:
            return InputError(
                f"{self.identity}: does not accept the token ({reason}); renew "
                f"{self._prefix}_ACCESS_TOKEN"
            )
        if status == 403:
            return InputError(
                f"{self.identity}: the token lacks a right ({reason}); add the scope to the app"
            )
        if status == 429:
            return InputError(
                f"{self.identity}: the limit of requests is used up ({reason}); run again later"
            )
        return InputError(f"{self.identity}: answers {status} ({reason}); run again later")


def _inner(name: str, kind: _Kind) -> Iterator[Unnested]:
    """The tables inside a kind of object."""
    if kind.associations:
        yield Unnested(kind.associations, _COMPANIES, ("company_id", "type_id", "category"))
    if kind.followed:
        yield Unnested(f"{name}_property_history", _HISTORY, _CHANGE_COLUMNS)


class _Transport:
    """What the client's pool manager does, through a guarded session."""

    def __init__(self, session: GuardedSession) -> None:
        self._session = session

    def request(
        self,
        method: str,
        url: str,
        fields: Any = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **_options: Any,
    ) -> "_Answer":
        response = self._session.request(method, url, params=fields, data=body, headers=headers)
        return _Answer(
            response.status_code, response.reason, response.content, dict(response.headers)
        )


@dataclass(frozen=True)
class _Answer:
    """A response as the client reads one."""

    status: int
    reason: str
    data: bytes
    headers: Mapping[str, str]

    def getheaders(self) -> Mapping[str, str]:
        return self.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        by_name = {key.lower(): value for key, value in self.headers.items()}
        return by_name.get(name.lower(), default)


def _after(answer: Any) -> str | None:
    paging = answer.paging
    return paging.next.after if paging is not None and paging.next is not None else None


def _moment(value: datetime | None) -> str | None:
    """A moment as HubSpot writes it in properties."""
    if value is None:
        return None
    moment = value.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def _explained(error: Any) -> str:
    try:
        content = json.loads(error.body)
        return f"{content.get('category', '')} {content.get('message', '')}".strip()[:300]
    except (AttributeError, TypeError, ValueError):
        return str(getattr(error, "reason", ""))[:100] or "no reason given"
