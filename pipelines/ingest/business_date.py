"""The date a book of business was exported at, as far as its own dates tell."""

from datetime import date

import duckdb


def latest_business_date(connection: duckdb.DuckDBPyConnection, not_after: date) -> date | None:
    """The latest opening, closing or activity date in the raw tables up to `not_after`.

    The closing date of an open opportunity is a forecast and does not count. None when there is no
    such date.
    """
    row = connection.execute(
        """
        SELECT max(happened) FROM (
            SELECT opened_date AS happened FROM raw_crm__opportunity
            UNION ALL
            SELECT closed_date FROM raw_crm__opportunity WHERE status IN ('won', 'lost')
            UNION ALL
            SELECT activity_date FROM raw_crm__activity
        ) WHERE happened <= ?""",
        [not_after.isoformat()],
    ).fetchone()
    return date.fromisoformat(row[0]) if row and row[0] else None
