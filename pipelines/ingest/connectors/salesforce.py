"""Salesforce through simple-salesforce: REST queries, and Bulk API 2.0 for large answers.

Everything is asked with queryAll, so that deleted records come with `IsDeleted`; increments go by
`SystemModstamp`. A session that expires in the middle is renewed and the query goes on at its
locator.
"""

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.errors import ConfigurationError, InputError, quote
from pipelines.ingest.connectors.guarded_http import GuardedSession
from pipelines.ingest.connectors.protocol import Table, text_batch
from pipelines.ingest.connectors.secrets import checked_url, secret

if TYPE_CHECKING:
    import pyarrow
    from simple_salesforce import Salesforce

_CURSOR = "SystemModstamp"
# Compound fields are made of others; Bulk API 2.0 refuses them, and binary ones.
_UNREADABLE_TYPES = frozenset({"address", "location", "base64", "complexvalue"})
_BULK_PAGE_ROWS = 50_000
_CONCURRENT_ATTEMPTS = 6


@dataclass(frozen=True)
class SalesforceAccess:
    """Where the organisation is and how it is read.

    Attributes:
        login_url: the organisation's own address (My Domain).
        secret_prefix: secrets are the environment variables <prefix>_CLIENT_ID and
            <prefix>_CLIENT_SECRET, or <prefix>_ACCESS_TOKEN.
        bulk_rows: answers with more records are fetched through Bulk API 2.0.
        poll_seconds: pause between two looks at a bulk job.
        bulk_write_rows: more changes of one kind are written through Bulk API 2.0.
        territory2_model: the territory model that is written to, as the organisation calls it.
    """

    login_url: str
    api_version: str
    secret_prefix: str
    bulk_rows: int
    poll_seconds: float = 2
    bulk_write_rows: int = 2_000
    territory2_model: str | None = None


class SalesforceTables:
    """The objects of one organisation."""

    def __init__(
        self,
        access: SalesforceAccess,
        session: GuardedSession,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access = access
        self._session = session
        self._sleep = sleep
        self._login_url = checked_url(access.login_url, "connector.login_url")
        self._client: Salesforce | None = None

    @property
    def identity(self) -> str:
        return f"salesforce:{urlsplit(self._login_url).netloc}"

    def tables(self) -> Sequence[Table]:
        described = self._call(lambda client: client.describe()) or {}
        return [
            Table(item["name"], ("Id",), _cursor(item["name"]), is_deleted="IsDeleted")
            for item in described.get("sobjects", [])
            if item.get("queryable")
        ]

    def columns(self, table: Table) -> Sequence[str]:
        described = self._call(lambda client: client.restful(f"sobjects/{table.name}/describe"))
        names = [
            field["name"]
            for field in described["fields"]
            if field.get("type") not in _UNREADABLE_TYPES
        ]
        for needed in filter(None, ("Id", table.cursor)):
            if needed not in names:
                raise InputError(
                    f"{self.identity}: {table.name} has no readable field {needed}; give the user "
                    "of the connection read access to it"
                )
        return names

    def read(
        self, table: Table, columns: Sequence[str], since: str | None
    ) -> Iterator["pyarrow.RecordBatch"]:
        condition = None if since is None else f"{table.cursor} >= {since}"
        yield from self.select(table, columns, condition)

    def select(
        self, table: Table, columns: Sequence[str], condition: str | None
    ) -> Iterator["pyarrow.RecordBatch"]:
        """The records that meet `condition` in SOQL (None: all), deleted ones included, as text."""
        query = f"SELECT {', '.join(columns)} FROM {table.name}"
        if condition is not None:
            query += f" WHERE {condition}"
        page = self._call(lambda client: client.query(query, include_deleted=True))
        if page["totalSize"] > self._access.bulk_rows:
            yield from self._read_bulk(table, columns, query)
            return
        expected, seen = page["totalSize"], 0
        while True:
            seen += len(page["records"])
            yield text_batch((_normalised(record, table) for record in page["records"]), columns)
            if page["done"]:
                break
            page = self._call(partial(_next_page, page["nextRecordsUrl"].rpartition("/")[2]))
        if seen < expected:
            raise InputError(
                f"{self.identity}: {table.name}: only {seen:,} of {expected:,} records came; "
                "nothing of it was kept, run again"
            )

    def _read_bulk(
        self, table: Table, columns: Sequence[str], query: str
    ) -> Iterator["pyarrow.RecordBatch"]:
        from simple_salesforce.bulk2 import Operation

        job = self._call_bulk(
            table, lambda client: client.create_job(Operation.query_all, query=query)
        )["id"]
        while True:
            state = self._call_bulk(table, lambda client: client.get_job(job, is_query=True))
            if state["state"] == "JobComplete":
                break
            if state["state"] in ("Failed", "Aborted"):
                raise InputError(
                    f"{self.identity}: {table.name}: the bulk query {state['state'].lower()}: "
                    f"{quote(state.get('errorMessage') or 'no reason given')}; run again"
                )
            self._sleep(self._access.poll_seconds)
        expected, seen = int(state.get("numberRecordsProcessed") or 0), 0
        locator = ""
        while True:
            page = self._call_bulk(table, partial(_bulk_page, job, locator))
            batches = _parsed(page["records"], columns)
            rows = sum(batch.num_rows for batch in batches)
            if rows != page["number_of_records"]:
                raise InputError(
                    f"{self.identity}: {table.name}: a page holds {rows:,} records instead of "
                    f"{page['number_of_records']:,}; nothing of it was kept, run again"
                )
            seen += rows
            yield from batches
            locator = page["locator"]
            if not locator:
                break
        if seen < expected:
            raise InputError(
                f"{self.identity}: {table.name}: only {seen:,} of {expected:,} records came; "
                "nothing of it was kept, run again"
            )

    def _call(self, ask: Callable[["Salesforce"], Any]) -> Any:
        """The answer to `ask`, with a new session where the old one has expired."""
        from simple_salesforce.exceptions import (
            SalesforceError,
            SalesforceExpiredSession,
            SalesforceRefusedRequest,
        )

        is_renewed = False
        attempt = 0
        while True:
            try:
                client = self._client
                if client is None:
                    client = self._client = self._log_in()
                return ask(client)
            except SalesforceExpiredSession as error:
                if is_renewed or secret(f"{self._access.secret_prefix}_CLIENT_SECRET") is None:
                    raise InputError(
                        f"{self.identity}: the session is not accepted ({_explained(error)}); "
                        f"renew {self._access.secret_prefix}_ACCESS_TOKEN, or give a client id and "
                        "secret, which renew it by themselves"
                    ) from None
                is_renewed = True
                self._client = None
            except SalesforceRefusedRequest as error:
                attempt += 1
                text = _explained(error)
                if "oncurrent" not in text or attempt == _CONCURRENT_ATTEMPTS:
                    raise InputError(
                        f"{self.identity}: refuses the request ({text}); if the daily limit of "
                        "requests is used up, run again tomorrow or raise it"
                    ) from None
                self._sleep(2.0**attempt)
            except SalesforceError as error:
                raise InputError(f"{self.identity}: {_explained(error)}") from None
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{self.identity}: sent an answer that is none of its interface "
                    f"({type(error).__name__}); is connector.login_url the organisation's address?"
                ) from None

    def _call_bulk(self, table: Table, ask: Callable[[Any], Any]) -> Any:
        from simple_salesforce.bulk2 import SFBulk2Handler

        def asked(client: "Salesforce") -> Any:
            handler = SFBulk2Handler(client.session_id, client.bulk2_url, session=self._session)
            # The public methods start a job anew when a page fails; these go on at the locator.
            return ask(getattr(handler, table.name)._client)

        return self._call(asked)

    def _log_in(self) -> "Salesforce":
        from simple_salesforce import Salesforce

        prefix = self._access.secret_prefix
        client_id, client_secret = secret(f"{prefix}_CLIENT_ID"), secret(f"{prefix}_CLIENT_SECRET")
        token, url = secret(f"{prefix}_ACCESS_TOKEN"), self._login_url
        if client_id and client_secret:
            token, url = self._token(client_id, client_secret)
        if not token:
            raise ConfigurationError(
                f"{self.identity}: no credentials; set the environment variables "
                f"{prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET (docs/sources.md says how to get "
                f"them), or {prefix}_ACCESS_TOKEN"
            )
        version = self._access.api_version
        client = Salesforce(
            session_id=token, instance_url=url, version=version, session=self._session
        )
        # The library assumes https; a server of tests on this machine has none.
        client.base_url = f"{url}/services/data/v{version}/"
        client.bulk2_url = f"{client.base_url}jobs/"
        return client

    def _token(self, client_id: str, client_secret: str) -> tuple[str, str]:
        """A session from the OAuth client credentials flow, and the address it is for."""
        answer = self._session.post(
            f"{self._login_url}/services/oauth2/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret,
            },
        )
        try:
            content = answer.json()
        except ValueError:
            content = {}
        if answer.status_code != 200 or "access_token" not in content:
            reason = content.get("error_description") or content.get("error") or "no reason given"
            raise ConfigurationError(
                f"{self.identity}: does not log in the client ({answer.status_code}: "
                f"{quote(str(reason))}); check {self._access.secret_prefix}_CLIENT_ID and _SECRET, "
                "and that the app allows the client credentials flow"
            )
        url = content.get("instance_url") or self._login_url
        return content["access_token"], checked_url(url, "instance_url of the answer to the login")


def _next_page(locator: str, client: "Salesforce") -> Any:
    return client.query_more(locator, include_deleted=True)


def _bulk_page(job: str, locator: str, client: Any) -> Any:
    return client.get_query_results(job, locator, _BULK_PAGE_ROWS)


def _cursor(name: str) -> str:
    """What grows with each change; rows of history are made once and never change."""
    return "CreatedDate" if name.endswith("History") else _CURSOR


def _normalised(record: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """A record whose moments look as in Bulk API 2.0, so that the cursor sorts as text."""
    moment = record.get(table.cursor or "")
    return {**record, table.cursor or "": moment.replace("+0000", "Z") if moment else moment}


def _parsed(text: str, columns: Sequence[str]) -> list["pyarrow.RecordBatch"]:
    import pyarrow
    from pyarrow import csv

    table = csv.read_csv(
        io.BytesIO(text.encode()),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pyarrow.string()),
            include_columns=list(columns),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    return list(table.to_batches())


def _explained(error: Any) -> str:
    """Code and text of Salesforce's own error; never the address, which holds the query."""
    content = getattr(error, "content", None)
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return f"{content[0].get('errorCode')}: {str(content[0].get('message'))[:300]}"
    status = getattr(error, "status", None)
    return f"HTTP {status}" if status else str(error)[:200]
