"""What the settings of a connection say of HTTP and of signing in, for reading and for writing."""

from typing import TYPE_CHECKING

from pipelines.progress import report

if TYPE_CHECKING:
    from pipelines.ingest.connectors.guarded_http import GuardedSession
    from pipelines.ingest.connectors.salesforce import SalesforceAccess
    from pipelines.settings.connectors import HubSpotSettings, SalesforceSettings


def http_session(connector: "SalesforceSettings | HubSpotSettings") -> "GuardedSession":
    """A session that keeps the limits of the connection; nothing is asked yet."""
    from pipelines.ingest.connectors.guarded_http import GuardedSession, HttpLimits

    return GuardedSession(
        HttpLimits(
            timeout_seconds=connector.timeout_seconds,
            total_seconds=connector.total_seconds,
            body_bytes=connector.max_body_mb << 20,
            attempts=connector.attempts,
            first_wait_seconds=connector.first_wait_seconds,
            longest_wait_seconds=connector.longest_wait_seconds,
        ),
        note=lambda text: report(text),
    )


def salesforce_access(connector: "SalesforceSettings") -> "SalesforceAccess":
    """How to sign in to Salesforce and ask it."""
    from pipelines.ingest.connectors.salesforce import SalesforceAccess

    return SalesforceAccess(
        login_url=connector.login_url,
        api_version=connector.api_version,
        secret_prefix=connector.secret_prefix,
        bulk_rows=connector.bulk_rows,
        poll_seconds=connector.poll_seconds,
        bulk_write_rows=connector.bulk_write_rows,
        territory2_model=connector.territory2_model,
    )
