"""What a push needs of a CRM, and which CRM the settings name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pipelines.errors import ConfigurationError
from pipelines.ingest.connectors.sessions import http_session, salesforce_access
from pipelines.settings.connectors import ConnectorSettings, HubSpotSettings, SalesforceSettings
from pipelines.writeback.changes import Change, CrmState
from pipelines.writeback.ids import System
from pipelines.writeback.journal import RowResult


class Crm(Protocol):
    """A CRM that can be read and written. Raises InputError when it does not answer."""

    @property
    def identity(self) -> str:
        """Which one, such as the address of the organisation; never a secret."""
        ...

    @property
    def system(self) -> System: ...

    def most_rows(self, changes: int) -> int:
        """Most rows of one call of `send`, where there are so many `changes` of one kind."""
        ...

    def state(self, accounts: Collection[str]) -> CrmState:
        """What stands there now: owners and associations of `accounts`, those of all users."""
        ...

    def territories(self) -> Sequence[Mapping[str, str | None]]:
        """Its territories: Id, Name, DeveloperName; none where it has no such thing.

        Raises:
            ConfigurationError: the settings do not say of which model.
        """
        ...

    def send(self, changes: Sequence[Change], started: Callable[[str], None]) -> list[RowResult]:
        """Write one batch of changes of one kind and verb; one result each, in order.

        Args:
            started: told the id of a job that goes on by itself, before it has any row.
        """
        ...

    def settle(self, jobs: Collection[str]) -> None:
        """Wait for the end of jobs that were started, or end them; then nothing moves any more."""
        ...


def open_crm(config: Path, connector: ConnectorSettings | None) -> Crm:
    """The CRM behind the source `crm`; nothing is asked yet.

    Raises:
        ConfigurationError: the source is no connection to Salesforce or HubSpot.
    """
    if not isinstance(connector, SalesforceSettings | HubSpotSettings):
        raise ConfigurationError(
            f"{config}: sources.crm has no connector of type salesforce or hubspot, so there is "
            "nowhere to send to; load the files of published/crm by hand, or add the connector"
        )
    session = http_session(connector)
    if isinstance(connector, HubSpotSettings):
        from pipelines.writeback.hubspot import HubSpotWriter

        return HubSpotWriter(connector.base_url, connector.secret_prefix, session)
    from pipelines.writeback.salesforce import SalesforceWriter

    return SalesforceWriter(salesforce_access(connector), session)
