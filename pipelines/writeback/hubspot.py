"""HubSpot as a place to write to: the owner of companies, 100 a request.

HubSpot has no territories. A batch of which some rows fail answers 207 with the ids that did.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from pipelines.ingest.connectors.hubspot import HubSpotTables
from pipelines.writeback.changes import Change, CrmState
from pipelines.writeback.ids import System
from pipelines.writeback.journal import RowResult

_OWNER = "hubspot_owner_id"
_COMPANIES = "companies"


class HubSpotWriter(HubSpotTables):
    """One account, to be read and written."""

    system: System = "hubspot"
    batch_rows = 100

    def most_rows(self, changes: int) -> int:  # noqa: ARG002
        return self.batch_rows

    def settle(self, jobs: Collection[str]) -> None:
        """There are no jobs."""

    def state(self, accounts: Collection[str]) -> CrmState:
        ids = sorted(accounts)
        owners: dict[str, str | None] = {}
        for start in range(0, len(ids), self.batch_rows):
            request = {
                "properties": [_OWNER],
                "propertiesWithHistory": [],
                "inputs": [{"id": id_} for id_ in ids[start : start + self.batch_rows]],
            }
            answer = self._ask(partial(self._api().crm.objects.batch_api.read, _COMPANIES, request))
            owners |= {item.id: item.properties.get(_OWNER) or None for item in answer.results}
        return CrmState(owners)

    def territories(self) -> Sequence[Mapping[str, str | None]]:
        return ()

    def send(
        self,
        changes: Sequence[Change],
        started: Callable[[str], None],  # noqa: ARG002
    ) -> list[RowResult]:
        request = {
            "inputs": [
                # Without owner is an empty text; null would leave the property as it is.
                {"id": change.subject_id, "properties": {_OWNER: change.after or ""}}
                for change in changes
            ]
        }
        answer = self._ask(partial(self._api().crm.objects.batch_api.update, _COMPANIES, request))
        done = {item.id for item in answer.results}
        reasons = _reasons(answer)
        return [
            RowResult(change, True)
            if change.subject_id in done
            else RowResult(change, False, *reasons.get(change.subject_id, _UNSAID))
            for change in changes
        ]


_UNSAID = ("UNKNOWN", "the row is missing in the answer")


def _reasons(answer: Any) -> dict[str, tuple[str, str]]:
    """Why rows failed, by the id of the company."""
    found = {}
    for error in getattr(answer, "errors", None) or ():
        for id_ in (error.context or {}).get("ids", ()):
            found[str(id_)] = (str(error.category), str(error.message)[:300])
    return found
